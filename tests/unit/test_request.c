/* The request reader: what is refused, where a request ends, whatever the packets look like. */
#include "request.h"

#include "failing_malloc.h"
#include "suite.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HOST "Host: auth.example.org\r\n"

/* Feeds `length` bytes in pieces of `piece`; returns how many belonged to the request. */
static size_t
feed(struct request *request, const char *bytes, size_t length, size_t piece)
{
	size_t used = 0;

	while (used < length && request->phase < REQUEST_COMPLETE) {
		size_t left = length - used, taken;

		request_feed(request, bytes + used, left < piece ? left : piece, &taken);
		ck_assert_uint_gt(taken, 0);
		used += taken;
	}
	return used;
}

struct accepted {
	const char *bytes;
	enum request_method method;
	const char *target;
	const char *body;
	int keep_alive;
};

static const struct accepted accepted[] = {
    {"GET /health HTTP/1.1\r\n" HOST "\r\n", REQUEST_METHOD_GET, "/health", "", 1},
    {"\r\n\r\nGET / HTTP/1.1\r\n" HOST "\r\n", REQUEST_METHOD_GET, "/", "", 1},
    {"HEAD /health HTTP/1.0\r\n\r\n", REQUEST_METHOD_HEAD, "/health", "", 0},
    {"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", REQUEST_METHOD_GET, "/", "", 1},
    {"GET / HTTP/1.1\r\n" HOST "Connection: foo, Close\r\n\r\n", REQUEST_METHOD_GET, "/", "", 0},
    {"GET / HTTP/1.1\r\n" HOST "X:  two  spaces  \r\n\r\n", REQUEST_METHOD_GET, "/", "", 1},
    {"GET https://[2001:db8::1]:8443 HTTP/1.1\r\n" HOST "\r\n", REQUEST_METHOD_GET,
	"https://[2001:db8::1]:8443", "", 1},
    {"GET /?http:// HTTP/1.1\r\n" HOST "\r\n", REQUEST_METHOD_GET, "/?http://", "", 1},
    {"OPTIONS * HTTP/1.1\r\nhost:\r\n\r\n", REQUEST_METHOD_OPTIONS, "*", "", 1},
    {"GET http://a.example/update?x HTTP/1.1\r\n" HOST "\r\n", REQUEST_METHOD_GET,
	"http://a.example/update?x", "", 1},
    {"POST /register HTTP/1.1\r\n" HOST "\r\n", REQUEST_METHOD_POST, "/register", "", 1},
    {"POST /register HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n", REQUEST_METHOD_POST,
	"/register", "", 1},
    {"POST /update HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nabc\r\n", REQUEST_METHOD_POST,
	"/update", "abc\r\n", 1},
    {"POST /update HTTP/1.1\r\n" HOST "Transfer-Encoding: CHUNKED \r\n\r\n"
     "3;why=\"not\"\r\nabc\r\nA\r\n0123456789\r\n0\r\n\r\n",
	REQUEST_METHOD_POST, "/update", "abc0123456789", 1},
    {"POST /update HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\nTrailer: Expires\r\n\r\n"
     "1\r\na\r\n000\r\nExpires: never\r\nHost: again\r\n\r\n",
	REQUEST_METHOD_POST, "/update", "a", 1},
    {"POST /update HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
	REQUEST_METHOD_POST, "/update", "", 1},
    {"DELETE /update HTTP/1.1\r\n" HOST "\r\n", REQUEST_METHOD_DELETE, "/update", "", 1},
    {"PATCH /account HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\n{}", REQUEST_METHOD_PATCH,
	"/account", "{}", 1},
    {"PUT /update HTTP/1.1\r\n" HOST "\r\n", REQUEST_METHOD_OTHER, "/update", "", 1},
    {"GET /health HTTP/1.1\r\n" HOST "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
     "HTTP2-Settings: AAMAAABk\r\n\r\n",
	REQUEST_METHOD_GET, "/health", "", 1},
    {"POST /update HTTP/1.1\r\n" HOST "Connection: Upgrade\r\nUpgrade: h2c\r\n"
     "Content-Length: 2\r\n\r\n{}",
	REQUEST_METHOD_POST, "/update", "{}", 1},
};

