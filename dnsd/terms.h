/*
 * What the configuration says, as the workers use it: immutable once made, and replaced as a whole. A worker takes new
 * terms over between two batches, so that each answer is made of old ones or of new ones.
 */
#ifndef DNSD_TERMS_H
#define DNSD_TERMS_H

#include "answer.h"
#include "conf.h"
#include "rate_limit.h"
#include "tcp.h"
#include "zone.h"

struct terms {
	struct zone *zone;
	struct answer_settings settings; /* immutable but for `stale` */
	int has_random_cookies;
	struct tcp_limits tcp_limits;
	struct rate_limit_config rate_limit; /* of one worker; without a key; rate 0: none */
	/* One for each worker, who takes it out; NULL: he goes on with the one he has, or there is none. */
	struct rate_limit **limiters;
	unsigned workers;
};

/*
 * Refers to what is in `conf`. What nobody has set goes on as it was in `before` (NULL: these are the first): random cookie
 * secrets, and the rate limit's accounts. Connections over TCP are never more than `connections`, for which there are
 * descriptors. NULL when memory is short.
 */
struct terms *terms_new(
    const struct conf *conf, const struct terms *before, unsigned workers, unsigned connections);

/* When no worker uses them any more. NULL is accepted. */
void terms_free(struct terms *terms);

#endif
