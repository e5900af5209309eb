/* Accounts as lines of JSON. */
#include "account_line.h"
#include "suite.h"

#include <string.h>

#define USER "c36f50e8-4632-44f0-83fe-e070fef28a10"
#define WHO  "\"username\":\"" USER "\",\"subdomain\":\"s\""

static const struct account_entry whole = {
    .username = {(const unsigned char *)USER, 36},
    .hash = {(const unsigned char *)"$2a$10$x", 8},
    .subdomain = {(const unsigned char *)"s", 1},
    .token = {(const unsigned char *)"t", 1},
    .created = 1600000000,
    .updated = 1700000000,
    .network_count = 2,
    .networks = {{(const unsigned char *)"192.0.2.0/24", 12}, {(const unsigned char *)"::/0", 4}},
    .value_count = 2,
    .values = {{5, {(const unsigned char *)"a\"\xc3\xa4", 4}},
	{1700000000, {(const unsigned char *)"b", 1}}},
};
static const char whole_line[] =
    "{\"username\":\"" USER "\",\"password_hash\":\"$2a$10$x\",\"subdomain\":\"s\","
    "\"allowfrom\":[\"192.0.2.0/24\",\"::/0\"],\"values\":[{\"txt\":\"a\\\"\xc3\xa4\",\"time\":5},"
    "{\"txt\":\"b\",\"time\":1700000000}],\"created\":1600000000,\"updated\":1700000000,\"token\":"
    "\"t\"}\n";

static enum account_entry_result
read_line(struct account_line *line, struct account_entry *entry, const char *text, char *why)
{
	return account_line_read(line, entry, (const unsigned char *)text, strlen(text), why);
}

START_TEST(what_is_written_is_read_again)
{
	struct account_line line = {NULL};
	struct account_entry entry;
	char why[ACCOUNT_LINE_WHY];
	struct buf out;

	buf_init(&out, ACCOUNT_LINE_MAX);
	ck_assert_int_eq(account_line_write(&whole, &out), 0);
	ck_assert_uint_eq(out.length, strlen(whole_line));
	ck_assert_mem_eq(out.data, whole_line, out.length);
	ck_assert_int_eq(read_line(&line, &entry, whole_line, why), ACCOUNT_ENTRY_READ);
	buf_clear(&out);
	ck_assert_int_eq(account_line_write(&entry, &out), 0);
	ck_assert_mem_eq(out.data, whole_line, out.length);
	account_line_free(&line);
	buf_free(&out);
}
END_TEST

START_TEST(little_is_enough)
{
	struct account_line line = {NULL};
	struct account_entry entry;
	char why[ACCOUNT_LINE_WHY];

	ck_assert_int_eq(
	    read_line(&line, &entry, "{" WHO ",\"password\":\"k\",\"values\":[\"v\"]}\r", why),
	    ACCOUNT_ENTRY_READ);
	ck_assert(slice_equals(entry.password, "k"));
	ck_assert_uint_eq(entry.hash.length, 0);
	ck_assert_uint_eq(entry.created + entry.updated + entry.network_count, 0);
	ck_assert_uint_eq(entry.value_count, 1);
	ck_assert(slice_equals(entry.values[0].text, "v"));
	ck_assert_uint_eq(entry.values[0].time, 0);
	account_line_free(&line);
}
END_TEST