static void
check_accepted(const struct accepted *row, size_t piece)
{
	struct request request;
	char bytes[1024];
	size_t length = strlen(row->bytes);

	/* What follows is the next request's, in whatever packet it comes. */
	snprintf(bytes, sizeof(bytes), "%sGET /next HTTP/1.1\r\n" HOST "\r\n", row->bytes);
	request_init(&request);
	ck_assert_uint_eq(feed(&request, bytes, strlen(bytes), piece), length);
	ck_assert_int_eq(request.phase, REQUEST_COMPLETE);
	ck_assert_int_eq(request.method, row->method);
	ck_assert_uint_eq(request.target.length, strlen(row->target));
	ck_assert_mem_eq(request.target.data, row->target, request.target.length);
	ck_assert_uint_eq(request.body.length, strlen(row->body));
	if (request.body.length > 0)
		ck_assert_mem_eq(request.body.data, row->body, request.body.length);
	ck_assert_int_eq(request.keep_alive, row->keep_alive);

	request_reset(&request);
	ck_assert_uint_gt(feed(&request, bytes + length, strlen(bytes) - length, piece), 0);
	ck_assert_int_eq(request.phase, REQUEST_COMPLETE);
	ck_assert_mem_eq(request.target.data, "/next", 5);
	request_reset(&request);
}

START_TEST(takes_what_is_right)
{
	const struct accepted *row = &accepted[_i];

	for (size_t piece = 1; piece <= strlen(row->bytes) + 40; piece++)
		check_accepted(row, piece);
}
END_TEST

START_TEST(waits_at_every_prefix)
{
	const char *bytes = accepted[_i].bytes;

	for (size_t length = 0; length < strlen(bytes); length++) {
		char *copy = malloc(length + 1);
		struct request request;

		ck_assert_ptr_nonnull(copy);
		memcpy(copy, bytes, length);
		request_init(&request);
		ck_assert_uint_eq(feed(&request, copy, length, length + 1), length);
		ck_assert_int_lt(request.phase, REQUEST_COMPLETE);
		request_reset(&request);
		free(copy);
	}
}
END_TEST

struct refused {
	const char *bytes;
	enum response_error error; /* NONE: which one is left to the release of llhttp */
};

#define POST "POST /update HTTP/1.1\r\n"

