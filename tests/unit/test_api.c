/* What requests mean: answers that need no store, and what store is asked. */
#include "api.h"

#include "failing_malloc.h"
#include "suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define USER	    "c36f50e8-4632-44f0-83fe-e070fef28a10"
#define KEY	    "htB9mR9DYgcu9bX_afHF62erXaH2TS7bg9KW3F7Z"
#define TXT	    "___validation_token_received_from_the_ca___"
#define CREDENTIALS "X-Api-User: " USER "\r\nX-Api-Key: " KEY "\r\n"
#define LABEL_63    "abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz0"

static const struct api open_api = {.zone = "auth.example.org", .prefix = ""};
static const struct api closed_api = {
    .zone = "auth.example.org", .registration_disabled = 1, .prefix = ""};
static const struct client_address client = {{[10] = 0xff, [11] = 0xff, [12] = 192, [15] = 1}};

/* A complete request; the caller resets it. */
static void
make(struct request *request, const char *line, const char *fields, const char *body)
{
	char bytes[4096];
	size_t used;
	int length = snprintf(bytes, sizeof(bytes),
	    "%s HTTP/1.1\r\nHost: a\r\n%sContent-Length: %zu\r\n\r\n%s", line, fields, strlen(body),
	    body);

	ck_assert_int_lt(length, (int)sizeof(bytes));
	request_init(request);
	ck_assert_int_eq(request_feed(request, bytes, (size_t)length, &used), REQUEST_COMPLETE);
}

