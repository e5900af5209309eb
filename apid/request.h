/*
 * One HTTP/1.1 request, read from its bytes as they come: llhttp, with the limits and the
 * refusals that RFC 9112 asks of a server and llhttp leaves to it. Pure.
 *
 * Refused are bare CR and LF, obsolete line folding (5.2), HTTP/1.1 without exactly one valid
 * Host (3.2), an absolute target without a good authority (3.2.2; RFC 9110, 4.2.1 and 4.2.4), another
 * protocol's request line (2.3), Transfer-Encoding beside Content-Length or in HTTP/1.0 (6.1), codings other
 * than chunked. Only what the API needs is kept of the head: the target and a few fields.
 */
#ifndef APID_REQUEST_H
#define APID_REQUEST_H

#include "buf.h"
#include "message.h"
#include "request_lines.h"
#include "response.h"

#include <llhttp.h>
#include <stddef.h>

enum {
	REQUEST_MAX_HEAD = 16 * 1024,	/* bytes of request line and fields; trailers likewise */
	REQUEST_MAX_TARGET = 8000,	/* RFC 9112, 3: at least this much */
	REQUEST_MAX_BODY = 64 * 1024,	/* bytes, chunked coding removed */
	REQUEST_MAX_CODED = 512 * 1024, /* bytes of a body with its chunk sizes and extensions */
	REQUEST_MAX_FIELD_NAME = 32,	/* a longer name is none of ours */
	REQUEST_MAX_FIELD_VALUE = 256	/* a longer value of ours is refused, or is no credential */
};

enum request_method {
	REQUEST_METHOD_OTHER, /* known to llhttp, of no use here */
	REQUEST_METHOD_GET,
	REQUEST_METHOD_HEAD,
	REQUEST_METHOD_POST,
	REQUEST_METHOD_PATCH,
	REQUEST_METHOD_DELETE,
	REQUEST_METHOD_OPTIONS
};

enum request_phase {
	REQUEST_IDLE, /* nothing but empty lines so far */
	REQUEST_HEAD,
	REQUEST_BODY,
	REQUEST_COMPLETE,
	REQUEST_FAILED /* `error` says why; the connection cannot be read any further */
};

/* A credential header; absent, given twice and too long all leave `length` 0. */
struct request_user {
	char bytes[MESSAGE_MAX_USER];
	size_t length;
	unsigned times;
};

struct request_token {
	char bytes[MESSAGE_MAX_TOKEN];
	size_t length;
	unsigned times;
};

struct request_key {
	char bytes[MESSAGE_KEY];
	size_t length; /* 0 or MESSAGE_KEY */
	unsigned times;
};

/* Whose script sends it, as a browser says; likewise. */
struct request_origin {
	char bytes[REQUEST_MAX_FIELD_VALUE];
	size_t length;
	unsigned times;
};

struct request {
	llhttp_t parser;
	enum request_phase phase;
	enum response_error error;
	enum request_method method;
	struct buf target; /* as sent */
	struct buf body;
	struct request_user user;		 /* X-Api-User */
	struct request_key key;			 /* X-Api-Key */
	struct request_token registration_token; /* X-Registration-Token */
	struct request_token authorization;	 /* what Authorization presents as one */
	struct request_origin origin;
	/* All lines of such a field, each with a comma behind it. */
	struct buf forwarded_for; /* X-Forwarded-For */
	struct buf forwarded;	  /* Forwarded (RFC 7239) */
	int http_1_0;
	int keep_alive;	      /* what the client wants */
	int expects_continue; /* RFC 9110, 10.1.1 */

	/* Where the parsing stands; of no use to others. */
	struct request_lines lines;
	int in_lines; /* in head or trailers, not in chunks or content */
	int ended;    /* llhttp saw the end of the message */
	size_t coded_bytes;
	char field_name[REQUEST_MAX_FIELD_NAME];
	size_t field_name_length; /* above REQUEST_MAX_FIELD_NAME: too long to be ours */
	char field_value[REQUEST_MAX_FIELD_VALUE];
	size_t field_value_length; /* likewise */
	int in_field_value;
	unsigned hosts;
	unsigned codings;
};

/* Makes it ready for the first byte. Allocates nothing. The request must not be moved after. */
void request_init(struct request *request);

/* Forgets everything, wiping credentials, target and body: ready for the next request. */
void request_reset(struct request *request);

/*
 * Reads up to `length` bytes and says in `used` how many belong to this request; the rest is the
 * next request's. Returns the phase it is in then; does nothing after COMPLETE or FAILED.
 */
enum request_phase request_feed(
    struct request *request, const char *data, size_t length, size_t *used);

/* 1 if the client waits for "100 Continue" before it sends a body of which nothing is here. */
int request_awaits_continue(const struct request *request);

#endif