static const struct refused refused[] = {
    /* framing that two readers could understand differently */
    {POST HOST "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n",
	RESPONSE_ERROR_BAD_REQUEST},
    {POST HOST "Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n",
	RESPONSE_ERROR_BAD_REQUEST},
    {POST HOST "Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}", RESPONSE_ERROR_BAD_REQUEST},
    {POST HOST "Content-Length: 2, 2\r\n\r\n{}", RESPONSE_ERROR_BAD_REQUEST},
    {POST HOST "Content-Length: +2\r\n\r\n{}", RESPONSE_ERROR_BAD_REQUEST},
    {POST HOST "Content-Length: -2\r\n\r\n{}", RESPONSE_ERROR_BAD_REQUEST},
    {POST HOST "Content-Length: 0x2\r\n\r\n{}", RESPONSE_ERROR_BAD_REQUEST},
    {POST HOST "Content-Length:\r\n\r\n", RESPONSE_ERROR_BAD_REQUEST},
    {POST HOST "Content-Length: 99999999999999999999\r\n\r\n", RESPONSE_ERROR_BAD_REQUEST},
    {POST HOST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
	RESPONSE_ERROR_NONE},
    {POST HOST "Transfer-Encoding: gzip, chunked\r\n\r\n", RESPONSE_ERROR_NOT_IMPLEMENTED},
    {POST HOST "Transfer-Encoding: chunked, gzip\r\n\r\n", RESPONSE_ERROR_NONE},
    {POST HOST "Transfer-Encoding: identity\r\n\r\n", RESPONSE_ERROR_NOT_IMPLEMENTED},
    {POST HOST "Transfer-Encoding: xchunked\r\n\r\n", RESPONSE_ERROR_NOT_IMPLEMENTED},
    {POST HOST "Transfer-Encoding : chunked\r\n\r\n", RESPONSE_ERROR_BAD_REQUEST},
    {POST HOST "Content-Length : 2\r\n\r\n{}", RESPONSE_ERROR_BAD_REQUEST},
    {"POST /update HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", RESPONSE_ERROR_BAD_REQUEST},
    /* lines */
    {"GET / HTTP/1.1\n" HOST "\r\n", RESPONSE_ERROR_BAD_REQUEST},
    {"GET / HTTP/1.1\r\nHost: a\n\r\n", RESPONSE_ERROR_BAD_REQUEST},
    {"GET / HTTP/1.1\r\n" HOST "\n", RESPONSE_ERROR_BAD_REQUEST},
    {"\nGET / HTTP/1.1\r\n" HOST "\r\n", RESPONSE_ERROR_BAD_REQUEST},
    {"GET / HTTP/1.1\r" HOST "\r\n", RESPONSE_ERROR_BAD_REQUEST},
    {"GET / HTTP/1.1\r\n" HOST "X: a\rb\r\n\r\n", RESPONSE_ERROR_BAD_REQUEST},
    /* obsolete line folding (RFC 9112, 5.2) */
    {"GET / HTTP/1.1\r\n" HOST "X: a\r\n folded\r\n\r\n", RESPONSE_ERROR_BAD_REQUEST},
    {"GET / HTTP/1.1\r\n" HOST "X: a\r\n\tfolded\r\n\r\n", RESPONSE_ERROR_BAD_REQUEST},
    {"GET / HTTP/1.1\r\n Host: a\r\n\r\n", RESPONSE_ERROR_BAD_REQUEST},
    /* fields */
    {"GET / HTTP/1.1\r\n" HOST "X: a\001b\r\n\r\n", RESPONSE_ERROR_BAD_REQUEST},
    {"GET / HTTP/1.1\r\n" HOST "X y: a\r\n\r\n", RESPONSE_ERROR_BAD_REQUEST},
    {"GET / HTTP/1.1\r\n" HOST ": a\r\n\r\n", RESPONSE_ERROR_BAD_REQUEST},
    {"GET / HTTP/1.1\r\n" HOST "no colon\r\n\r\n", RESPONSE_ERROR_BAD_REQUEST},
    /* chunks */
    {POST HOST "Transfer-Encoding: chunked\r\n\r\n1\na", RESPONSE_ERROR_BAD_REQUEST},
    {POST HOST "Transfer-Encoding: chunked\r\n\r\n1\r\naa", RESPONSE_ERROR_BAD_REQUEST},
    {POST HOST "Transfer-Encoding: chunked\r\n\r\n1\r\na\n", RESPONSE_ERROR_BAD_REQUEST},
    {POST HOST "Transfer-Encoding: chunked\r\n\r\n 1\r\n", RESPONSE_ERROR_BAD_REQUEST},
    {POST HOST "Transfer-Encoding: chunked\r\n\r\n0x1\r\n", RESPONSE_ERROR_BAD_REQUEST},
    {POST HOST "Transfer-Encoding: chunked\r\n\r\n-1\r\n", RESPONSE_ERROR_BAD_REQUEST},
    {POST HOST "Transfer-Encoding: chunked\r\n\r\n\r\n", RESPONSE_ERROR_BAD_REQUEST},
    {POST HOST "Transfer-Encoding: chunked\r\n\r\n1;a\nb\r\n", RESPONSE_ERROR_BAD_REQUEST},
    {POST HOST "Transfer-Encoding: chunked\r\n\r\n10000000000000000\r\n",
	RESPONSE_ERROR_BAD_REQUEST},
    {POST HOST "Transfer-Encoding: chunked\r\n\r\n0\r\nX: a\n\r\n", RESPONSE_ERROR_BAD_REQUEST},
    {POST HOST "Transfer-Encoding: chunked\r\n\r\n0\r\nX: a\r\n b\r\n\r\n",
	RESPONSE_ERROR_BAD_REQUEST},
    {POST HOST "Transfer-Encoding: chunked\r\n\r\n0\r\n\n", RESPONSE_ERROR_BAD_REQUEST},
    /* Host */
    {"GET / HTTP/1.1\r\n\r\n", RESPONSE_ERROR_BAD_REQUEST},
    {"GET / HTTP/1.1\r\n" HOST HOST "\r\n", RESPONSE_ERROR_BAD_REQUEST},
    {"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", RESPONSE_ERROR_BAD_REQUEST},
    {"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", RESPONSE_ERROR_BAD_REQUEST},
    {"GET / HTTP/1.1\r\nHost: user@a\r\n\r\n", RESPONSE_ERROR_BAD_REQUEST},
    /* the request line */
    {"GET / HTTP/2.0\r\n" HOST "\r\n", RESPONSE_ERROR_VERSION},
    {"GET / HTTP/0.9\r\n" HOST "\r\n", RESPONSE_ERROR_VERSION},
    {"GET / HTTP/1.2\r\n" HOST "\r\n", RESPONSE_ERROR_VERSION},
    {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", RESPONSE_ERROR_VERSION},
    {"GET / HTTP/3.0\r\n" HOST "\r\n", RESPONSE_ERROR_VERSION},
    {"GET / HTTP/1.10\r\n" HOST "\r\n", RESPONSE_ERROR_NONE},
    {"GET / HTTP/1\r\n" HOST "\r\n", RESPONSE_ERROR_NONE},
    {"GET / HTTP/:.1\r\n" HOST "\r\n", RESPONSE_ERROR_NONE},
    {"GET /\r\n" HOST "\r\n", RESPONSE_ERROR_BAD_REQUEST},
    {"OPTIONS / RTSP/1.0\r\n" HOST "\r\n", RESPONSE_ERROR_BAD_REQUEST},
    {"SOURCE / ICE/1.0\r\n" HOST "\r\n", RESPONSE_ERROR_BAD_REQUEST},
    {"get / HTTP/1.1\r\n" HOST "\r\n", RESPONSE_ERROR_NOT_IMPLEMENTED},
    {"!#$%&'*+-.^_`|~0 / HTTP/1.1\r\n" HOST "\r\n", RESPONSE_ERROR_NOT_IMPLEMENTED},
    {"(GET) / HTTP/1.1\r\n" HOST "\r\n", RESPONSE_ERROR_BAD_REQUEST},
    {"GET http:///health HTTP/1.1\r\n" HOST "\r\n", RESPONSE_ERROR_BAD_REQUEST},
    {"GET http:// HTTP/1.1\r\n" HOST "\r\n", RESPONSE_ERROR_BAD_REQUEST},
    {"GET http://:80/health HTTP/1.1\r\n" HOST "\r\n", RESPONSE_ERROR_BAD_REQUEST},
    {"GET http://?a HTTP/1.1\r\n" HOST "\r\n", RESPONSE_ERROR_BAD_REQUEST},
    {"GET http://user:word@a/health HTTP/1.1\r\n" HOST "\r\n", RESPONSE_ERROR_BAD_REQUEST},
    {"FETCH / HTTP/1.1\r\n" HOST "\r\n", RESPONSE_ERROR_NOT_IMPLEMENTED},
    {"\026\003\001\002", RESPONSE_ERROR_BAD_REQUEST},
    {"GET  / HTTP/1.1\r\n" HOST "\r\n", RESPONSE_ERROR_BAD_REQUEST},
    {"GET /  HTTP/1.1\r\n" HOST "\r\n", RESPONSE_ERROR_BAD_REQUEST},
    {"GET / HTTP/1.1 \r\n" HOST "\r\n", RESPONSE_ERROR_NONE},
    {"GET /\001 HTTP/1.1\r\n" HOST "\r\n", RESPONSE_ERROR_BAD_REQUEST},
    {"GET / FTP/1.1\r\n" HOST "\r\n", RESPONSE_ERROR_BAD_REQUEST},
    /* expectations and sizes */
    {POST HOST "Expect: 200-ok\r\n\r\n", RESPONSE_ERROR_EXPECTATION},
    {POST HOST "Content-Length: 65537\r\n\r\n", RESPONSE_ERROR_BODY_TOO_LARGE},
    {POST HOST "Transfer-Encoding: chunked\r\n\r\n10001\r\n", RESPONSE_ERROR_BODY_TOO_LARGE},
    {POST HOST "Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n10000\r\n",
	RESPONSE_ERROR_BODY_TOO_LARGE},
};

START_TEST(refuses_what_is_wrong)
{
	const struct refused *row = &refused[_i];

	for (size_t piece = 1; piece <= strlen(row->bytes); piece++) {
		struct request request;

		request_init(&request);
		feed(&request, row->bytes, strlen(row->bytes), piece);
		ck_assert_msg(request.phase == REQUEST_FAILED, "accepted: %s", row->bytes);
		ck_assert_int_ne(request.error, RESPONSE_ERROR_NONE);
		ck_assert_msg(row->error == RESPONSE_ERROR_NONE || request.error == row->error,
		    "%s instead of %s: %s", response_error_word(request.error),
		    response_error_word(row->error), row->bytes);
		request_reset(&request);
	}
}
END_TEST

START_TEST(refuses_nul)
{
	static const char places[][32] = {"GET /@ HTTP/1.1\r\n", "GET / HTTP/1.1\r\nX@: a\r\n",
	    "GET / HTTP/1.1\r\nX: @\r\n", "GET / HTTP/1.1\r\n@\r\n", "@GET / HTTP/1.1\r\n"};

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		size_t length = strlen(places[i]);
		struct request request;
		char bytes[32];

		memcpy(bytes, places[i], sizeof(bytes));
		*strchr(bytes, '@') = '\0';
		request_init(&request);
		feed(&request, bytes, length, 1);
		ck_assert_int_eq(request.phase, REQUEST_FAILED);
		ck_assert_int_eq(request.error, RESPONSE_ERROR_BAD_REQUEST);
		request_reset(&request);
	}
}
END_TEST

