#include "backup.h"

#include "backup_trailer.h"
#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

enum {
	CHUNK = 64 * 1024,
	/* A pipe with room at all takes this much without making the writer wait (pipe(7), PIPE_BUF). */
	SURE_CHUNK = 4096,
	WATCH_MS = 1000
};

static const uint64_t ns_per_second = 1000000000;

/* LMDB's thread writes the image into a pipe, ours takes it out: that is where it is bounded, counted and digested. */
struct copying {
	const struct backup_source *source;
	uv_thread_t thread;
	int in, image; /* the pipe: our end, and LMDB's */
	int code;      /* LMDB's, when the thread has ended */
	int out;
	size_t chunk; /* bytes that `out` is given at once */
	EVP_MD_CTX *digest;
	uint64_t length;		  /* bytes of the image so far */
	uint64_t started, moved, watched; /* uv_hrtime() */
	uint64_t largest;		  /* bytes that the database's file may have */
};

static uint64_t
file_size(MDB_env *environment)
{
	MDB_envinfo information;
	MDB_stat status;

	mdb_env_info(environment, &information);
	mdb_env_stat(environment, &status);
	return ((uint64_t)information.me_last_pgno + 1) * status.ms_psize;
}

static uint64_t
free_bytes(MDB_env *environment)
{
	struct statvfs status;
	mdb_filehandle_t fd;

	if (mdb_env_get_fd(environment, &fd) != 0 || fstatvfs(fd, &status) != 0)
		return UINT64_MAX;
	return (uint64_t)status.f_bavail * status.f_frsize;
}

/* Once a second: does anybody suffer? */
static void
watch(struct copying *copying)
{
	uint64_t now = uv_hrtime();

	if (now - copying->started > BACKUP_SECONDS * ns_per_second)
		fatal("backup: given up after %d s: the database's file grows as long as it lasts",
		    BACKUP_SECONDS);
	if (now - copying->moved > BACKUP_STALL_SECONDS * ns_per_second)
		fatal("backup: given up: nothing could be written for %d s", BACKUP_STALL_SECONDS);
	if (now - copying->watched < ns_per_second)
		return;
	copying->watched = now;
	if (file_size(copying->source->environment) > copying->largest)
		fatal("backup: given up: so much was changed meanwhile that the database's file "
		      "grew to "
		      "%llu MiB; write the backup to something faster, or at a quieter time",
		    (unsigned long long)(copying->largest / 1024 / 1024));
	if (free_bytes(copying->source->environment) < copying->source->reserve)
		fatal("backup: given up: there is less than store.reserve free on the disk of the "
		      "database, which grows as long as it lasts");
}

static void
copy(void *argument)
{
	struct copying *copying = argument;

	copying->code =
	    mdb_env_copyfd2(copying->source->environment, copying->image, MDB_CP_COMPACT);
	close(copying->image);
}

/* Waits until there is something to read, or room to write. */
static void
await(struct copying *copying, int fd, short events)
{
	struct pollfd descriptor = {.fd = fd, .events = events};

	while (poll(&descriptor, 1, WATCH_MS) <= 0)
		watch(copying);
	watch(copying);
}

static void
write_out(struct copying *copying, const unsigned char *bytes, size_t length)
{
	while (length > 0) {
		size_t most = length < copying->chunk ? length : copying->chunk;
		ssize_t written;

		await(copying, copying->out, POLLOUT);
		written = write(copying->out, bytes, most);
		if (written < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (written <= 0)
			fatal("backup: cannot be written: %s", strerror(errno));
		copying->moved = uv_hrtime();
		bytes += written;
		length -= (size_t)written;
	}
}

static void
add_to_digest(struct copying *copying, const void *bytes, size_t length)
{
	if (EVP_DigestUpdate(copying->digest, bytes, length) != 1)
		fatal("backup: cannot compute SHA-256");
}

static void
write_image(struct copying *copying)
{
	static unsigned char bytes[CHUNK];
	ssize_t length;

	for (;;) {
		await(copying, copying->in, POLLIN);
		length = read(copying->in, bytes, sizeof(bytes));
		if (length < 0 && errno == EINTR)
			continue;
		if (length < 0)
			fatal("backup: cannot take the image: %s", strerror(errno));
		if (length == 0)
			return;
		add_to_digest(copying, bytes, (size_t)length);
		write_out(copying, bytes, (size_t)length);
		copying->length += (uint64_t)length;
	}
}

static void
write_trailer(struct copying *copying, struct backup_trailer *trailer)
{
	unsigned char bytes[BACKUP_TRAILER];

	trailer->length = copying->length;
	backup_trailer_encode(trailer, bytes);
	add_to_digest(copying, bytes, BACKUP_DIGESTED);
	if (EVP_DigestFinal_ex(copying->digest, trailer->digest, NULL) != 1)
		fatal("backup: cannot compute SHA-256");
	backup_trailer_encode(trailer, bytes);
	write_out(copying, bytes, sizeof(bytes));
}

static void
begin(struct copying *copying)
{
	uint64_t size = file_size(copying->source->environment);
	struct stat status;
	int pipe_ends[2];

	copying->largest = 2 * size + BACKUP_GROWTH;
	copying->chunk =
	    fstat(copying->out, &status) == 0 && S_ISREG(status.st_mode) ? CHUNK : SURE_CHUNK;
	copying->digest = EVP_MD_CTX_new();
	if (copying->digest == NULL || EVP_DigestInit_ex(copying->digest, EVP_sha256(), NULL) != 1)
		fatal("backup: cannot compute SHA-256");
	if (pipe2(pipe_ends, O_CLOEXEC) != 0)
		fatal("backup: cannot make a pipe: %s", strerror(errno));
	copying->in = pipe_ends[0];
	copying->image = pipe_ends[1];
	copying->started = copying->moved = uv_hrtime();
	if (uv_thread_create(&copying->thread, copy, copying) != 0)
		fatal("backup: cannot start a thread");
}

uint64_t
backup_write(const struct backup_source *source, int out)
{
	struct copying copying = {.source = source, .out = out};
	struct backup_trailer trailer = {.schema = source->schema,
	    .created = (uint64_t)time(NULL),
	    .sequence = source->sequence};

	begin(&copying);
	write_image(&copying);
	uv_thread_join(&copying.thread);
	/* LMDB counts the pages that it copies: where the count is wrong some are lost or used twice. */
	if (copying.code == MDB_INCOMPATIBLE || copying.code == MDB_CORRUPTED)
		fatal("backup: the database is damaged (%s); \"sallyport verify\" says more",
		    mdb_strerror(copying.code));
	if (copying.code != 0)
		fatal("backup: cannot copy the database: %s", mdb_strerror(copying.code));
	write_trailer(&copying, &trailer);
	EVP_MD_CTX_free(copying.digest);
	close(copying.in);
	return copying.length + BACKUP_TRAILER;
}