static const struct {
	const struct api *api;
	const char *line;
	const char *fields;
	const char *body;
	enum api_step step;
	unsigned status; /* of API_ANSWER */
	const char *answer;
	const char *allow;
} rows[] = {
    {&open_api, "GET /health", "", "", API_ANSWER, 200, "", NULL},
    {&open_api, "HEAD /health?x", "", "", API_ANSWER, 200, "", NULL},
    {&open_api, "GET /nothing", "", "", API_ANSWER, 404, "not_found", NULL},
    {&open_api, "GET /update", "", "", API_ANSWER, 405, "method_not_allowed", "OPTIONS, POST"},
    {&open_api, "PUT /register", "", "{}", API_ANSWER, 405, "method_not_allowed", "OPTIONS, POST"},
    {&open_api, "POST /health", "", "", API_ANSWER, 405, "method_not_allowed",
	"GET, HEAD, OPTIONS"},
    {&open_api, "OPTIONS /update", "", "", API_ANSWER, 204, "", "OPTIONS, POST"},
    {&open_api, "OPTIONS *", "", "", API_ANSWER, 204, "",
	"DELETE, GET, HEAD, OPTIONS, PATCH, POST"},
    {&open_api, "POST /register", "", "", API_REGISTER, 0, "", NULL},
    {&open_api, "POST //register/", "", "null\n", API_REGISTER, 0, "", NULL},
    {&open_api, "POST /register", "Authorization: Basic !\r\n", "{\"AllowFrom\":[\"x\"]}",
	API_REGISTER, 0, "", NULL},
    {&open_api, "POST /register", "", "[]", API_ANSWER, 400, "malformed_json_payload", NULL},
    {&open_api, "POST /register", "", "{\"allowfrom\":[\"\"]}", API_ANSWER, 400,
	"invalid_allowfrom_cidr", NULL},
    {&closed_api, "POST /register", "", "", API_ANSWER, 404, "not_found", NULL},
    {&closed_api, "GET /register", "", "", API_ANSWER, 404, "not_found", NULL},
    {&closed_api, "OPTIONS /register", "", "", API_ANSWER, 404, "not_found", NULL},
    {&closed_api, "GET /health", "", "", API_ANSWER, 200, "", NULL},
    {&open_api, "POST /update", CREDENTIALS, "{\"subdomain\":\"a\",\"txt\":\"" TXT "\"}",
	API_UPDATE, 0, "", NULL},
    {&open_api, "POST /update/", CREDENTIALS, "{\"SubDomain\":\"a\",\"Txt\":\"__VOID__\"}",
	API_UPDATE, 0, "", NULL},
    {&open_api, "POST /update", CREDENTIALS, "{\"subdomain\":\"a\",\"txt\":\"bad\"}", API_UPDATE, 0,
	"", NULL},
    {&open_api, "POST /t/sp_url/update", CREDENTIALS, "{\"subdomain\":\"a\",\"txt\":\"" TXT "\"}",
	API_UPDATE, 0, "", NULL},
    {&open_api, "POST /t/update", CREDENTIALS, "{}", API_ANSWER, 404, "not_found", NULL},
    {&closed_api, "POST /t/sp_url/register", "", "", API_ANSWER, 404, "not_found", NULL},
    {&open_api, "POST /update", CREDENTIALS, "{\"subdomain\":\"a\"}", API_UPDATE, 0, "", NULL},
    {&open_api, "POST /update", CREDENTIALS, "{}", API_UPDATE, 0, "", NULL},
    {&open_api, "POST /update", CREDENTIALS, "{\"subdomain\":\"" LABEL_63 "\",\"txt\":\"\"}",
	API_UPDATE, 0, "", NULL},
    {&open_api, "POST /update", CREDENTIALS, "{\"subdomain\":\"" LABEL_63 "x\",\"txt\":\"\"}",
	API_ANSWER, 401, "forbidden", NULL},
    {&open_api, "POST /update", CREDENTIALS, "", API_ANSWER, 401, "forbidden", NULL},
    {&open_api, "POST /update", CREDENTIALS, "{", API_ANSWER, 401, "forbidden", NULL},
    {&open_api, "POST /update", CREDENTIALS, "{\"subdomain\":\"a\",\"txt\":5}", API_ANSWER, 401,
	"forbidden", NULL},
    {&open_api, "POST /update", "", "{\"subdomain\":\"a\",\"txt\":\"" TXT "\"}", API_ANSWER, 401,
	"forbidden", NULL},
    {&open_api, "POST /update", "X-Api-User: " USER "\r\n",
	"{\"subdomain\":\"a\",\"txt\":\"" TXT "\"}", API_ANSWER, 401, "forbidden", NULL},
    {&open_api, "POST /update", "X-Api-Key: " KEY "\r\n",
	"{\"subdomain\":\"a\",\"txt\":\"" TXT "\"}", API_ANSWER, 401, "forbidden", NULL},
    {&open_api, "POST /update", "X-Api-User: " USER "\r\nX-Api-Key: " KEY "x\r\n",
	"{\"subdomain\":\"a\",\"txt\":\"" TXT "\"}", API_ANSWER, 401, "forbidden", NULL},
    {&open_api, "POST /account", "", "", API_ANSWER, 405, "method_not_allowed",
	"DELETE, GET, HEAD, OPTIONS, PATCH"},
    {&open_api, "GET /account/values", "", "", API_ANSWER, 405, "method_not_allowed",
	"DELETE, OPTIONS"},
    {&open_api, "OPTIONS /account", "", "", API_ANSWER, 204, "",
	"DELETE, GET, HEAD, OPTIONS, PATCH"},
    {&closed_api, "GET /account", CREDENTIALS, "", API_ACCOUNT, 0, "", NULL},
    {&open_api, "GET /account", "", "{", API_ANSWER, 401, "forbidden", NULL},
    {&open_api, "PATCH /account", "X-Api-User: " USER "\r\n", "{", API_ANSWER, 401, "forbidden",
	NULL},
    {&open_api, "PATCH /account", CREDENTIALS, "{", API_ANSWER, 400, "malformed_json_payload",
	NULL},
    {&open_api, "PATCH /account", CREDENTIALS, "", API_ANSWER, 400, "malformed_json_payload", NULL},
    {&open_api, "PATCH /account", CREDENTIALS, "{\"allowfrom\":null}", API_ANSWER, 400,
	"malformed_json_payload", NULL},
    {&open_api, "PATCH /account", CREDENTIALS, "{\"allowfrom\":\"192.0.2.0/24\"}", API_ANSWER, 400,
	"malformed_json_payload", NULL},
    {&open_api, "PATCH /account", CREDENTIALS, "{\"allowfrom\":[\"\"]}", API_ANSWER, 400,
	"invalid_allowfrom_cidr", NULL},
    {&open_api, "DELETE /account/values", CREDENTIALS, "{\"txt\":5}", API_ANSWER, 400,
	"malformed_json_payload", NULL},
    {&open_api, "DELETE /account", CREDENTIALS, "{\"subdomain\":\"" LABEL_63 "x\"}", API_ANSWER,
	401, "forbidden", NULL},
    {&open_api, "POST /clean", CREDENTIALS, "{\"subdomain\":\"a\"}", API_ANSWER, 400,
	"malformed_json_payload", NULL},
    {&open_api, "POST /clean", CREDENTIALS, "{\"txt\":\"a\"}", API_ANSWER, 401, "forbidden", NULL},
    {&open_api, "POST /change", CREDENTIALS, "{\"allowfrom\":[]}", API_ANSWER, 401, "forbidden",
	NULL},
    {&open_api, "POST /deregister", CREDENTIALS, "", API_ANSWER, 401, "forbidden", NULL},
};

