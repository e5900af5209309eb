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
		if (mkdir(part, 0755) == 0)
			folder_sync_name(part);
		else if (errno != EEXIST)
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

void
folder_sync_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	char folder[PATH_MAX] = ".";
	int fd;

	if (slash != NULL)
		(void)snprintf(folder, sizeof(folder), "%.*s", (int)(slash - path + 1), path);
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return;
	(void)fsync(fd);
	close(fd);
}

int
folder_add(const char *from, const char *to)
{
	if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0)
		return 0;
	return errno == EINVAL ? rename(from, to) : -1;
}
