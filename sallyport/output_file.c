#include "output_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

int
output_file_open(struct output_file *file, const char *path, int replace)
{
	int fd;

	*file = (struct output_file){.path = path, .replace = replace, .out = stdout};
	if (path == NULL)
		return 0;
	file->out = NULL;
	if (!replace && access(path, F_OK) == 0)
		return refuse_existing(path);
	if (snprintf(file->part, sizeof(file->part), "%s.XXXXXX", path) >=
	    (int)sizeof(file->part)) {
		errno = ENAMETOOLONG;
		file->part[0] = '\0';
		return fail(path);
	}
	fd = mkostemp(file->part, O_CLOEXEC); /* mode 0600 */
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

/* The new name is on the disk, too; where a folder cannot be synced there is nothing to be done about it. */
static void
sync_folder(const char *path)
{
	const char *slash = strrchr(path, '/');
	char folder[PATH_MAX];
	int fd;

	if (slash == NULL)
		(void)snprintf(folder, sizeof(folder), ".");
	else
		(void)snprintf(folder, sizeof(folder), "%.*s", (int)(slash - path + 1), path);
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return;
	(void)fsync(fd);
	close(fd);
}

static int
move(const struct output_file *file)
{
	if (file->replace)
		return rename(file->part, file->path);
	if (renameat2(AT_FDCWD, file->part, AT_FDCWD, file->path, RENAME_NOREPLACE) == 0)
		return 0;
	/* Not every file system can promise that. */
	return errno == EINVAL ? rename(file->part, file->path) : -1;
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
	if (move(file) != 0)
		return errno == EEXIST ? refuse_existing(file->path) : fail(file->path);
	file->part[0] = '\0';
	sync_folder(file->path);
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
