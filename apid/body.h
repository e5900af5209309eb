/*
 * The JSON of the calls that have a body, read as acme-dns and its clients have it: keys in
 * any letter case, a key twice refused, unknown ones ignored, null the same as absent. Pure.
 *
 * jansson is strict (RFC 8259, trailing bytes refused, UTF-8 checked) and goes 2048 levels deep at
 * most; with the 64 KiB of a request that also bounds the memory.
 */
#ifndef APID_BODY_H
#define APID_BODY_H

#include "pack.h"

#include <stddef.h>

enum { BODY_MAX_NETWORKS = 256 };

enum body_verdict {
	BODY_OK,
	BODY_MALFORMED,
	BODY_BAD_NETWORK, /* too many entries of allowfrom, or one too long to be a network */
	BODY_NO_MEMORY
};

struct body_networks {
	int given; /* allowfrom is there */
	size_t count;
	struct slice networks[BODY_MAX_NETWORKS]; /* not looked into */
};

struct body_update {
	struct slice subdomain; /* empty when absent; any length */
	struct slice txt;	/* likewise; may contain NUL */
	int has_txt;
};

/* What slices point into. */
struct body {
	struct json_t *root; /* owned; NULL: nothing */
};

/*
 * Seeds the hash of JSON keys and sets jansson's allocator, which wipes what it frees: keys are among it. Once, before the first body and before
 * confinement: it may open a file.
 */
void body_prepare(void);

/*
 * These fill `body` and what they read, whose slices live until body_free(); with a verdict other than
 * BODY_OK there is nothing to free. An empty body is an empty object, but for an update.
 */
enum body_verdict body_read_register(
    struct body *body, const void *bytes, size_t length, struct body_networks *request);
enum body_verdict body_read_update(
    struct body *body, const void *bytes, size_t length, struct body_update *request);

/* What an account's owner sends: `allowfrom` is only looked at where `networks` is not NULL. */
enum body_verdict body_read_account(struct body *body, const void *bytes, size_t length,
    struct body_update *request, struct body_networks *networks);

void body_free(struct body *body);

#endif
