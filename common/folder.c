#include "folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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

int
folder_first_entry(int fd, char entry[FOLDER_ENTRY])
{
	int readable = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), found = 0;
	DIR *folder = readable >= 0 ? fdopendir(readable) : NULL;
	const struct dirent *next;

	if (folder == NULL) {
		if (readable >= 0)
			close(readable);
		return -1;
	}
	while (!found && (next = readdir(folder)) != NULL) {
		if (strcmp(next->d_name, ".") == 0 || strcmp(next->d_name, "..") == 0)
			continue;
		(void)snprintf(entry, FOLDER_ENTRY, "%s", next->d_name);
		found = 1;
	}
	closedir(folder);
	return found;
}
