/*
 * Group commit: one thread that begins, writes, syncs and ends every transaction. While it
 * syncs one group of changes the next one gathers.
 */
#ifndef STORE_COMMITTER_H
#define STORE_COMMITTER_H

#include "database.h"
#include "statistic.h"

#include <uv.h>

enum {
	COMMITTER_QUEUE = 1024 /* changes submitted and not handed back */
};

enum change_kind { CHANGE_REGISTER, CHANGE_SET, CHANGE_CLEAR };

/* Owned by whoever submits it, and not touched by him until `done`. */
struct change {
	enum change_kind kind;
	struct uuid username;
	struct slice label;
	uint64_t time;			      /* seconds since 1970 */
	const struct account_record *account; /* CHANGE_REGISTER */
	struct slice text;		      /* CHANGE_SET */

	enum message_result
	    result;	     /* OK, FORBIDDEN (the name is not the user's any more) or DB_ERROR */
	uint64_t commit;     /* with OK: the name's sequence */
	unsigned char *name; /* with OK: its record as stored, owned by the change's owner (free) */
	size_t name_length;
	void (*done)(struct change *change); /* on the loop's thread, in the order of commits */
	struct change *next;
};

struct committer;

/*
 * Starts the thread, which counts into `counters`. `group_ended` is called after each group's last `done`. Fatal on
 * failure.
 */
struct committer *committer_start(uv_loop_t *loop, struct database *database,
    const struct record_limits *limits, struct statistic_counters *counters,
    void (*group_ended)(void *context), void *context);

/* 0, or -1: the queue is full. Thread of the loop. */
int committer_submit(struct committer *committer, struct change *change);

/* Commits what was submitted, waits for the thread, and frees when the loop has run once more. */
void committer_stop(struct committer *committer);

#endif
