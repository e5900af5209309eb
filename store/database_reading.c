/* The reads of the thread of the loop, each in a short transaction of its own. */
#include "damage.h"
#include "database_environment.h"

#include <errno.h>
#include <string.h>
#include <sys/statvfs.h>

enum {
	KEY_MAX = 511,	   /* bytes, LMDB's own limit: a longer one cannot be right */
	DAMAGED_MAX = 1024 /* records in a row: more are taken for a tree that leads in circles */
};

static enum database_result
read_failed(struct database *database, const char *what, int code)
{
	database_log_failure(&database->read_failures, what, code);
	return DATABASE_FAILED;
}

/* 0 with a transaction, or LMDB's code. */
static int
begin_read(struct database *database, MDB_txn **transaction)
{
	int code;

	uv_mutex_lock(&database->map);
	code = database->reading == NULL
		   ? mdb_txn_begin(database->environment, NULL, MDB_RDONLY, &database->reading)
		   : mdb_txn_renew(database->reading);
	if (code == MDB_PANIC)
		database_given_up(code);
	if (code != 0)
		uv_mutex_unlock(&database->map);
	*transaction = database->reading;
	return code;
}

static void
end_read(struct database *database, MDB_txn *transaction)
{
	mdb_txn_reset(transaction);
	uv_mutex_unlock(&database->map);
}

/* Copies a record into `bytes`, of which it becomes a slice. */
static enum database_result
read_record(struct database *database, MDB_dbi table, MDB_val key, const char *what,
    unsigned char bytes[RECORD_MAX], struct slice *record)
{
	enum database_result result = DATABASE_OK;
	MDB_txn *transaction;
	MDB_val value;
	int code = begin_read(database, &transaction);

	if (code != 0)
		return read_failed(database, what, code);
	code = mdb_get(transaction, table, &key, &value);
	if (code == MDB_NOTFOUND) {
		result = DATABASE_MISSING;
	} else if (code != 0) {
		result = read_failed(database, what, code);
	} else if (value.mv_size > RECORD_MAX) {
		result = read_failed(database, what, MDB_CORRUPTED);
	} else {
		memcpy(bytes, value.mv_data, value.mv_size);
		*record = (struct slice){bytes, value.mv_size};
	}
	end_read(database, transaction);
	return result;
}

enum database_result
database_read_account(
    struct database *database, const struct uuid *username, struct database_account *account)
{
	MDB_val key = database_value(username->bytes, sizeof(username->bytes));
	struct slice record;
	enum database_result result = read_record(
	    database, database->accounts, key, "read an account", account->bytes, &record);

	if (result != DATABASE_OK)
		return result;
	return database_decode_account(
		   &database->read_failures, &account->record, username, record) == 0
		   ? DATABASE_OK
		   : DATABASE_FAILED;
}

enum database_result
database_read_name(struct database *database, struct slice label, struct database_name *name)
{
	MDB_val key = database_value(label.data, label.length);
	struct slice record;
	enum database_result result =
	    read_record(database, database->names, key, "read a name", name->bytes, &record);

	if (result != DATABASE_OK)
		return result;
	return database_decode_name(&database->read_failures, &name->record, label, record) == 0
		   ? DATABASE_OK
		   : DATABASE_FAILED;
}

enum database_result
database_read_token(struct database *database, struct slice name, struct token_record *token)
{
	MDB_val key = database_value(name.data, name.length);
	unsigned char bytes[RECORD_MAX];
	struct slice record;
	enum database_result result =
	    read_record(database, database->tokens, key, "read a token", bytes, &record);

	if (result != DATABASE_OK)
		return result;
	return database_decode_token(&database->read_failures, token, name, record) == 0
		   ? DATABASE_OK
		   : DATABASE_FAILED;
}

enum database_result
database_find_token(struct database *database, const unsigned char hash[RECORD_TOKEN_HASH],
    char name[RECORD_MAX_TOKEN], size_t *length, struct token_record *token)
{
	MDB_val key = database_value(hash, RECORD_TOKEN_HASH);
	unsigned char bytes[RECORD_MAX];
	struct slice found;
	enum database_result result =
	    read_record(database, database->token_hashes, key, "find a token", bytes, &found);

	if (result != DATABASE_OK)
		return result;
	if (found.length > RECORD_MAX_TOKEN)
		return read_failed(database, "find a token", MDB_CORRUPTED);
	memcpy(name, found.data, found.length);
	*length = found.length;
	return database_read_token(database, found, token);
}

