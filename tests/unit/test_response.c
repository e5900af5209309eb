/* Answers, byte for byte. */
#include "response.h"

#include "failing_malloc.h"
#include "suite.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DATE "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
#define JSON "Content-Type: application/json\r\nCache-Control: no-store\r\n"

static const time_t now = 784111777;

static struct slice
slice_of(const char *text)
{
	return (struct slice){(const unsigned char *)text, strlen(text)};
}

static void
check_bytes(
    const struct response *response, const struct response_framing *framing, const char *expected)
{
	struct buf out;

	buf_init(&out, RESPONSE_MAX);
	ck_assert_int_eq(response_write(response, framing, &out), 0);
	ck_assert_uint_eq(out.length, strlen(expected));
	ck_assert_mem_eq(out.data, expected, out.length);
	buf_free(&out);
}

/* The words and statuses that clients know; CLIENTS has them from acme-dns. */
static const struct {
	enum response_error error;
	unsigned status;
	const char *body;
} errors[] = {
    {RESPONSE_ERROR_BAD_REQUEST, 400, "{\"error\": \"bad_request\"}"},
    {RESPONSE_ERROR_MALFORMED_JSON, 400, "{\"error\": \"malformed_json_payload\"}"},
    {RESPONSE_ERROR_BAD_NETWORK, 400, "{\"error\": \"invalid_allowfrom_cidr\"}"},
    {RESPONSE_ERROR_BAD_SUBDOMAIN, 400, "{\"error\": \"bad_subdomain\"}"},
    {RESPONSE_ERROR_BAD_TXT, 400, "{\"error\": \"bad_txt\"}"},
    {RESPONSE_ERROR_FORBIDDEN, 401, "{\"error\": \"forbidden\"}"},
    {RESPONSE_ERROR_REGISTRATION_FORBIDDEN, 403, "{\"error\": \"registration_forbidden\"}"},
    {RESPONSE_ERROR_NOT_FOUND, 404, "{\"error\": \"not_found\"}"},
    {RESPONSE_ERROR_METHOD, 405, "{\"error\": \"method_not_allowed\"}"},
    {RESPONSE_ERROR_TIMEOUT, 408, "{\"error\": \"request_timeout\"}"},
    {RESPONSE_ERROR_BODY_TOO_LARGE, 413, "{\"error\": \"body_too_large\"}"},
    {RESPONSE_ERROR_TARGET_TOO_LONG, 414, "{\"error\": \"target_too_long\"}"},
    {RESPONSE_ERROR_EXPECTATION, 417, "{\"error\": \"expectation_failed\"}"},
    {RESPONSE_ERROR_TOO_MANY_REQUESTS, 429, "{\"error\": \"too_many_requests\"}"},
    {RESPONSE_ERROR_HEAD_TOO_LARGE, 431, "{\"error\": \"headers_too_large\"}"},
    {RESPONSE_ERROR_DATABASE, 500, "{\"error\": \"db_error\"}"},
    {RESPONSE_ERROR_NOT_IMPLEMENTED, 501, "{\"error\": \"not_implemented\"}"},
    {RESPONSE_ERROR_BUSY, 503, "{\"error\": \"busy\"}"},
    {RESPONSE_ERROR_UNAVAILABLE, 503, "{\"error\": \"store_unavailable\"}"},
    {RESPONSE_ERROR_VERSION, 505, "{\"error\": \"http_version_not_supported\"}"},
    {RESPONSE_ERROR_NO_ROOM, 507, "{\"error\": \"insufficient_storage\"}"},
    {RESPONSE_ERROR_HTTPS_REQUIRED, 400, "{\"error\": \"https_required\"}"},
};

START_TEST(errors_have_status_and_word)
{
	struct response_framing framing = {.now = now, .keep_alive = 1};
	struct response response;
	struct buf out;
	char start[32];

	ck_assert_uint_eq(sizeof(errors) / sizeof(errors[0]), RESPONSE_ERRORS - 1);
	response_init(&response, 0);
	response_set_error(&response, errors[_i].error);
	ck_assert_uint_eq(response.status, errors[_i].status);
	ck_assert_uint_eq(response.body.length, strlen(errors[_i].body));
	ck_assert_mem_eq(response.body.data, errors[_i].body, response.body.length);
	ck_assert_int_eq(
	    response.retry_after > 0, response.status == 503 || response.status == 429);
	/* Each status has its reason phrase. */
	buf_init(&out, RESPONSE_MAX);
	ck_assert_int_eq(response_write(&response, &framing, &out), 0);
	snprintf(start, sizeof(start), "HTTP/1.1 %u ", errors[_i].status);
	ck_assert_mem_eq(out.data, start, strlen(start));
	ck_assert_int_ne(out.data[strlen(start)], '\r');
	buf_free(&out);
	response_free(&response);
}
END_TEST

