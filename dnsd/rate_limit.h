/*
 * Response rate limiting: how many answers of one kind one network is sent in a second, so that
 * queries with a forged sender make nobody a victim of ours. Pure; the time is an argument.
 *
 * What is counted together: the answers of one class and one name hash (see struct answer_outcome)
 * to one /24 (IPv4) or /56 (IPv6). Each such account is a bucket of as many tokens as the rate,
 * refilled steadily. Of the answers beyond it every `slip`-th is sent cut to its head with TC set, by
 * which a real resolver learns to ask over TCP; the others are not sent. Errors are never slipped:
 * nobody asks again over TCP because of them.
 *
 * The accounts lie in a table of fixed size (bucket_table.h). One thread: each worker has a table of its own.
 */
#ifndef DNSD_RATE_LIMIT_H
#define DNSD_RATE_LIMIT_H

#include "address.h"
#include "answer.h"
#include "bucket_table.h"
#include "siphash.h"

#include <stddef.h>
#include <stdint.h>

enum {
	RATE_LIMIT_MAX_RATE = BUCKET_TABLE_MAX_TOKENS,
	RATE_LIMIT_V4_BITS = 24,
	RATE_LIMIT_V6_BITS = 56
};

enum rate_limit_verdict {
	RATE_LIMIT_SEND,
	RATE_LIMIT_SLIP, /* send it through answer_truncate() */
	RATE_LIMIT_DROP
};

struct rate_limit_config {
	uint32_t rate;		      /* answers in a second; 1 to RATE_LIMIT_MAX_RATE */
	uint32_t slip;		      /* 0: never, 1: all of them, n: every n-th */
	const struct network *exempt; /* must outlive the table */
	size_t exempt_count;
	uint8_t key[SIPHASH_KEY]; /* random */
};

struct rate_limit;

/* NULL when memory is short. */
struct rate_limit *rate_limit_new(const struct rate_limit_config *config);

/* From now on with another slip and other exempt networks; rate and accounts stay. */
void rate_limit_change(struct rate_limit *limit, const struct rate_limit_config *config);

/* An answer, as far as the limit cares. */
struct rate_limit_answer {
	struct client_address client;
	uint64_t account; /* the hash of what it is counted with */
	enum answer_class class;
	int has_cookie;
};

/*
 * Says with what an answer will be counted, and asks for that account's memory without waiting for it:
 * prepare a batch, then judge it.
 */
struct rate_limit_answer rate_limit_prepare(const struct rate_limit *limit,
    const struct client_address *client, const struct answer_outcome *outcome);

/*
 * Counts an answer and says what becomes of it. `now` in milliseconds of any clock that does not go
 * back. Answers to a network that is exempt are counted, too, but always sent; those to a valid cookie
 * are not counted, because its bearer's address is no forgery.
 */
enum rate_limit_verdict rate_limit_judge(
    struct rate_limit *limit, const struct rate_limit_answer *answer, uint64_t now);

void rate_limit_free(struct rate_limit *limit);

/* The network that a client's answers are counted for. */
struct network rate_limit_network(const struct client_address *client);

/*
 * Whom a log line was written about in the last minute. Zero-initialise. While there are more networks
 * than it remembers, the later ones are not told of.
 */
enum { RATE_NOTICE_NETWORKS = 32, RATE_NOTICE_MS = 60 * 1000 };

struct rate_notice {
	struct network networks[RATE_NOTICE_NETWORKS];
	uint64_t told[RATE_NOTICE_NETWORKS]; /* when, in ms; 0: never */
};

/* 1 if a line about the network is due; then none is for the next minute. `now` is not 0, and may go
 * back a little. */
int rate_notice_due(struct rate_notice *notice, const struct network *network, uint64_t now);

#endif