static enum database_result
count_records(struct database *database, MDB_dbi table, const char *what, uint64_t *count)
{
	MDB_txn *transaction;
	MDB_stat status;
	int code = begin_read(database, &transaction);

	if (code != 0)
		return read_failed(database, what, code);
	code = mdb_stat(transaction, table, &status);
	end_read(database, transaction);
	if (code != 0)
		return read_failed(database, what, code);
	*count = status.ms_entries;
	return DATABASE_OK;
}

enum database_result
database_count_names(struct database *database, uint64_t *count)
{
	return count_records(database, database->names, "count the names", count);
}

enum database_result
database_count_accounts(struct database *database, uint64_t *count)
{
	return count_records(database, database->accounts, "count the accounts", count);
}

/* Adds up the pages of all tables, LMDB's own two and its two meta pages included. */
static int
measure_tables(const struct database *database, MDB_txn *transaction, struct database_size *size)
{
	enum { LMDB_TABLES = 2, LMDB_META_PAGES = 2 };
	uint64_t unused;
	const struct {
		MDB_dbi table;
		uint64_t *count;
	} tables[LMDB_TABLES + DATABASE_TABLES] = {{0, &unused}, {1, &unused},
	    {database->meta, &unused}, {database->accounts, &size->accounts},
	    {database->names, &size->names}, {database->tokens, &size->tokens},
	    {database->token_hashes, &unused}};
	uint64_t pages = LMDB_META_PAGES;
	MDB_stat status;
	int code;

	for (unsigned i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		if ((code = mdb_stat(transaction, tables[i].table, &status)) != 0)
			return code;
		*tables[i].count = status.ms_entries;
		pages += (uint64_t)status.ms_branch_pages + status.ms_leaf_pages +
			 status.ms_overflow_pages;
		size->live_bytes = pages * status.ms_psize;
	}
	return 0;
}

enum database_result
database_measure(struct database *database, struct database_size *size)
{
	MDB_txn *transaction;
	MDB_envinfo info;
	MDB_stat status;
	struct statvfs disk;
	int code = begin_read(database, &transaction);

	if (code != 0)
		return read_failed(database, "measure itself", code);
	code = measure_tables(database, transaction, size);
	if (code == 0 && (code = mdb_env_info(database->environment, &info)) == 0)
		code = mdb_env_stat(database->environment, &status);
	end_read(database, transaction);
	if (code == 0 && fstatvfs(database->lock_fd, &disk) != 0)
		code = errno;
	if (code != 0)
		return read_failed(database, "measure itself", code);
	size->map_bytes = info.me_mapsize;
	size->used_bytes = ((uint64_t)info.me_last_pgno + 1) * status.ms_psize;
	size->disk_free_bytes = (uint64_t)disk.f_bavail * disk.f_frsize;
	return DATABASE_OK;
}

void
database_forget_readers(struct database *database)
{
	int dead = 0, code = mdb_reader_check(database->environment, &dead);

	if (code != 0)
		(void)read_failed(database, "look for readers that died", code);
	else if (dead > 0)
		log_info("database: %d of its readers died without a word", dead);
}

/* A walk through a table: how its records are taken apart, and who sees them. */
struct walk {
	struct database *database;
	MDB_dbi table;
	const char *what; /* for the log */
	/* 0, or -1: record or key cannot be right, which is logged. */
	int (*decode)(void *context, struct slice key, struct slice record);
	/* What was decoded last; not 0: that is enough. */
	int (*visit)(void *context);
	void *context;
};

struct step {
	MDB_cursor *cursor;
	MDB_cursor_op operation;
	MDB_val key, value;
};

static int
take_step(void *context)
{
	struct step *step = context;

	return mdb_cursor_get(step->cursor, &step->key, &step->value, step->operation);
}

/*
 * In one transaction, from the key `from` on (empty: from the first). Returns 0 when a visitor had
 * enough, MDB_NOTFOUND behind the last record, or another code of LMDB.
 */