/* Writes `head`, `count` times `filler`, and `tail`; the caller frees. */
static char *
compose(const char *head, char filler, size_t count, const char *tail)
{
	char *bytes = malloc(strlen(head) + count + strlen(tail) + 1);

	ck_assert_ptr_nonnull(bytes);
	memcpy(bytes, head, strlen(head));
	memset(bytes + strlen(head), filler, count);
	memcpy(bytes + strlen(head) + count, tail, strlen(tail) + 1);
	return bytes;
}

struct limit {
	const char *head;
	char filler;
	size_t count; /* the most that is allowed */
	const char *tail;
	enum response_error error; /* with one byte more */
};

#define FIELD_HEAD "GET / HTTP/1.1\r\n" HOST "X: "

static const struct limit limits[] = {
    {"GET /", 'a', REQUEST_MAX_TARGET - 1, " HTTP/1.1\r\n" HOST "\r\n",
	RESPONSE_ERROR_TARGET_TOO_LONG},
    {FIELD_HEAD, 'a', REQUEST_MAX_HEAD - (sizeof(FIELD_HEAD) - 1) - 4, "\r\n\r\n",
	RESPONSE_ERROR_HEAD_TOO_LARGE},
    {POST HOST "Transfer-Encoding: chunked\r\n\r\n0\r\nX: ", 'a', REQUEST_MAX_HEAD - 3 - 4,
	"\r\n\r\n", RESPONSE_ERROR_HEAD_TOO_LARGE},
    {"GET / HTTP/1.1\r\nHost: ", 'a', REQUEST_MAX_FIELD_VALUE, "\r\n\r\n",
	RESPONSE_ERROR_BAD_REQUEST},
};

