/*
 * Writing a backup: a consistent image of the database as it was when the copying began, compacted, with a checksum
 * behind it (backup_trailer.h). Others may go on writing to the database meanwhile.
 *
 * A copy holds on to all pages of that moment, so that what is written meanwhile cannot reuse them and the database's file
 * grows. Hence the bounds: a copy that reaches one of them gives way.
 */
#ifndef STORE_BACKUP_H
#define STORE_BACKUP_H

#include <lmdb.h>
#include <stdint.h>

enum {
	BACKUP_SECONDS = 3600,	   /* for all of it */
	BACKUP_STALL_SECONDS = 60, /* without the descriptor taking a byte */
	BACKUP_GROWTH = 1024 * 1024 *
			1024 /* bytes that the database's file may grow by, besides its own size */
};

struct backup_source {
	MDB_env *environment; /* without a transaction of this thread */
	uint32_t schema;
	uint64_t sequence; /* of the last commit there was before */
	uint64_t reserve;  /* bytes that have to stay free on the database's disk */
};

/*
 * Writes a backup to `out`, a file, a pipe or a socket, which stays open and is not synced. Returns its bytes. Fatal on any
 * failure, and when a bound is reached: LMDB's copying cannot be ended in any other way.
 */
uint64_t backup_write(const struct backup_source *source, int out);

#endif
