/*
 * The order in which jobs for bcrypt are taken, and who gives way where too many wait. Pure.
 *
 * There are three lanes. Keys that are made here, of new accounts and of rotations, and keys that were sent wait in lanes of
 * their own, of which jobs are taken by turns: so however many addresses begin to send wrong keys, an account is made; and
 * however many register, a key is looked at.
 *
 * A key from an address that sent a wrong one lately, or has another one being looked at, waits in the later lane: however
 * many of these come, what others ask for is done before. Of BCRYPT_QUEUE_TURNS jobs one is taken from there all the
 * same, so that nobody waits for ever.
 *
 * Within each lane the networks that the clients come from take turns (stochastic fairness queueing, McKenney 1990): each
 * falls into one of a fixed number of bins by a keyed hash. Whoever has many addresses in few networks holds up others by a
 * few jobs only, and where a lane is full the crowd gives way.
 */
#ifndef STORE_BCRYPT_QUEUE_H
#define STORE_BCRYPT_QUEUE_H

#include "message.h"
#include "record.h"

enum {
	BCRYPT_QUEUE_TURNS = 4,
	BCRYPT_QUEUE_BINS = 1024 /* more than jobs wait in a lane: so few networks share one */
};

enum bcrypt_lane { BCRYPT_NEW, BCRYPT_FIRST, BCRYPT_LATER, BCRYPT_LANES };

enum bcrypt_kind { BCRYPT_HASH, BCRYPT_VERIFY };

enum bcrypt_outcome {
	BCRYPT_NO,	/* not hashed: memory is short; or the key does not fit */
	BCRYPT_YES,	/* hashed, or the key fits */
	BCRYPT_GAVE_WAY /* not looked at: the lane was full, and others came */
};

/* Owned by whoever submits it, and not touched by him until `done`. */
struct bcrypt_job {
	enum bcrypt_kind kind;
	enum bcrypt_lane lane;
	uint64_t network; /* a hash of the one it comes from, with a key that nobody knows */
	char key[MESSAGE_KEY + 1];
	char hash[RECORD_MAX_HASH + 1]; /* BCRYPT_HASH writes it, BCRYPT_VERIFY reads it */
	enum bcrypt_outcome outcome;
	void (*done)(struct bcrypt_job *job); /* on the loop's thread */
	struct bcrypt_job *next;	      /* of the queue's or the pool's list */
};

struct bcrypt_bin {
	struct bcrypt_job *head, **end;
	unsigned jobs;
};

struct bcrypt_queue {
	struct bcrypt_bin bins[BCRYPT_LANES][BCRYPT_QUEUE_BINS];
	unsigned jobs[BCRYPT_LANES];
	unsigned last_bin[BCRYPT_LANES]; /* from which a job of the lane was taken */
	enum bcrypt_lane last; /* of the new and the first one, from which a job was taken */
	unsigned passed;       /* jobs taken from these two while others waited in the later one */
};

void bcrypt_queue_init(struct bcrypt_queue *queue);

/* Borrowed until it is taken or gives way; its `lane` and `network` say where it waits. */
void bcrypt_queue_add(struct bcrypt_queue *queue, struct bcrypt_job *job);

/* The job whose turn it is, or NULL: there is none. */
struct bcrypt_job *bcrypt_queue_take(struct bcrypt_queue *queue);

/*
 * Takes out a job that gives way to `job`, which is not in the queue yet: the last one of the lane's fullest bin. NULL when
 * the bin of `job` would be as full without that: it has to give way itself.
 */
struct bcrypt_job *bcrypt_queue_give_way(struct bcrypt_queue *queue, const struct bcrypt_job *job);

#endif