START_TEST(reads_requests)
{
	struct request request;
	struct response response;
	struct api_call call;
	char expected[64] = "";

	if (rows[_i].answer[0] != '\0')
		snprintf(expected, sizeof(expected), "{\"error\": \"%s\"}", rows[_i].answer);
	make(&request, rows[_i].line, rows[_i].fields, rows[_i].body);
	response_init(&response, 0);
	ck_assert_int_eq(
	    api_read(rows[_i].api, &request, &client, &call, &response), rows[_i].step);
	ck_assert_uint_eq(response.status, rows[_i].status);
	ck_assert_uint_eq(response.body.length, strlen(expected));
	ck_assert_mem_eq(response.body.length > 0 ? (char *)response.body.data : "", expected,
	    response.body.length);
	ck_assert_pstr_eq(response.allow, rows[_i].allow);
	api_call_free(&call);
	response_free(&response);
	request_reset(&request);
}
END_TEST

START_TEST(judges_heads_like_requests)
{
	struct request request;
	struct response response;
	unsigned status = rows[_i].status;
	/* By route and method alone; nothing in the body or the credentials counts. */
	int refused = status == 404 || status == 405;

	make(&request, rows[_i].line, rows[_i].fields, rows[_i].body);
	response_init(&response, 0);
	ck_assert_int_eq(api_judge_head(rows[_i].api, &request, &response), refused ? -1 : 0);
	if (refused)
		ck_assert_uint_eq(response.status, status);
	response_free(&response);
	request_reset(&request);
}
END_TEST

START_TEST(asks_store_for_a_registration)
{
	struct request request;
	struct response response;
	struct api_call call;

	make(&request, "POST /register", "", "{\"allowfrom\":[\"192.0.2.0/24\",\"[::1]/64\"]}");
	response_init(&response, 0);
	ck_assert_int_eq(api_read(&open_api, &request, &client, &call, &response), API_REGISTER);
	ck_assert_mem_eq(&call.message.registration.client, &client, sizeof(client));
	ck_assert_uint_eq(call.message.registration.count, 2);
	ck_assert(slice_equals(call.message.registration.networks[0], "192.0.2.0/24"));
	ck_assert(slice_equals(call.message.registration.networks[1], "[::1]/64"));
	api_call_free(&call);
	request_reset(&request);
}
END_TEST

