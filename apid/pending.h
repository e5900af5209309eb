/*
 * The requests that store has been asked and has not answered: a bounded table. Pure; time is an
 * argument.
 *
 * An entry stays until store answers or its link ends, also when the client went away or the
 * patience with store ran out: store still works on it, and it counts against the bound.
 */
#ifndef APID_PENDING_H
#define APID_PENDING_H

#include "message.h"

#include <stdint.h>

enum {
	PENDING_MAX = 512,
	PENDING_PATIENCE_MS = 25 * 1000 /* the Go clients give up after 30 s */
};

struct pending_entry {
	uint64_t id; /* 0: free */
	uint64_t deadline;
	uint16_t answer_type;
	void *owner;	       /* NULL: nobody waits any more */
	uint16_t older, newer; /* in order of age; PENDING_MAX: none. `newer` chains free ones */
};

struct pending {
	struct pending_entry entries[PENDING_MAX];
	uint16_t oldest, newest, free;
	uint16_t count;
	uint64_t sequence;
};

void pending_init(struct pending *pending);

/*
 * Enters a request that an answer of `answer_type` will end. Returns its id, never 0 and
 * never used before, or 0 when the table is full. `now` is in milliseconds and never goes back.
 */
uint64_t pending_add(
    struct pending *pending, enum message_type answer_type, uint64_t now, void *owner);

/* The answer has come: removes the entry. 0 with its owner (perhaps NULL), -1: was never asked. */
int pending_take(struct pending *pending, uint64_t id, enum message_type answer_type, void **owner);

/* The owner does not wait any more; an id that is not there is accepted. */
void pending_forget(struct pending *pending, uint64_t id);

/* An owner whose deadline has passed, who is then forgotten; NULL: none left. */
void *pending_expire(struct pending *pending, uint64_t now);

/* When the next owner's deadline passes; 0: nobody waits. */
uint64_t pending_deadline(const struct pending *pending);

/* Removes entries until it finds one with an owner, who is returned; NULL: the table is empty. */
void *pending_drop(struct pending *pending);

#endif