START_TEST(keeps_its_limits)
{
	const struct limit *row = &limits[_i];

	for (size_t piece = 1; piece < 40000; piece = piece * 7 + 1) {
		for (size_t over = 0; over <= 1; over++) {
			char *bytes = compose(row->head, row->filler, row->count + over, row->tail);
			struct request request;

			request_init(&request);
			feed(&request, bytes, strlen(bytes), piece);
			ck_assert_int_eq(request.phase, over ? REQUEST_FAILED : REQUEST_COMPLETE);
			ck_assert_int_eq(request.error, over ? row->error : RESPONSE_ERROR_NONE);
			request_reset(&request);
			free(bytes);
		}
	}
}
END_TEST

START_TEST(takes_a_body_of_64_kib)
{
	char *bytes = compose(POST HOST "Content-Length: 65536\r\n\r\n", 'a', 65536, "");
	struct request request;

	request_init(&request);
	feed(&request, bytes, strlen(bytes), 1000);
	ck_assert_int_eq(request.phase, REQUEST_COMPLETE);
	ck_assert_uint_eq(request.body.length, 65536);
	request_reset(&request);
	free(bytes);
}
END_TEST

/* A length that is too large is refused with the head, before the body is sent. */
START_TEST(refuses_a_large_body_at_once)
{
	const char *bytes = POST HOST "Content-Length: 65537\r\n\r\n";
	struct request request;

	request_init(&request);
	feed(&request, bytes, strlen(bytes), 1000);
	ck_assert_int_eq(request.phase, REQUEST_FAILED);
	ck_assert_int_eq(request.error, RESPONSE_ERROR_BODY_TOO_LARGE);
	request_reset(&request);
}
END_TEST

