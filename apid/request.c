#include "request.h"

#include "request_field.h"

#include <string.h>

static int on_url(llhttp_t *parser, const char *at, size_t length);
static int on_header_field(llhttp_t *parser, const char *at, size_t length);
static int on_header_value(llhttp_t *parser, const char *at, size_t length);
static int on_header_value_complete(llhttp_t *parser);
static int on_headers_complete(llhttp_t *parser);
static int on_body(llhttp_t *parser, const char *at, size_t length);
static int on_chunk_header(llhttp_t *parser);
static int on_message_complete(llhttp_t *parser);

static const llhttp_settings_t settings = {
    .on_url = on_url,
    .on_header_field = on_header_field,
    .on_header_value = on_header_value,
    .on_header_value_complete = on_header_value_complete,
    .on_headers_complete = on_headers_complete,
    .on_body = on_body,
    .on_chunk_header = on_chunk_header,
    .on_message_complete = on_message_complete,
};

void
request_init(struct request *request)
{
	memset(request, 0, sizeof(*request));
	llhttp_init(&request->parser, HTTP_REQUEST, &settings);
	request->parser.data = request;
	request->in_lines = 1;
	buf_init(&request->target, REQUEST_MAX_TARGET);
	buf_init(&request->body, REQUEST_MAX_BODY);
	buf_init(&request->forwarded_for, REQUEST_MAX_HEAD);
	buf_init(&request->forwarded, REQUEST_MAX_HEAD);
}

void
request_reset(struct request *request)
{
	if (request->body.data != NULL)
		explicit_bzero(request->body.data, request->body.length);
	/* A registration token may stand in it. */
	if (request->target.data != NULL)
		explicit_bzero(request->target.data, request->target.length);
	buf_free(&request->body);
	buf_free(&request->target);
	buf_free(&request->forwarded_for);
	buf_free(&request->forwarded);
	explicit_bzero(request, sizeof(*request));
	request_init(request);
}

static enum request_phase
fail(struct request *request, enum response_error error)
{
	/* The first reason is the true one: llhttp's own comes after a callback's. */
	if (request->error == RESPONSE_ERROR_NONE)
		request->error = error;
	request->phase = REQUEST_FAILED;
	return request->phase;
}

/* Appends to target or body; what passes the maximum is `too_long`, else memory is short. */
static int
keep(struct request *request, struct buf *buf, const char *at, size_t length,
    enum response_error too_long)
{
	if (length > buf->maximum - buf->length) {
		fail(request, too_long);
		return -1;
	}
	if (buf_append(buf, at, length) != 0) {
		fail(request, RESPONSE_ERROR_BUSY);
		return -1;
	}
	return 0;
}

static int
on_url(llhttp_t *parser, const char *at, size_t length)
{
	struct request *request = parser->data;

	return keep(request, &request->target, at, length, RESPONSE_ERROR_TARGET_TOO_LONG);
}

/* Adds to a fixed buffer; `length` ends above `capacity` when it did not fit. */
static void
collect(char *bytes, size_t capacity, size_t *length, const char *at, size_t count)
{
	if (*length > capacity || count > capacity - *length) {
		*length = capacity + 1;
		return;
	}
	memcpy(bytes + *length, at, count);
	*length += count;
}

static int
on_header_field(llhttp_t *parser, const char *at, size_t length)
{
	struct request *request = parser->data;

	if (request->in_field_value) {
		request->in_field_value = 0;
		request->field_name_length = 0;
	}
	collect(request->field_name, sizeof(request->field_name), &request->field_name_length, at,
	    length);
	return 0;
}

/* The list that the field at hand is a line of; NULL if it is another field, or a trailer. */
static struct buf *
list_of_field(struct request *request)
{
	const char *name = request->field_name;
	size_t length = request->field_name_length;

	if (request->phase != REQUEST_HEAD)
		return NULL;
	if (request_value_is(name, length, "x-forwarded-for"))
		return &request->forwarded_for;
	return request_value_is(name, length, "forwarded") ? &request->forwarded : NULL;
}

/* A list has no bound of its own: cut at either end it would name somebody else. */
static int
keep_in_list(struct request *request, struct buf *list, const char *at, size_t length)
{
	return keep(request, list, at, length, RESPONSE_ERROR_HEAD_TOO_LARGE);
}

