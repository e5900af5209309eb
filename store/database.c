#include "database.h"

#include "folder.h"
#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>
#include <uv.h>

enum {
	DATABASE_TABLES = 5,
	/* Bytes left on a disk that has just refused a part of a write (LMDB writes 256 KiB at once). */
	DATABASE_LAST_ROOM = 1024 * 1024
};

static const size_t first_map = (size_t)64 * 1024 * 1024;
static const size_t largest_map = (size_t)1 << 40;

struct database {
	MDB_env *environment;
	MDB_dbi meta, accounts, names;
	MDB_dbi tokens, token_hashes; /* name to record, hash to name */
	int lock_fd; /* a file, not the folder: a descriptor of that would lead out of the chroot */
	uv_mutex_t map;			/* held by reads, and by growth, which must find none */
	struct log_limit read_failures; /* the loop's thread's */
	/* the writing thread's */
	MDB_txn *transaction;
	int failure; /* first LMDB or errno code of this transaction */
	uint64_t sequence;
	uint64_t committed_sequence;
	struct log_limit write_failures;
	unsigned char scratch[RECORD_MAX];
};

static MDB_val
value_of(const void *bytes, size_t length)
{
	MDB_val value = {.mv_size = length};

	/* LMDB only reads what a key or a value to put points to; its type cannot say so. */
	memcpy(&value.mv_data, &bytes, sizeof(bytes));
	return value;
}

static MDB_val
value_of_string(const char *string)
{
	return value_of(string, strlen(string));
}

/* The errors after which the disk holds what it held before, and the next try may succeed. */
static int
is_full(int code)
{
	return code == ENOSPC || code == EDQUOT || code == EFBIG || code == MDB_MAP_FULL;
}

/* Clients can cause these at will, a full disk with every update. */
static enum database_result
failed(struct log_limit *limit, const char *what, int code)
{
	if (log_allowed(limit))
		log_error("database: cannot %s: %s", what, mdb_strerror(code));
	return is_full(code) ? DATABASE_FULL : DATABASE_FAILED;
}

static int
put_u64(MDB_txn *transaction, MDB_dbi table, const char *name, uint64_t number)
{
	unsigned char bytes[8];
	struct writer writer;
	MDB_val key = value_of_string(name), value = value_of(bytes, sizeof(bytes));

	writer_init(&writer, bytes, sizeof(bytes));
	writer_u64(&writer, number);
	return mdb_put(transaction, table, &key, &value, 0);
}

/* 0, MDB_NOTFOUND, or another code. */
static int
get_u64(MDB_txn *transaction, MDB_dbi table, const char *name, uint64_t *number)
{
	MDB_val key = value_of_string(name), value;
	struct reader reader;
	int code = mdb_get(transaction, table, &key, &value);

	if (code != 0)
		return code;
	reader_init(&reader, value.mv_data, value.mv_size);
	*number = reader_u64(&reader);
	return reader_end(&reader) == 0 ? 0 : MDB_CORRUPTED;
}

/* Opens the tables and the schema of a new or an old database. */
static void
open_tables(struct database *database, const char *path)
{
	MDB_txn *transaction;
	uint64_t schema = 0;
	int code;

	if ((code = mdb_txn_begin(database->environment, NULL, 0, &transaction)) != 0 ||
	    (code = mdb_dbi_open(transaction, "meta", MDB_CREATE, &database->meta)) != 0 ||
	    (code = mdb_dbi_open(transaction, "accounts", MDB_CREATE, &database->accounts)) != 0 ||
	    (code = mdb_dbi_open(transaction, "names", MDB_CREATE, &database->names)) != 0 ||
	    (code = mdb_dbi_open(transaction, "tokens", MDB_CREATE, &database->tokens)) != 0 ||
	    (code = mdb_dbi_open(
		 transaction, "token_hashes", MDB_CREATE, &database->token_hashes)) != 0)
		fatal("cannot open the database in %s: %s", path, mdb_strerror(code));
	code = get_u64(transaction, database->meta, "schema", &schema);
	if (code == MDB_NOTFOUND) {
		schema = DATABASE_SCHEMA;
		if ((code = put_u64(transaction, database->meta, "schema", schema)) == 0)
			code = put_u64(transaction, database->meta, "sequence", 0);
	}
	if (code == 0 && schema != DATABASE_SCHEMA)
		fatal(
		    "the database in %s has schema %llu, this program knows %d: use the version of "
		    "Sallyport that wrote it",
		    path, (unsigned long long)schema, DATABASE_SCHEMA);
	if (code != 0 ||
	    (code = get_u64(transaction, database->meta, "sequence", &database->sequence)) != 0 ||
	    (code = mdb_txn_commit(transaction)) != 0)
		fatal("cannot read the database in %s: %s", path, mdb_strerror(code));
	database->committed_sequence = database->sequence;
}