/* sp_basic and sp_bearer stand in Authorization. */
#define BASIC  "Authorization: Basic eDpzcF9iYXNpYw==\r\n"
#define BEARER "Authorization: Bearer sp_bearer\r\n"
#define FIELD  "X-Registration-Token: sp_field\r\n"
#define LONG   "sp_3333333333333333333333333333333333333333333333333333333333333"

static const struct {
	const char *line;
	const char *fields;
	const char *token;
} tokens[] = {
    {"POST /register", "", ""},
    {"POST /t/sp_url/register", "", "sp_url"},
    {"POST /register", FIELD, "sp_field"},
    {"POST /register", "x-registration-token:sp_field \r\n", "sp_field"},
    {"POST /register", BASIC, "sp_basic"},
    {"POST /register", BEARER, "sp_bearer"},
    {"POST /t/sp_url/register", FIELD BEARER, "sp_url"},
    {"POST /register", BEARER FIELD, "sp_field"},
    {"POST /register", FIELD FIELD BASIC, "sp_basic"},
    {"POST /register", BEARER BASIC, ""},
    {"POST /register", "Authorization: Basic !\r\n", ""},
    {"POST /register", "X-Registration-Token:\r\n", ""},
    {"POST /t/" LONG "/register", "", LONG},
    {"POST /t/" LONG "x/register", "", ""},
    {"POST /register", "X-Registration-Token: " LONG "\r\n", LONG},
    {"POST /register", "X-Registration-Token: " LONG "x\r\n", ""},
};

START_TEST(forwards_a_token_however_it_is_presented)
{
	struct request request;
	struct response response;
	struct api_call call;

	make(&request, tokens[_i].line, tokens[_i].fields, "");
	response_init(&response, 0);
	ck_assert_int_eq(api_read(&open_api, &request, &client, &call, &response), API_REGISTER);
	ck_assert(slice_equals(call.message.registration.token, tokens[_i].token));
	api_call_free(&call);
	request_reset(&request);
}
END_TEST

START_TEST(asks_store_for_an_update)
{
	struct request request;
	struct response response;
	struct api_call call;
	struct api_echo echo;

	make(&request, "POST /update", CREDENTIALS, "{\"subdomain\":\"a\",\"txt\":\"" TXT "\"}");
	response_init(&response, 0);
	ck_assert_int_eq(api_read(&open_api, &request, &client, &call, &response), API_UPDATE);
	ck_assert_mem_eq(&call.message.update.client, &client, sizeof(client));
	ck_assert(slice_equals(call.message.update.username, USER));
	ck_assert(slice_equals(call.message.update.key, KEY));
	ck_assert(slice_equals(call.message.update.subdomain, "a"));
	ck_assert(slice_equals(call.message.update.txt, TXT));
	api_keep_echo(&echo, &call.message.update);
	api_call_free(&call);
	request_reset(&request);

	api_answer_update(&open_api, MESSAGE_RESULT_OK, &echo, &response);
	ck_assert_uint_eq(response.status, 200);
	ck_assert_uint_eq(response.body.length, strlen("{\"txt\": \"" TXT "\"}"));
	ck_assert_mem_eq(response.body.data, "{\"txt\": \"" TXT "\"}", response.body.length);
	response_free(&response);
}
END_TEST

/* Too long for a message, and still store must judge the credentials first. */
START_TEST(cuts_a_long_text_and_asks_all_the_same)
{
	char body[MESSAGE_MAX_ASKED_TXT + 64];
	struct request request;
	struct response response;
	struct api_call call;
	struct api_echo echo;

	snprintf(body, sizeof(body), "{\"subdomain\":\"a\",\"txt\":\"%0*d\"}",
	    MESSAGE_MAX_ASKED_TXT + 1, 0);
	make(&request, "POST /update", CREDENTIALS, body);
	response_init(&response, 0);
	ck_assert_int_eq(api_read(&open_api, &request, &client, &call, &response), API_UPDATE);
	ck_assert_uint_eq(call.message.update.txt.length, MESSAGE_MAX_ASKED_TXT);
	api_keep_echo(&echo, &call.message.update);
	ck_assert_uint_eq(echo.length, 0);
	api_call_free(&call);
	request_reset(&request);
}
END_TEST

