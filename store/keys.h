/*
 * Accounts' keys: new ones are hashed, those that were sent are proved, and those that proved right are remembered. What costs a
 * bcrypt is done by threads of their own, in an order that lets a crowd hold up nobody else (bcrypt_queue.h), and is
 * counted against the client until his key proves right (client_limit.h).
 *
 * Thread of the loop. Work ends in exactly one call of its `hashed` or `proved`, possibly before the function that began it
 * returns; its owner may free it, or begin with it anew, from then on.
 */
#ifndef STORE_KEYS_H
#define STORE_KEYS_H

#include "bcrypt_pool.h"
#include "client_limit.h"
#include "database.h"
#include "statistic.h"

#include <uv.h>

struct keys_config {
	struct database *database;	     /* for reading; outlives the keys, as the others do */
	struct statistic_counters *counters; /* the loop's */
	struct client_limit *client_limit;
	unsigned bcrypt_threads;
};

struct keys;

/* Starts the threads. Fatal on failure. */
struct keys *keys_start(uv_loop_t *loop, const struct keys_config *config);

/* Ends the threads, which is waited for, and frees. No work may be under way. */
void keys_stop(struct keys *keys);

/* Sets what is counted of the queue and of what is remembered. */
void keys_sample(struct keys *keys);

/* Owned by whoever begins it; zeroed before the first time, and wiped by him after the last. */
struct key_work {
	struct bcrypt_job job; /* job.key is the key; job.hash, once it is hashed, its hash */
	void (*hashed)(struct key_work *work, enum message_result result);
	void (*proved)(struct key_work *work, enum message_result result,
	    const struct account_record *account);
	/* The module's own. */
	struct keys *keys;
	struct uuid username;
	struct client_address client;
};

/*
 * Hashes work->job.key, for a client or, with an unknown address, for the administrator; then calls `hashed`: OK, BUSY or
 * DB_ERROR.
 */
void keys_hash(struct keys *keys, struct key_work *work, const struct client_address *client);

/*
 * Finds out whether `key` (MESSAGE_KEY bytes) is the user's, then calls `proved`: OK with the account's record, valid
 * during the call; FORBIDDEN, also for a user that is not there and as late; TOO_MANY_REQUESTS, when it would cost a bcrypt
 * and `client` has sent too many wrong keys; BUSY or DB_ERROR.
 */
void keys_prove(struct keys *keys, struct key_work *work, const struct uuid *username,
    struct slice key, const struct client_address *client);

/* The key, of MESSAGE_KEY bytes, is known to be the user's as long as the account has this hash. */
void keys_remember(
    struct keys *keys, const struct uuid *username, struct slice key, struct slice hash);

#endif