START_TEST(refuses_large_chunks)
{
	char *one =
	    compose(POST HOST "Transfer-Encoding: chunked\r\n\r\n10001\r\n", 'a', 65537, "");
	char *two = compose(POST HOST "Transfer-Encoding: chunked\r\n\r\n1\r\nb\r\n10000\r\n", 'a',
	    65536, "\r\n0\r\n\r\n");
	char *extension =
	    compose(POST HOST "Transfer-Encoding: chunked\r\n\r\n1;", 'a', REQUEST_MAX_CODED, "");
	char *all[] = {one, two, extension};

	for (size_t i = 0; i < 3; i++) {
		struct request request;

		request_init(&request);
		feed(&request, all[i], strlen(all[i]), 4096);
		ck_assert_int_eq(request.phase, REQUEST_FAILED);
		ck_assert_int_eq(request.error, RESPONSE_ERROR_BODY_TOO_LARGE);
		request_reset(&request);
		free(all[i]);
	}
}
END_TEST

#define KEY  "ngJfuLaiYMZ3NBcnBXHJTlpNbXkZGQKSXp53nPQE"
#define USER "8e5700ea-a4bf-41c7-8a77-e990661dcc6a"

static const struct {
	const char *fields;
	size_t user, key; /* lengths found */
} credentials[] = {
    {"", 0, 0},
    {"X-Api-User: " USER "\r\nX-Api-Key: " KEY "\r\n", 36, 40},
    {"x-api-user:" USER "\r\nX-API-KEY:\t " KEY " \t\r\n", 36, 40},
    {"X-Api-User:\r\nX-Api-Key:  \r\n", 0, 0},
    {"X-Api-User: " USER "\r\nX-Api-User: " USER "\r\n", 0, 0},
    {"X-Api-Key: " KEY "\r\nX-Api-Key: " KEY "\r\nX-Api-Key: " KEY "\r\n", 0, 0},
    {"X-Api-Key: " KEY "x\r\n", 0, 0},
    {"X-Api-Key: ngJfuLaiYMZ3NBcnBXHJTlpNbXkZGQKSXp53nPQ\r\n", 0, 0},
    {"X-Api-User: " USER USER "\r\n", 0, 0},
    {"X-Api-User: " KEY KEY KEY KEY KEY KEY KEY "\r\nX-Api-Key: " KEY "\r\n", 0, 40},
    {"X-Api-Users: " USER "\r\nAX-Api-User: " USER "\r\n", 0, 0},
    {"X-Api-User-" KEY ": " USER "\r\n", 0, 0},
    {"Authorization: Basic\r\nAuthorization: Basic !\r\nX-Api-User: " USER "\r\n", 36, 0},
};