static const struct {
	const char *line;
	const char *body;
	enum message_account_action action;
	const char *subdomain, *txt;
	unsigned networks;
} wishes[] = {
    {"GET /account", "", MESSAGE_ACCOUNT_READ, "", "", 0},
    {"HEAD /account", "", MESSAGE_ACCOUNT_READ, "", "", 0},
    {"GET /account", "{\"txt\":\"x\",\"allowfrom\":5}", MESSAGE_ACCOUNT_READ, "", "", 0},
    {"PATCH /account", "{\"AllowFrom\":[\"192.0.2.0/24\"]}", MESSAGE_ACCOUNT_NETWORKS, "", "", 1},
    {"PATCH /account", "{\"allowfrom\":[],\"txt\":\"x\"}", MESSAGE_ACCOUNT_NETWORKS, "", "", 0},
    {"DELETE /account", "", MESSAGE_ACCOUNT_DELETE, "", "", 0},
    {"DELETE /account", "{\"subdomain\":\"a\"}", MESSAGE_ACCOUNT_DELETE, "a", "", 0},
    {"POST /account/key", "", MESSAGE_ACCOUNT_ROTATE, "", "", 0},
    {"POST /account/key", "null", MESSAGE_ACCOUNT_ROTATE, "", "", 0},
    {"DELETE /account/values", "", MESSAGE_ACCOUNT_CLEAR, "", "", 0},
    {"DELETE /account/values", "{}", MESSAGE_ACCOUNT_CLEAR, "", "", 0},
    {"DELETE /account/values", "{\"txt\":\"x\"}", MESSAGE_ACCOUNT_REMOVE, "", "x", 0},
    {"DELETE /account/values", "{\"txt\":\"\"}", MESSAGE_ACCOUNT_REMOVE, "", "", 0},
    {"POST /change", "{\"subdomain\":\"a\",\"allowfrom\":[\"x\",\"y\"]}", MESSAGE_ACCOUNT_NETWORKS,
	"a", "", 2},
    {"POST /clean", "{\"subdomain\":\"a\",\"txt\":\"x\"}", MESSAGE_ACCOUNT_REMOVE, "a", "x", 0},
    {"POST /deregister", "{\"subdomain\":\"a\"}", MESSAGE_ACCOUNT_DELETE, "a", "", 0},
};

START_TEST(asks_store_what_an_owner_wants)
{
	struct request request;
	struct response response;
	struct api_call call;
	const struct message_account *message = &call.message.account;

	make(&request, wishes[_i].line, CREDENTIALS, wishes[_i].body);
	response_init(&response, 0);
	ck_assert_int_eq(api_read(&open_api, &request, &client, &call, &response), API_ACCOUNT);
	ck_assert_uint_eq(message->action, wishes[_i].action);
	ck_assert_mem_eq(&message->client, &client, sizeof(client));
	ck_assert(slice_equals(message->username, USER));
	ck_assert(slice_equals(message->key, KEY));
	ck_assert(slice_equals(message->subdomain, wishes[_i].subdomain));
	ck_assert(slice_equals(message->txt, wishes[_i].txt));
	ck_assert_uint_eq(message->count, wishes[_i].networks);
	api_call_free(&call);
	request_reset(&request);
}
END_TEST

#define SERVED                                                                                     \
	",\"server_url\":\"https://a.example/x\",\"server_path_update\":\"update\","               \
	"\"server_path_deregister\":\"deregister\",\"server_path_change\":\"change\","             \
	"\"server_path_clean\":\"clean\"}"
#define NAMES                                                                                      \
	"\"fulldomain\":\"sub.auth.example.org\",\"subdomain\":\"sub\",\"allowfrom\":[\"192.0.2."  \
	"0/24\"]"
