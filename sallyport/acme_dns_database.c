#include "acme_dns_database.h"

#include "buf.h"
#include "sql_dump.h"

#include <jansson.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	BUSY_MS = 5000, /* acme-dns may be writing */
	MAX_TEXTS = 64 * 1024,
	/* What SQLite is allowed: far more than acme-dns's two tables need. */
	MAX_VALUE = 1024 * 1024, /* bytes of a value or a row */
	MAX_COLUMNS = 100,
	MAX_DEPTH = 50,	       /* of an expression */
	MAX_OPERATIONS = 10000 /* of one statement's program */
};

struct acme_dns_database {
	sqlite3 *sqlite;
	sqlite3_stmt *rows; /* each account's values in rows that follow one another */
	int begun, has_row;
	json_t *networks; /* of the entry that was given last, which borrows from it */
	struct buf texts; /* likewise */
};

enum row {
	ROW_ID,
	ROW_USERNAME,
	ROW_PASSWORD,
	ROW_SUBDOMAIN,
	ROW_ALLOWFROM,
	ROW_VALUE,
	ROW_UPDATED
};

static const char with_values[] =
    "SELECT r.rowid, r.Username, r.Password, r.Subdomain, r.AllowFrom, t.Value, t.LastUpdate "
    "FROM records r LEFT JOIN txt t ON t.Subdomain = r.Subdomain AND t.Value <> '' "
    "ORDER BY r.Subdomain, r.rowid, t.LastUpdate, t.rowid";
static const char without_values[] =
    "SELECT rowid, Username, Password, Subdomain, AllowFrom, NULL, NULL FROM records "
    "ORDER BY Subdomain, rowid";

static const struct sql_dump_table tables[] = {
    {"records", {"username", "password", "subdomain", "allowfrom"}},
    {"txt", {"subdomain", "value", "lastupdate"}},
};
static const char temporary_tables[] =
    "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;"
    "CREATE TABLE records(Username, Password, Subdomain, AllowFrom);"
    "CREATE TABLE txt(Subdomain, Value, LastUpdate INTEGER);"
    "BEGIN";
static const char temporary_ending[] = "COMMIT; CREATE INDEX by_subdomain ON txt(Subdomain)";

static void
say(struct acme_dns_database *database, char why[ACME_DNS_DATABASE_WHY], const char *what)
{
	snprintf(why, ACME_DNS_DATABASE_WHY, "%s: %s", what, sqlite3_errmsg(database->sqlite));
}

/*
 * The file is whoever's who gave it, and we may be root: what its schema computes must stay small, and may not
 * reach beyond the database.
 */
static int
restrain(sqlite3 *sqlite)
{
	(void)sqlite3_limit(sqlite, SQLITE_LIMIT_LENGTH, MAX_VALUE);
	(void)sqlite3_limit(sqlite, SQLITE_LIMIT_COLUMN, MAX_COLUMNS);
	(void)sqlite3_limit(sqlite, SQLITE_LIMIT_EXPR_DEPTH, MAX_DEPTH);
	(void)sqlite3_limit(sqlite, SQLITE_LIMIT_VDBE_OP, MAX_OPERATIONS);
	(void)sqlite3_limit(sqlite, SQLITE_LIMIT_ATTACHED, 0);
	if (sqlite3_db_config(sqlite, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL) != SQLITE_OK ||
	    sqlite3_db_config(sqlite, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL) != SQLITE_OK)
		return -1;
	return 0;
}

static struct acme_dns_database *
open_file(const char *path, int flags, char why[ACME_DNS_DATABASE_WHY])
{
	struct acme_dns_database *database = calloc(1, sizeof(*database));

	if (database == NULL) {
		snprintf(why, ACME_DNS_DATABASE_WHY, "out of memory");
		return NULL;
	}
	buf_init(&database->texts, MAX_TEXTS);
	if (sqlite3_open_v2(path, &database->sqlite, flags, NULL) != SQLITE_OK ||
	    restrain(database->sqlite) != 0) {
		say(database, why, "the database cannot be opened");
		acme_dns_database_close(database);
		return NULL;
	}
	sqlite3_busy_timeout(database->sqlite, BUSY_MS);
	return database;
}

