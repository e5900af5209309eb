/*
 * The LMDB environment: accounts, names, registration tokens, and the sequence that orders every commit.
 *
 * Two threads use it. Any number of reads happen on the thread of the loop, each in a short
 * transaction of its own. All writing happens on one other thread: it begins, writes, syncs
 * and ends every transaction. The map grows by itself, when no read is under way.
 *
 * Bytes on disk that cannot be right are never served: the record is named in the log.
 */
#ifndef STORE_DATABASE_H
#define STORE_DATABASE_H

#include "record.h"

#include <sys/types.h>

enum { DATABASE_SCHEMA = 1 };

struct database;

struct database_config {
	const char *path; /* of its folder */
	uid_t uid;
	gid_t gid;
	uint64_t map_size, map_max; /* bytes of the map, at first and at most */
	uint64_t reserve;	    /* bytes of the disk that a change of the schema leaves free */
	const struct schema_plan
	    *plan; /* how older databases are changed; NULL: as this program does */
};

/*
 * Opens the database in a folder, making folder and database where they are missing. As root the
 * folder is given to uid and gid, mode 0700, and the files are made and opened as that user, by a
 * path that needs no permission on the way. One of an older schema is copied and changed (schema.h). Fatal when it cannot
 * be opened, is of a newer schema, or is open in another process.
 */
struct database *database_open(const struct database_config *config);

void database_close(struct database *database);

enum database_result {
	DATABASE_OK,
	DATABASE_MISSING, /* no such key */
	DATABASE_FAILED,  /* logged */
	DATABASE_FULL	  /* no room on the disk: logged; nothing was changed */
};

/* An account's record with the bytes that its slices point into. */
struct database_account {
	struct account_record record;
	unsigned char bytes[RECORD_MAX];
};

/* Reads an account into the caller's memory. Thread of the loop. */
enum database_result database_read_account(
    struct database *database, const struct uuid *username, struct database_account *account);

/* A name's record with the bytes that its slices point into. */
struct database_name {
	struct name_record record;
	unsigned char bytes[RECORD_MAX];
};

/* Reads a name, retired ones as well, into the caller's memory. Thread of the loop. */
enum database_result database_read_name(
    struct database *database, struct slice label, struct database_name *name);

/*
 * Visits the accounts behind the user name `after` (NULL: from the first) in order, in one short transaction, until
 * `visit` returns non-zero. The arguments of `visit` are valid during the call. DATABASE_OK: stopped by
 * `visit`; DATABASE_MISSING: that was the last. Damaged records are logged and passed over; a part of the tree that cannot be
 * read is DATABASE_FAILED. Thread of the loop.
 */
enum database_result database_walk_accounts(struct database *database, const struct uuid *after,
    int (*visit)(void *context, const struct uuid *username, const struct account_record *account),
    void *context);

/* Names there are, retired ones as well. Thread of the loop. */
enum database_result database_count_names(struct database *database, uint64_t *count);

/* One byte more than a label: a label with a byte 0 behind it is the first key behind that label. */
enum { DATABASE_PLACE = MESSAGE_MAX_SUBDOMAIN + 1 };

/* A place in the order of the names; all zero: in front of the first. */
struct database_place {
	unsigned char key[DATABASE_PLACE];
	size_t length;
	int damaged; /* 1: on the way to it something could not be read, and was logged */
};

/*
 * Visits the names from a place on in order, in one short transaction, until `visit` returns non-zero:
 * then the place is in front of that name, otherwise behind the last. The arguments of `visit` are
 * valid during the call. DATABASE_OK: stopped by `visit`; DATABASE_MISSING: that was the last. Damaged
 * records, and parts of the tree that cannot be read, are logged and passed over: then place->damaged is
 * 1, and it takes more than one transaction. Thread of the loop.
 */
enum database_result database_walk_names(struct database *database, struct database_place *place,
    int (*visit)(void *context, struct slice label, const struct name_record *name), void *context);

/* Visits the tokens behind the name `after` (empty: from the first) in order; the rest as with database_walk_accounts(). */
enum database_result database_walk_tokens(struct database *database, struct slice after,
    int (*visit)(void *context, struct slice name, const struct token_record *token),
    void *context);

/* Accounts there are. Thread of the loop. */
enum database_result database_count_accounts(struct database *database, uint64_t *count);

/* How large everything is. */
struct database_size {
	uint64_t accounts, names, tokens; /* retired names and spent tokens are among them */
	uint64_t map_bytes;
	uint64_t used_bytes;	  /* up to the highest page that was ever used */
	uint64_t live_bytes;	  /* of them, those in use now */
	uint64_t disk_free_bytes; /* that this user may write */
};

/* Costs a few microseconds, however large it is. Thread of the loop. */
enum database_result database_measure(struct database *database, struct database_size *size);

/*
 * Frees what readers of other processes hold on to that have died: a backup that was killed, say. As long as nobody does, no page
 * of their moment is used again. Thread of the loop.
 */
void database_forget_readers(struct database *database);

/* Reads the token of that name. Thread of the loop. */
enum database_result database_read_token(
    struct database *database, struct slice name, struct token_record *token);

/* Finds the token by its hash; writes its name and the name's length. Thread of the loop. */
enum database_result database_find_token(struct database *database,
    const unsigned char hash[RECORD_TOKEN_HASH], char name[RECORD_MAX_TOKEN], size_t *length,
    struct token_record *token);

/*
 * Writing: begin, any puts and reads, commit or abort. After a put failed the transaction only
 * remembers that, and commit fails. Writing thread only.
 */
enum database_result database_begin(struct database *database);
enum database_result database_put_account(
    struct database *database, const struct uuid *username, const struct account_record *account);
enum database_result database_put_name(
    struct database *database, struct slice label, const struct name_record *name);

/* Takes an account away; DATABASE_MISSING where there is none. Its name is the caller's to retire. */
enum database_result database_delete_account(
    struct database *database, const struct uuid *username);

/* Reads an account as it is inside the transaction; its slices are valid until the next put. */
enum database_result database_get_account(
    struct database *database, const struct uuid *username, struct account_record *account);

/* Reads a name as it is inside the transaction; its slices are valid until the next put. */
enum database_result database_get_name(
    struct database *database, struct slice label, struct name_record *name);

/* A token's hash stays what it was at the first put. */
enum database_result database_put_token(
    struct database *database, struct slice name, const struct token_record *token);
enum database_result database_get_token(
    struct database *database, struct slice name, struct token_record *token);

/* Accounts there are inside the transaction. */
enum database_result database_get_account_count(struct database *database, uint64_t *count);

/* The next number of the sequence; it becomes durable with the transaction. */
uint64_t database_next_sequence(struct database *database);

/*
 * Commits and syncs; after DATABASE_OK everything written is on the disk. A failed sync is fatal: what
 * the disk holds is then unknown, and a restart finds out.
 */
enum database_result database_commit(struct database *database);
void database_abort(struct database *database);

/* 1 if the last failure was the map being full: grow, and do the whole transaction again. */
int database_wants_growth(const struct database *database);

/* Doubles the map, up to map_max; DATABASE_FULL there. Writing thread, outside a transaction. */
enum database_result database_grow(struct database *database);

#endif
