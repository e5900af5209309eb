#include "backup_folder.h"

#include "output_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define FORM "sallyport-%Y%m%dT%H%M%SZ.backup"

/* A backup's name, with a 9 for each digit. */
static const char pattern[] = "sallyport-99999999T999999Z.backup";

static int
complain(const char *path)
{
	fprintf(stderr, "sallyport: %s: %s\n", path, strerror(errno));
	return -1;
}

static int
is_backup_name(const char *name, size_t length, const void *context)
{
	(void)context;
	if (length != sizeof(pattern) - 1)
		return 0;
	for (unsigned i = 0; pattern[i] != '\0'; i++) {
		int is_digit = name[i] >= '0' && name[i] <= '9';

		if (pattern[i] == '9' ? !is_digit : name[i] != pattern[i])
			return 0;
	}
	return 1;
}

static int
is_backup(const struct dirent *entry)
{
	return is_backup_name(entry->d_name, strlen(entry->d_name), NULL);
}

int
backup_folder_next(const char *folder, char path[PATH_MAX])
{
	time_t now = time(NULL);
	char name[sizeof(pattern)];
	struct tm when;

	if (mkdir(folder, 0700) != 0 && errno != EEXIST)
		return complain(folder);
	if (gmtime_r(&now, &when) == NULL || strftime(name, sizeof(name), FORM, &when) == 0 ||
	    snprintf(path, PATH_MAX, "%s/%s", folder, name) >= PATH_MAX) {
		errno = ENAMETOOLONG;
		return complain(folder);
	}
	output_file_sweep(folder, is_backup_name, NULL);
	return 0;
}

/* How many of the names, which ascend, are later than this one. */
static int
count_later(struct dirent **entries, int count, const char *newest)
{
	int later = 0;

	while (later < count && strcmp(entries[count - 1 - later]->d_name, newest) > 0)
		later++;
	return later;
}

int
backup_folder_prune(const char *folder, const char *newest, unsigned keep)
{
	const char *slash = strrchr(newest, '/');
	struct dirent **entries = NULL;
	int count = scandir(folder, &entries, is_backup, alphasort), failed = 0;
	int later = count_later(entries, count, slash != NULL ? slash + 1 : newest);
	int fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (count < 0 || fd < 0)
		failed = complain(folder);
	for (int i = 0; i < count; i++) {
		/* Its place from the oldest on: first those of a clock that ran ahead, then the others. */
		int place = i < count - later ? i + later : i - (count - later);

		if (fd >= 0 && (unsigned)(count - place) > keep &&
		    unlinkat(fd, entries[i]->d_name, 0) != 0)
			failed = complain(entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
	if (fd >= 0)
		close(fd);
	return failed;
}
