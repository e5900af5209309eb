/*
 * A disk that breaks. Preloaded (LD_PRELOAD) it stands before each call by which one program writes, syncs or renames the
 * files of its database, and fails, delays or records it as the test wishes that shares two files with it (disk.py).
 *
 * Both are mapped before the program confines itself, so that nothing is needed afterwards that a system call filter, another
 * root or another user could refuse: only nanosleep(2) and lseek(2), which store may call anyway.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define SHOWN __attribute__((visibility("default")))

enum { TRACKED_FDS = 1024, PARTS = 1024 };

/* What can be made to fail, each by itself. */
enum call { WRITE, SYNC, RESIZE, CALLS };

/* Shared with disk.py, which knows the order; all of it starts as 0. */
struct plan {
	_Atomic uint64_t count[CALLS];	  /* calls there were */
	_Atomic uint64_t spared[CALLS];	  /* of those to come, the first so many go well */
	_Atomic uint64_t failures[CALLS]; /* then so many fail */
	_Atomic uint64_t error[CALLS];	  /* with this errno; 0: a write that takes only a half */
	_Atomic uint64_t sync_delay;	  /* milliseconds that a sync takes longer */
	_Atomic uint64_t recorded;	  /* bytes of the record, which are complete */
};

/* The files of the database, as the record names them. */
enum file { OTHER, DATA, NEW_DATA, FOLDER };

enum kind { OPENED = 1, WRITTEN, SYNCED, RESIZED, RENAMED };

/* Before the bytes of a write, which are filled up to a multiple of 8. */
struct event {
	uint32_t kind, file;
	uint64_t offset; /* RESIZED: the new size; RENAMED: the new name's number */
	uint32_t length;
	uint32_t synced; /* WRITTEN: by itself on the disk when the call returns (O_DSYNC) */
};

static struct plan *plan; /* NULL: another program, which is let alone */
static unsigned char *record;
static uint64_t record_size;
static pthread_mutex_t recording = PTHREAD_MUTEX_INITIALIZER;

static struct {
	enum file file;
	uint32_t synced;
} tracked[TRACKED_FDS];

