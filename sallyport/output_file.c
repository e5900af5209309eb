#include "output_file.h"

#include "folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* What the name of a file ends with as long as it is being made. */
#define PART	     ".part-XXXXXX"
#define ALPHANUMERIC "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

enum { RANDOM = 6 /* characters of it, which mkostemp() chooses */ };

static int
fail(const char *path)
{
	fprintf(stderr, "sallyport: %s: %s\n", path != NULL ? path : "standard output",
	    strerror(errno));
	return -1;
}

static int
refuse_existing(const char *path)
{
	fprintf(stderr, "sallyport: %s exists already; with --force it is replaced\n", path);
	return -1;
}

/*
 * A descriptor of a new file beside the place, mode 0600, or -1 with errno. It is locked as long as anybody who makes it runs:
 * so it can be told from one that nobody finishes any more.
 */
static int
make_part(struct output_file *file)
{
	struct stat status;

	for (;;) {
		int fd;

		if (snprintf(file->part, sizeof(file->part), "%s" PART, file->path) >=
		    (int)sizeof(file->part)) {
			errno = ENAMETOOLONG;
			return -1;
		}
		fd = mkostemp(file->part, O_CLOEXEC);
		if (fd < 0)
			return -1;
		/* Without locks (NFS may have none) nobody can sweep it away either. */
		if (flock(fd, LOCK_EX) != 0 || fstat(fd, &status) != 0 || status.st_nlink > 0)
			return fd;
		/* Whoever sweeps was faster than our lock. */
		close(fd);
	}
}

/* Length of the name that a part is for; 0: it is no part. */
static size_t
part_of(const char *name)
{
	size_t length = strlen(name), end = sizeof(PART) - 1;
	const char *tail = name + length - end;

	if (length <= end || memcmp(tail, PART, end - RANDOM) != 0 ||
	    strspn(tail + end - RANDOM, ALPHANUMERIC) != RANDOM)
		return 0;
	return length - end;
}

static void
remove_abandoned(int folder, const char *name)
{
	int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return;
	/* What nobody holds, nobody makes any more. */
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		(void)unlinkat(folder, name, 0);
	close(fd);
}

void
output_file_sweep(const char *folder,
    int (*is_ours)(const char *name, size_t length, const void *context), const void *context)
{
	DIR *stream = opendir(folder);
	const struct dirent *entry;
	int fd = stream != NULL ? dirfd(stream) : -1;

	while (fd >= 0 && (entry = readdir(stream)) != NULL) {
		size_t length = part_of(entry->d_name);

		if (length > 0 && is_ours(entry->d_name, length, context))
			remove_abandoned(fd, entry->d_name);
	}
	if (stream != NULL)
		closedir(stream);
}

static int
is_name(const char *name, size_t length, const void *context)
{
	const char *wanted = context;

	return strlen(wanted) == length && memcmp(name, wanted, length) == 0;
}

static void
sweep_beside(const char *path)
{
	const char *slash = strrchr(path, '/');
	char folder[PATH_MAX] = ".";

	if (slash != NULL)
		(void)snprintf(folder, sizeof(folder), "%.*s", (int)(slash - path + 1), path);
	output_file_sweep(folder, is_name, slash != NULL ? slash + 1 : path);
}

int
output_file_open(struct output_file *file, const char *path, int replace)
{
	int fd;

	*file = (struct output_file){.path = path, .replace = replace, .out = stdout};
	if (path == NULL)
		return 0;
	file->out = NULL;
	sweep_beside(path);
	if (!replace && access(path, F_OK) == 0)
		return refuse_existing(path);
	fd = make_part(file);
	if (fd < 0) {
		file->part[0] = '\0';
		return fail(path);
	}
	file->out = fdopen(fd, "w");
	if (file->out != NULL)
		return 0;
	close(fd);
	return fail(path);
}

int
output_file_finish(struct output_file *file)
{
	int failed = fflush(file->out) != 0 || ferror(file->out);

	if (file->path == NULL)
		return failed ? fail(NULL) : 0;
	failed = failed || fsync(fileno(file->out)) != 0;
	if (fclose(file->out) != 0)
		failed = 1;
	file->out = NULL;
	if (failed)
		return fail(file->path);
	if ((file->replace ? rename(file->part, file->path) : folder_add(file->part, file->path)) !=
	    0)
		return errno == EEXIST ? refuse_existing(file->path) : fail(file->path);
	file->part[0] = '\0';
	folder_sync_name(file->path);
	return 0;
}

void
output_file_close(struct output_file *file)
{
	if (file->path != NULL && file->out != NULL)
		fclose(file->out);
	if (file->part[0] != '\0')
		unlink(file->part);
}
