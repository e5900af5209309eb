/*
 * Looking at every record of a database: is it what was written, and does it fit the others?
 *
 * LMDB believes its pages. Where one is damaged the walk may end the process with a signal, so it has a process of its
 * own; every record is announced before it is looked at, for whoever tells of such an end. It cannot go on for ever: keys have to
 * ascend, and there may be no more of them than the table says.
 */
#ifndef STORE_VERIFICATION_H
#define STORE_VERIFICATION_H

#include "pack.h"

#include <lmdb.h>
#include <stdint.h>

enum { VERIFICATION_WHERE = 272 }; /* bytes of a finding's place, NUL included */

struct verification_config {
	MDB_env *environment;
	/*
	 * What is wrong, in words: in which table, and where in it ("" for the table itself). A place is safe to print.
	 */
	void (*found)(void *context, const char *table, const char *where, const char *what);
	/* The next record; `key` is valid during the call. */
	void (*reached)(void *context, const char *table, struct slice key);
	void *context;
};

struct verification_totals {
	uint64_t schema, sequence;
	uint64_t accounts, names, retired, values, tokens;
	uint64_t findings;
};

/* Walks in one transaction. */
void verification_run(const struct verification_config *config, struct verification_totals *totals);

/* Writes a record's key as a finding shows it. */
void verification_where(char where[VERIFICATION_WHERE], const char *table, struct slice key);

#endif
