/*
 * Group commit: one thread that begins, writes, syncs and ends every transaction. While it
 * syncs one group of changes the next one gathers.
 */
#ifndef STORE_COMMITTER_H
#define STORE_COMMITTER_H

#include "database.h"
#include "notify.h"
#include "statistic.h"

#include <uv.h>

enum {
	COMMITTER_QUEUE = 1024 /* changes submitted and not handed back */
};

enum change_kind {
	CHANGE_REGISTER, /* a new account with its name */
	CHANGE_SET,	 /* one value */
	CHANGE_REMOVE,	 /* one value */
	CHANGE_CLEAR,	 /* all values */
	CHANGE_NETWORKS, /* who may use the account */
	CHANGE_HASH,	 /* its key */
	CHANGE_DELETE,	 /* the account; its name is retired */
	CHANGE_TOKEN_ADD,
	CHANGE_TOKEN_REVOKE
};

/* What a client's registration depends on at the moment it is committed. */
struct registration_terms {
	uint64_t cap;		      /* accounts there may be; 0: any number */
	struct client_address client; /* who spends the token that the account names, if any */
};

/* Owned by whoever submits it, and not touched by him until `done`. */
struct change {
	enum change_kind kind;
	struct uuid username;
	struct slice label;
	uint64_t time;			      /* seconds since 1970 */
	const struct account_record *account; /* CHANGE_REGISTER; its networks or its hash */
	const struct name_record
	    *name_state; /* CHANGE_REGISTER: updated and values, or NULL: none */
	const struct registration_terms *terms; /* CHANGE_REGISTER; NULL: it depends on nothing */
	struct slice token_name;		/* CHANGE_TOKEN_* */
	const struct token_record *token;	/* CHANGE_TOKEN_ADD */
	/* Of an account that is changed or deleted: refused if its hash is not this one any more; empty: any. */
	struct slice expected_hash;
	struct slice text; /* CHANGE_SET, CHANGE_REMOVE */

	/*
	 * OK, FORBIDDEN (there is no such account or token, its hash is not the expected one, or the name is not its
	 * own), TAKEN (the user name, the label or the token's name was given out before), REGISTRATION_FORBIDDEN (the
	 * terms are not met any more) or DB_ERROR
	 */
	enum message_result result;
	uint64_t commit;     /* with OK: the name's sequence; 0 if the name was not changed */
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

/* Changes that are submitted from now on keep to other limits. Thread of the loop. */
void committer_change_limits(struct committer *committer, const struct record_limits *limits);

/* Has the thread call notify_answer() before its next group. Not again before it has. Thread of the loop. */
void committer_call(struct committer *committer, struct notify *notify);

/* Changes submitted and not handed back. Thread of the loop. */
unsigned committer_outstanding(const struct committer *committer);

/* Commits what was submitted, waits for that, hands it back, and frees when the loop has run once more. */
void committer_stop(struct committer *committer);

#endif
