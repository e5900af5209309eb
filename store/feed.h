/*
 * What dnsd is told: a snapshot of all names when it is linked, then every commit as a delta;
 * and what it acknowledges. Nothing that dnsd says changes data.
 */
#ifndef STORE_FEED_H
#define STORE_FEED_H

#include "database.h"
#include "summary.h"

#include <uv.h>

enum {
	/* Deltas and snapshot waiting for dnsd, bytes; some 15 s of updates at full speed. */
	FEED_QUEUE = 16 * 1024 * 1024
};

struct feed;

/*
 * Starts dialling dnsd, whose uid is given. `applied` is called when acknowledgements arrived, and when
 * the link came or went. Fatal when memory is short.
 */
struct feed *feed_start(uv_loop_t *loop, struct database *database,
    const struct record_limits *limits, struct summary *summary, uid_t uid,
    void (*applied)(void *context), void *context);

/*
 * Adds a name's new state to the delta being gathered; feed_flush() sends it. Names are given in
 * the order of their commits. Does nothing without a link: the next snapshot has it.
 */
void feed_add(struct feed *feed, struct slice label, const struct name_record *name);
void feed_flush(struct feed *feed);

/*
 * Has dnsd serve a name that is in no database, with commit 0; NULL: no longer. There is one at a time. `trial` is borrowed until the next call: each
 * new link is told of it behind the snapshot, which takes away whatever it does not have itself.
 */
void feed_show_trial(struct feed *feed, const struct message_name *trial);

/* 1 when dnsd serves this commit, or is not there to be waited for. */
int feed_has_applied(struct feed *feed, uint64_t commit);

/* Other limits from now on. Where values live for another time all names are told anew, with the seconds in which they end. */
void feed_change_limits(struct feed *feed, const struct record_limits *limits);

/* 1 while dnsd is told. */
int feed_is_linked(const struct feed *feed);

/* 1 while dnsd is linked and was sent all names. */
int feed_is_synchronised(const struct feed *feed);

/* Microseconds for which dnsd has owed an acknowledgement; 0: it owes none. */
uint64_t feed_lag(const struct feed *feed);

void feed_stop(struct feed *feed);

#endif