#define ACCOUNT                                                                                    \
	"{\"username\":\"" USER "\"," NAMES ",\"values\":[{\"txt\":\"a\\\"b\","                    \
	"\"time\":\"2023-11-14T22:13:20Z\"}],\"created\":\"2001-09-09T01:46:40Z\",\"updated\":"    \
	"null}"

static const struct {
	enum route route;
	enum message_account_action action;
	const char *body;
} account_answers[] = {
    {ROUTE_ACCOUNT, MESSAGE_ACCOUNT_READ, ACCOUNT},
    {ROUTE_ACCOUNT, MESSAGE_ACCOUNT_NETWORKS, ACCOUNT},
    {ROUTE_ACCOUNT_VALUES, MESSAGE_ACCOUNT_CLEAR, ACCOUNT},
    {ROUTE_CLEAN, MESSAGE_ACCOUNT_REMOVE, ACCOUNT},
    {ROUTE_ACCOUNT, MESSAGE_ACCOUNT_DELETE, "{}"},
    {ROUTE_DEREGISTER, MESSAGE_ACCOUNT_DELETE, "{}"},
    {ROUTE_ACCOUNT_KEY, MESSAGE_ACCOUNT_ROTATE,
	"{\"username\":\"" USER "\",\"password\":\"" KEY "\"," NAMES SERVED},
    {ROUTE_CHANGE, MESSAGE_ACCOUNT_NETWORKS,
	"{\"username\":\"" USER "\",\"password\":\"\"," NAMES SERVED},
};

static struct slice
slice_of(const char *text)
{
	return (struct slice){(const unsigned char *)text, strlen(text)};
}

START_TEST(answers_an_account)
{
	const struct api api = {
	    .zone = "auth.example.org", .prefix = "", .base_url = "https://a.example/x"};
	struct message_account_answer answer = {.action = (uint8_t)account_answers[_i].action,
	    .username = slice_of(USER),
	    .subdomain = slice_of("sub"),
	    .created = 1000000000,
	    .count = 1,
	    .networks = {slice_of("192.0.2.0/24")},
	    .value_count = 1,
	    .values = {slice_of("a\"b")},
	    .times = {1700000000}};
	const char *expected = account_answers[_i].body;
	struct response response;

	if (answer.action == MESSAGE_ACCOUNT_ROTATE)
		answer.password = slice_of(KEY);
	response_init(&response, 0);
	api_answer_account(&api, account_answers[_i].route, &answer, &response);
	ck_assert_uint_eq(response.status, 200);
	ck_assert_uint_eq(response.body.length, strlen(expected));
	ck_assert_mem_eq(response.body.data, expected, response.body.length);
	answer.result = MESSAGE_RESULT_FORBIDDEN;
	api_answer_account(&api, account_answers[_i].route, &answer, &response);
	ck_assert_uint_eq(response.status, 401);
	response_free(&response);
}
END_TEST

START_TEST(answers_a_registration)
{
	static const unsigned char subdomain[] = "8e5700ea";
	struct message_register_answer answer = {
	    .subdomain = {subdomain, 8}, .username = {subdomain, 8}, .password = {subdomain, 8}};
	const char expected[] =
	    "{\"username\":\"8e5700ea\",\"password\":\"8e5700ea\","
	    "\"fulldomain\":\"8e5700ea.auth.example.org\",\"subdomain\":\"8e5700ea\","
	    "\"allowfrom\":[]}";
	struct response response;

	response_init(&response, 0);
	api_answer_register(&open_api, &answer, &response);
	ck_assert_uint_eq(response.status, 201);
	ck_assert_uint_eq(response.body.length, strlen(expected));
	ck_assert_mem_eq(response.body.data, expected, response.body.length);
	answer.result = MESSAGE_RESULT_REGISTRATION_CLOSED;
	api_answer_register(&open_api, &answer, &response);
	ck_assert_uint_eq(response.status, 404);
	response_free(&response);
}
END_TEST

