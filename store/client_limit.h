/*
 * How often one address may register, send keys that do not fit, and have a key looked at before those of others: token buckets of fixed memory. Pure; the time is
 * an argument.
 *
 * An address is an IPv4 one or an IPv6 /64. Clients whose address is not known and those of exempt networks are not
 * limited: they would all share one bucket. One thread.
 */
#ifndef STORE_CLIENT_LIMIT_H
#define STORE_CLIENT_LIMIT_H

#include "address.h"
#include "siphash.h"

#include <stddef.h>
#include <stdint.h>

enum client_limit_kind {
	CLIENT_LIMIT_REGISTRATIONS, /* in an hour */
	CLIENT_LIMIT_FAILURES,	    /* in a minute */
	CLIENT_LIMIT_PREFERENCES,   /* in ten minutes; lost by a wrong key (bcrypt_queue.h) */
	CLIENT_LIMIT_KINDS
};

struct client_limit_config {
	uint32_t rates[CLIENT_LIMIT_KINDS]; /* 0: no limit */
	const struct network *exempt;	    /* outlive the limits */
	size_t exempt_count;
	uint8_t key[SIPHASH_KEY]; /* random */
};

struct client_limit;

/* NULL when memory is short. */
struct client_limit *client_limit_new(const struct client_limit_config *config);
void client_limit_free(struct client_limit *limit);

/* From now on with the rates and exempt networks of `next`, which is freed. What was counted stays where the rate does. */
void client_limit_become(struct client_limit *limit, struct client_limit *next);

/* 1: the client may, and that was counted; 0: not now. `now` in seconds of a clock that does not go back. */
int client_limit_take(struct client_limit *limit, enum client_limit_kind kind,
    const struct client_address *client, uint64_t now);

/* Takes back what was counted: it was no failure. */
void client_limit_give(struct client_limit *limit, enum client_limit_kind kind,
    const struct client_address *client, uint64_t now);

#endif
