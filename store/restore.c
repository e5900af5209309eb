#include "restore.h"

#include "backup_file.h"
#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define DATABASE_FILE "data.mdb"
#define PART_FILE     "data.mdb.part"

enum { ASIDE_FILE = 64 };

static void __attribute__((noreturn))
give_up(const char *what)
{
	int error = errno;

	unlink(PART_FILE);
	fatal("restore: %s: %s", what, strerror(error));
}

/* Copies the image, and makes sure that it is the one that was written, and on the disk. */
static void
write_part(int in)
{
	struct backup_trailer trailer;
	char why[128];
	int fd;

	/* One that was broken off may lie there. */
	if (unlink(PART_FILE) != 0 && errno != ENOENT)
		give_up("cannot remove " PART_FILE);
	fd = open(PART_FILE, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		give_up("cannot make " PART_FILE);
	if (backup_file_read(in, fd, &trailer, why, sizeof(why)) != 0) {
		unlink(PART_FILE);
		fatal("restore: the backup: %s", why);
	}
	if (fsync(fd) != 0 || close(fd) != 0)
		give_up("cannot write " PART_FILE);
}

/* A second name for the old database: it stays in its place until the new one takes that. */
static void
keep_aside(char aside[ASIDE_FILE])
{
	time_t now = time(NULL);
	struct tm when;
	char text[32];

	gmtime_r(&now, &when);
	strftime(text, sizeof(text), "%Y%m%dT%H%M%SZ", &when);
	(void)snprintf(aside, ASIDE_FILE, DATABASE_FILE ".before-%s", text);
	if (link(DATABASE_FILE, aside) != 0)
		give_up("cannot keep the old database beside the new one");
}

void
restore_run(const struct database_folder *folder, int in, int over)
{
	int lock = database_folder_lock(folder);
	char aside[ASIDE_FILE] = "";
	int there = faccessat(AT_FDCWD, DATABASE_FILE, F_OK, AT_EACCESS) == 0 || errno != ENOENT;

	if (there && !over)
		fatal("restore: there is a database in %s already; with --force it is kept beside "
		      "the new one",
		    folder->path);
	write_part(in);
	if (there)
		keep_aside(aside);
	/* LMDB makes a new one; what is in it is about processes that have read the old database. */
	if (unlink("lock.mdb") != 0 && errno != ENOENT)
		give_up("cannot remove lock.mdb");
	if (rename(PART_FILE, DATABASE_FILE) != 0)
		give_up("cannot put the new database into its place");
	database_folder_sync(folder->path);
	close(lock);
	if (there)
		log_warning("restore: the old database is %s/%s now", folder->path, aside);
}
