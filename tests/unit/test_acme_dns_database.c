/* acme-dns's database: SQLite files with its schema, and files of accounts of any kind. */
#include "account_source.h"
#include "acme_dns_database.h"
#include "suite.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define RECORDS                                                                                    \
	"CREATE TABLE records(Username TEXT UNIQUE NOT NULL PRIMARY KEY, Password TEXT UNIQUE "    \
	"NOT NULL, "                                                                               \
	"Subdomain TEXT UNIQUE NOT NULL, AllowFrom TEXT);"
#define TXT                                                                                        \
	"CREATE TABLE txt(Subdomain TEXT NOT NULL, Value TEXT NOT NULL DEFAULT '', LastUpdate "    \
	"INT);"
#define ACCOUNT "INSERT INTO records VALUES('u', 'h', 's', '[]');"

static char file_path[4200];

static void
write_file(const char *bytes, size_t length)
{
	FILE *file = fopen(file_path, "w");

	ck_assert_ptr_nonnull(file);
	ck_assert_uint_eq(fwrite(bytes, 1, length, file), length);
	fclose(file);
}

static void
make_database(const char *statements)
{
	sqlite3 *sqlite;
	char *why = NULL;

	ck_assert_int_eq(sqlite3_open(file_path, &sqlite), SQLITE_OK);
	ck_assert_msg(sqlite3_exec(sqlite, statements, NULL, NULL, &why) == SQLITE_OK, "%s", why);
	sqlite3_close(sqlite);
}

static void
add(char *text, size_t capacity, const char *separator, struct slice part)
{
	size_t used = strlen(text);

	snprintf(text + used, capacity - used, "%s%.*s", separator, (int)part.length,
	    (const char *)part.data);
}

/* All accounts as "user hash subdomain network... value@time...;". */
static void
read_source(char *text, size_t capacity)
{
	enum account_entry_result result = ACCOUNT_ENTRY_READ;
	char why[ACCOUNT_SOURCE_WHY];
	struct account_source *source = account_source_open(file_path, why);
	struct account_entry entry;

	text[0] = '\0';
	if (source == NULL) {
		snprintf(text, capacity, "! %s", why);
		return;
	}
	while (result != ACCOUNT_ENTRY_END && result != ACCOUNT_ENTRY_FAILED) {
		result = account_source_next(source, &entry, why);
		if (result == ACCOUNT_ENTRY_END)
			break;
		add(text, capacity, "", entry.username);
		if (result != ACCOUNT_ENTRY_READ) {
			add(text, capacity, "! ",
			    (struct slice){(const unsigned char *)why, strlen(why)});
			add(text, capacity, ";", (struct slice){(const unsigned char *)"", 0});
			continue;
		}
		add(text, capacity, " ", entry.hash);
		add(text, capacity, " ", entry.subdomain);
		for (unsigned i = 0; i < entry.network_count; i++)
			add(text, capacity, " ", entry.networks[i]);
		for (unsigned i = 0; i < entry.value_count; i++) {
			size_t used;

			add(text, capacity, " ", entry.values[i].text);
			used = strlen(text);
			snprintf(text + used, capacity - used, "@%llu",
			    (unsigned long long)entry.values[i].time);
		}
		ck_assert_uint_eq(entry.updated,
		    entry.value_count > 0 ? entry.values[entry.value_count - 1].time : 0);
		add(text, capacity, ";", (struct slice){(const unsigned char *)"", 0});
	}
	ck_assert_int_eq(account_source_next(source, &entry, why), ACCOUNT_ENTRY_END);
	ck_assert(account_source_progress(source) >= 1 || account_source_progress(source) < 0);
	account_source_close(source);
}

