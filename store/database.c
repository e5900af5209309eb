#include "database.h"

#include "database_environment.h"
#include "folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DATABASE_TABLES = 5 };

static const size_t first_map = (size_t)64 * 1024 * 1024;
static const size_t largest_map = (size_t)1 << 40;

MDB_val
database_value(const void *bytes, size_t length)
{
	MDB_val value = {.mv_size = length};

	/* LMDB only reads what a key or a value to put points to; its type cannot say so. */
	memcpy(&value.mv_data, &bytes, sizeof(bytes));
	return value;
}

static MDB_val
value_of_string(const char *string)
{
	return database_value(string, strlen(string));
}

void
database_log_failure(struct log_limit *limit, const char *what, int code)
{
	if (log_allowed(limit))
		log_error("database: cannot %s: %s", what, mdb_strerror(code));
}

void
database_given_up(int code)
{
	fatal("the database cannot be used any more: %s", mdb_strerror(code));
}

int
database_put_number(MDB_txn *transaction, MDB_dbi table, const char *name, uint64_t number)
{
	unsigned char bytes[8];
	struct writer writer;
	MDB_val key = value_of_string(name), value = database_value(bytes, sizeof(bytes));

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
		if ((code = database_put_number(transaction, database->meta, "schema", schema)) ==
		    0)
			code = database_put_number(transaction, database->meta, "sequence", 0);
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
	mdb_txn_abort(database->reading);
	mdb_env_close(database->environment);
	uv_mutex_destroy(&database->map);
	close(database->lock_fd);
	free(database);
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
	if (size > largest_map / 2) {
		database_log_failure(&database->write_failures, "grow", MDB_MAP_FULL);
		return DATABASE_FULL;
	}
	uv_mutex_lock(&database->map);
	code = mdb_env_set_mapsize(database->environment, size * 2);
	/* The old map is gone by then. */
	if (code != 0)
		fatal("the database cannot be mapped again: %s", mdb_strerror(code));
	uv_mutex_unlock(&database->map);
	log_info("the database's map grew to %zu MiB", size * 2 / 1024 / 1024);
	return DATABASE_OK;
}

int
database_decode_account(
    struct account_record *account, const struct uuid *username, struct slice record)
{
	char text[UUID_TEXT + 1];

	if (account_record_decode(account, username, record) == 0)
		return 0;
	uuid_to_text(username, text);
	log_error("database: the record of account %s is damaged", text);
	return -1;
}

int
database_decode_name(struct name_record *name, struct slice label, struct slice record)
{
	char text[4 * MESSAGE_MAX_SUBDOMAIN + 4];

	if (name_record_decode(name, label, record) == 0)
		return 0;
	log_error("database: the record of name %s is damaged",
	    log_safe(text, sizeof(text), label.data, label.length));
	return -1;
}

int
database_decode_token(struct token_record *token, struct slice name, struct slice record)
{
	char text[4 * RECORD_MAX_TOKEN + 4];

	if (token_record_decode(token, name, record) == 0)
		return 0;
	log_error("database: the record of token %s is damaged",
	    log_safe(text, sizeof(text), name.data, name.length));
	return -1;
}