static int
walk_from(const struct walk *walk, struct slice from)
{
	struct step step = {.key = database_value(from.data, from.length),
	    .operation = from.length == 0 ? MDB_FIRST : MDB_SET_RANGE};
	MDB_txn *transaction;
	unsigned damaged = 0;
	int code = begin_read(walk->database, &transaction), least = 0;

	if (code != 0)
		return code;
	code = mdb_cursor_open(transaction, walk->table, &step.cursor);
	while (code == 0 && (code = damage_guard(take_step, &step)) == 0) {
		struct slice found = {step.key.mv_data, step.key.mv_size},
			     record = {step.value.mv_data, step.value.mv_size};

		step.operation = MDB_NEXT;
		if (found.length > KEY_MAX || record.length > RECORD_MAX) {
			code = MDB_CORRUPTED;
		} else if (walk->decode(walk->context, found, record) != 0) {
			/* Its key may be what is damaged, and says nothing of the order. */
			code = ++damaged > DAMAGED_MAX ? MDB_CORRUPTED : 0;
		} else if (slice_compare(found, from) < least) {
			/* A damaged tree may lead back, and then there would be no end. */
			code = MDB_CORRUPTED;
		} else {
			if (walk->visit(walk->context) != 0)
				break;
			from = found;
			least = 1;
			damaged = 0;
		}
	}
	mdb_cursor_close(step.cursor);
	end_read(walk->database, transaction);
	return code;
}

/* What a public walk returns. */
static enum database_result
walked(const struct walk *walk, int code)
{
	if (code == MDB_NOTFOUND)
		return DATABASE_MISSING;
	return code == 0 ? DATABASE_OK : read_failed(walk->database, walk->what, code);
}

struct name_walk {
	struct database *database;
	struct database_place *place;
	int (*visit)(void *context, struct slice label, const struct name_record *name);
	void *context;
	struct slice label;
	struct name_record name;
};

static int
decode_name(void *context, struct slice key, struct slice record)
{
	struct name_walk *names = context;

	names->label = key;
	if (key.length <= MESSAGE_MAX_SUBDOMAIN &&
	    database_decode_name(&names->database->read_failures, &names->name, key, record) == 0)
		return 0;
	names->place->damaged = 1;
	return -1;
}

static int
visit_name(void *context)
{
	struct name_walk *names = context;
	struct database_place *place = names->place;

	if (names->visit(names->context, names->label, &names->name) != 0)
		return 1;
	/* No key is between this and the label. */
	memcpy(place->key, names->label.data, names->label.length);
	place->key[names->label.length] = 0;
	place->length = names->label.length + 1;
	return 0;
}

static int
had_enough(void *context)
{
	(void)context;
	return 1;
}

/*
 * Moves a place on by 2 to the power of `bit`. Its key is taken for a number of DATABASE_PLACE bytes,
 * the first one the highest and what is not there 0, and becomes the first key of the next number: the
 * order of such numbers is that of the keys. 0, or -1: there is no such place.
 */
static int
move_place(struct database_place *place, unsigned bit)
{
	unsigned at = DATABASE_PLACE - 1 - bit / 8, carry = 1U << bit % 8;

	memset(place->key + place->length, 0, DATABASE_PLACE - place->length);
	for (;; at--) {
		carry += place->key[at];
		place->key[at] = (unsigned char)carry;
		carry >>= 8;
		if (carry == 0 || at == 0)
			break;
	}
	place->length = DATABASE_PLACE;
	while (place->length > 0 && place->key[place->length - 1] == 0)
		place->length--;
	return carry == 0 ? 0 : -1;
}

/*
 * Moves the place of a walk, at which nothing can be read, to where a record can, or to the end of the
 * names. DATABASE_OK; or DATABASE_MISSING: nothing behind it can be read; or DATABASE_FAILED, and not
 * because of damage.
 *
 * It looks ahead in strides that double until one ends where something can be read, and from the start of
 * the last one in strides that halve: only what is damaged is left behind, unless there is much of it, and
 * little between. At most some 1000 looks of a few microseconds.
 */
