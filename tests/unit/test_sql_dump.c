/* The rows of acme-dns's tables out of dumps in SQL. */
#include "sql_dump.h"
#include "suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct sql_dump_table tables[] = {
    {"records", {"username", "password", "subdomain", "allowfrom"}},
    {"txt", {"subdomain", "value", "lastupdate"}},
};

struct text {
	const char *bytes;
	size_t length, offset, step;
};

static long
read_text(void *context, unsigned char *buffer, size_t capacity)
{
	struct text *text = context;
	size_t left = text->length - text->offset;

	if (left > text->step)
		left = text->step;
	if (left > capacity)
		left = capacity;
	memcpy(buffer, text->bytes + text->offset, left);
	text->offset += left;
	return (long)left;
}

/* All rows as "table|value|value|...;", NULL as "~"; a failure as "! why" at its end. */
static void
read_all(const char *bytes, size_t length, size_t step, char *result, size_t capacity)
{
	struct text text = {bytes, length, 0, step};
	struct slice values[SQL_DUMP_COLUMNS];
	struct sql_dump dump;
	size_t table, used = 0;
	int found;

	ck_assert_int_eq(sql_dump_init(&dump, tables, 2, read_text, &text), 0);
	result[0] = '\0';
	while ((found = sql_dump_next(&dump, &table, values)) == 1) {
		used += (size_t)snprintf(result + used, capacity - used, "%zu", table);
		for (size_t i = 0; i < (table == 0 ? 4 : 3); i++) {
			int wide = (int)values[i].length;

			used += (size_t)snprintf(result + used, capacity - used, "|%.*s", wide,
			    values[i].data != NULL ? (const char *)values[i].data : "");
			if (values[i].data == NULL)
				used += (size_t)snprintf(result + used, capacity - used, "~");
		}
		used += (size_t)snprintf(result + used, capacity - used, ";");
		ck_assert_uint_lt(used, capacity);
	}
	if (found < 0)
		snprintf(result + used, capacity - used, "! %zu %s", dump.text.line, dump.text.why);
	sql_dump_free(&dump);
}

#define CREATE                                                                                     \
	"CREATE TABLE public.records (\n    username text NOT NULL,\n    password text NOT "       \
	"NULL,\n"                                                                                  \
	"    subdomain text NOT NULL,\n    allowfrom text\n);\n"

