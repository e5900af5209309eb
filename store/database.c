#include "database.h"

#include "damage.h"
#include "database_environment.h"
#include "database_folder.h"
#include "folder.h"
#include "schema.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DATABASE_FILE "data.mdb"
/* What a new one is called until all of it is on the disk. */
#define NEW_FILE "data.mdb.new"

enum { MAP_UNIT = 64 * 1024 /* bytes: a multiple of every machine's page */ };

static size_t
whole_pages(uint64_t size)
{
	return (size_t)(size + MAP_UNIT - 1) / MAP_UNIT * MAP_UNIT;
}

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
		log_error("database: cannot %s: %s%s", what, mdb_strerror(code),
		    damage_is(code) ? "; " DAMAGE_ADVICE : "");
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

int
database_get_number(MDB_txn *transaction, MDB_dbi table, const char *name, uint64_t *number)
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

static void __attribute__((noreturn))
open_failed(const char *what, const char *path, int code)
{
	fatal("cannot %s the database in %s: %s%s", what, path, mdb_strerror(code),
	    damage_is(code) ? "; " DAMAGE_ADVICE : "");
}

/* `flags` 0 or MDB_CREATE. 0, or LMDB's code. */
static int
open_tables(struct database *database, MDB_txn *transaction, unsigned flags)
{
	const struct {
		const char *name;
		MDB_dbi *table;
	} tables[DATABASE_TABLES] = {{"meta", &database->meta}, {"accounts", &database->accounts},
	    {"names", &database->names}, {"tokens", &database->tokens},
	    {"token_hashes", &database->token_hashes}};
	int code = 0;

	for (unsigned i = 0; i < DATABASE_TABLES && code == 0; i++)
		code = mdb_dbi_open(transaction, tables[i].name, flags, tables[i].table);
	return code;
}

/* Returns the schema. What is not there is missing: a new database is made with all that it has. */
static uint64_t
read_tables(struct database *database, MDB_txn *transaction, const char *path)
{
	uint64_t schema;
	int code;

	if ((code = open_tables(database, transaction, 0)) != 0 ||
	    (code = database_get_number(transaction, database->meta, "schema", &schema)) != 0 ||
	    (code = database_get_number(
		 transaction, database->meta, "sequence", &database->sequence)) != 0) {
		if (code == MDB_NOTFOUND)
			fatal("the database in %s is damaged: a part that every database has is "
			      "missing; " DAMAGE_ADVICE,
			    path);
		open_failed("read", path, code);
	}
	return schema;
}

/*
 * A new database appears under its name when all of it is on the disk, and so does the name: wherever the power fails there is
 * none, or a whole one, which nobody forgets again.
 */
static void
make(struct database *database, const struct schema_plan *plan, const char *path)
{
	MDB_txn *transaction;
	int code;

	/* One whose making was cut off may lie there. */
	if (unlink(NEW_FILE) != 0 && errno != ENOENT)
		fatal("cannot remove " NEW_FILE " in %s: %s", path, strerror(errno));
	if ((code = mdb_env_create(&database->environment)) != 0 ||
	    (code = mdb_env_set_maxdbs(database->environment, DATABASE_TABLES)) != 0 ||
	    (code = mdb_env_open(
		 database->environment, NEW_FILE, MDB_NOSUBDIR | MDB_NOLOCK, 0600)) != 0 ||
	    (code = mdb_txn_begin(database->environment, NULL, 0, &transaction)) != 0)
		open_failed("make", path, code);
	if ((code = open_tables(database, transaction, MDB_CREATE)) != 0 ||
	    (code = database_put_number(transaction, database->meta, "schema", plan->target)) !=
		0 ||
	    (code = database_put_number(transaction, database->meta, "sequence", 0)) != 0 ||
	    (code = mdb_txn_commit(transaction)) != 0)
		open_failed("make", path, code);
	mdb_env_close(database->environment);
	if (folder_add(NEW_FILE, DATABASE_FILE) != 0)
		fatal("cannot make the database in %s: %s", path, strerror(errno));
	database_folder_sync(path);
}

/* Opens the database as this program knows it, or makes it so. */
static void
open_schema(
    struct database *database, const struct schema_plan *plan, const struct database_config *config)
{
	const struct schema_place place = {.environment = database->environment,
	    .path = config->path,
	    .map_max = config->map_max,
	    .reserve = config->reserve};
	MDB_txn *transaction;
	uint64_t schema;
	int code;