static void
open_environment(struct database *database, const char *path)
{
	int code;

	if ((code = mdb_env_create(&database->environment)) != 0 ||
	    (code = mdb_env_set_maxdbs(database->environment, DATABASE_TABLES)) != 0 ||
	    (code = mdb_env_set_mapsize(database->environment, first_map)) != 0)
		fatal("cannot prepare the database: %s", mdb_strerror(code));
	/* MDB_NOTLS: a read transaction belongs to the caller, not to its thread. */
	code = mdb_env_open(database->environment, ".", MDB_NOTLS, 0600);
	if (code == EACCES)
		fatal("cannot open the database in %s: its files belong to another user; give them "
		      "to uid %u (chown -R)",
		    path, geteuid());
	if (code != 0)
		fatal("cannot open the database in %s: %s", path, mdb_strerror(code));
}

/* Gives a new folder to its user. One that is somebody else's and in use was named by mistake. */
static void
own_folder(int fd, const char *path, uid_t uid, gid_t gid)
{
	char entry[FOLDER_ENTRY];
	struct stat status;

	if (fstat(fd, &status) != 0)
		fatal("cannot look at the folder %s: %s", path, strerror(errno));
	if (status.st_uid != uid) {
		if (folder_first_entry(fd, entry) != 0)
			fatal(
			    "the folder %s is not empty and belongs to uid %u instead of %u: name "
			    "another one in store.path, or give it away (chown -R %u:%u)",
			    path, status.st_uid, uid, uid, gid);
		if (fchown(fd, uid, gid) != 0)
			fatal(
			    "cannot give the folder %s to uid %u: %s", path, uid, strerror(errno));
	}
	if (fchmod(fd, 0700) != 0)
		fatal("cannot set the mode of the folder %s: %s", path, strerror(errno));
}

/* Makes the folder where it is missing, and makes it the working folder. */
static void
enter_folder(const char *path, uid_t uid, gid_t gid)
{
	int fd;

	if (folder_make(path) != 0)
		fatal("cannot make the folder %s: %s", path, strerror(errno));
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		fatal("cannot open the folder %s: %s", path, strerror(errno));
	own_folder(fd, path, uid, gid);
	if (fchdir(fd) != 0)
		fatal("cannot enter the folder %s: %s", path, strerror(errno));
	close(fd);
}