static const struct {
	const char *dump, *rows;
} dumps[] = {
    {"", ""},
    {"-- PostgreSQL database dump\n\n\\restrict aBc;'\n\nSET client_encoding = 'UTF8';\n"
     "SELECT pg_catalog.set_config('search_path', '', false);\n" CREATE
     "ALTER TABLE public.records OWNER TO acme;\n"
     "COPY public.records (username, password, subdomain, allowfrom) FROM stdin;\n"
     "u1\t$2a$10$x\ts1\t[\"192.0.2.0/24\"]\nu2\tp\ts2\t\\N\n\\.\n\n\n"
     "COPY public.txt (rowid, subdomain, value, lastupdate) FROM stdin;\n"
     "1\ts1\tv1\t1700000000\n2\ts1\t\t0\n\\.\n\\unrestrict aBc\n",
	"0|u1|$2a$10$x|s1|[\"192.0.2.0/24\"];0|u2|p|s2|~;1|s1|v1|1700000000;1|s1||0;"},
    {"COPY records (allowfrom, subdomain, extra, password, username) FROM stdin WITH (ENCODING "
     "'x');\n"
     "a\ts\te\tp\tu\n\\.\n",
	"0|u|p|s|a;"},
    {"COPY \"Public\".\"records\" (\"username\", \"password\", \"subdomain\", \"allowfrom\") FROM "
     "stdin;\r\n"
     "a\\tb\\\\\\n\\x41\\101\\q\tp\t\\\\N\t\n\\N\tp\\N\t\\x41\t\n\\.\n",
	"0|a\tb\\\nAAq|p|\\N|;0|~|pN|A|;"},
    {"COPY public.acmedns (name, value) FROM stdin;\n(records)\t'x\n\\N\t\\.\n\\.\n"
     "COPY txt (subdomain, value, lastupdate) FROM stdin;\ns\tv\t1\n\\.",
	"1|s|v|1;"},
    {CREATE "INSERT INTO public.records VALUES ('u', 'it''s', 's;--', '[]');\n"
	    "INSERT INTO public.txt (lastupdate, subdomain, value) VALUES (-5, 's', "
	    "E'a\\'b\\\\\\n');\n",
	"0|u|it's|s;--|[];1|s|a'b\\\n|-5;"},
    {CREATE "INSERT INTO records OVERRIDING SYSTEM VALUE VALUES\n\t('u1','p','s1',NULL),\n"
	    "\t('u2', 'p', 's2', null) ON CONFLICT DO NOTHING;\n",
	"0|u1|p|s1|~;0|u2|p|s2|~;"},
    {"PRAGMA foreign_keys=OFF;\nBEGIN TRANSACTION;\n"
     "CREATE TABLE acmedns(\n\t\tName TEXT,\n\t\tValue TEXT\n\t);\n"
     "INSERT INTO acmedns VALUES('db_version','1');\n"
     "CREATE TABLE IF NOT EXISTS \"records\"(\n Username TEXT UNIQUE NOT NULL PRIMARY KEY,\n"
     " Password TEXT UNIQUE NOT NULL, Subdomain TEXT UNIQUE NOT NULL, AllowFrom TEXT, UNIQUE "
     "(Username, "
     "Password));\n"
     "INSERT INTO records VALUES('u',X'2432',\"s\",'[]');\nCOMMIT;\n",
	"! 11 a value inserted into records is not understood"},
    {"CREATE TABLE records(Username TEXT, Password TEXT, Subdomain TEXT, AllowFrom TEXT, PRIMARY "
     "KEY "
     "(Username));"
     "INSERT INTO \"records\" VALUES('u',X'2432','s','[]');",
	"0|u|$2|s|[];"},
    {"CREATE FUNCTION f() AS $body$ INSERT INTO records VALUES $$ ; ' $body$ LANGUAGE sql;\n"
     "/* COPY records; * / ' */ COPY txt (subdomain, value, lastupdate) FROM "
     "stdin;\ns\tv\t1\n\\.\n",
	"1|s|v|1;"},
    {"CREATE INDEX records ON txt (subdomain);\nCOMMENT ON TABLE records IS 'x';\nDELETE FROM "
     "records;\n"
     "INSERT INTO other VALUES (f(1));\nCOPY records (username) TO stdout;\n",
	""},
    {"CREATE UNLOGGED TABLE txt (subdomain text DEFAULT f('a, b', (1), value), value text, "
     "CONSTRAINT c "
     "CHECK (value <> ''), lastupdate integer);\nINSERT INTO txt VALUES ('s', 'v', 1.5e3);\n",
	"1|s|v|1.5e3;"},

    {"COPY records (username, password, subdomain, allowfrom) FROM stdin;\nu\tp\ts\n\\.\n",
	"! 3 a row of the table records has 3 values for 4 columns"},
    {"COPY records FROM stdin;\n",
	"! 1 rows of the table records stand before its columns are known"},
    {"COPY records (username, password, subdomain, allowfrom) FROM stdin;\nu\tp\ts\ta\n",
	"0|u|p|s|a;! 3 it ends inside a table; is it complete?"},
    {"COPY records (username, password, subdomain, allowfrom) FROM stdin;\nu\tp\ts\ta",
	"! 2 it ends inside a row; is it complete?"},
    {"COPY acmedns (name) FROM stdin;\nx\n", "! 3 it ends inside a table; is it complete?"},
    {CREATE "INSERT INTO records VALUES ('u', 'p", "! 7 it ends inside quotes; is it complete?"},
    {CREATE "INSERT INTO records VALUES ('u', 'p')",
	"! 7 a row of the table records has 2 values for 4 columns"},
    {CREATE "INSERT INTO records VALUES ('u', 'p'",
	"! 7 a row inserted into records is not closed; is "
	"the dump complete?"},
    {CREATE "INSERT INTO records VALUES 'u'",
	"! 7 the rows inserted into records are not understood"},
    {CREATE "INSERT INTO records SELECT 1;", "! 7 a statement that inserts into records is not "
					     "understood"},
    {"INSERT INTO txt VALUES (X'0g');",
	"! 1 rows of the table txt stand before its columns are known"},
    {"INSERT INTO txt (value) VALUES (X'0g');", "! 1 a value in hexadecimal, X'...', is broken"},
    {"COPY records (username; x", "! 1 the columns of the table records are not understood"},
    {"SELECT $abc", "! 1 a text between $$ is not understood"},
    {"SELECT $abc$ x", "! 1 it ends inside a text between $$; is it complete?"},
};

