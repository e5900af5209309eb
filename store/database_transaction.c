/* The writing thread: its one transaction, what it puts and reads there, and the commit. */
#include "damage.h"
#include "database_environment.h"

#include <errno.h>
#include <sys/statvfs.h>

/* Bytes left on a disk that has just refused a part of a write (LMDB writes 256 KiB at once). */
enum { DATABASE_LAST_ROOM = 1024 * 1024 };

/* The errors after which the disk holds what it held before, and the next try may succeed. */
static int
is_full(int code)
{
	return code == ENOSPC || code == EDQUOT || code == EFBIG || code == MDB_MAP_FULL;
}

static enum database_result
result_of(int code)
{
	return is_full(code) ? DATABASE_FULL : DATABASE_FAILED;
}

/* Remembers the transaction's first failure; map growth is asked for silently. */
static enum database_result
write_failed(struct database *database, const char *what, int code)
{
	if (database->failure == 0)
		database->failure = code;
	if (code != MDB_MAP_FULL)
		database_log_failure(&database->write_failures, what, code);
	return result_of(code);
}

enum database_result
database_begin(struct database *database)
{
	int code = mdb_txn_begin(database->environment, NULL, 0, &database->transaction);

	database->failure = 0;
	if (code == MDB_PANIC)
		database_given_up(code);
	if (code != 0) {
		database->transaction = NULL;
		return write_failed(database, "begin to write", code);
	}
	return DATABASE_OK;
}

static enum database_result
put(struct database *database, MDB_dbi table, MDB_val *key, const struct writer *record,
    const char *what)
{
	MDB_val value = database_value(record->data, record->length);
	int code;

	if (database->failure != 0)
		return result_of(database->failure);
	if (record->failed)
		return write_failed(database, what, MDB_BAD_VALSIZE);
	code = mdb_put(database->transaction, table, key, &value, 0);
	return code == 0 ? DATABASE_OK : write_failed(database, what, code);
}

enum database_result
database_put_account(
    struct database *database, const struct uuid *username, const struct account_record *account)
{
	MDB_val key = database_value(username->bytes, sizeof(username->bytes));
	struct writer writer;

	writer_init(&writer, database->scratch, sizeof(database->scratch));
	account_record_encode(account, username, &writer);
	return put(database, database->accounts, &key, &writer, "write an account");
}

enum database_result
database_put_name(struct database *database, struct slice label, const struct name_record *name)
{
	MDB_val key = database_value(label.data, label.length);
	struct writer writer;

	writer_init(&writer, database->scratch, sizeof(database->scratch));
	name_record_encode(name, label, &writer);
	return put(database, database->names, &key, &writer, "write a name");
}

enum database_result
database_delete_account(struct database *database, const struct uuid *username)
{
	MDB_val key = database_value(username->bytes, sizeof(username->bytes));
	int code;

	if (database->failure != 0)
		return result_of(database->failure);
	code = mdb_del(database->transaction, database->accounts, &key, NULL);
	if (code == MDB_NOTFOUND)
		return DATABASE_MISSING;
	return code == 0 ? DATABASE_OK : write_failed(database, "delete an account", code);
}

/* A record as it is inside the transaction. */
static enum database_result
get(struct database *database, MDB_dbi table, MDB_val key, const char *what, struct slice *record)
{
	MDB_val value;
	int code;

	if (database->failure != 0)
		return DATABASE_FAILED;
	code = mdb_get(database->transaction, table, &key, &value);
	if (code == MDB_NOTFOUND)
		return DATABASE_MISSING;
	if (code != 0)
		return write_failed(database, what, code);
	*record = (struct slice){value.mv_data, value.mv_size};
	return DATABASE_OK;
}

enum database_result
database_get_account(
    struct database *database, const struct uuid *username, struct account_record *account)
{
	MDB_val key = database_value(username->bytes, sizeof(username->bytes));
	struct slice record;
	enum database_result result =
	    get(database, database->accounts, key, "read an account", &record);

	if (result != DATABASE_OK)
		return result;
	return database_decode_account(&database->write_failures, account, username, record) == 0
		   ? DATABASE_OK
		   : DATABASE_FAILED;
}