	do {
		code = mdb_txn_begin(database->environment, NULL, 0, &transaction);
		if (code != 0)
			open_failed("open", config->path, code);
		schema = read_tables(database, transaction, config->path);
		if (schema == plan->target)
			break;
		mdb_txn_abort(transaction);
		schema_migrate(&place, plan, (uint32_t)schema);
	} while (1);
	if ((code = mdb_txn_commit(transaction)) != 0)
		open_failed("read", config->path, code);
	database->committed_sequence = database->sequence;
}

static void
open_environment(struct database *database, const struct database_config *config)
{
	const char *path = config->path;
	int code;

	if ((code = mdb_env_create(&database->environment)) != 0 ||
	    (code = mdb_env_set_maxdbs(database->environment, DATABASE_TABLES)) != 0 ||
	    (code = mdb_env_set_mapsize(database->environment, whole_pages(config->map_size))) != 0)
		fatal("cannot prepare the database: %s", mdb_strerror(code));
	damage_watch(database->environment);
	/* MDB_NOTLS: a read transaction belongs to the caller, not to its thread. */
	code = mdb_env_open(database->environment, ".", MDB_NOTLS, 0600);
	if (code == EACCES)
		fatal("cannot open the database in %s: its files belong to another user; give them "
		      "to uid %u (chown -R)",
		    path, geteuid());
	if (code != 0)
		open_failed("open", path, code);
}

struct database *
database_open(const struct database_config *config)
{
	const struct schema_plan *plan = config->plan != NULL ? config->plan : &schema_plan;
	struct database *database = calloc(1, sizeof(*database));
	struct database_folder folder;

	if (database == NULL || uv_mutex_init(&database->map) != 0)
		fatal("cannot prepare the database: %s", strerror(errno));
	database->map_max = config->map_max;
	database_folder_enter(&folder, config->path, config->uid, config->gid, 1);
	database->lock_fd = database_folder_lock(&folder);
	/* As the user we act as, and nothing but its absence counts: a database that is there is never replaced. */
	if (faccessat(AT_FDCWD, DATABASE_FILE, F_OK, AT_EACCESS) != 0 && errno == ENOENT)
		make(database, plan, config->path);
	open_environment(database, config);
	open_schema(database, plan, config);
	database_folder_leave(&folder);
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
	if (size >= database->map_max) {
		if (log_allowed(&database->write_failures))
			log_error("database: it is full: its map has %zu MiB, and store.map_max "
				  "lets it have no more",
			    size / 1024 / 1024);
		return DATABASE_FULL;
	}
	size = size > database->map_max / 2 ? whole_pages(database->map_max) : size * 2;
	uv_mutex_lock(&database->map);
	code = mdb_env_set_mapsize(database->environment, size);
	/* The old map is gone by then. */
	if (code != 0)
		fatal("the database cannot be mapped again: %s", mdb_strerror(code));
	uv_mutex_unlock(&database->map);
	log_info("the database's map grew to %zu MiB", size / 1024 / 1024);
	return DATABASE_OK;
}

int
database_decode_account(struct log_limit *limit, struct account_record *account,
    const struct uuid *username, struct slice record)
{
	char text[UUID_TEXT + 1];

	if (account_record_decode(account, username, record) == 0)
		return 0;
	uuid_to_text(username, text);
	if (log_allowed(limit))
		log_error("database: the record of account %s is damaged; " DAMAGE_ADVICE, text);
	return -1;
}

int
database_decode_name(
    struct log_limit *limit, struct name_record *name, struct slice label, struct slice record)
{
	char text[4 * MESSAGE_MAX_SUBDOMAIN + 4];

	if (name_record_decode(name, label, record) == 0)
		return 0;
	if (log_allowed(limit))
		log_error("database: the record of name %s is damaged; " DAMAGE_ADVICE,
		    log_safe(text, sizeof(text), label.data, label.length));
	return -1;
}

int
database_decode_token(
    struct log_limit *limit, struct token_record *token, struct slice name, struct slice record)
{
	char text[4 * RECORD_MAX_TOKEN + 4];

	if (token_record_decode(token, name, record) == 0)
		return 0;
	if (log_allowed(limit))
		log_error("database: the record of token %s is damaged; " DAMAGE_ADVICE,
		    log_safe(text, sizeof(text), name.data, name.length));
	return -1;
}