static enum database_result
pass_damage(struct name_walk *names)
{
	const struct walk look = {names->database, names->database->names,
	    "look behind damaged names", decode_name, had_enough, names};
	struct database_place far, near = *names->place;
	unsigned bit = 0;
	int code;

	do {
		far = near;
		if (bit == 8 * DATABASE_PLACE || move_place(&far, bit++) != 0)
			return DATABASE_MISSING;
		code = walk_from(&look, (struct slice){far.key, far.length});
	} while (damage_is(code));
	while (bit > 0 && (code == 0 || code == MDB_NOTFOUND || damage_is(code))) {
		far = near;
		(void)move_place(&far, --bit);
		code = walk_from(&look, (struct slice){far.key, far.length});
		if (damage_is(code))
			near = far;
	}
	if (bit > 0)
		return walked(&look, code);
	(void)move_place(&near, 0);
	near.damaged = 1;
	*names->place = near;
	return DATABASE_OK;
}

enum database_result
database_walk_names(struct database *database, struct database_place *place,
    int (*visit)(void *context, struct slice label, const struct name_record *name), void *context)
{
	struct name_walk names = {
	    .database = database, .place = place, .visit = visit, .context = context};
	const struct walk walk = {
	    database, database->names, "walk through the names", decode_name, visit_name, &names};
	enum database_result result;
	int code;

	do {
		code = walk_from(&walk, (struct slice){place->key, place->length});
		result = walked(&walk, code);
		if (!damage_is(code))
			return result;
		place->damaged = 1;
		result = pass_damage(&names);
	} while (result == DATABASE_OK);
	return result;
}

struct account_walk {
	struct database *database;
	int (*visit)(
	    void *context, const struct uuid *username, const struct account_record *account);
	void *context;
	struct uuid username;
	struct account_record account;
};

static int
decode_account(void *context, struct slice key, struct slice record)
{
	struct account_walk *accounts = context;

	if (key.length != sizeof(accounts->username.bytes)) {
		(void)read_failed(accounts->database, "read an account", MDB_CORRUPTED);
		return -1;
	}
	memcpy(accounts->username.bytes, key.data, sizeof(accounts->username.bytes));
	return database_decode_account(
	    &accounts->database->read_failures, &accounts->account, &accounts->username, record);
}

static int
visit_account(void *context)
{
	const struct account_walk *accounts = context;

	return accounts->visit(accounts->context, &accounts->username, &accounts->account);
}

enum database_result
database_walk_accounts(struct database *database, const struct uuid *after,
    int (*visit)(void *context, const struct uuid *username, const struct account_record *account),
    void *context)
{
	struct account_walk accounts = {.database = database, .visit = visit, .context = context};
	const struct walk walk = {database, database->accounts, "walk through the accounts",
	    decode_account, visit_account, &accounts};
	unsigned char behind[sizeof(after->bytes) + 1] = {0};

	if (after == NULL)
		return walked(&walk, walk_from(&walk, (struct slice){NULL, 0}));
	memcpy(behind, after->bytes, sizeof(after->bytes));
	return walked(&walk, walk_from(&walk, (struct slice){behind, sizeof(behind)}));
}

struct token_walk {
	struct database *database;
	int (*visit)(void *context, struct slice name, const struct token_record *token);
	void *context;
	struct slice name;
	struct token_record token;
};

static int
decode_token(void *context, struct slice key, struct slice record)
{
	struct token_walk *tokens = context;

	tokens->name = key;
	return database_decode_token(&tokens->database->read_failures, &tokens->token, key, record);
}

static int
visit_token(void *context)
{
	const struct token_walk *tokens = context;

	return tokens->visit(tokens->context, tokens->name, &tokens->token);
}

enum database_result
database_walk_tokens(struct database *database, struct slice after,
    int (*visit)(void *context, struct slice name, const struct token_record *token), void *context)
{
	struct token_walk tokens = {.database = database, .visit = visit, .context = context};
	const struct walk walk = {database, database->tokens, "walk through the tokens",
	    decode_token, visit_token, &tokens};
	unsigned char behind[RECORD_MAX_TOKEN + 1] = {0};
	size_t length = after.length < RECORD_MAX_TOKEN ? after.length : RECORD_MAX_TOKEN;

	if (length == 0)
		return walked(&walk, walk_from(&walk, (struct slice){NULL, 0}));
	memcpy(behind, after.data, length);
	return walked(&walk, walk_from(&walk, (struct slice){behind, length + 1}));
}
