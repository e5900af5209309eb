/* What `sallyport health` makes of the answer of GET /health/ready. */
#include "readiness_text.h"
#include "suite.h"

#include <string.h>

static const struct {
	const char *body, *text;
} rows[] = {
    {"{\"ready\": true, \"store\": \"ok\", \"dnsd\": \"ok\", \"disk\": \"ok\", \"certificate\": "
     "\"none\"}",
	""},
    {"{\"ready\": false, \"store\": \"does not answer\", \"dnsd\": \"unknown\", \"disk\": "
     "\"unknown\", \"certificate\": \"ok\"}",
	"store: does not answer"},
    {"{\"ready\": false, \"store\": \"ok\", \"dnsd\": \"not linked\", \"disk\": \"store.reserve is "
     "reached\"}",
	"dnsd: not linked; disk: store.reserve is reached"},
    {"{\"dnsd\": \"a\\u0000\"}", ""}, /* jansson takes no NUL */
    {"{\"dnsd\": \"a\\u001b[31mb\\u00e4\"}", "dnsd: a?[31mb??"},
    {"{\"dnsd\": 1, \"disk\": null, \"store\": [\"x\"]}", ""},
    {"[\"dnsd\"]", ""},
    {"\"dnsd\"", ""},
    {"{\"dnsd\": \"x\"} ", "dnsd: x"},
    {"{\"dnsd\": \"x\"}x", ""},
    {"{\"dnsd\":", ""},
    {"", ""},
    {"<html>", ""},
};

START_TEST(names_what_is_not_ready)
{
	char text[200];

	readiness_text_write(text, sizeof(text), rows[_i].body, strlen(rows[_i].body));
	ck_assert_str_eq(text, rows[_i].text);
}
END_TEST

START_TEST(is_cut_where_there_is_no_more_room)
{
	static const char body[] = "{\"dnsd\": \"not linked\", \"disk\": \"full\"}";
	static const char whole[] = "dnsd: not linked; disk: full";
	char text[sizeof(whole)];

	for (size_t capacity = 1; capacity <= sizeof(text); capacity++) {
		readiness_text_write(text, capacity, body, sizeof(body) - 1);
		ck_assert_uint_lt(strlen(text), capacity);
		ck_assert_int_eq(strncmp(text, whole, strlen(text)), 0);
	}
	ck_assert_str_eq(text, whole);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("readiness_text");
	TCase *tests = tcase_create("readiness_text");

	tcase_add_loop_test(tests, names_what_is_not_ready, 0, ROWS(rows));
	tcase_add_test(tests, is_cut_where_there_is_no_more_room);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