enum database_result
database_get_name(struct database *database, struct slice label, struct name_record *name)
{
	MDB_val key = database_value(label.data, label.length);
	struct slice record;
	enum database_result result = get(database, database->names, key, "read a name", &record);

	if (result != DATABASE_OK)
		return result;
	if (database_decode_name(&database->write_failures, name, label, record) != 0)
		return DATABASE_FAILED;
	/* dnsd would take what is committed next for something older than it has, and go on with that. */
	if (name->sequence > database->sequence) {
		if (log_allowed(&database->write_failures))
			log_error(
			    "database: a name is of commit %llu, and the last one was %llu: a "
			    "page is from "
			    "before; " DAMAGE_ADVICE,
			    (unsigned long long)name->sequence,
			    (unsigned long long)database->sequence);
		return DATABASE_FAILED;
	}
	return DATABASE_OK;
}

enum database_result
database_put_token(struct database *database, struct slice name, const struct token_record *token)
{
	MDB_val key = database_value(name.data, name.length);
	MDB_val hash = database_value(token->hash, sizeof(token->hash));
	struct writer writer;
	enum database_result result;

	writer_init(&writer, database->scratch, sizeof(database->scratch));
	writer_bytes(&writer, name.data, name.length);
	result = put(database, database->token_hashes, &hash, &writer, "write a token's hash");
	if (result != DATABASE_OK)
		return result;
	writer_init(&writer, database->scratch, sizeof(database->scratch));
	token_record_encode(token, name, &writer);
	return put(database, database->tokens, &key, &writer, "write a token");
}

enum database_result
database_get_token(struct database *database, struct slice name, struct token_record *token)
{
	MDB_val key = database_value(name.data, name.length);
	struct slice record;
	enum database_result result = get(database, database->tokens, key, "read a token", &record);

	if (result != DATABASE_OK)
		return result;
	return database_decode_token(&database->write_failures, token, name, record) == 0
		   ? DATABASE_OK
		   : DATABASE_FAILED;
}

enum database_result
database_get_account_count(struct database *database, uint64_t *count)
{
	MDB_stat status;
	int code;

	if (database->failure != 0)
		return DATABASE_FAILED;
	code = mdb_stat(database->transaction, database->accounts, &status);
	if (code != 0)
		return write_failed(database, "count the accounts", code);
	*count = status.ms_entries;
	return DATABASE_OK;
}

uint64_t
database_next_sequence(struct database *database)
{
	return ++database->sequence;
}

/* LMDB calls a write that the disk took only a part of EIO, like a broken disk. */
static int
disk_is_full(struct database *database)
{
	struct statvfs status;
	mdb_filehandle_t fd;

	return mdb_env_get_fd(database->environment, &fd) == 0 && fstatvfs(fd, &status) == 0 &&
	       (uint64_t)status.f_bavail * status.f_frsize < DATABASE_LAST_ROOM;
}

enum database_result
database_commit(struct database *database)
{
	int code = database->failure;

	if (code == 0)
		code = database_put_number(
		    database->transaction, database->meta, "sequence", database->sequence);
	if (code != 0) {
		database->failure = code;
		database_abort(database);
		return result_of(code);
	}
	code = mdb_txn_commit(database->transaction);
	database->transaction = NULL;
	if (code == 0) {
		database->committed_sequence = database->sequence;
		return DATABASE_OK;
	}
	if (code == EIO && disk_is_full(database))
		code = ENOSPC;
	database->sequence = database->committed_sequence;
	database->failure = code;
	if (code == MDB_MAP_FULL)
		return DATABASE_FULL;
	/* Full or short of memory: the new pages were never made part of the database. */
	if (!is_full(code) && code != ENOMEM)
		fatal("the database cannot be synced (%s): what the disk holds is unknown",
		    mdb_strerror(code));
	database_log_failure(&database->write_failures, "commit", code);
	return result_of(code);
}

void
database_abort(struct database *database)
{
	if (database->transaction != NULL)
		mdb_txn_abort(database->transaction);
	database->transaction = NULL;
	database->sequence = database->committed_sequence;
}
