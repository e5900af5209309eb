/*
 * What the API answers: every error with its status and word, the answers of acme-dns
 * byte for byte, an account, and the head around them (RFC 9110, RFC 9112). Pure.
 */
#ifndef APID_RESPONSE_H
#define APID_RESPONSE_H

#include "buf.h"
#include "message.h"

#include <time.h>

enum {
	RESPONSE_MAX_BODY =
	    64 * 1024, /* an account with 256 networks and 16 escaped values has 52 KiB */
	RESPONSE_MAX = RESPONSE_MAX_BODY + 1024
};

/* Why there is no other answer. Its status and its word are in one table in response.c. */
enum response_error {
	RESPONSE_ERROR_NONE,
	RESPONSE_ERROR_BAD_REQUEST,
	RESPONSE_ERROR_MALFORMED_JSON,
	RESPONSE_ERROR_BAD_NETWORK,
	RESPONSE_ERROR_BAD_SUBDOMAIN,
	RESPONSE_ERROR_BAD_TXT,
	RESPONSE_ERROR_FORBIDDEN,
	RESPONSE_ERROR_REGISTRATION_FORBIDDEN,
	RESPONSE_ERROR_NOT_FOUND,
	RESPONSE_ERROR_METHOD,
	RESPONSE_ERROR_TIMEOUT,
	RESPONSE_ERROR_BODY_TOO_LARGE,
	RESPONSE_ERROR_TARGET_TOO_LONG,
	RESPONSE_ERROR_EXPECTATION,
	RESPONSE_ERROR_TOO_MANY_REQUESTS,
	RESPONSE_ERROR_HEAD_TOO_LARGE,
	RESPONSE_ERROR_DATABASE,
	RESPONSE_ERROR_NOT_IMPLEMENTED,
	RESPONSE_ERROR_BUSY,	    /* a bound is reached or memory is short; nothing was tried */
	RESPONSE_ERROR_UNAVAILABLE, /* store cannot be asked, or its answer did not come */
	RESPONSE_ERROR_VERSION,
	RESPONSE_ERROR_NO_ROOM,	       /* store would rather keep what is left */
	RESPONSE_ERROR_HTTPS_REQUIRED, /* plain HTTP where TLS is spoken */
	RESPONSE_ERRORS
};

/* Which scripts in a browser may read an answer (Fetch standard, CORS protocol). All zero: not said. */
struct response_cors {
	int varies;	    /* caches are told that it depends on who asks */
	const char *origin; /* who may; borrowed, NULL: nobody else */
	int is_preflight;   /* the browser asks what a request may have */
};

struct response {
	unsigned status;
	unsigned retry_after; /* seconds; 0: no such header */
	const char *allow;    /* static; NULL: no such header */
	const char *type;     /* static: the body's media type */
	const char *policy;   /* Content-Security-Policy, borrowed; NULL: no such header */
	enum response_error error;
	struct response_cors cors;
	struct buf body; /* owned; may be empty */
};

/* How one answer is framed on its connection. */
struct response_framing {
	time_t now;
	int http_1_0;	/* the request was HTTP/1.0: staying open must then be said */
	int keep_alive; /* 0: "Connection: close" */
	int head_only;	/* answer to HEAD: no body */
	uint32_t hsts; /* seconds of Strict-Transport-Security (RFC 6797, 6.1); 0: no such header */
};

/* An empty answer; response_free() when done. Allocates nothing. */
void response_init(struct response *response, unsigned status);
void response_free(struct response *response);

/* The word of an error, as in {"error": "word"}. */
const char *response_error_word(enum response_error error);

/* The error for a result other than MESSAGE_RESULT_OK. */
enum response_error response_error_from_result(enum message_result result);

/*
 * These fill a response made by response_init(). When memory is short its body is `failed`,
 * and response_write() then refuses it.
 */
void response_set_error(struct response *response, enum response_error error);

/*
 * 201; the zone is text without a final dot. Unless `base_url` is NULL, it and the paths below it follow the five
 * classic keys.
 */
void response_set_registered(struct response *response,
    const struct message_register_answer *answer, const char *zone, const char *base_url);

/* 200; the account with its values and times (RFC 3339). */
void response_set_account(
    struct response *response, const struct message_account_answer *answer, const char *zone);

/* 200; an empty object. */
void response_set_deleted(struct response *response);

/* 200; the value comes back as it was sent. */
void response_set_updated(struct response *response, const char *txt, size_t length);

/*
 * Appends the whole answer, head and body, so that one write sends it. 0, or -1 when it does
 * not fit `out` or memory is short.
 */
int response_write(
    const struct response *response, const struct response_framing *framing, struct buf *out);

#endif
