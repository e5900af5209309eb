/* Whose scripts may read an answer. */
#include "cors.h"

#include "suite.h"

#include <stdio.h>
#include <string.h>

static char one[] = "https://www.example.org", other[] = "http://[2001:db8::1]:8080", all[] = "*";
static char *two_texts[] = {one, other}, *all_texts[] = {all};
static const struct conf_origins nobody, two = {two_texts, 2}, everybody = {all_texts, 1};

static const struct {
	const struct conf_origins *origins;
	const char *line, *fields;
	const char *origin;
	int varies, is_preflight;
} rows[] = {
    {&nobody, "POST /update", "Origin: https://www.example.org\r\n", NULL, 0, 0},
    {&two, "POST /update", "", NULL, 1, 0},
    {&two, "POST /update", "Origin:\r\n", NULL, 1, 0},
    {&two, "POST /update", "Origin: https://www.example.org\r\n", one, 1, 0},
    {&two, "GET /health", "origin:http://[2001:db8::1]:8080 \r\n", other, 1, 0},
    {&two, "OPTIONS /update", "Origin: https://www.example.org\r\n", one, 1, 1},
    {&two, "POST /update", "Origin: https://www.example.org.evil.example\r\n", NULL, 1, 0},
    {&two, "POST /update", "Origin: https://www.example.or\r\n", NULL, 1, 0},
    {&two, "POST /update", "Origin: https://evil.example/https://www.example.org\r\n", NULL, 1, 0},
    {&two, "POST /update", "Origin: http://www.example.org\r\n", NULL, 1, 0},
    {&two, "POST /update", "Origin: https://WWW.example.org\r\n", NULL, 1, 0},
    {&two, "POST /update", "Origin: null\r\n", NULL, 1, 0},
    {&two, "POST /update", "Origin: *\r\n", NULL, 1, 0},
    {&two, "POST /update", "Origin: https://www.example.org\r\nOrigin: https://www.example.org\r\n",
	NULL, 1, 0},
    {&two, "POST /update", "X-Origin: https://www.example.org\r\n", NULL, 1, 0},
    {&everybody, "POST /update", "Origin: null\r\n", all, 1, 0},
    {&everybody, "OPTIONS /update", "Origin: https://any.example\r\n", all, 1, 1},
    {&everybody, "POST /update", "", NULL, 1, 0},
};

START_TEST(knows_whose_scripts_may_read)
{
	char bytes[512];
	struct request request;
	struct response_cors cors;
	size_t used;
	int length = snprintf(bytes, sizeof(bytes), "%s HTTP/1.1\r\nHost: a\r\n%s\r\n",
	    rows[_i].line, rows[_i].fields);

	request_init(&request);
	ck_assert_int_eq(request_feed(&request, bytes, (size_t)length, &used), REQUEST_COMPLETE);
	cors = cors_judge(rows[_i].origins, &request);
	ck_assert_pstr_eq(cors.origin, rows[_i].origin);
	ck_assert_int_eq(cors.varies, rows[_i].varies);
	ck_assert_int_eq(cors.is_preflight, rows[_i].is_preflight);
	/* It points into the configuration, never into the request, which is gone by then. */
	ck_assert_ptr_eq(cors.origin, rows[_i].origin);
	request_reset(&request);
	ck_assert_uint_eq(request.origin.length, 0);
}
END_TEST

/* A value longer than is kept is nobody's, not the one that its beginning is. */
START_TEST(a_long_origin_is_nobodys)
{
	char bytes[1024];
	struct request request;
	size_t used;
	int length = snprintf(bytes, sizeof(bytes),
	    "GET /health HTTP/1.1\r\nHost: a\r\nOrigin: %s%0*d\r\n\r\n", one,
	    REQUEST_MAX_FIELD_VALUE, 0);

	request_init(&request);
	ck_assert_int_eq(request_feed(&request, bytes, (size_t)length, &used), REQUEST_COMPLETE);
	ck_assert_ptr_null(cors_judge(&two, &request).origin);
	ck_assert_ptr_null(cors_judge(&everybody, &request).origin);
	request_reset(&request);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("cors");
	TCase *cases = tcase_create("cors");

	tcase_add_loop_test(cases, knows_whose_scripts_may_read, 0, ROWS(rows));
	tcase_add_test(cases, a_long_origin_is_nobodys);
	suite_add_tcase(suite, cases);
	return suite_run(suite);
}
