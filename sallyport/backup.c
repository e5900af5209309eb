#include "backup.h"

#include "backup_folder.h"
#include "finding.h"
#include "output_file.h"
#include "progress.h"
#include "store_task.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MIB = 1024 * 1024, KEEP_MOST = 10000 };

struct making {
	struct output_file file;
	struct progress progress;
};

static uint64_t
size_of(int fd)
{
	struct stat status;

	return fstat(fd, &status) == 0 ? (uint64_t)status.st_size : 0;
}

static void
on_tick(void *context)
{
	struct making *making = context;

	if (making->file.path != NULL)
		progress_show(&making->progress, -1, size_of(fileno(making->file.out)) / MIB);
}

static int
write_backup(struct making *making, const char *config)
{
	struct store_task task = {.config = config,
	    .name = "backup",
	    .in = -1,
	    .extra = fileno(making->file.out),
	    .tick = on_tick,
	    .context = making};
	uint64_t size;
	int code = store_task_run(&task, NULL);

	progress_clear(&making->progress);
	if (code != 0)
		return code == STORE_TASK_BROKEN ? 1 : code;
	size = size_of(fileno(making->file.out));
	if (output_file_finish(&making->file) != 0)
		return 1;
	if (making->file.path != NULL && making->progress.is_terminal)
		fprintf(stderr, "%s: %.1f MiB\n", making->file.path, (double)size / MIB);
	return 0;
}

/* NULL is standard output. */
static int
make_file(const struct invocation *invocation, const char *path)
{
	struct making making;
	int code = 1;

	progress_init(&making.progress, stderr, "MiB");
	if (output_file_open(&making.file, path, invocation_has(invocation, "force")) == 0)
		code = write_backup(&making, invocation->config);
	output_file_close(&making.file);
	return code;
}

static int
make_in_folder(const struct invocation *invocation, const char *folder)
{
	const char *text = invocation_value(invocation, "keep");
	char path[PATH_MAX], *end;
	unsigned long keep = strtoul(text, &end, 10);
	int code;

	if (text[0] < '0' || text[0] > '9' || *end != '\0' || keep < 1 || keep > KEEP_MOST) {
		fprintf(stderr, "sallyport: --keep must be a number from 1 to %d, not \"%s\"\n",
		    KEEP_MOST, text);
		return COMMAND_USAGE_EXIT;
	}
	if (backup_folder_next(folder, path) != 0)
		return 1;
	code = make_file(invocation, path);
	if (code == 0 && backup_folder_prune(folder, path, (unsigned)keep) != 0)
		code = 1;
	return code;
}

int
backup_make(const struct invocation *invocation)
{
	const char *path = invocation->arguments[0];

	if (invocation_has(invocation, "keep"))
		return make_in_folder(invocation, path);
	if (strcmp(path, "-") != 0)
		return make_file(invocation, path);
	if (isatty(STDOUT_FILENO)) {
		fputs(
		    "sallyport: a backup is nothing for a terminal; name a file, or put something "
		    "behind a |\n",
		    stderr);
		return COMMAND_USAGE_EXIT;
	}
	return make_file(invocation, NULL);
}

/* Walks through the database, or the backup `in`, in another process; prints what that cannot print any more. */
static int
walk(const char *config, int in)
{
	struct store_task task = {
	    .config = config, .name = in >= 0 ? "verify-backup" : "verify", .in = in};
	void *place = MAP_FAILED;
	int code = 1, number;

	task.extra = memfd_create("sallyport-verify", MFD_CLOEXEC);
	if (task.extra >= 0 && ftruncate(task.extra, FINDING_PLACE) == 0)
		place = mmap(NULL, FINDING_PLACE, PROT_READ, MAP_SHARED, task.extra, 0);
	if (place == MAP_FAILED) {
		fprintf(stderr, "sallyport: cannot make memory to share: %s\n", strerror(errno));
	} else {
		code = store_task_run(&task, &number);
		if (number != 0)
			finding_print_end(stdout, place, number);
		munmap(place, FINDING_PLACE);
	}
	if (task.extra >= 0)
		close(task.extra);
	return code == STORE_TASK_BROKEN || code == FINDING_EXIT_CODE ? 1 : code;
}

/* Does not wait for a pipe's other end: a pipe cannot be read twice, and a backup is. */
static int
open_backup(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat status;

	if (fd < 0 || fstat(fd, &status) != 0) {
		fprintf(stderr, "sallyport: %s: %s\n", path, strerror(errno));
	} else if (!S_ISREG(status.st_mode)) {
		fprintf(stderr, "sallyport: %s: it is not a file\n", path);
	} else {
		return fd;
	}
	if (fd >= 0)
		close(fd);
	return -1;
}

int
backup_verify(const struct invocation *invocation)
{
	int in = -1, code;

	if (invocation->argument_count > 0 && (in = open_backup(invocation->arguments[0])) < 0)
		return 1;
	code = walk(invocation->config, in);
	if (in >= 0)
		close(in);
	return code;
}

int
backup_restore(const struct invocation *invocation)
{
	const char *path = invocation->arguments[0];
	struct store_task task = {.config = invocation->config,
	    .name = invocation_has(invocation, "force") ? "restore-over" : "restore",
	    .extra = -1};
	int code;

	task.in = open_backup(path);
	if (task.in < 0)
		return 1;
	code = walk(invocation->config, task.in);
	if (code != 0)
		fprintf(stderr, "sallyport: %s is not restored\n", path);
	else if (lseek(task.in, 0, SEEK_SET) == 0)
		code = store_task_run(&task, NULL);
	close(task.in);
	if (code == 0)
		puts("restored; the server can be started");
	return code == STORE_TASK_BROKEN ? 1 : code;
}
