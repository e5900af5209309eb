/*
 * The order in which jobs for bcrypt are taken: three lanes, each in the order in which its jobs came. Pure.
 *
 * Keys that are made here, of new accounts and of rotations, and keys that were sent wait in lanes of their own, of which
 * jobs are taken by turns: so however many addresses begin to send wrong keys, an account is made; and however many register,
 * a key is looked at.
 *
 * A key from an address that sent a wrong one lately, or has another one being looked at, waits in the later lane: however
 * many of these come, what others ask for is done before. Of BCRYPT_QUEUE_TURNS jobs one is taken from there all the
 * same, so that nobody waits for ever.
 */
#ifndef STORE_BCRYPT_QUEUE_H
#define STORE_BCRYPT_QUEUE_H

#include "message.h"
#include "record.h"

enum { BCRYPT_QUEUE_TURNS = 4 };

enum bcrypt_lane { BCRYPT_NEW, BCRYPT_FIRST, BCRYPT_LATER, BCRYPT_LANES };

enum bcrypt_kind { BCRYPT_HASH, BCRYPT_VERIFY };

/* Owned by whoever submits it, and not touched by him until `done`. */
struct bcrypt_job {
	enum bcrypt_kind kind;
	enum bcrypt_lane lane;
	char key[MESSAGE_KEY + 1];
	char hash[RECORD_MAX_HASH + 1];	      /* BCRYPT_HASH writes it, BCRYPT_VERIFY reads it */
	int succeeded;			      /* hashed, or the key fits */
	void (*done)(struct bcrypt_job *job); /* on the loop's thread */
	struct bcrypt_job *next;	      /* of the queue's or the pool's list */
};

struct bcrypt_queue {
	struct bcrypt_job *head[BCRYPT_LANES], **end[BCRYPT_LANES];
	enum bcrypt_lane last; /* of the new and the first one, from which a job was taken */
	unsigned passed;       /* jobs taken from these two while others waited in the later one */
};

void bcrypt_queue_init(struct bcrypt_queue *queue);

/* Borrowed until it is taken; its `lane` says where it waits. */
void bcrypt_queue_add(struct bcrypt_queue *queue, struct bcrypt_job *job);

/* The job whose turn it is, or NULL: there is none. */
struct bcrypt_job *bcrypt_queue_take(struct bcrypt_queue *queue);

#endif