static const struct {
	const char *line, *words;
	int named;
} mistakes[] = {
    {"", "column", 0},
    {"[]", "object", 0},
    {"{" WHO ",\"password\":\"secret", "column", 0},
    {"{" WHO ",\"password\":\"k\"} x", "column", 0},
    {"{" WHO ",\"password\":\"k\",\"password\":\"k\"}", "column", 0},
    {"{" WHO "}", "password_hash or password", 1},
    {"{" WHO ",\"password\":\"k\",\"password_hash\":\"h\"}", "password_hash or password", 1},
    {"{\"username\":\"u\",\"password\":\"k\"}", "subdomain", 1},
    {"{\"subdomain\":\"s\",\"password\":\"k\"}", "username", 0},
    {"{" WHO ",\"password\":1}", "\"password\" must be a text", 1},
    {"{\"username\":1}", "\"username\" must be a text", 0},
    {"{" WHO ",\"password\":\"k\",\"allowform\":[]}", "allowform", 1},
    {"{" WHO ",\"password\":\"k\",\"allowfrom\":\"::/0\"}", "list of networks", 1},
    {"{" WHO ",\"password\":\"k\",\"allowfrom\":[1]}", "must be a text", 1},
    {"{" WHO ",\"password\":\"k\",\"created\":-1}", "\"created\" must be a whole number", 1},
    {"{" WHO ",\"password\":\"k\",\"updated\":\"now\"}", "\"updated\" must be a whole number", 1},
    {"{" WHO ",\"password\":\"k\",\"updated\":1.5}", "\"updated\" must be a whole number", 1},
    {"{" WHO ",\"password\":\"k\",\"values\":{}}", "must be a list", 1},
    {"{" WHO ",\"password\":\"k\",\"values\":[1]}", "\"values\" must be a list of texts", 1},
    {"{" WHO ",\"password\":\"k\",\"values\":[{}]}", "\"txt\"", 1},
    {"{" WHO ",\"password\":\"k\",\"values\":[{\"txt\":\"v\",\"tme\":1}]}", "tme", 1},
    {"{" WHO ",\"password\":\"k\",\"values\":[{\"txt\":\"v\",\"time\":-1}]}", "seconds", 1},
    {"{" WHO ",\"password\":\"k\",\"values\":[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]}", "16", 1},
};

START_TEST(mistakes_are_told_without_the_key)
{
	struct account_line line = {NULL};
	struct account_entry entry;
	char why[ACCOUNT_LINE_WHY] = "";

	ck_assert_int_eq(read_line(&line, &entry, mistakes[_i].line, why), ACCOUNT_ENTRY_REFUSED);
	ck_assert_msg(strstr(why, mistakes[_i].words) != NULL, "%s: %s", mistakes[_i].line, why);
	ck_assert_ptr_null(strstr(why, "secret"));
	ck_assert_int_eq(entry.username.length > 0, mistakes[_i].named);
	account_line_free(&line);
}
END_TEST

START_TEST(more_networks_than_an_account_has_are_refused)
{
	struct account_line line = {NULL};
	struct account_entry entry;
	char text[8192] = "{" WHO ",\"password\":\"k\",\"allowfrom\":[\"::/0\"",
	     why[ACCOUNT_LINE_WHY];

	for (int i = 1; i < MESSAGE_MAX_NETWORKS; i++)
		memcpy(text + strlen(text), ",\"::/0\"", 8);
	memcpy(text + strlen(text), "]}", 3);
	ck_assert_int_eq(read_line(&line, &entry, text, why), ACCOUNT_ENTRY_READ);
	ck_assert_uint_eq(entry.network_count, MESSAGE_MAX_NETWORKS);
	memcpy(text + strlen(text) - 2, ",\"::/0\"]}", 10);
	ck_assert_int_eq(read_line(&line, &entry, text, why), ACCOUNT_ENTRY_REFUSED);
	ck_assert_ptr_nonnull(strstr(why, "256"));
	account_line_free(&line);
}
END_TEST

START_TEST(what_does_not_fit_leaves_nothing)
{
	struct account_entry broken = whole;
	struct buf out;

	buf_init(&out, strlen(whole_line) + 10);
	ck_assert_int_eq(account_line_write(&whole, &out), 0);
	ck_assert_int_eq(account_line_write(&whole, &out), -1);
	ck_assert_uint_eq(out.length, strlen(whole_line));
	buf_free(&out);
	buf_init(&out, ACCOUNT_LINE_MAX);
	broken.values[1].text = (struct slice){(const unsigned char *)"\xff", 1};
	ck_assert_int_eq(account_line_write(&broken, &out), -1);
	broken = whole;
	broken.networks[0] = (struct slice){(const unsigned char *)"\xff", 1};
	ck_assert_int_eq(account_line_write(&broken, &out), -1);
	broken = whole;
	broken.token = (struct slice){(const unsigned char *)"\xff", 1};
	ck_assert_int_eq(account_line_write(&broken, &out), -1);
	ck_assert_uint_eq(out.length, 0);
	buf_free(&out);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("account_line");
	TCase *tcase = tcase_create("account_line");

	tcase_add_test(tcase, what_is_written_is_read_again);
	tcase_add_test(tcase, little_is_enough);
	tcase_add_loop_test(tcase, mistakes_are_told_without_the_key, 0, ROWS(mistakes));
	tcase_add_test(tcase, more_networks_than_an_account_has_are_refused);
	tcase_add_test(tcase, what_does_not_fit_leaves_nothing);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
