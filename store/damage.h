/*
 * A database so damaged that LMDB falls over it: the line about that, which is the last that the process writes. Records
 * have their checksums (record.h); pages have none.
 */
#ifndef STORE_DAMAGE_H
#define STORE_DAMAGE_H

#include <lmdb.h>

/* What to do about a damaged database, for the end of a line. */
#define DAMAGE_ADVICE                                                                              \
	"\"sallyport verify\" says more, \"sallyport restore --force\" puts a backup in its place"

/*
 * From now on the process says what has happened before a part of the file that cannot be read (SIGBUS), a page that leads nowhere
 * (SIGSEGV, SIGABRT) or one that LMDB gives up at ends it. Fatal on failure. Builds with sanitizers have their own words for signals.
 */
void damage_watch(MDB_env *environment);

/*
 * Calls `read`, and returns what it does, or MDB_CORRUPTED where LMDB gives up at a page: that ends only
 * this call. For one step of a cursor in a transaction that only reads: it holds no lock and no memory of
 * its own meanwhile, and afterwards both may be closed, and nothing else. Does not nest.
 */
int damage_guard(int (*read)(void *context), void *context);

/* 1 if LMDB's code means that the database is damaged. */
int damage_is(int code);

#endif
