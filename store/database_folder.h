/*
 * The folder that the database lies in: entered as its user, whatever stands on the way to it, and kept from a second store.
 * During start-up: fatal on every failure.
 */
#ifndef STORE_DATABASE_FOLDER_H
#define STORE_DATABASE_FOLDER_H

#include <sys/types.h>

struct database_folder {
	const char *path; /* borrowed, for messages */
	int before;	  /* the working folder there was before, O_PATH */
	int as_root;
};

/*
 * Makes it the working folder, and, as root, acts as its user from then on. `make`: a missing folder is made, and
 * given to the user with mode 0700; otherwise one without a database is fatal.
 */
void database_folder_enter(
    struct database_folder *folder, const char *path, uid_t uid, gid_t gid, int make);

/*
 * Locks it as long as the descriptor is open: LMDB would let a second store in, and each of them would serve half the
 * truth. Fatal where another one has it.
 */
int database_folder_lock(const struct database_folder *folder);

/* Makes sure that the names of its files are on the disk, as their bytes are. While it is the working folder. */
void database_folder_sync(const char *path);

/* Goes back to the folder, and the user, there was before. */
void database_folder_leave(const struct database_folder *folder);

#endif