START_TEST(dumps_are_read)
{
	static char rows[65536];
	size_t length = strlen(dumps[_i].dump);

	/* However the bytes arrive. */
	for (size_t step = 1; step < 4; step++) {
		char *copy = malloc(length + 1);

		ck_assert_ptr_nonnull(copy);
		memcpy(copy, dumps[_i].dump, length);
		read_all(copy, length, step < 3 ? step : length, rows, sizeof(rows));
		ck_assert_str_eq(rows, dumps[_i].rows);
		free(copy);
	}
}
END_TEST

START_TEST(every_prefix_ends)
{
	static char rows[65536];

	for (size_t length = 0; length < strlen(dumps[_i].dump); length++)
		read_all(dumps[_i].dump, length, 7, rows, sizeof(rows));
}
END_TEST

static char *
long_dump(const char *start, size_t length, const char *end)
{
	char *dump = malloc(strlen(start) + length + strlen(end) + 1);

	ck_assert_ptr_nonnull(dump);
	memcpy(dump, start, strlen(start));
	memset(dump + strlen(start), 'a', length);
	memcpy(dump + strlen(start) + length, end, strlen(end) + 1);
	return dump;
}

START_TEST(a_value_longer_than_a_chunk_is_read)
{
	size_t length = 2 * SQL_TEXT_CHUNK;
	char *dump = long_dump(
	    "COPY txt (subdomain, value, lastupdate) FROM stdin;\ns\t", length, "\t1\n\\.\n");
	char *rows = malloc(length + 100);

	ck_assert_ptr_nonnull(rows);
	read_all(dump, strlen(dump), 5000, rows, length + 100);
	ck_assert_uint_eq(strlen(rows), length + strlen("1|s||1;"));
	free(dump);
	free(rows);
}
END_TEST

static const char *const too_long[] = {
    "COPY txt (subdomain, value, lastupdate) FROM stdin;\ns\t",
    "INSERT INTO txt (value) VALUES ('",
    "SELECT ",
    "SELECT \"",
};

START_TEST(a_value_beyond_the_bound_is_refused)
{
	char rows[300];
	char *dump = long_dump(too_long[_i], SQL_DUMP_ROW + 1, "");

	read_all(dump, strlen(dump), 100000, rows, sizeof(rows));
	ck_assert_ptr_nonnull(strstr(rows, "too long"));
	free(dump);
}
END_TEST

static long
read_nothing(void *context, unsigned char *buffer, size_t capacity)
{
	(void)context;
	(void)buffer;
	(void)capacity;
	return -1;
}

START_TEST(a_failure_to_read_is_told)
{
	struct slice values[SQL_DUMP_COLUMNS];
	struct sql_dump dump;
	size_t table;

	ck_assert_int_eq(sql_dump_init(&dump, tables, 2, read_nothing, NULL), 0);
	ck_assert_int_eq(sql_dump_next(&dump, &table, values), -1);
	ck_assert_str_eq(dump.text.why, "it cannot be read any further");
	sql_dump_free(&dump);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("sql_dump");
	TCase *tcase = tcase_create("sql_dump");

	tcase_add_loop_test(tcase, dumps_are_read, 0, ROWS(dumps));
	tcase_add_loop_test(tcase, every_prefix_ends, 0, ROWS(dumps));
	tcase_add_test(tcase, a_value_longer_than_a_chunk_is_read);
	tcase_add_loop_test(tcase, a_value_beyond_the_bound_is_refused, 0, ROWS(too_long));
	tcase_add_test(tcase, a_failure_to_read_is_told);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
