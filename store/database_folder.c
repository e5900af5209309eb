#include "database_folder.h"

#include "folder.h"
#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* Gives a new folder to its user. One that is somebody else's and in use was named by mistake. */
static void
own(int fd, const char *path, uid_t uid, gid_t gid)
{
	char entry[FOLDER_ENTRY];
	struct stat status;

	if (fstat(fd, &status) != 0)
		fatal("cannot look at the folder %s: %s", path, strerror(errno));
	if (status.st_uid != uid) {
		if (folder_first_entry(fd, entry) != 0)
			fatal(
			    "the folder %s is not empty and belongs to uid %u instead of %u: name "
			    "another one in store.path, or give it away (chown -R %u:%u)",
			    path, status.st_uid, uid, uid, gid);
		if (fchown(fd, uid, gid) != 0)
			fatal(
			    "cannot give the folder %s to uid %u: %s", path, uid, strerror(errno));
	}
}

static void
act_as(const struct database_folder *folder, uid_t uid, gid_t gid)
{
	if (folder->as_root && (setegid(gid) != 0 || seteuid(uid) != 0))
		fatal("cannot act as uid %u: %s", uid, strerror(errno));
}

/*
 * Makes the folder where it is missing, and makes it the working folder. Root need not have the capabilities to pass by
 * permissions, and has none in a container: what is its user's is opened and changed as its user.
 */
static void
make_and_enter(const struct database_folder *folder, uid_t uid, gid_t gid)
{
	static const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	const char *path = folder->path;
	int fd;

	if (folder_make(path) != 0)
		fatal("cannot make the folder %s: %s", path, strerror(errno));
	fd = open(path, flags);
	if (fd < 0 && errno == EACCES) {
		act_as(folder, uid, gid);
		fd = open(path, flags);
	}
	if (fd < 0)
		fatal("cannot open the folder %s: %s", path, strerror(errno));
	own(fd, path, uid, gid);
	act_as(folder, uid, gid);
	if (fchmod(fd, 0700) != 0)
		fatal("cannot set the mode of the folder %s: %s", path, strerror(errno));
	if (fchdir(fd) != 0)
		fatal("cannot enter the folder %s: %s", path, strerror(errno));
	close(fd);
}

void
database_folder_enter(
    struct database_folder *folder, const char *path, uid_t uid, gid_t gid, int make)
{
	*folder = (struct database_folder){.path = path,
	    .as_root = geteuid() == 0,
	    .before = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC)};
	if (folder->before < 0)
		fatal("cannot open the working folder: %s", strerror(errno));
	if (make)
		make_and_enter(folder, uid, gid);
	else if (chdir(path) != 0) {
		act_as(folder, uid, gid);
		if (chdir(path) != 0)
			fatal("cannot enter the folder %s: %s", path, strerror(errno));
	}
	act_as(folder, uid, gid);
	if (!make && faccessat(AT_FDCWD, "data.mdb", R_OK, AT_EACCESS) != 0)
		fatal("cannot read the database in %s: %s", path,
		    errno == ENOENT ? "there is none" : strerror(errno));
}

int
database_folder_lock(const struct database_folder *folder)
{
	int fd = open("store.lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0)
		fatal("cannot open store.lock in %s: %s", folder->path, strerror(errno));
	if (flock(fd, LOCK_EX | LOCK_NB) != 0)
		fatal("cannot lock the folder %s: %s", folder->path,
		    errno == EWOULDBLOCK
			? "another store has it open, and only one can: stop that server first"
			: strerror(errno));
	return fd;
}

void
database_folder_sync(const char *path)
{
	int fd = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || fsync(fd) != 0)
		fatal("cannot sync the folder %s: %s", path, strerror(errno));
	close(fd);
}

void
database_folder_leave(const struct database_folder *folder)
{
	if (folder->as_root && (seteuid(0) != 0 || setegid(0) != 0))
		fatal("cannot return to root: %s", strerror(errno));
	if (fchdir(folder->before) != 0)
		fatal("cannot return to the working folder: %s", strerror(errno));
	close(folder->before);
}