static const struct {
	const char *statements, *accounts;
} databases[] = {
    {RECORDS TXT, ""},
    {RECORDS TXT ACCOUNT, "u h s;"},
    /* The driver in Go writes the hash as a blob. */
    {RECORDS TXT "INSERT INTO records VALUES('u', X'243261', 's', '[\"192.0.2.0/24\",\"::/0\"]');",
	"u $2a s 192.0.2.0/24 ::/0;"},
    {RECORDS TXT ACCOUNT "INSERT INTO txt VALUES('s', 'new', 20), ('s', 'old', 10), ('x', 'n', 1);",
	"u h s old@10 new@20;"},
    {RECORDS TXT ACCOUNT
	"INSERT INTO txt VALUES('s', 'first', 5), ('s', 'second', 5), ('s', '', 0);"
	"CREATE INDEX idx_txt_subdomain ON txt(Subdomain);",
	"u h s first@5 second@5;"},
    {RECORDS TXT "INSERT INTO records VALUES('u2', 'h2', 's2', 'null'), ('u1', 'h1', 's1', '[]');"
		 "INSERT INTO txt VALUES('s2', 'b', 2), ('s1', 'a', 1), ('s2', 'c', NULL);",
	"u1 h1 s1 a@1;u2 h2 s2 c@0 b@2;"},
    {RECORDS ACCOUNT, "u h s;"}, /* before version 0.2 */
    {"CREATE TABLE records(Username TEXT, Password TEXT, Subdomain TEXT, Value TEXT, LastActive "
     "INT, "
     "AllowFrom TEXT); INSERT INTO records VALUES('u', 'h', 's', 'old', 5, '[]');",
	"u h s;"},
    {RECORDS TXT "INSERT INTO records VALUES('u', 'h', 's', ''), ('v', 'i', 't', '{}'),"
		 "('w', 'j', 'u', '[1]'), ('x', 'k', 'v', '[]');",
	"u! its AllowFrom is no list of networks in JSON;v! its AllowFrom is no list of networks "
	"in "
	"JSON;w! its AllowFrom holds something that is no network;x k v;"},
    {"CREATE TABLE other(a)", "! it has no table \"records\"; is it acme-dns's database?"},
    {"CREATE TABLE records(a)", "! the database cannot be read: no such column: r.Username"},
};

START_TEST(sqlite_is_read)
{
	char text[4096];

	make_database(databases[_i].statements);
	read_source(text, sizeof(text));
	if (strncmp(databases[_i].accounts, "! the database", 14) == 0)
		ck_assert_ptr_nonnull(
		    strstr(text, "! the database cannot be read: no such column"));
	else
		ck_assert_str_eq(text, databases[_i].accounts);
}
END_TEST

START_TEST(only_the_newest_values_are_kept_beyond_the_bound)
{
	char statements[8192] = RECORDS TXT ACCOUNT, text[4096];

	for (int i = 1; i <= MESSAGE_MAX_VALUES + 1; i++) {
		size_t used = strlen(statements);

		snprintf(statements + used, sizeof(statements) - used,
		    "INSERT INTO txt VALUES('s', 'v%d', %d);", i, i);
	}
	make_database(statements);
	read_source(text, sizeof(text));
	ck_assert_ptr_null(strstr(text, " v1@1 "));
	ck_assert_ptr_nonnull(strstr(text, "u h s v2@2 "));
	ck_assert_ptr_nonnull(strstr(text, " v17@17;"));
}
END_TEST

START_TEST(the_file_is_not_written)
{
	char before[65536], after[65536], text[4096];
	size_t length;
	FILE *file;

	make_database(RECORDS TXT ACCOUNT);
	file = fopen(file_path, "r");
	ck_assert_ptr_nonnull(file);
	length = fread(before, 1, sizeof(before), file);
	fclose(file);
	read_source(text, sizeof(text));
	file = fopen(file_path, "r");
	ck_assert_ptr_nonnull(file);
	ck_assert_uint_eq(fread(after, 1, sizeof(after), file), length);
	fclose(file);
	ck_assert_mem_eq(before, after, length);
}
END_TEST

START_TEST(a_broken_file_is_refused)
{
	char bytes[8192] = "SQLite format 3", text[4096];

	write_file(bytes, sizeof(bytes));
	read_source(text, sizeof(text));
	ck_assert_msg(strncmp(text, "! the database cannot be", 24) == 0, "%s", text);
}
END_TEST

/* Whoever made the file must not make us work, or take memory, without bound. */
static const char *const burdens[] = {
    "hex(zeroblob(300000000))",
    "replace(hex(zeroblob(500000)), '0', '0123456789')",
};

