/* The reads of the thread of the loop, each in a short transaction of its own. */
#include "database_environment.h"

#include <errno.h>
#include <string.h>
#include <sys/statvfs.h>

static enum database_result
read_failed(struct database *database, const char *what, int code)
{
	database_log_failure(&database->read_failures, what, code);
	return DATABASE_FAILED;
}

static MDB_txn *
begin_read(struct database *database)
{
	int code;

	uv_mutex_lock(&database->map);
	code = database->reading == NULL
		   ? mdb_txn_begin(database->environment, NULL, MDB_RDONLY, &database->reading)
		   : mdb_txn_renew(database->reading);
	if (code == MDB_PANIC)
		database_given_up(code);
	if (code != 0) {
		uv_mutex_unlock(&database->map);
		read_failed(database, "begin to read", code);
		return NULL;
	}
	return database->reading;
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
	MDB_txn *transaction = begin_read(database);
	enum database_result result = DATABASE_OK;
	MDB_val value;
	int code;

	if (transaction == NULL)
		return DATABASE_FAILED;
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
	MDB_txn *transaction = begin_read(database);
	MDB_stat status;
	int code;

	if (transaction == NULL)
		return DATABASE_FAILED;
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
	MDB_txn *transaction = begin_read(database);
	MDB_envinfo info;
	MDB_stat status;
	struct statvfs disk;
	int code;

	if (transaction == NULL)
		return DATABASE_FAILED;
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

/* Puts the cursor on the first record behind `after`. */
static int
seek(MDB_cursor *cursor, struct slice after, MDB_val *key, MDB_val *value)
{
	int code;

	if (after.length == 0)
		return mdb_cursor_get(cursor, key, value, MDB_FIRST);
	*key = database_value(after.data, after.length);
	code = mdb_cursor_get(cursor, key, value, MDB_SET_RANGE);
	if (code == 0 && key->mv_size == after.length &&
	    memcmp(key->mv_data, after.data, after.length) == 0)
		code = mdb_cursor_get(cursor, key, value, MDB_NEXT);
	return code;
}

/* Visits the records of a table behind `after`; the results of the public walks. */
static enum database_result
walk(struct database *database, MDB_dbi table, struct slice after, const char *what,
    int (*visit)(void *context, struct slice key, struct slice record), void *context)
{
	MDB_txn *transaction = begin_read(database);
	MDB_cursor *cursor = NULL;
	MDB_val key, value;
	int code, stopped = 0;

	if (transaction == NULL)
		return DATABASE_FAILED;
	code = mdb_cursor_open(transaction, table, &cursor);
	if (code == 0)
		code = seek(cursor, after, &key, &value);
	while (code == 0 && !stopped) {
		struct slice found = {key.mv_data, key.mv_size};

		/* A damaged tree may lead back, and then there would be no end. */
		if (after.length > 0 && slice_compare(after, found) >= 0) {
			code = MDB_CORRUPTED;
			break;
		}
		after = found;
		stopped = visit(context, found, (struct slice){value.mv_data, value.mv_size});
		if (!stopped)
			code = mdb_cursor_get(cursor, &key, &value, MDB_NEXT);
	}
	mdb_cursor_close(cursor);
	end_read(database, transaction);
	if (code == MDB_NOTFOUND)
		return DATABASE_MISSING;
	return code == 0 ? DATABASE_OK : read_failed(database, what, code);
}

struct name_walk {
	struct database *database;
	int (*visit)(void *context, struct slice label, const struct name_record *name);
	void *context;
};

static int
visit_name(void *context, struct slice label, struct slice record)
{
	const struct name_walk *names = context;
	struct name_record name;

	if (database_decode_name(&names->database->read_failures, &name, label, record) != 0)
		return 0;
	return names->visit(names->context, label, &name);
}

enum database_result
database_walk_names(struct database *database, struct slice after,
    int (*visit)(void *context, struct slice label, const struct name_record *name), void *context)
{
	struct name_walk names = {database, visit, context};

	return walk(database, database->names, after, "walk through the names", visit_name, &names);
}

struct account_walk {
	struct database *database;
	int (*visit)(
	    void *context, const struct uuid *username, const struct account_record *account);
	void *context;
};

static int
visit_account(void *context, struct slice key, struct slice record)
{
	const struct account_walk *accounts = context;
	struct account_record account;
	struct uuid username;

	if (key.length != sizeof(username.bytes))
		return 0;
	memcpy(username.bytes, key.data, sizeof(username.bytes));
	if (database_decode_account(
		&accounts->database->read_failures, &account, &username, record) != 0)
		return 0;
	return accounts->visit(accounts->context, &username, &account);
}

enum database_result
database_walk_accounts(struct database *database, const struct uuid *after,
    int (*visit)(void *context, const struct uuid *username, const struct account_record *account),
    void *context)
{
	struct account_walk accounts = {database, visit, context};
	struct slice behind = {NULL, 0};

	if (after != NULL)
		behind = (struct slice){after->bytes, sizeof(after->bytes)};
	return walk(database, database->accounts, behind, "walk through the accounts",
	    visit_account, &accounts);
}

struct token_walk {
	struct database *database;
	int (*visit)(void *context, struct slice name, const struct token_record *token);
	void *context;
};

static int
visit_token(void *context, struct slice name, struct slice record)
{
	const struct token_walk *tokens = context;
	struct token_record token;

	if (database_decode_token(&tokens->database->read_failures, &token, name, record) != 0)
		return 0;
	return tokens->visit(tokens->context, name, &token);
}

enum database_result
database_walk_tokens(struct database *database, struct slice after,
    int (*visit)(void *context, struct slice name, const struct token_record *token), void *context)
{
	struct token_walk tokens = {database, visit, context};

	return walk(
	    database, database->tokens, after, "walk through the tokens", visit_token, &tokens);
}