/* The number that a query gives, or -1. */
static sqlite3_int64
ask_number(struct acme_dns_database *database, const char *query)
{
	sqlite3_stmt *statement = NULL;
	sqlite3_int64 number = -1;

	if (sqlite3_prepare_v2(database->sqlite, query, -1, &statement, NULL) == SQLITE_OK &&
	    sqlite3_step(statement) == SQLITE_ROW)
		number = sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	return number;
}

/* Begins to read the accounts. 0, or -1 with `why`. */
static int
begin(struct acme_dns_database *database, char why[ACME_DNS_DATABASE_WHY])
{
	sqlite3_int64 found = ask_number(database,
	    "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND lower(name) = 'records'");
	const char *query = without_values;
	int code;

	if (found == 0) {
		snprintf(why, ACME_DNS_DATABASE_WHY,
		    "it has no table \"records\"; is it acme-dns's database?");
		return -1;
	}
	if (ask_number(database, "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND "
				 "lower(name) = 'txt'") == 1)
		query = with_values;
	code = found < 0 ? SQLITE_ERROR
			 : sqlite3_prepare_v2(database->sqlite, query, -1, &database->rows, NULL);
	if (code != SQLITE_OK) {
		say(database, why, "the database cannot be read");
		return -1;
	}
	return 0;
}

struct acme_dns_database *
acme_dns_database_open(const char *path, char why[ACME_DNS_DATABASE_WHY])
{
	struct acme_dns_database *database = open_file(path, SQLITE_OPEN_READONLY, why);

	if (database != NULL && begin(database, why) != 0) {
		acme_dns_database_close(database);
		return NULL;
	}
	return database;
}

static int
execute(struct acme_dns_database *database, const char *statements, char why[ACME_DNS_DATABASE_WHY])
{
	if (sqlite3_exec(database->sqlite, statements, NULL, NULL, NULL) == SQLITE_OK)
		return 0;
	say(database, why, "the temporary database cannot be written");
	return -1;
}

/* Writes a row of the dump. SQLITE_DONE, or another code. */
static int
insert(sqlite3_stmt *statement, const struct slice *values, int count)
{
	int code = SQLITE_OK;

	for (int i = 0; i < count && code == SQLITE_OK; i++)
		code = sqlite3_bind_text(statement, i + 1, (const char *)values[i].data,
		    (int)values[i].length, SQLITE_STATIC);
	if (code == SQLITE_OK)
		code = sqlite3_step(statement);
	sqlite3_reset(statement);
	return code;
}

/* 0, or -1 with `why`. */
static int
copy_rows(struct acme_dns_database *database, struct sql_dump *dump, sqlite3_stmt *insertions[2],
    char why[ACME_DNS_DATABASE_WHY])
{
	struct slice values[SQL_DUMP_COLUMNS];
	uint64_t rows[2] = {0, 0};
	size_t table;
	int result;

	while ((result = sql_dump_next(dump, &table, values)) == 1) {
		rows[table]++;
		if (insert(insertions[table], values, table == 0 ? 4 : 3) != SQLITE_DONE) {
			say(database, why, "the temporary database cannot be written");
			return -1;
		}
	}
	if (result < 0)
		snprintf(why, ACME_DNS_DATABASE_WHY, "line %zu of the dump: %s", dump->text.line,
		    dump->text.why);
	else if (rows[0] == 0)
		snprintf(why, ACME_DNS_DATABASE_WHY,
		    "it has no rows of a table \"records\"; is it a dump of acme-dns's database, "
		    "with its "
		    "data?");
	return result < 0 || rows[0] == 0 ? -1 : 0;
}

