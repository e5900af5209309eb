/*
 * The database opened for reading only: beside a store that writes to it, as one more of LMDB's readers, or as a file of
 * its own. Fatal on failure.
 */
#ifndef STORE_DATABASE_VIEW_H
#define STORE_DATABASE_VIEW_H

#include <lmdb.h>
#include <stdint.h>

/*
 * The one in the working folder. Its map is as large as the database may become (`map_max` bytes; it is only addresses), so
 * that no growth outgrows it.
 */
MDB_env *database_view_open(uint64_t map_max);

/* The image in the file behind an open descriptor, `length` bytes of it. */
MDB_env *database_view_open_image(int fd, uint64_t length);

/* The schema and the last commit, as they are now. */
void database_view_state(MDB_env *environment, uint32_t *schema, uint64_t *sequence);

#endif
