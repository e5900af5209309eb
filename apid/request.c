/* One HTTP request out of its bytes: line rules of our own around llhttp. */
#include "request.h"

#include "authorization.h"

#include <string.h>
#include <strings.h>

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

static int
value_is(const char *value, size_t length, const char *word)
{
	return length == strlen(word) && strncasecmp(value, word, length) == 0;
}

/* The list that the field at hand is a line of; NULL if it is another field, or a trailer. */
static struct buf *
list_of_field(struct request *request)
{
	const char *name = request->field_name;
	size_t length = request->field_name_length;

	if (request->phase != REQUEST_HEAD)
		return NULL;
	if (value_is(name, length, "x-forwarded-for"))
		return &request->forwarded_for;
	return value_is(name, length, "forwarded") ? &request->forwarded : NULL;
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

/* uri-host [ ":" port ] of RFC 3986, as far as single characters tell; may be empty. */
static int
host_is_valid(const char *host, size_t length)
{
	static const char punctuation[] = "-._~!$&'()*+,;=:[]%";

	for (size_t i = 0; i < length; i++) {
		char byte = host[i];

		if ((byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
		    (byte >= '0' && byte <= '9'))
			continue;
		if (byte == '\0' || strchr(punctuation, byte) == NULL)
			return 0;
	}
	return 1;
}

static int
take_host(struct request *request, const char *value, size_t length)
{
	if (++request->hosts > 1 || !host_is_valid(value, length)) {
		fail(request, RESPONSE_ERROR_BAD_REQUEST);
		return -1;
	}
	return 0;
}

static int
take_coding(struct request *request, const char *value, size_t length)
{
	if (++request->codings > 1 || !value_is(value, length, "chunked")) {
		fail(request, RESPONSE_ERROR_NOT_IMPLEMENTED);
		return -1;
	}
	return 0;
}

static int
take_expectation(struct request *request, const char *value, size_t length)
{
	if (!value_is(value, length, "100-continue")) {
		fail(request, RESPONSE_ERROR_EXPECTATION);
		return -1;
	}
	request->expects_continue = 1;
	return 0;
}

static int
take_user(struct request *request, const char *value, size_t length)
{
	struct request_user *user = &request->user;

	user->length = ++user->times == 1 && length <= sizeof(user->bytes) ? length : 0;
	memcpy(user->bytes, value, user->length);
	return 0;
}

static int
take_key(struct request *request, const char *value, size_t length)
{
	struct request_key *key = &request->key;

	key->length = ++key->times == 1 && length == sizeof(key->bytes) ? length : 0;
	memcpy(key->bytes, value, key->length);
	return 0;
}

static int
take_registration_token(struct request *request, const char *value, size_t length)
{
	struct request_token *token = &request->registration_token;

	token->length = ++token->times == 1 && length <= sizeof(token->bytes) ? length : 0;
	memcpy(token->bytes, value, token->length);
	return 0;
}

static int
take_authorization(struct request *request, const char *value, size_t length)
{
	struct request_token *token = &request->authorization;

	token->length = ++token->times == 1 ? authorization_token(value, length, token->bytes) : 0;
	return 0;
}

static int
take_origin(struct request *request, const char *value, size_t length)
{
	struct request_origin *origin = &request->origin;

	origin->length = ++origin->times == 1 ? length : 0;
	memcpy(origin->bytes, value, origin->length);
	return 0;
}

/* What is looked at, and what a value is that is longer than any good one. */
static const struct {
	const char *name;
	int (*take)(struct request *request, const char *value, size_t length);
	enum response_error too_long; /* none: as if it were empty */
} fields[] = {
    {"host", take_host, RESPONSE_ERROR_BAD_REQUEST},
    {"transfer-encoding", take_coding, RESPONSE_ERROR_NOT_IMPLEMENTED},
    {"expect", take_expectation, RESPONSE_ERROR_EXPECTATION},
    {"x-api-user", take_user, RESPONSE_ERROR_NONE},
    {"x-api-key", take_key, RESPONSE_ERROR_NONE},
    {"x-registration-token", take_registration_token, RESPONSE_ERROR_NONE},
    {"authorization", take_authorization, RESPONSE_ERROR_NONE},
    {"origin", take_origin, RESPONSE_ERROR_NONE},
};

/* The value without the blanks around it, which llhttp leaves at its end (RFC 9112, 5.1). */
static size_t
trim(const char **value, size_t length)
{
	while (length > 0 && ((*value)[length - 1] == ' ' || (*value)[length - 1] == '\t'))
		length--;
	while (length > 0 && (**value == ' ' || **value == '\t')) {
		(*value)++;
		length--;
	}
	return length;
}

static int
take_field(struct request *request, size_t row)
{
	const char *value = request->field_value;
	size_t length = request->field_value_length;

	if (length > sizeof(request->field_value)) {
		if (fields[row].too_long != RESPONSE_ERROR_NONE) {
			fail(request, fields[row].too_long);
			return -1;
		}
		length = 0;
	}
	length = trim(&value, length);
	return fields[row].take(request, value, length);
}

static int
on_header_value_complete(llhttp_t *parser)
{
	struct request *request = parser->data;
	struct buf *list = list_of_field(request);
	int verdict = 0;

	if (request->field_name_length == 0) {
		fail(request, RESPONSE_ERROR_BAD_REQUEST);
		return -1;
	}
	if (list != NULL)
		verdict = keep_in_list(request, list, ",", 1);
	/* A trailer is dropped, as RFC 9110, 6.5.1 has it. */
	for (size_t i = 0; request->phase == REQUEST_HEAD && i < sizeof(fields) / sizeof(*fields);
	    i++) {
		if (value_is(request->field_name, request->field_name_length, fields[i].name))
			verdict = take_field(request, i);
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
	return at > host && *host != ':' && host_is_valid(host, (size_t)(at - host));
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

/* Takes one byte of a line; an error if no line may have it there. */
static enum response_error
follow_line(struct request_lines *lines, char byte)
{
	int blank = byte == ' ' || byte == '\t';
	/* Parsers do not agree on a request line with more than one space between two words. */
	int doubled = byte == ' ' && lines->after_space && !lines->any && !lines->ends_when_empty;
	int folded = blank && !lines->line_begun;

	lines->line_begun = 1;
	lines->after_space = byte == ' ';
	lines->last = lines->last << 8 | (unsigned char)byte;
	return byte == '\0' || doubled || folded ? RESPONSE_ERROR_BAD_REQUEST : RESPONSE_ERROR_NONE;
}

/* What is wrong with a request line that ends in these bytes. llhttp takes RTSP and ICE for HTTP. */
static enum response_error
judge_version(uint64_t last)
{
	static const uint64_t form = 0x485454502f302e30; /* "HTTP/0.0" */
	static const uint64_t digits = 0x0f000f;	 /* the bits in which digits differ */
	unsigned major = last >> 16 & 0x0f, minor = last & 0x0f;

	if (((last ^ form) & ~digits) != 0 || major > 9 || minor > 9)
		return RESPONSE_ERROR_BAD_REQUEST;
	return major == 1 ? RESPONSE_ERROR_NONE : RESPONSE_ERROR_VERSION;
}

/*
 * Follows lines to the empty one that ends them. Returns how many bytes belong to them; `ended`
 * is 1 there. Stops with `error` set at a bare CR or LF, a NUL, a folded line, doubled spaces, and at the
 * end of a request line that is not for us.
 */
static size_t
follow_lines(struct request_lines *lines, const char *data, size_t length, int *ended)
{
	size_t i;

	*ended = 0;
	for (i = 0; i < length && !*ended && lines->error == RESPONSE_ERROR_NONE; i++) {
		char byte = data[i];

		if (lines->after_cr != (byte == '\n')) {
			lines->error = RESPONSE_ERROR_BAD_REQUEST;
		} else if (byte == '\n') {
			if (!lines->line_begun && (lines->any || lines->ends_when_empty))
				*ended = 1;
			if (lines->line_begun && !lines->any && !lines->ends_when_empty)
				lines->error = judge_version(lines->last);
			lines->any |= lines->line_begun;
			lines->after_cr = lines->after_space = lines->line_begun = 0;
		} else if (byte == '\r') {
			lines->after_cr = 1;
		} else {
			lines->error = follow_line(lines, byte);
		}
	}
	lines->bytes += i;
	return i;
}

/* Head or trailers: at most REQUEST_MAX_HEAD bytes, each checked before llhttp sees it. */
static size_t
feed_lines(struct request *request, const char *data, size_t length)
{
	size_t room = REQUEST_MAX_HEAD - request->lines.bytes, taken;
	int ended;

	taken = follow_lines(&request->lines, data, length < room ? length : room, &ended);
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