static int
load(struct acme_dns_database *database, struct sql_dump *dump, char why[ACME_DNS_DATABASE_WHY])
{
	static const char *const statements[] = {
	    "INSERT INTO records VALUES(?, ?, ?, ?)", "INSERT INTO txt VALUES(?, ?, ?)"};
	sqlite3_stmt *insertions[2] = {NULL, NULL};
	int failed = execute(database, temporary_tables, why);

	for (int i = 0; i < 2 && failed == 0; i++) {
		if (sqlite3_prepare_v2(database->sqlite, statements[i], -1, &insertions[i], NULL) !=
		    SQLITE_OK) {
			say(database, why, "the temporary database cannot be written");
			failed = -1;
		}
	}
	if (failed == 0)
		failed = copy_rows(database, dump, insertions, why);
	sqlite3_finalize(insertions[0]);
	sqlite3_finalize(insertions[1]);
	return failed == 0 ? execute(database, temporary_ending, why) : -1;
}

struct acme_dns_database *
acme_dns_database_load(long (*read)(void *context, unsigned char *buffer, size_t capacity),
    void *context, char why[ACME_DNS_DATABASE_WHY])
{
	struct acme_dns_database *database =
	    open_file("", SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, why);
	struct sql_dump dump;
	int failed;

	if (database == NULL)
		return NULL;
	failed = sql_dump_init(&dump, tables, 2, read, context);
	if (failed != 0)
		snprintf(why, ACME_DNS_DATABASE_WHY, "%s", dump.text.why);
	else if (load(database, &dump, why) != 0 || begin(database, why) != 0)
		failed = -1;
	sql_dump_free(&dump);
	if (failed != 0) {
		acme_dns_database_close(database);
		return NULL;
	}
	return database;
}

uint64_t
acme_dns_database_count(struct acme_dns_database *database)
{
	sqlite3_int64 count = ask_number(database, "SELECT count(*) FROM records");

	return count > 0 ? (uint64_t)count : 0;
}

/* 1: there is a row, 0: there are no more, -1 with `why`. */
static int
step(struct acme_dns_database *database, char why[ACME_DNS_DATABASE_WHY])
{
	int code = sqlite3_step(database->rows);

	database->has_row = code == SQLITE_ROW;
	if (code == SQLITE_ROW)
		return 1;
	if (code == SQLITE_DONE)
		return 0;
	say(database, why, "the database cannot be read any further");
	return -1;
}

/* Remembers a text of the row; its bytes move until the entry is complete, so that only the place is kept. */
struct place {
	size_t offset, length;
};

static struct place
keep(struct acme_dns_database *database, enum row column)
{
	/* Keys are blobs where acme-dns was built with some of its SQLite drivers. */
	const void *bytes = sqlite3_column_blob(database->rows, (int)column);
	size_t length = (size_t)sqlite3_column_bytes(database->rows, (int)column);
	struct place place = {database->texts.length, length};

	if (length > 0)
		buf_append(&database->texts, bytes, length);
	return place;
}

static struct slice
found(const struct acme_dns_database *database, struct place place)
{
	if (place.length == 0 || database->texts.failed)
		return (struct slice){(const unsigned char *)"", 0};
	return (struct slice){database->texts.data + place.offset, place.length};
}

