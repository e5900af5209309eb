/*
 * DNS cookies (RFC 7873), with server cookies as RFC 9018 lays them down, so that servers of every
 * make that share a secret know each other's. Pure: time and address are arguments.
 *
 * They cost no memory and end no query: a cookie that is wrong or old is answered with a right
 * one. Whoever shows a right one is who he says he is, which rate limiting asks.
 */
#ifndef DNSD_COOKIE_H
#define DNSD_COOKIE_H

#include "pack.h"
#include "siphash.h"

#include <stddef.h>
#include <stdint.h>

enum {
	COOKIE_CLIENT = 8,	/* bytes of a client cookie */
	COOKIE_LENGTH = 24,	/* of an answer's: client cookie and server cookie */
	COOKIE_MAX_SECRETS = 2, /* one to make cookies with, one more while secrets roll over */
	COOKIE_MAX_ADDRESS = 16
};

struct cookie_secrets {
	unsigned count; /* 0: no cookies; the first makes them, all are believed */
	uint8_t keys[COOKIE_MAX_SECRETS][SIPHASH_KEY];
};

enum cookie_state {
	COOKIE_NONE,	    /* nothing was judged: none was sent, or cookies are off */
	COOKIE_MALFORMED,   /* of a length that no cookie has: FORMERR (RFC 7873, 5.2.2) */
	COOKIE_CLIENT_ONLY, /* the client has none of ours yet */
	COOKIE_WRONG,	    /* not ours, for somebody else, or too old */
	COOKIE_RIGHT
};

/*
 * Judges the option's data and, if it is not malformed, writes the cookie to answer with. `address`
 * is the client's, 4 or 16 bytes in network order; `now` in seconds since 1970.
 */
enum cookie_state cookie_answer(const struct cookie_secrets *secrets, struct slice received,
    const uint8_t *address, size_t address_length, uint32_t now, uint8_t answer[COOKIE_LENGTH]);

#endif