START_TEST(results_become_errors)
{
	static const struct {
		enum message_result result;
		unsigned status;
		const char *word;
	} rows[] = {
	    {MESSAGE_RESULT_FORBIDDEN, 401, "forbidden"},
	    {MESSAGE_RESULT_BAD_SUBDOMAIN, 400, "bad_subdomain"},
	    {MESSAGE_RESULT_BAD_TXT, 400, "bad_txt"},
	    {MESSAGE_RESULT_BAD_NETWORK, 400, "invalid_allowfrom_cidr"},
	    {MESSAGE_RESULT_DB_ERROR, 500, "db_error"},
	    {MESSAGE_RESULT_BUSY, 503, "busy"},
	    {MESSAGE_RESULT_REGISTRATION_CLOSED, 404, "not_found"},
	    {MESSAGE_RESULT_REGISTRATION_FORBIDDEN, 403, "registration_forbidden"},
	    {MESSAGE_RESULT_TOO_MANY_REQUESTS, 429, "too_many_requests"},
	    {MESSAGE_RESULT_TAKEN, 500, "db_error"},
	    {MESSAGE_RESULT_NO_ROOM, 507, "insufficient_storage"},
	};

	ck_assert_uint_eq(sizeof(rows) / sizeof(rows[0]), MESSAGE_RESULTS - 1);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		enum response_error error = response_error_from_result(rows[i].result);
		struct response response;

		response_init(&response, 0);
		response_set_error(&response, error);
		ck_assert_uint_eq(response.status, rows[i].status);
		ck_assert_str_eq(response_error_word(error), rows[i].word);
		response_free(&response);
	}
}
END_TEST

/* However often one was asked for, and when the clock is set back. */
START_TEST(each_second_has_its_date)
{
	struct response_framing framing = {.keep_alive = 1};
	struct response response;

	response_init(&response, 204);
	for (unsigned i = 0; i < 6; i++) {
		framing.now = i / 2 == 1 ? now + 1 : now;
		check_bytes(&response, &framing,
		    i / 2 == 1 ? "HTTP/1.1 204 No Content\r\nDate: Sun, 06 Nov 1994 08:49:38 "
				 "GMT\r\n\r\n"
			       : "HTTP/1.1 204 No Content\r\n" DATE "\r\n");
	}
	response_free(&response);
}
END_TEST

START_TEST(an_error_is_framed)
{
	struct response_framing framing = {.now = now};
	struct response response;

	response_init(&response, 0);
	response_set_error(&response, RESPONSE_ERROR_METHOD);
	response.allow = "OPTIONS, POST";
	check_bytes(&response, &framing,
	    "HTTP/1.1 405 Method Not Allowed\r\n" DATE JSON "Content-Length: 31\r\n"
	    "Allow: OPTIONS, POST\r\nConnection: close\r\n\r\n{\"error\": \"method_not_allowed\"}");
	framing.head_only = 1;
	check_bytes(&response, &framing,
	    "HTTP/1.1 405 Method Not Allowed\r\n" DATE JSON "Content-Length: 31\r\n"
	    "Allow: OPTIONS, POST\r\nConnection: close\r\n\r\n");
	response_free(&response);

	framing = (struct response_framing){.now = now, .http_1_0 = 1, .keep_alive = 1};
	response_init(&response, 0);
	response_set_error(&response, RESPONSE_ERROR_UNAVAILABLE);
	check_bytes(&response, &framing,
	    "HTTP/1.1 503 Service Unavailable\r\n" DATE JSON "Content-Length: 30\r\n"
	    "Retry-After: 1\r\nConnection: keep-alive\r\n\r\n{\"error\": \"store_unavailable\"}");
	response_free(&response);
}
END_TEST

START_TEST(empty_answers_are_framed)
{
	struct response_framing framing = {.now = now, .keep_alive = 1};
	struct response response;

	response_init(&response, 200);
	check_bytes(&response, &framing, "HTTP/1.1 200 OK\r\n" DATE "Content-Length: 0\r\n\r\n");
	response.status = 204;
	response.allow = "OPTIONS, POST";
	check_bytes(
	    &response, &framing, "HTTP/1.1 204 No Content\r\n" DATE "Allow: OPTIONS, POST\r\n\r\n");
	response_free(&response);
}
END_TEST

#define ALLOW_ORIGIN "Access-Control-Allow-Origin: https://www.example.org\r\n"

