/*
 * The link from store: a snapshot, then every committed change, into the table.
 *
 * store is believed about names, as nobody else is, but not about the protocol: whatever is not
 * in the rule table ends the process, and the next one begins with a fresh snapshot. When
 * the link ends by itself the table stays as it is, until store dials again.
 */
#ifndef DNSD_SYNC_H
#define DNSD_SYNC_H

#include "statistic.h"
#include "table.h"

#include <stdatomic.h>
#include <uv.h>

enum {
	SYNC_QUEUE =
	    64 * 1024, /* bytes of acknowledgements waiting; store reads them all the time */
	/* After a name found no memory, until all names are asked for again: at first, and at most when that
	   does not help and each pause is twice the one before. */
	SYNC_ANEW_MS = 2000,
	SYNC_ANEW_MAX_MS = 64000,
	SYNC_RECLAIM_MS = 10 /* pause between two turns of freeing what was replaced */
};

struct sync;

/* Everything in it must outlive the result. */
struct sync_config {
	struct table *table;
	atomic_int *stale; /* becomes 1 when the link ends, and 0 with the next complete snapshot */
	struct statistic_counters *counters; /* of all threads, the first of which is ours */
	unsigned counter_count;
	void (*complete)(void *context); /* called after each complete snapshot */
	void *context;
};

/* NULL when memory is short. */
struct sync *sync_new(uv_loop_t *loop, const struct sync_config *config);

/* A new link has arrived: takes over `fd`; the one before is closed. */
void sync_link(struct sync *sync, int fd);

/* Another place for `stale`, which says the same from then on. */
void sync_move_stale(struct sync *sync, atomic_int *stale);

/* 1 while there is a link over which everything that store has is known. */
int sync_is_live(const struct sync *sync);

/* Reports statistics for the last time and closes; the memory goes in a later turn of the loop. NULL is accepted. */
void sync_close(struct sync *sync);

#endif