/* The list of networks, in JSON. 0, or -1 with `why`. */
static int
read_networks(struct acme_dns_database *database, struct slice text, struct account_entry *entry,
    char why[ACME_DNS_DATABASE_WHY])
{
	json_t *item;
	size_t i;

	json_decref(database->networks);
	database->networks =
	    json_loadb((const char *)text.data, text.length, JSON_DECODE_ANY, NULL);
	if (json_is_null(database->networks))
		return 0;
	if (!json_is_array(database->networks)) {
		snprintf(
		    why, ACME_DNS_DATABASE_WHY, "its AllowFrom is no list of networks in JSON");
		return -1;
	}
	if (json_array_size(database->networks) > MESSAGE_MAX_NETWORKS) {
		snprintf(why, ACME_DNS_DATABASE_WHY, "its AllowFrom has more than %d networks",
		    MESSAGE_MAX_NETWORKS);
		return -1;
	}
	json_array_foreach(database->networks, i, item)
	{
		if (!json_is_string(item)) {
			snprintf(why, ACME_DNS_DATABASE_WHY,
			    "its AllowFrom holds something that is no network");
			return -1;
		}
		entry->networks[entry->network_count++] = (struct slice){
		    (const unsigned char *)json_string_value(item), json_string_length(item)};
	}
	return 0;
}

/* The values of the account that the present row begins, up to the next one's first row. 0, or -1 with `why`. */
static int
collect(struct acme_dns_database *database, struct account_entry *entry,
    struct place values[MESSAGE_MAX_VALUES], char why[ACME_DNS_DATABASE_WHY])
{
	sqlite3_int64 id = sqlite3_column_int64(database->rows, ROW_ID);
	int result;

	do {
		sqlite3_int64 time = sqlite3_column_int64(database->rows, ROW_UPDATED);
		unsigned count = entry->value_count;

		if (sqlite3_column_bytes(database->rows, ROW_VALUE) > 0) {
			if (count == MESSAGE_MAX_VALUES) { /* the oldest goes */
				count--;
				memmove(values, values + 1, count * sizeof(*values));
				memmove(entry->values, entry->values + 1,
				    count * sizeof(*entry->values));
			}
			values[count] = keep(database, ROW_VALUE);
			entry->values[count].time = time > 0 ? (uint64_t)time : 0;
			entry->value_count = (uint8_t)(count + 1);
			if (entry->values[count].time > entry->updated)
				entry->updated = entry->values[count].time;
		}
		result = step(database, why);
	} while (result == 1 && sqlite3_column_int64(database->rows, ROW_ID) == id);
	return result < 0 ? -1 : 0;
}

enum account_entry_result
acme_dns_database_next(struct acme_dns_database *database, struct account_entry *entry,
    char why[ACME_DNS_DATABASE_WHY])
{
	struct place username, hash, subdomain, networks;
	struct place values[MESSAGE_MAX_VALUES] = {{0, 0}};

	memset(entry, 0, sizeof(*entry));
	if (!database->begun) {
		database->begun = 1;
		if (step(database, why) < 0)
			return ACCOUNT_ENTRY_FAILED;
	}
	if (!database->has_row)
		return ACCOUNT_ENTRY_END;
	buf_clear(&database->texts);
	username = keep(database, ROW_USERNAME);
	hash = keep(database, ROW_PASSWORD);
	subdomain = keep(database, ROW_SUBDOMAIN);
	networks = keep(database, ROW_ALLOWFROM);
	if (collect(database, entry, values, why) != 0)
		return ACCOUNT_ENTRY_FAILED;
	entry->username = found(database, username);
	if (database->texts.failed) {
		snprintf(why, ACME_DNS_DATABASE_WHY, "it is larger than any account of acme-dns's");
		return ACCOUNT_ENTRY_REFUSED;
	}
	entry->hash = found(database, hash);
	entry->subdomain = found(database, subdomain);
	for (unsigned i = 0; i < entry->value_count; i++)
		entry->values[i].text = found(database, values[i]);
	if (read_networks(database, found(database, networks), entry, why) != 0)
		return ACCOUNT_ENTRY_REFUSED;
	return ACCOUNT_ENTRY_READ;
}

void
acme_dns_database_close(struct acme_dns_database *database)
{
	if (database == NULL)
		return;
	json_decref(database->networks);
	buf_free(&database->texts);
	sqlite3_finalize(database->rows);
	sqlite3_close(database->sqlite);
	free(database);
}