START_TEST(scripts_are_told_what_they_may)
{
	struct response_framing framing = {.now = now, .keep_alive = 1};
	struct response response;

	response_init(&response, 200);
	response.cors.varies = 1;
	check_bytes(&response, &framing,
	    "HTTP/1.1 200 OK\r\n" DATE "Content-Length: 0\r\nVary: Origin\r\n\r\n");
	response.cors.origin = "https://www.example.org";
	check_bytes(&response, &framing,
	    "HTTP/1.1 200 OK\r\n" DATE "Content-Length: 0\r\nVary: Origin\r\n" ALLOW_ORIGIN
	    "Access-Control-Expose-Headers: Retry-After\r\n\r\n");
	response.status = 204;
	response.allow = "OPTIONS, POST";
	response.cors.is_preflight = 1;
	check_bytes(&response, &framing,
	    "HTTP/1.1 204 No Content\r\n" DATE
	    "Allow: OPTIONS, POST\r\nVary: Origin\r\n" ALLOW_ORIGIN
	    "Access-Control-Allow-Methods: OPTIONS, POST\r\n"
	    "Access-Control-Allow-Headers: Authorization, Content-Type, X-Api-Key, X-Api-User, "
	    "X-Registration-Token\r\n"
	    "Access-Control-Max-Age: 600\r\n\r\n");
	response.allow = NULL;
	check_bytes(&response, &framing,
	    "HTTP/1.1 204 No Content\r\n" DATE "Vary: Origin\r\n" ALLOW_ORIGIN "\r\n");
	response_free(&response);
}
END_TEST

static void
check_body(const struct response *response, unsigned status, const char *expected)
{
	ck_assert_uint_eq(response->status, status);
	ck_assert_int_eq(response->body.failed, 0);
	ck_assert_uint_eq(response->body.length, strlen(expected));
	ck_assert_mem_eq(response->body.data, expected, response->body.length);
}

static struct message_register_answer
registered(void)
{
	return (struct message_register_answer){
	    .username = slice_of("c36f50e8-4632-44f0-83fe-e070fef28a10"),
	    .password = slice_of("htB9mR9DYgcu9bX_afHF62erXaH2TS7bg9KW3F7Z"),
	    .subdomain = slice_of("8e5700ea-a4bf-41c7-8a77-e990661dcc6a"),
	};
}

#define REGISTERED                                                                                 \
	"{\"username\":\"c36f50e8-4632-44f0-83fe-e070fef28a10\","                                  \
	"\"password\":\"htB9mR9DYgcu9bX_afHF62erXaH2TS7bg9KW3F7Z\","                               \
	"\"fulldomain\":\"8e5700ea-a4bf-41c7-8a77-e990661dcc6a.auth.example.org\","                \
	"\"subdomain\":\"8e5700ea-a4bf-41c7-8a77-e990661dcc6a\","

START_TEST(a_registration_has_no_blanks_and_its_order)
{
	struct message_register_answer answer = registered();
	struct response response;

	response_init(&response, 0);
	response_set_registered(&response, &answer, "auth.example.org", NULL);
	check_body(&response, 201, REGISTERED "\"allowfrom\":[]}");
	answer.count = 2;
	answer.networks[0] = slice_of("192.0.2.0/24");
	answer.networks[1] = slice_of("2001:db8::1/128");
	response_set_registered(&response, &answer, "auth.example.org", NULL);
	check_body(
	    &response, 201, REGISTERED "\"allowfrom\":[\"192.0.2.0/24\",\"2001:db8::1/128\"]}");
	/* What is configured comes behind the five keys, which keep their bytes. */
	answer.count = 0;
	response_set_registered(&response, &answer, "auth.example.org", "https://a.example");
	check_body(&response, 201,
	    REGISTERED
	    "\"allowfrom\":[],\"server_url\":\"https://a.example\","
	    "\"server_path_update\":\"update\",\"server_path_deregister\":\"deregister\","
	    "\"server_path_change\":\"change\",\"server_path_clean\":\"clean\"}");
	response_free(&response);
}
END_TEST

START_TEST(the_longest_account_fits)
{
	static unsigned char text[MESSAGE_MAX_TXT];
	char network[NETWORK_MAX_TEXT];
	struct message_account_answer answer = {.subdomain = {text, 1},
	    .count = MESSAGE_MAX_NETWORKS,
	    .value_count = MESSAGE_MAX_VALUES};
	struct response response;

	memset(text, '"', sizeof(text));
	memset(network, '9', sizeof(network));
	for (unsigned i = 0; i < MESSAGE_MAX_NETWORKS; i++)
		answer.networks[i] =
		    (struct slice){(const unsigned char *)network, sizeof(network) - 1};
	for (unsigned i = 0; i < MESSAGE_MAX_VALUES; i++)
		answer.values[i] = (struct slice){text, sizeof(text)};
	response_init(&response, 0);
	response_set_account(&response, &answer, "auth.example.org");
	ck_assert_int_eq(response.body.failed, 0);
	ck_assert_uint_gt(response.body.length, MESSAGE_MAX_VALUES * 2 * MESSAGE_MAX_TXT);
	response_free(&response);
}
END_TEST