static int
on_header_value(llhttp_t *parser, const char *at, size_t length)
{
	struct request *request = parser->data;
	struct buf *list = list_of_field(request);

	if (list != NULL)
		return keep_in_list(request, list, at, length);
	collect(request->field_value, sizeof(request->field_value), &request->field_value_length,
	    at, length);
	return 0;
}

static int
on_header_value_complete(llhttp_t *parser)
{
	struct request *request = parser->data;
	struct buf *list = list_of_field(request);
	enum response_error error = RESPONSE_ERROR_NONE;
	int verdict = 0;

	if (request->field_name_length == 0) {
		fail(request, RESPONSE_ERROR_BAD_REQUEST);
		return -1;
	}
	if (list != NULL)
		verdict = keep_in_list(request, list, ",", 1);
	/* A trailer is dropped, as RFC 9110, 6.5.1 has it. */
	if (request->phase == REQUEST_HEAD)
		error = request_field_take(request);
	if (error != RESPONSE_ERROR_NONE) {
		fail(request, error);
		verdict = -1;
	}
	explicit_bzero(request->field_value, sizeof(request->field_value));
	request->field_value_length = 0;
	request->in_field_value = 1;
	return verdict;
}

/* 1 unless it is in absolute form (RFC 9112, 3.2.2) without a host, or with somebody's password. */
static int
target_is_valid(const struct buf *target)
{
	const char *text = (const char *)target->data, *end = text + target->length, *host, *at;

	if (target->length == 0 || *text == '/')
		return 1;
	host = memmem(text, target->length, "://", 3);
	if (host == NULL)
		return 1;
	host += 3;
	for (at = host; at < end && *at != '/' && *at != '?'; at++)
		;
	return at > host && *host != ':' && request_host_is_valid(host, (size_t)(at - host));
}

static enum request_method
method_from_parser(const llhttp_t *parser)
{
	switch (parser->method) {
	case HTTP_GET:
		return REQUEST_METHOD_GET;
	case HTTP_HEAD:
		return REQUEST_METHOD_HEAD;
	case HTTP_POST:
		return REQUEST_METHOD_POST;
	case HTTP_PATCH:
		return REQUEST_METHOD_PATCH;
	case HTTP_DELETE:
		return REQUEST_METHOD_DELETE;
	case HTTP_OPTIONS:
		return REQUEST_METHOD_OPTIONS;
	default:
		return REQUEST_METHOD_OTHER;
	}
}

static int
on_headers_complete(llhttp_t *parser)
{
	struct request *request = parser->data;

	request->method = method_from_parser(parser);
	request->http_1_0 = parser->http_minor == 0;
	request->keep_alive = llhttp_should_keep_alive(parser);
	if (!target_is_valid(&request->target))
		fail(request, RESPONSE_ERROR_BAD_REQUEST);
	else if (!request->http_1_0 && request->hosts == 0)
		fail(request, RESPONSE_ERROR_BAD_REQUEST);
	else if (request->http_1_0 && request->codings > 0)
		fail(request, RESPONSE_ERROR_BAD_REQUEST);
	else if (request->codings == 0 && parser->content_length > REQUEST_MAX_BODY)
		fail(request, RESPONSE_ERROR_BODY_TOO_LARGE);
	if (request->phase == REQUEST_FAILED)
		return -1;
	request->phase = REQUEST_BODY;
	request->in_lines = 0;
	return 0;
}

static int
on_body(llhttp_t *parser, const char *at, size_t length)
{
	struct request *request = parser->data;

	return keep(request, &request->body, at, length, RESPONSE_ERROR_BODY_TOO_LARGE);
}

/* A chunk that cannot fit is not waited for. After the last one trailers follow, by the rules of lines. */
static int
on_chunk_header(llhttp_t *parser)
{
	struct request *request = parser->data;

	if (parser->content_length > request->body.maximum - request->body.length) {
		fail(request, RESPONSE_ERROR_BODY_TOO_LARGE);
		return -1;
	}
	if (parser->content_length > 0)
		return 0;
	memset(&request->lines, 0, sizeof(request->lines));
	request->lines.ends_when_empty = 1;
	request->in_lines = 1;
	return HPE_PAUSED;
}