START_TEST(a_schema_that_computes_is_held_back)
{
	char statements[512], text[4096];

	snprintf(statements, sizeof(statements),
	    "CREATE TABLE records(Username, Password, Subdomain, AllowFrom AS (%s));"
	    "INSERT INTO records VALUES('u', 'h', 's')",
	    burdens[_i]);
	make_database(statements);
	read_source(text, sizeof(text));
	ck_assert_msg(strstr(text, "too big") != NULL, "%s", text);
}
END_TEST

#define LINE(user) "{\"username\":\"" user "\",\"password_hash\":\"h\",\"subdomain\":\"s\"}"
#define COPY                                                                                       \
	"COPY public.records (username, password, subdomain, allowfrom) FROM "                     \
	"stdin;\nu\th\ts\t[]\n\\.\n"

static const struct {
	const char *file, *accounts;
} files[] = {
    {COPY, "u h s;"},
    {COPY "COPY public.txt (rowid, subdomain, value, lastupdate) FROM stdin;\n1\ts\tnew\t20\n"
	  "2\ts\told\t10\n3\ts\t\t0\n\\.\n",
	"u h s old@10 new@20;"},
    {"--\n-- PostgreSQL database dump\n--\n\n" COPY, "u h s;"},
    {"SET x = 1;\n",
	"! it has no rows of a table \"records\"; is it a dump of acme-dns's database, with "
	"its data?"},
    {COPY "COPY txt (value) FROM stdin;\nx", "! line 5 of the dump: it ends inside a row; is it "
					     "complete?"},
    {"", ""},
    {"\n \n", ""},
    {LINE("u") "\n\n" LINE("v"), "u h s;v h s;"},
    {" " LINE("u") "\r\n{}\n" LINE("v") "\n",
	"u h s;! username and subdomain must be there;v h s;"},
    {"PGDMP\1\2", "! this is pg_dump's custom format; make a plain dump, with --format=plain"},
    {"\x1f\x8b\x08", "! it is compressed; unpack it first"},
};

START_TEST(the_kind_of_a_file_is_told_by_its_content)
{
	char text[4096];

	write_file(files[_i].file, strlen(files[_i].file));
	read_source(text, sizeof(text));
	ck_assert_str_eq(text, files[_i].accounts);
}
END_TEST

START_TEST(what_is_none_of_them_is_refused)
{
	char text[4096];

	write_file("\177ELF\0\1\2\3", 8);
	read_source(text, sizeof(text));
	ck_assert_ptr_nonnull(strstr(text, "neither"));
	unlink(file_path);
	read_source(text, sizeof(text));
	ck_assert_ptr_nonnull(strstr(text, "No such file"));
	snprintf(file_path, sizeof(file_path), "%s", suite_folder);
	read_source(text, sizeof(text));
	ck_assert_ptr_nonnull(strstr(text, "folder"));
}
END_TEST

START_TEST(a_line_that_is_too_long_is_refused_alone)
{
	static char bytes[300 * 1024];
	char text[4096];
	size_t length = 280 * 1024;

	memset(bytes, 'x', length);
	memcpy(bytes, "{\"", 2);
	snprintf(bytes + length, sizeof(bytes) - length, "\n%s\n", LINE("v"));
	write_file(bytes, strlen(bytes));
	read_source(text, sizeof(text));
	ck_assert_str_eq(text, "! the line is longer than any account (262144 bytes);v h s;");
}
END_TEST

static void
set_up(void)
{
	snprintf(file_path, sizeof(file_path), "%s/accounts", suite_folder);
	unlink(file_path);
}

int
main(void)
{
	Suite *suite = suite_create("acme_dns_database");
	TCase *tcase = tcase_create("acme_dns_database");

	tcase_add_checked_fixture(tcase, set_up, NULL);
	tcase_add_loop_test(tcase, sqlite_is_read, 0, ROWS(databases));
	tcase_add_test(tcase, only_the_newest_values_are_kept_beyond_the_bound);
	tcase_add_test(tcase, the_file_is_not_written);
	tcase_add_test(tcase, a_broken_file_is_refused);
	tcase_add_loop_test(tcase, a_schema_that_computes_is_held_back, 0, ROWS(burdens));
	tcase_add_loop_test(tcase, the_kind_of_a_file_is_told_by_its_content, 0, ROWS(files));
	tcase_add_test(tcase, what_is_none_of_them_is_refused);
	tcase_add_test(tcase, a_line_that_is_too_long_is_refused_alone);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