/* LMDB would let a second store in; two of them would each serve half the truth. */
static int
lock_folder(const char *path)
{
	int fd = open("store.lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0)
		fatal("cannot open store.lock in %s: %s", path, strerror(errno));
	if (flock(fd, LOCK_EX | LOCK_NB) != 0)
		fatal("cannot lock the folder %s: %s", path,
		    errno == EWOULDBLOCK ? "another store has it open" : strerror(errno));
	return fd;
}

struct database *
database_open(const char *path, uid_t uid, gid_t gid)
{
	struct database *database = calloc(1, sizeof(*database));
	int as_root = geteuid() == 0;
	int before = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (database == NULL || uv_mutex_init(&database->map) != 0 || before < 0)
		fatal("cannot prepare the database: %s", strerror(errno));
	enter_folder(path, uid, gid);
	if (as_root && (setegid(gid) != 0 || seteuid(uid) != 0))
		fatal("cannot act as uid %u: %s", uid, strerror(errno));
	database->lock_fd = lock_folder(path);
	open_environment(database, path);
	open_tables(database, path);
	if (as_root && (seteuid(0) != 0 || setegid(0) != 0))
		fatal("cannot return to root: %s", strerror(errno));
	if (fchdir(before) != 0)
		fatal("cannot return to the working folder: %s", strerror(errno));
	close(before);
	return database;
}

void
database_close(struct database *database)
{
	if (database == NULL)
		return;
	database_abort(database);
	mdb_env_close(database->environment);
	uv_mutex_destroy(&database->map);
	close(database->lock_fd);
	free(database);
}

/* LMDB gave up after a failed write of its own root, for reading too: only a restart helps. */
static void __attribute__((noreturn))
given_up(int code)
{
	fatal("the database cannot be used any more: %s", mdb_strerror(code));
}

static MDB_txn *
begin_read(struct database *database)
{
	MDB_txn *transaction = NULL;
	int code;

	uv_mutex_lock(&database->map);
	code = mdb_txn_begin(database->environment, NULL, MDB_RDONLY, &transaction);
	if (code == MDB_PANIC)
		given_up(code);
	if (code != 0) {
		uv_mutex_unlock(&database->map);
		failed(&database->read_failures, "begin to read", code);
		return NULL;
	}
	return transaction;
}

static void
end_read(struct database *database, MDB_txn *transaction)
{
	mdb_txn_abort(transaction);
	uv_mutex_unlock(&database->map);
}

static void
log_damaged_account(const struct uuid *username)
{
	char text[UUID_TEXT + 1];

	uuid_to_text(username, text);
	log_error("database: the record of account %s is damaged", text);
}

static void
log_damaged_name(struct slice label)
{
	char text[4 * MESSAGE_MAX_SUBDOMAIN + 4];

	log_error("database: the record of name %s is damaged",
	    log_safe(text, sizeof(text), label.data, label.length));
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
		result = failed(&database->read_failures, what, code);
	} else if (value.mv_size > RECORD_MAX) {
		result = failed(&database->read_failures, what, MDB_BAD_VALSIZE);
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
	MDB_val key = value_of(username->bytes, sizeof(username->bytes));
	struct slice record;
	enum database_result result = read_record(
	    database, database->accounts, key, "read an account", account->bytes, &record);

	if (result != DATABASE_OK || account_record_decode(&account->record, username, record) == 0)
		return result;
	log_damaged_account(username);
	return DATABASE_FAILED;
}

enum database_result
database_read_name(struct database *database, struct slice label, struct database_name *name)
{
	MDB_val key = value_of(label.data, label.length);
	struct slice record;
	enum database_result result =
	    read_record(database, database->names, key, "read a name", name->bytes, &record);

	if (result != DATABASE_OK || name_record_decode(&name->record, label, record) == 0)
		return result;
	log_damaged_name(label);
	return DATABASE_FAILED;
}

static void
log_damaged_token(struct slice name)
{
	char text[4 * RECORD_MAX_TOKEN + 4];

	log_error("database: the record of token %s is damaged",
	    log_safe(text, sizeof(text), name.data, name.length));
}

enum database_result
database_read_token(struct database *database, struct slice name, struct token_record *token)
{
	MDB_val key = value_of(name.data, name.length);
	unsigned char bytes[RECORD_MAX];
	struct slice record;
	enum database_result result =
	    read_record(database, database->tokens, key, "read a token", bytes, &record);

	if (result != DATABASE_OK || token_record_decode(token, name, record) == 0)
		return result;
	log_damaged_token(name);
	return DATABASE_FAILED;
}

enum database_result
database_find_token(struct database *database, const unsigned char hash[RECORD_TOKEN_HASH],
    char name[RECORD_MAX_TOKEN], size_t *length, struct token_record *token)
{
	MDB_val key = value_of(hash, RECORD_TOKEN_HASH);
	unsigned char bytes[RECORD_MAX];
	struct slice found;
	enum database_result result =
	    read_record(database, database->token_hashes, key, "find a token", bytes, &found);

	if (result != DATABASE_OK)
		return result;
	if (found.length > RECORD_MAX_TOKEN)
		return failed(&database->read_failures, "find a token", MDB_CORRUPTED);
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
		return failed(&database->read_failures, what, code);
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

/* Puts the cursor on the first record behind `after`. */
static int
seek(MDB_cursor *cursor, struct slice after, MDB_val *key, MDB_val *value)
{
	int code;

	if (after.length == 0)
		return mdb_cursor_get(cursor, key, value, MDB_FIRST);
	*key = value_of(after.data, after.length);
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
		stopped = visit(context, (struct slice){key.mv_data, key.mv_size},
		    (struct slice){value.mv_data, value.mv_size});
		if (!stopped)
			code = mdb_cursor_get(cursor, &key, &value, MDB_NEXT);
	}
	mdb_cursor_close(cursor);
	end_read(database, transaction);
	if (code == MDB_NOTFOUND)
		return DATABASE_MISSING;
	return code == 0 ? DATABASE_OK : failed(&database->read_failures, what, code);
}

struct name_walk {
	int (*visit)(void *context, struct slice label, const struct name_record *name);
	void *context;
};

static int
visit_name(void *context, struct slice label, struct slice record)
{
	const struct name_walk *names = context;
	struct name_record name;

	if (name_record_decode(&name, label, record) == 0)
		return names->visit(names->context, label, &name);
	log_damaged_name(label);
	return 0;
}

enum database_result
database_walk_names(struct database *database, struct slice after,
    int (*visit)(void *context, struct slice label, const struct name_record *name), void *context)
{
	struct name_walk names = {visit, context};

	return walk(database, database->names, after, "walk through the names", visit_name, &names);
}

struct account_walk {
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
	if (account_record_decode(&account, &username, record) == 0)
		return accounts->visit(accounts->context, &username, &account);
	log_damaged_account(&username);
	return 0;
}

enum database_result
database_walk_accounts(struct database *database, const struct uuid *after,
    int (*visit)(void *context, const struct uuid *username, const struct account_record *account),
    void *context)
{
	struct account_walk accounts = {visit, context};
	struct slice behind = {NULL, 0};

	if (after != NULL)
		behind = (struct slice){after->bytes, sizeof(after->bytes)};
	return walk(database, database->accounts, behind, "walk through the accounts",
	    visit_account, &accounts);
}

struct token_walk {
	int (*visit)(void *context, struct slice name, const struct token_record *token);
	void *context;
};

static int
visit_token(void *context, struct slice name, struct slice record)
{
	const struct token_walk *tokens = context;
	struct token_record token;

	if (token_record_decode(&token, name, record) == 0)
		return tokens->visit(tokens->context, name, &token);
	log_damaged_token(name);
	return 0;
}

enum database_result
database_walk_tokens(struct database *database, struct slice after,
    int (*visit)(void *context, struct slice name, const struct token_record *token), void *context)
{
	struct token_walk tokens = {visit, context};

	return walk(
	    database, database->tokens, after, "walk through the tokens", visit_token, &tokens);
}

/* Remembers the transaction's first failure; map growth is asked for silently. */
static enum database_result
write_failed(struct database *database, const char *what, int code)
{
	if (database->failure == 0)
		database->failure = code;
	if (code == MDB_MAP_FULL)
		return DATABASE_FULL;
	return failed(&database->write_failures, what, code);
}

enum database_result
database_begin(struct database *database)
{
	int code = mdb_txn_begin(database->environment, NULL, 0, &database->transaction);

	database->failure = 0;
	if (code == MDB_PANIC)
		given_up(code);
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
	MDB_val value = value_of(record->data, record->length);
	int code;

	if (database->failure != 0)
		return is_full(database->failure) ? DATABASE_FULL : DATABASE_FAILED;
	if (record->failed)
		return write_failed(database, what, MDB_BAD_VALSIZE);
	code = mdb_put(database->transaction, table, key, &value, 0);
	return code == 0 ? DATABASE_OK : write_failed(database, what, code);
}

enum database_result
database_put_account(
    struct database *database, const struct uuid *username, const struct account_record *account)
{
	MDB_val key = value_of(username->bytes, sizeof(username->bytes));
	struct writer writer;

	writer_init(&writer, database->scratch, sizeof(database->scratch));
	account_record_encode(account, username, &writer);
	return put(database, database->accounts, &key, &writer, "write an account");
}

enum database_result
database_put_name(struct database *database, struct slice label, const struct name_record *name)
{
	MDB_val key = value_of(label.data, label.length);
	struct writer writer;

	writer_init(&writer, database->scratch, sizeof(database->scratch));
	name_record_encode(name, label, &writer);
	return put(database, database->names, &key, &writer, "write a name");
}

enum database_result
database_delete_account(struct database *database, const struct uuid *username)
{
	MDB_val key = value_of(username->bytes, sizeof(username->bytes));
	int code;

	if (database->failure != 0)
		return is_full(database->failure) ? DATABASE_FULL : DATABASE_FAILED;
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
	MDB_val key = value_of(username->bytes, sizeof(username->bytes));
	struct slice record;
	enum database_result result =
	    get(database, database->accounts, key, "read an account", &record);

	if (result != DATABASE_OK || account_record_decode(account, username, record) == 0)
		return result;
	log_damaged_account(username);
	return DATABASE_FAILED;
}

enum database_result
database_get_name(struct database *database, struct slice label, struct name_record *name)
{
	MDB_val key = value_of(label.data, label.length);
	struct slice record;
	enum database_result result = get(database, database->names, key, "read a name", &record);

	if (result != DATABASE_OK || name_record_decode(name, label, record) == 0)
		return result;
	log_damaged_name(label);
	return DATABASE_FAILED;
}

enum database_result
database_put_token(struct database *database, struct slice name, const struct token_record *token)
{
	MDB_val key = value_of(name.data, name.length);
	MDB_val hash = value_of(token->hash, sizeof(token->hash));
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
	MDB_val key = value_of(name.data, name.length);
	struct slice record;
	enum database_result result = get(database, database->tokens, key, "read a token", &record);

	if (result != DATABASE_OK || token_record_decode(token, name, record) == 0)
		return result;
	log_damaged_token(name);
	return DATABASE_FAILED;
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
		code =
		    put_u64(database->transaction, database->meta, "sequence", database->sequence);
	if (code != 0) {
		database->failure = code;
		database_abort(database);
		return is_full(code) ? DATABASE_FULL : DATABASE_FAILED;
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
	return failed(&database->write_failures, "commit", code);
}

void
database_abort(struct database *database)
{
	if (database->transaction != NULL)
		mdb_txn_abort(database->transaction);
	database->transaction = NULL;
	database->sequence = database->committed_sequence;
}

int
database_wants_growth(const struct database *database)
{
	return database->failure == MDB_MAP_FULL;
}

enum database_result
database_grow(struct database *database)
{
	MDB_envinfo information;
	size_t size;
	int code;

	mdb_env_info(database->environment, &information);
	size = information.me_mapsize;
	if (size > largest_map / 2)
		return failed(&database->write_failures, "grow", MDB_MAP_FULL);
	uv_mutex_lock(&database->map);
	code = mdb_env_set_mapsize(database->environment, size * 2);
	/* The old map is gone by then. */
	if (code != 0)
		fatal("the database cannot be mapped again: %s", mdb_strerror(code));
	uv_mutex_unlock(&database->map);
	log_info("the database's map grew to %zu MiB", size * 2 / 1024 / 1024);
	return DATABASE_OK;
}
