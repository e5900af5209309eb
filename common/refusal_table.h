/*
 * Who was refused most lately, and why, in fixed memory. Pure; the time is an argument.
 *
 * However many are refused, those with more than a REFUSAL_PLACES-th part of all refusals are among those that are kept:
 * a newcomer takes the place, and in the order the weight, of whoever has fewest ("Space-Saving": Metwally,
 * Agrawal and El Abbadi, 2005). What is told of one is only what was seen of itself: never too much. One thread.
 */
#ifndef COMMON_REFUSAL_TABLE_H
#define COMMON_REFUSAL_TABLE_H

#include "address.h"

#include <stdint.h>

enum {
	REFUSAL_PLACES = 64,
	REFUSAL_REASON = 48, /* bytes of a reason, its NUL included; what is longer is cut */
	REFUSAL_PERIOD = 600 /* seconds; told is of this period and the one before */
};

struct refusal {
	struct client_address client; /* an IPv4 address, or the first 64 bits of an IPv6 one */
	char reason[REFUSAL_REASON];
	uint64_t count; /* at least 1 */
	uint64_t last;	/* second of the last one */
};

/* All zero: empty. */
struct refusal_table {
	struct refusal_place {
		struct refusal refusal;
		/* Of this period and of the one before: what was seen, and with what was taken over with the place. */
		uint64_t seen[2], weight[2];
	} places[REFUSAL_PLACES];
	uint64_t period; /* number of the present one */
	uint64_t since;	 /* second of the first refusal; 0: there was none */
};

/* Counts one. `now` in seconds of a clock that does not go back, and is not 0. */
void refusal_table_count(struct refusal_table *table, const struct client_address *client,
    const char *reason, uint64_t now);

/*
 * Writes those with most into `top`, `maximum` at the most, and over how many seconds they were counted into `span`. Returns how
 * many there are.
 */
unsigned refusal_table_top(struct refusal_table *table, uint64_t now, struct refusal *top,
    unsigned maximum, uint64_t *span);

#endif