START_TEST(the_longest_registration_fits)
{
	struct message_register_answer answer = registered();
	struct response_framing framing = {.now = now};
	struct response response;
	char network[NETWORK_MAX_TEXT], origin[256] = "";
	struct buf out;

	memset(network, 'f', sizeof(network));
	answer.count = MESSAGE_MAX_NETWORKS;
	for (unsigned i = 0; i < MESSAGE_MAX_NETWORKS; i++)
		answer.networks[i] =
		    (struct slice){(const unsigned char *)network, sizeof(network) - 1};
	response_init(&response, 0);
	response_set_registered(&response, &answer, "auth.example.org", NULL);
	memset(origin, 'o', sizeof(origin) - 1);
	response.cors = (struct response_cors){.varies = 1, .origin = origin, .is_preflight = 1};
	response.allow = "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT";
	response.retry_after = UINT32_MAX;
	buf_init(&out, RESPONSE_MAX);
	ck_assert_int_eq(response_write(&response, &framing, &out), 0);
	buf_free(&out);
	response_free(&response);
}
END_TEST

START_TEST(an_update_has_one_blank)
{
	struct response response;

	response_init(&response, 0);
	response_set_updated(&response, "___validation_token_received_from_the_ca___", 43);
	check_body(&response, 200, "{\"txt\": \"___validation_token_received_from_the_ca___\"}");
	/* Store takes no such value; if it did, the answer would still be JSON. */
	response_set_updated(&response, "\"\\\n", 3);
	check_body(&response, 200, "{\"txt\": \"\\\"\\\\\\n\"}");
	response_free(&response);
}
END_TEST

START_TEST(a_failed_body_is_not_written)
{
	struct message_register_answer answer = registered();
	struct response_framing framing = {.now = now};
	struct response response;
	struct buf out;

	/* jansson refuses what is no UTF-8. */
	answer.username = slice_of("\xff");
	response_init(&response, 0);
	response_set_registered(&response, &answer, "auth.example.org", NULL);
	buf_init(&out, RESPONSE_MAX);
	ck_assert_int_eq(response_write(&response, &framing, &out), -1);
	/* What comes next is not spoilt by it. */
	response_set_error(&response, RESPONSE_ERROR_BUSY);
	ck_assert_int_eq(response_write(&response, &framing, &out), 0);
	buf_free(&out);
	buf_init(&out, 100);
	ck_assert_int_eq(response_write(&response, &framing, &out), -1);
	buf_free(&out);
	response_free(&response);
}
END_TEST

static int
write_registered(void)
{
	struct message_register_answer answer = registered();
	struct response_framing framing = {.now = now};
	struct response response;
	struct buf out;
	int failed;

	answer.count = 2;
	answer.networks[0] = answer.networks[1] = slice_of("192.0.2.0/24");
	buf_init(&out, RESPONSE_MAX);
	response_init(&response, 0);
	response_set_registered(&response, &answer, "auth.example.org", NULL);
	failed = response_write(&response, &framing, &out);
	buf_free(&out);
	response_free(&response);
	return failed;
}

START_TEST(survives_each_failing_allocation)
{
	unsigned nth;

	json_set_alloc_funcs(malloc, free);
	for (nth = 1;; nth++) {
		int failed;

		failing_malloc_at(nth);
		failed = write_registered();
		if (!failing_malloc_happened())
			break;
		ck_assert_int_eq(failed, -1);
	}
	failing_malloc_at(0);
	ck_assert_uint_gt(nth, 10);
	ck_assert_int_eq(write_registered(), 0);
}
END_TEST

static Suite *
response_suite(void)
{
	Suite *suite = suite_create("response");
	TCase *tests = tcase_create("response");

	tcase_add_loop_test(
	    tests, errors_have_status_and_word, 0, (int)(sizeof(errors) / sizeof(errors[0])));
	tcase_add_test(tests, results_become_errors);
	tcase_add_test(tests, each_second_has_its_date);
	tcase_add_test(tests, an_error_is_framed);
	tcase_add_test(tests, empty_answers_are_framed);
	tcase_add_test(tests, scripts_are_told_what_they_may);
	tcase_add_test(tests, a_registration_has_no_blanks_and_its_order);
	tcase_add_test(tests, the_longest_account_fits);
	tcase_add_test(tests, the_longest_registration_fits);
	tcase_add_test(tests, an_update_has_one_blank);
	tcase_add_test(tests, a_failed_body_is_not_written);
	tcase_add_test(tests, survives_each_failing_allocation);
	suite_add_tcase(suite, tests);
	return suite;
}

int
main(void)
{
	return suite_run(response_suite());
}
