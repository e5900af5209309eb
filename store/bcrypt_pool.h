/*
 * A few threads that do nothing but bcrypt, at nice 10, so that 50 ms of it hold up neither
 * the loop nor a commit.
 */
#ifndef STORE_BCRYPT_POOL_H
#define STORE_BCRYPT_POOL_H

#include "message.h"
#include "record.h"

#include <uv.h>

enum {
	BCRYPT_QUEUE = 256, /* jobs waiting or running; about 6 s of work for two cores */
	BCRYPT_MAX_THREADS = 4
};

enum bcrypt_kind { BCRYPT_HASH, BCRYPT_VERIFY };

/* Owned by whoever submits it, and not touched by him until `done`. */
struct bcrypt_job {
	enum bcrypt_kind kind;
	char key[MESSAGE_KEY + 1];
	char hash[RECORD_MAX_HASH + 1];	      /* BCRYPT_HASH writes it, BCRYPT_VERIFY reads it */
	int succeeded;			      /* hashed, or the key fits */
	void (*done)(struct bcrypt_job *job); /* on the loop's thread */
	struct bcrypt_job *next;
};

struct bcrypt_pool;

/* Starts `threads` threads. Fatal when that fails. */
struct bcrypt_pool *bcrypt_pool_start(uv_loop_t *loop, unsigned threads);

/* 0, or -1: the queue is full. Thread of the loop. */
int bcrypt_pool_submit(struct bcrypt_pool *pool, struct bcrypt_job *job);

/* Jobs submitted and not handed back. Thread of the loop. */
unsigned bcrypt_pool_outstanding(const struct bcrypt_pool *pool);

/*
 * Waits for the jobs being computed, forgets the waiting ones (their `done` is not called), and
 * frees the pool when the loop has run once more.
 */
void bcrypt_pool_stop(struct bcrypt_pool *pool);

#endif
