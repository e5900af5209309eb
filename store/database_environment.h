/*
 * What the three files behind database.h share: database.c opens and grows the environment,
 * database_reading.c reads on the loop's thread, database_transaction.c writes on the writing
 * thread. Beside them only what copies and checks the database as a whole includes this, or LMDB.
 */
#ifndef STORE_DATABASE_ENVIRONMENT_H
#define STORE_DATABASE_ENVIRONMENT_H

#include "database.h"
#include "log.h"

#include <lmdb.h>
#include <uv.h>

enum { DATABASE_TABLES = 5 };

struct database {
	MDB_env *environment;
	uint64_t map_max; /* bytes */
	MDB_dbi meta, accounts, names;
	MDB_dbi tokens, token_hashes; /* name to record, hash to name */
	int lock_fd; /* a file, not the folder: a descriptor of that would lead out of the chroot */
	uv_mutex_t map; /* held by reads, and by growth, which must find none */
	/* the loop's thread's */
	struct log_limit read_failures;
	MDB_txn *
	    reading; /* NULL: not needed yet; reset between two reads, which is cheaper than a new one */
	/* the writing thread's */
	MDB_txn *transaction;
	int failure; /* first LMDB or errno code of this transaction */
	uint64_t sequence;
	uint64_t committed_sequence;
	struct log_limit write_failures;
	unsigned char scratch[RECORD_MAX];
};

/* A key, or a value to put, of the caller's bytes. */
MDB_val database_value(const void *bytes, size_t length);

/* Puts a number into a table; 0 or LMDB's code. */
int database_put_number(MDB_txn *transaction, MDB_dbi table, const char *name, uint64_t number);

/* Gets one; 0, MDB_NOTFOUND, or another code. */
int database_get_number(MDB_txn *transaction, MDB_dbi table, const char *name, uint64_t *number);

/* Logs "cannot WHAT", as far as `limit` allows: clients can cause this at will. */
void database_log_failure(struct log_limit *limit, const char *what, int code);

/* Ends store: LMDB gave up after a failed write of its own root, for reading too. */
void database_given_up(int code) __attribute__((noreturn));

/* Take a record's bytes apart: 0, or -1 for a record that cannot be right, which is logged as far as `limit` allows. */
int database_decode_account(struct log_limit *limit, struct account_record *account,
    const struct uuid *username, struct slice record);
int database_decode_name(
    struct log_limit *limit, struct name_record *name, struct slice label, struct slice record);
int database_decode_token(
    struct log_limit *limit, struct token_record *token, struct slice name, struct slice record);

#endif