START_TEST(keeps_credentials)
{
	for (size_t piece = 1; piece < 500; piece += 1 + piece / 8) {
		char bytes[1024];
		struct request request;

		snprintf(bytes, sizeof(bytes), POST HOST "%s\r\n", credentials[_i].fields);
		request_init(&request);
		feed(&request, bytes, strlen(bytes), piece);
		ck_assert_int_eq(request.phase, REQUEST_COMPLETE);
		ck_assert_uint_eq(request.user.length, credentials[_i].user);
		ck_assert_mem_eq(request.user.bytes, USER, request.user.length);
		ck_assert_uint_eq(request.key.length, credentials[_i].key);
		ck_assert_mem_eq(request.key.bytes, KEY, request.key.length);
		request_reset(&request);
		ck_assert_uint_eq(request.user.length + request.key.length, 0);
	}
}
END_TEST

static const struct {
	const char *bytes;
	int awaits;
} expectations[] = {
    {POST HOST "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n", 1},
    {POST HOST "Expect: 100-Continue\r\nTransfer-Encoding: chunked\r\n\r\n", 1},
    {POST HOST "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n{", 0},
    {POST HOST "Expect: 100-continue\r\nContent-Length: 2\r\n", 0},
    {POST HOST "Expect: 100-continue\r\n\r\n", 0},
    {POST HOST "Content-Length: 2\r\n\r\n", 0},
    {"POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n", 0},
};

START_TEST(knows_who_awaits_a_continue)
{
	const char *bytes = expectations[_i].bytes;
	struct request request;

	request_init(&request);
	feed(&request, bytes, strlen(bytes), 1000);
	ck_assert_int_ne(request.phase, REQUEST_FAILED);
	ck_assert_int_eq(request_awaits_continue(&request), expectations[_i].awaits);
	request_reset(&request);
}
END_TEST

START_TEST(takes_nothing_after_the_end)
{
	const char *bytes = "GET / HTTP/1.1\r\n" HOST "\r\n";
	struct request request;
	size_t used;

	request_init(&request);
	ck_assert_int_eq(request_feed(&request, bytes, strlen(bytes), &used), REQUEST_COMPLETE);
	ck_assert_int_eq(request_feed(&request, bytes, strlen(bytes), &used), REQUEST_COMPLETE);
	ck_assert_uint_eq(used, 0);
	request_reset(&request);
	ck_assert_int_eq(request_feed(&request, "\1", 1, &used), REQUEST_FAILED);
	ck_assert_int_eq(request_feed(&request, bytes, strlen(bytes), &used), REQUEST_FAILED);
	ck_assert_uint_eq(used, 0);
	request_reset(&request);
}
END_TEST