static void *
map(const char *variable, uint64_t *size)
{
	const char *path = getenv(variable);
	int fd = path == NULL ? -1 : open(path, O_RDWR | O_CLOEXEC);
	void *memory = MAP_FAILED;
	struct stat status;

	if (fd >= 0 && fstat(fd, &status) == 0) {
		*size = (uint64_t)status.st_size;
		memory =
		    mmap(NULL, (size_t)status.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	}
	if (fd >= 0)
		close(fd);
	return memory == MAP_FAILED ? NULL : memory;
}

static void __attribute__((constructor))
prepare(void)
{
	const char *program = getenv("SALLYPORT_FAULTS_PROGRAM");
	uint64_t size;

	if (program == NULL || strcmp(program, program_invocation_short_name) != 0)
		return;
	record = map("SALLYPORT_FAULTS_RECORD", &record_size);
	plan = map("SALLYPORT_FAULTS_PLAN", &size);
}

/* The function of that name behind ours; `function` is a pointer to one. */
static void
find_next(const char *name, void *function)
{
	void *next = dlsym(RTLD_NEXT, name);

	if (next == NULL) {
		(void)fprintf(stderr, "failing_disk: there is no %s\n", name);
		_exit(1);
	}
	memcpy(function, &next, sizeof(next));
}

#define NEXT(result, name, ...)                                                                    \
	static result (*next_##name)(__VA_ARGS__);                                                 \
	if (next_##name == NULL)                                                                   \
	find_next(#name, &next_##name)

static enum file
file_of_path(const char *path)
{
	const char *slash = strrchr(path, '/'), *name = slash == NULL ? path : slash + 1;

	if (strcmp(path, ".") == 0)
		return FOLDER;
	if (strcmp(name, "data.mdb") == 0)
		return DATA;
	return strcmp(name, "data.mdb.new") == 0 ? NEW_DATA : OTHER;
}

static enum file
file_of_fd(int fd)
{
	return plan != NULL && fd >= 0 && fd < TRACKED_FDS ? tracked[fd].file : OTHER;
}

static void
note(const struct event *event, const struct iovec *parts, int count)
{
	uint64_t start, at, padded = ((uint64_t)event->length + 7) / 8 * 8;

	if (record == NULL || event->file == OTHER)
		return;
	pthread_mutex_lock(&recording);
	start = atomic_load(&plan->recorded);
	if (start + sizeof(*event) + padded > record_size) {
		(void)fprintf(stderr, "failing_disk: the record is full\n");
		_exit(1);
	}
	memcpy(record + start, event, sizeof(*event));
	at = start + sizeof(*event);
	for (int i = 0; i < count; i++) {
		memcpy(record + at, parts[i].iov_base, parts[i].iov_len);
		at += parts[i].iov_len;
	}
	atomic_store(&plan->recorded, start + sizeof(*event) + padded);
	pthread_mutex_unlock(&recording);
}

/* Does this call fail? Takes one from what is spared, or from what is to fail. */
static int
fails(enum call call)
{
	uint64_t left = atomic_load(&plan->failures[call]);

	atomic_fetch_add(&plan->count[call], 1);
	if (left == 0)
		return 0;
	if (atomic_load(&plan->spared[call]) > 0) {
		atomic_fetch_sub(&plan->spared[call], 1);
		return 0;
	}
	atomic_store(&plan->failures[call], left - 1);
	errno = (int)atomic_load(&plan->error[call]);
	return 1;
}

static int
keep_track(int fd, const char *path, int flags)
{
	if (plan == NULL || fd < 0 || fd >= TRACKED_FDS || (flags & O_PATH) != 0)
		return fd;
	tracked[fd].file = file_of_path(path);
	tracked[fd].synced = (flags & O_DSYNC) != 0;
	note(&(struct event){.kind = OPENED, .file = tracked[fd].file}, NULL, 0);
	return fd;
}

static mode_t
mode_of(int flags, va_list arguments)
{
	return (flags & O_CREAT) != 0 ? (mode_t)va_arg(arguments, int) : 0;
}

SHOWN int
open(const char *path, int flags, ...)
{
	va_list arguments;
	mode_t mode;
	NEXT(int, open, const char *, int, ...);

	va_start(arguments, flags);
	mode = mode_of(flags, arguments);
	va_end(arguments);
	return keep_track(next_open(path, flags, mode), path, flags);
}

SHOWN int open64(const char *path, int flags, ...) __attribute__((alias("open")));

SHOWN int
close(int fd)
{
	NEXT(int, close, int);

	if (file_of_fd(fd) != OTHER)
		tracked[fd].file = OTHER;
	return next_close(fd);
}

/* By pwrite(2) alone, which store needs anyway. */
static ssize_t
write_each(int fd, const struct iovec *parts, int count, off_t offset)
{
	ssize_t all = 0;
	NEXT(ssize_t, pwrite, int, const void *, size_t, off_t);

	for (int i = 0; i < count; i++) {
		ssize_t written =
		    next_pwrite(fd, parts[i].iov_base, parts[i].iov_len, offset + all);

		if (written < 0)
			return all > 0 ? all : -1;
		all += written;
		if ((size_t)written < parts[i].iov_len)
			break;
	}
	return all;
}

static ssize_t
write_parts(int fd, const struct iovec *parts, int count, off_t offset)
{
	struct event event = {.kind = WRITTEN,
	    .file = file_of_fd(fd),
	    .offset = (uint64_t)offset,
	    .synced = tracked[fd].synced};
	struct iovec taken[PARTS];
	ssize_t written;

	if (count > PARTS) {
		errno = EINVAL;
		return -1;
	}
	memcpy(taken, parts, (size_t)count * sizeof(*parts));
	if (fails(WRITE)) {
		if (errno != 0)
			return -1;
		count = 1;
		taken[0].iov_len /= 2;
	}
	written = write_each(fd, taken, count, offset);
	if (written < 0)
		return written;
	event.length = (uint32_t)written;
	for (int i = 0; i < count; i++) {
		if (taken[i].iov_len > (size_t)written)
			taken[i].iov_len = (size_t)written;
		written -= (ssize_t)taken[i].iov_len;
	}
	note(&event, taken, count);
	return (ssize_t)event.length;
}

/* As write(2) and writev(2) do, and the offset moves on. */
static ssize_t
write_here(int fd, const struct iovec *parts, int count)
{
	off_t offset = lseek(fd, 0, SEEK_CUR);
	ssize_t written = offset < 0 ? -1 : write_parts(fd, parts, count, offset);

	if (written > 0)
		(void)lseek(fd, written, SEEK_CUR);
	return written;
}

static struct iovec
part_of(const void *bytes, size_t length)
{
	struct iovec part = {.iov_len = length};

	memcpy(&part.iov_base, &bytes, sizeof(bytes));
	return part;
}

SHOWN ssize_t
write(int fd, const void *bytes, size_t length)
{
	struct iovec part = part_of(bytes, length);
	NEXT(ssize_t, write, int, const void *, size_t);

	return file_of_fd(fd) == OTHER ? next_write(fd, bytes, length) : write_here(fd, &part, 1);
}

SHOWN ssize_t
writev(int fd, const struct iovec *parts, int count)
{
	NEXT(ssize_t, writev, int, const struct iovec *, int);

	return file_of_fd(fd) == OTHER ? next_writev(fd, parts, count)
				       : write_here(fd, parts, count);
}

SHOWN ssize_t
pwrite(int fd, const void *bytes, size_t length, off_t offset)
{
	struct iovec part = part_of(bytes, length);
	NEXT(ssize_t, pwrite, int, const void *, size_t, off_t);

	return file_of_fd(fd) == OTHER ? next_pwrite(fd, bytes, length, offset)
				       : write_parts(fd, &part, 1, offset);
}

SHOWN ssize_t
pwritev(int fd, const struct iovec *parts, int count, off_t offset)
{
	NEXT(ssize_t, pwritev, int, const struct iovec *, int, off_t);

	return file_of_fd(fd) == OTHER ? next_pwritev(fd, parts, count, offset)
				       : write_parts(fd, parts, count, offset);
}

SHOWN ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t offset)
    __attribute__((alias("pwrite")));

SHOWN ssize_t pwritev64(int fd, const struct iovec *parts, int count, off64_t offset)
    __attribute__((alias("pwritev")));

static int
sync_with(int fd, int (*next)(int fd))
{
	struct timespec delay = {0};
	uint64_t milliseconds;

	if (file_of_fd(fd) == OTHER)
		return next(fd);
	milliseconds = atomic_load(&plan->sync_delay);
	delay.tv_sec = (time_t)(milliseconds / 1000);
	delay.tv_nsec = (long)(milliseconds % 1000) * 1000 * 1000;
	if (milliseconds > 0)
		(void)nanosleep(&delay, NULL);
	if (fails(SYNC))
		return -1;
	if (next(fd) != 0)
		return -1;
	note(&(struct event){.kind = SYNCED, .file = file_of_fd(fd)}, NULL, 0);
	return 0;
}

SHOWN int
fsync(int fd)
{
	NEXT(int, fsync, int);

	return sync_with(fd, next_fsync);
}

SHOWN int
fdatasync(int fd)
{
	NEXT(int, fdatasync, int);

	return sync_with(fd, next_fdatasync);
}

SHOWN int
ftruncate(int fd, off_t size)
{
	NEXT(int, ftruncate, int, off_t);

	if (file_of_fd(fd) == OTHER)
		return next_ftruncate(fd, size);
	if (fails(RESIZE) || next_ftruncate(fd, size) != 0)
		return -1;
	note(&(struct event){.kind = RESIZED, .file = file_of_fd(fd), .offset = (uint64_t)size},
	    NULL, 0);
	return 0;
}

SHOWN int ftruncate64(int fd, off64_t size) __attribute__((alias("ftruncate")));

static void
note_renaming(const char *from, const char *to)
{
	if (plan != NULL)
		note(
		    &(struct event){
			.kind = RENAMED, .file = file_of_path(from), .offset = file_of_path(to)},
		    NULL, 0);
}

SHOWN int
rename(const char *from, const char *to)
{
	NEXT(int, rename, const char *, const char *);

	if (next_rename(from, to) != 0)
		return -1;
	note_renaming(from, to);
	return 0;
}

SHOWN int
renameat2(int from_folder, const char *from, int to_folder, const char *to, unsigned flags)
{
	NEXT(int, renameat2, int, const char *, int, const char *, unsigned);

	if (next_renameat2(from_folder, from, to_folder, to, flags) != 0)
		return -1;
	note_renaming(from, to);
	return 0;
}

/*
 * By these the database's file must not be written: they could be neither failed nor recorded. LMDB calls msync() with
 * MDB_WRITEMAP alone.
 */
SHOWN int
msync(void *memory, size_t length, int flags)
{
	NEXT(int, msync, void *, size_t, int);

	if (plan != NULL) {
		(void)fprintf(stderr, "failing_disk: the database is written through its map\n");
		_exit(1);
	}
	return next_msync(memory, length, flags);
}

static void
refuse_range(int fd, const char *call)
{
	if (file_of_fd(fd) == OTHER)
		return;
	(void)fprintf(stderr, "failing_disk: %s is called, and not known here\n", call);
	_exit(1);
}

SHOWN int
fallocate(int fd, int mode, off_t offset, off_t length)
{
	NEXT(int, fallocate, int, int, off_t, off_t);

	refuse_range(fd, "fallocate");
	return next_fallocate(fd, mode, offset, length);
}

SHOWN int
posix_fallocate(int fd, off_t offset, off_t length)
{
	NEXT(int, posix_fallocate, int, off_t, off_t);

	refuse_range(fd, "posix_fallocate");
	return next_posix_fallocate(fd, offset, length);
}

SHOWN int
sync_file_range(int fd, off64_t offset, off64_t length, unsigned flags)
{
	NEXT(int, sync_file_range, int, off64_t, off64_t, unsigned);

	refuse_range(fd, "sync_file_range");
	return next_sync_file_range(fd, offset, length, flags);
}
