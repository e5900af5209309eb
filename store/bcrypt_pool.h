/*
 * A few threads that do nothing but bcrypt, at nice 10, so that 50 ms of it hold up neither
 * the loop nor a commit.
 */
#ifndef STORE_BCRYPT_POOL_H
#define STORE_BCRYPT_POOL_H

#include "bcrypt_queue.h"

#include <uv.h>

enum {
	/* Jobs waiting or running, of each lane. Together fewer than apid may have outstanding. */
	BCRYPT_QUEUE_NEW = 128,	 /* with every lane full, about 8 s of work for two cores */
	BCRYPT_QUEUE = 256,	 /* about 6 s, 17 where every lane is full */
	BCRYPT_QUEUE_LATER = 64, /* about 6 s where another lane is never empty */
	BCRYPT_MAX_THREADS = 4
};

struct bcrypt_pool;

/* Starts `threads` threads. Fatal when that fails. */
struct bcrypt_pool *bcrypt_pool_start(uv_loop_t *loop, unsigned threads);

/*
 * 0, or -1: the job's lane is full, and nobody has to give way to it. Whoever does has it handed back with that outcome.
 * Thread of the loop.
 */
int bcrypt_pool_submit(struct bcrypt_pool *pool, struct bcrypt_job *job);

/* Jobs submitted and not handed back. Thread of the loop. */
unsigned bcrypt_pool_outstanding(const struct bcrypt_pool *pool);

/*
 * Waits for the jobs being computed, forgets the waiting ones (their `done` is not called), and
 * frees the pool when the loop has run once more.
 */
void bcrypt_pool_stop(struct bcrypt_pool *pool);

#endif