/* What store refuses is never told together with the value (acme.sh looks for it in quotes). */
START_TEST(answers_refused_updates_without_the_value)
{
	struct api_echo echo = {.txt = TXT, .length = strlen(TXT)};

	for (int result = MESSAGE_RESULT_OK + 1; result < MESSAGE_RESULTS; result++) {
		struct response response;

		response_init(&response, 0);
		api_answer_update(&open_api, (enum message_result)result, &echo, &response);
		ck_assert_uint_ge(response.status, 400);
		ck_assert_ptr_null(
		    memmem(response.body.data, response.body.length, TXT, strlen(TXT)));
		response_free(&response);
	}
}
END_TEST

START_TEST(survives_each_failing_allocation)
{
	struct request request;
	unsigned nth;

	body_prepare();
	make(&request, "POST /update", CREDENTIALS, "{\"subdomain\":\"a\",\"txt\":\"" TXT "\"}");
	for (nth = 1;; nth++) {
		struct response response;
		struct api_call call;
		enum api_step step;
		int happened;

		response_init(&response, 0);
		failing_malloc_at(nth);
		step = api_read(&open_api, &request, &client, &call, &response);
		happened = failing_malloc_happened();
		failing_malloc_at(0);
		ck_assert_int_eq(step, (happened ? API_ANSWER : API_UPDATE));
		ck_assert_uint_eq(response.status, (happened ? 503 : 0));
		api_call_free(&call);
		response_free(&response);
		if (!happened)
			break;
	}
	ck_assert_uint_gt(nth, 5);
	request_reset(&request);
}
END_TEST

START_TEST(says_when_to_come_back)
{
	static const struct api api = {
	    .zone = "auth.example.org", .prefix = "", .register_wait = 4, .failure_wait = 7};
	struct message_register_answer answer = {.result = MESSAGE_RESULT_TOO_MANY_REQUESTS};
	struct api_echo echo = {.length = 0};
	struct response response;

	response_init(&response, 0);
	api_answer_register(&api, &answer, &response);
	ck_assert_uint_eq(response.status, 429);
	ck_assert_uint_eq(response.retry_after, 4);
	api_answer_update(&api, MESSAGE_RESULT_TOO_MANY_REQUESTS, &echo, &response);
	ck_assert_uint_eq(response.status, 429);
	ck_assert_uint_eq(response.retry_after, 7);
	api_answer_update(&api, MESSAGE_RESULT_FORBIDDEN, &echo, &response);
	ck_assert_uint_eq(response.retry_after, 0);
	response_free(&response);
}
END_TEST

static Suite *
api_suite(void)
{
	Suite *suite = suite_create("api");
	TCase *tests = tcase_create("api");
	int count = (int)(sizeof(rows) / sizeof(rows[0]));

	tcase_add_loop_test(tests, reads_requests, 0, count);
	tcase_add_loop_test(tests, judges_heads_like_requests, 0, count);
	tcase_add_test(tests, asks_store_for_a_registration);
	tcase_add_loop_test(tests, forwards_a_token_however_it_is_presented, 0, ROWS(tokens));
	tcase_add_test(tests, asks_store_for_an_update);
	tcase_add_test(tests, cuts_a_long_text_and_asks_all_the_same);
	tcase_add_loop_test(tests, asks_store_what_an_owner_wants, 0, ROWS(wishes));
	tcase_add_loop_test(tests, answers_an_account, 0, ROWS(account_answers));
	tcase_add_test(tests, answers_a_registration);
	tcase_add_test(tests, answers_refused_updates_without_the_value);
	tcase_add_test(tests, says_when_to_come_back);
	tcase_add_test(tests, survives_each_failing_allocation);
	suite_add_tcase(suite, tests);
	return suite;
}

int
main(void)
{
	return suite_run(api_suite());
}