static int
on_message_complete(llhttp_t *parser)
{
	struct request *request = parser->data;

	/*
	 * The pause is also what ignores an offer to change the protocol (h2c, by Java's client):
	 * llhttp would take what follows for that protocol, but is made anew for each request.
	 */
	request->ended = 1;
	return HPE_PAUSED;
}

/* tchar of RFC 9110, 5.6.2. */
static int
is_token_byte(char byte)
{
	return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
	       (byte >= '0' && byte <= '9') ||
	       (byte != '\0' && strchr("!#$%&'*+-.^_`|~", byte) != NULL);
}

/* What llhttp refused; `at` is the byte it stopped at, or NULL. */
static enum response_error
error_from_parser(llhttp_errno_t code, const char *at)
{
	switch (code) {
	case HPE_INVALID_METHOD:
		/* A word that could be a method is one we do not know; else it is no HTTP. */
		return at != NULL && is_token_byte(*at) ? RESPONSE_ERROR_NOT_IMPLEMENTED
							: RESPONSE_ERROR_BAD_REQUEST;
	case HPE_INVALID_VERSION:
		return RESPONSE_ERROR_VERSION;
	default:
		return RESPONSE_ERROR_BAD_REQUEST;
	}
}

/* Gives llhttp `length` bytes; returns how many it took before it paused, failed or had all. */
static size_t
execute(struct request *request, const char *data, size_t length)
{
	llhttp_errno_t code = llhttp_execute(&request->parser, data, length);
	const char *at = llhttp_get_error_pos(&request->parser);

	if (code == HPE_OK)
		return length;
	if (code == HPE_PAUSED) {
		llhttp_resume(&request->parser);
		return (size_t)(at - data);
	}
	fail(request, error_from_parser(code, at));
	return length;
}

/* Head or trailers: at most REQUEST_MAX_HEAD bytes, each checked before llhttp sees it. */
static size_t
feed_lines(struct request *request, const char *data, size_t length)
{
	size_t room = REQUEST_MAX_HEAD - request->lines.bytes, taken;
	int ended;

	taken = request_lines_follow(&request->lines, data, length < room ? length : room, &ended);
	if (request->phase == REQUEST_IDLE && (request->lines.any || request->lines.line_begun))
		request->phase = REQUEST_HEAD;
	if (request->lines.error != RESPONSE_ERROR_NONE)
		fail(request, request->lines.error);
	else if (execute(request, data, taken) != taken && !request->ended)
		fail(request, RESPONSE_ERROR_BAD_REQUEST);
	else if (ended && request->in_lines && !request->ended)
		fail(request, RESPONSE_ERROR_BAD_REQUEST);
	else if (!ended && request->lines.bytes == REQUEST_MAX_HEAD)
		fail(request, RESPONSE_ERROR_HEAD_TOO_LARGE);
	return taken;
}

/* Content or chunks; stops where the message or, with chunks, the trailers' place begins. */
static size_t
feed_body(struct request *request, const char *data, size_t length)
{
	size_t room = REQUEST_MAX_CODED - request->coded_bytes, taken;

	if (room == 0) {
		fail(request, RESPONSE_ERROR_BODY_TOO_LARGE);
		return length;
	}
	taken = execute(request, data, length < room ? length : room);
	request->coded_bytes += taken;
	return taken;
}

enum request_phase
request_feed(struct request *request, const char *data, size_t length, size_t *used)
{
	*used = 0;
	while (*used < length && request->phase < REQUEST_COMPLETE) {
		const char *rest = data + *used;
		size_t left = length - *used;

		*used += request->in_lines ? feed_lines(request, rest, left)
					   : feed_body(request, rest, left);
		if (request->ended && request->phase == REQUEST_BODY)
			request->phase = REQUEST_COMPLETE;
	}
	return request->phase;
}

int
request_awaits_continue(const struct request *request)
{
	/* RFC 9110, 10.1.1: not to a 1.0 client, and not when content has already come. */
	return request->phase == REQUEST_BODY && request->expects_continue && !request->http_1_0 &&
	       request->coded_bytes == 0;
}