START_TEST(survives_each_failing_allocation)
{
	const char *bytes =
	    POST HOST "X-Forwarded-For: a\r\nForwarded: for=a\r\nContent-Length: 2\r\n\r\n{}";
	struct request request;
	unsigned nth;

	for (nth = 1;; nth++) {
		request_init(&request);
		failing_malloc_at(nth);
		feed(&request, bytes, strlen(bytes), 1000);
		failing_malloc_at(0);
		if (request.phase == REQUEST_COMPLETE)
			break;
		ck_assert_int_eq(request.error, RESPONSE_ERROR_BUSY);
		request_reset(&request);
	}
	ck_assert_uint_eq(nth, 5); /* target, two lists and body: one allocation each */
	request_reset(&request);
}
END_TEST

static const struct {
	const char *fields, *forwarded_for, *forwarded;
} lists[] = {
    {"", "", ""},
    {"X-Forwarded-For: 192.0.2.1\r\n", "192.0.2.1,", ""},
    {"x-forwarded-for:a,\tb \r\nX: y\r\nX-FORWARDED-FOR:\r\nX-Forwarded-For: c\r\n", "a,\tb ,,c,",
	""},
    {"Forwarded: for=a\r\nX-Forwarded-For: b\r\nForwarded: for=c\r\n", "b,", "for=a,for=c,"},
    {"X-Forwarded-Fo: a\r\nX-Forwarded-For2: b\r\nForward: c\r\n", "", ""},
    {"X-Forwarded-For: " KEY KEY KEY KEY KEY KEY KEY KEY "\r\n",
	KEY KEY KEY KEY KEY KEY KEY KEY ",", ""},
};

START_TEST(keeps_lists_of_proxies)
{
	for (size_t piece = 1; piece < 500; piece += 1 + piece / 8) {
		char bytes[1024];
		struct request request;

		snprintf(bytes, sizeof(bytes),
		    POST HOST "%sTransfer-Encoding: chunked\r\n\r\n0\r\n"
			      "X-Forwarded-For: trailer\r\n\r\n",
		    lists[_i].fields);
		request_init(&request);
		feed(&request, bytes, strlen(bytes), piece);
		ck_assert_int_eq(request.phase, REQUEST_COMPLETE);
		ck_assert_uint_eq(request.forwarded_for.length, strlen(lists[_i].forwarded_for));
		if (request.forwarded_for.length > 0)
			ck_assert_mem_eq(request.forwarded_for.data, lists[_i].forwarded_for,
			    request.forwarded_for.length);
		ck_assert_uint_eq(request.forwarded.length, strlen(lists[_i].forwarded));
		if (request.forwarded.length > 0)
			ck_assert_mem_eq(
			    request.forwarded.data, lists[_i].forwarded, request.forwarded.length);
		request_reset(&request);
		ck_assert_uint_eq(request.forwarded_for.length + request.forwarded.length, 0);
	}
}
END_TEST

static Suite *
request_suite(void)
{
	Suite *suite = suite_create("request");
	TCase *tests = tcase_create("request");

	tcase_add_loop_test(tests, takes_what_is_right, 0, ROWS(accepted));
	tcase_add_loop_test(tests, waits_at_every_prefix, 0, ROWS(accepted));
	tcase_add_loop_test(tests, refuses_what_is_wrong, 0, ROWS(refused));
	tcase_add_test(tests, refuses_nul);
	tcase_add_loop_test(tests, keeps_its_limits, 0, ROWS(limits));
	tcase_add_test(tests, takes_a_body_of_64_kib);
	tcase_add_test(tests, refuses_a_large_body_at_once);
	tcase_add_test(tests, refuses_large_chunks);
	tcase_add_loop_test(tests, keeps_credentials, 0, ROWS(credentials));
	tcase_add_loop_test(tests, keeps_lists_of_proxies, 0, ROWS(lists));
	tcase_add_loop_test(tests, knows_who_awaits_a_continue, 0, ROWS(expectations));
	tcase_add_test(tests, takes_nothing_after_the_end);
	tcase_add_test(tests, survives_each_failing_allocation);
	suite_add_tcase(suite, tests);
	return suite;
}

int
main(void)
{
	return suite_run(request_suite());
}
