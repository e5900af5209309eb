#include "folder.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

int
folder_make(const char *path)
{
	char part[PATH_MAX];
	size_t length = strlen(path);
	mode_t mask = umask(022);
	int result = -1;

	if (length >= sizeof(part)) {
		errno = ENAMETOOLONG;
		goto out;
	}
	for (size_t i = 1; i <= length; i++) {
		if (path[i] != '/' && path[i] != '\0')
			continue;
		memcpy(part, path, i);
		part[i] = '\0';
		if (mkdir(part, 0755) != 0 && errno != EEXIST)
			goto out;
	}
	result = 0;
out:
	umask(mask);
	return result;
}
