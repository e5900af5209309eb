/*
 * What can be done to accounts, whoever asks: apid's clients (requests.c), the administrator, an import. Whether
 * the asker may is for him to find out (accounts_authenticate(), authority.h); the records' own rules are kept here.
 * Holds the commit thread, the keys, and dnsd's feed.
 *
 * Everything belongs to the loop's thread. An operation ends in exactly one call of its `done`, on that thread and
 * possibly before the function that began it returns; its owner may free it, or begin the next operation with it,
 * from then on. With MESSAGE_RESULT_OK what was changed is on the disk, and dnsd serves it or was waited for in vain
 * (ACCOUNTS_PUBLISH_MS). With any other result nothing was changed: BUSY, a queue is full; DB_ERROR, it is logged.
 *
 * Reading needs no operation: database_read_account(), database_read_name() (whose owner is the account) and
 * database_walk_accounts() for lists, a page at a time.
 */
#ifndef STORE_ACCOUNTS_H
#define STORE_ACCOUNTS_H

#include "client_limit.h"
#include "committer.h"
#include "database.h"
#include "keys.h"
#include "summary.h"

#include <uv.h>

enum {
	ACCOUNTS_PUBLISH_MS = 1000 /* for dnsd's acknowledgement; then it is OK all the same */
};

struct accounts_config {
	struct database *database;	   /* outlives the accounts */
	struct summary *summary;	   /* outlives the accounts */
	struct client_limit *client_limit; /* outlives the accounts */
	struct record_limits limits;
	uid_t dnsd_uid;
	unsigned bcrypt_threads;
};

struct accounts;

/* Starts the threads and the feed. Fatal on failure. */
struct accounts *accounts_start(uv_loop_t *loop, const struct accounts_config *config);

/*
 * Ends threads and feed when the operations under way have ended; whoever begins some has stopped doing so before,
 * apart from going on with one in its `done`. All is closed and freed when the loop runs out of work.
 */
void accounts_stop(struct accounts *accounts);

/* Other limits from now on. */
void accounts_change_limits(struct accounts *accounts, const struct record_limits *limits);

/* 1 while dnsd is told of changes. */
int accounts_is_linked(const struct accounts *accounts);

/* 1 while it is, and was sent all names. */
int accounts_is_synchronised(const struct accounts *accounts);

/* feed_show_trial() of dnsd's feed. */
void accounts_show_trial(struct accounts *accounts, const struct message_name *trial);

/* The commit thread, for changes that concern no account. */
struct committer *accounts_committer(struct accounts *accounts);

/* Sets what is counted of queues and the like, for summary_sample_by(). */
void accounts_sample(struct accounts *accounts);

/* One operation at a time. Owned by whoever begins it; zeroed before the first, accounts_clear()ed after the last. */
struct account_operation {
	struct uuid username; /* whose account; by accounts_create() the new one's */
	char subdomain
	    [MESSAGE_MAX_SUBDOMAIN]; /* its name; what concerns neither name nor values needs none */
	size_t subdomain_length;
	void (*done)(struct account_operation *operation, enum message_result result);

	/*
	 * The hash that accounts_authenticate() found the key to fit; length 0 for whoever needs no key. The account
	 * is only changed or deleted while it still has this one.
	 */
	char proven[RECORD_MAX_HASH];
	size_t proven_length;

	struct account_record account; /* after accounts_create(): as kept */

	/* The module's own, but for work.job.key: after accounts_create() and accounts_rotate_key() the new key. */
	struct accounts *accounts;
	struct key_work work;
	struct change change;
	char token[RECORD_MAX_TOKEN];
	struct registration_terms terms;
	struct client_address client; /* whose key was proved */
	char (*networks)[NETWORK_MAX_TEXT];
	void (*authenticated)(struct account_operation *operation, enum message_result result,
	    const struct account_record *account);
	uint64_t publish_until;
	struct account_operation *next, *next_rotating;
};

/* Wipes the key and frees what the operation holds, not itself. No operation may be under way. */
void accounts_clear(struct account_operation *operation);

/*
 * Finds out whether `key` (MESSAGE_KEY bytes) is the key of operation->username, then calls `authenticated` once,
 * under the same conditions as `done`: OK with the account's record, valid during the call; FORBIDDEN, also for a user
 * that is not there and as late; TOO_MANY_REQUESTS, when it would cost a bcrypt and `client` has sent too many wrong
 * keys (client_limit.h); BUSY or DB_ERROR.
 */
void accounts_authenticate(struct accounts *accounts, struct account_operation *operation,
    struct slice key, const struct client_address *client,
    void (*authenticated)(struct account_operation *operation, enum message_result result,
	const struct account_record *account));

/* What a new account is to be; all is borrowed during the call, but `state` until `done`. */
struct account_wishes {
	const struct uuid *username; /* NULL: a random one */
	struct slice subdomain;	     /* a label (label_is_valid()); empty: a random one */
	struct slice hash;	     /* crypt(5); empty: the key is hashed */
	struct slice key; /* MESSAGE_KEY bytes; empty, as the hash is: one is made and given back */
	uint64_t created; /* seconds since 1970; 0: now */
	struct slice token; /* name of the token it is registered with, at most RECORD_MAX_TOKEN */
	const struct slice *networks;		/* as written, each below NETWORK_MAX_TEXT */
	unsigned network_count;			/* at most MESSAGE_MAX_NETWORKS */
	const struct registration_terms *terms; /* NULL: it depends on nothing */
	const struct name_record
	    *state; /* its updated and values are taken over; NULL: no values */
};

/*
 * Makes an account; a key that was made or given here is remembered when this is done. BAD_NETWORK, BAD_SUBDOMAIN; TAKEN when the user name or the subdomain was ever given out before;
 * REGISTRATION_FORBIDDEN when the terms are not met.
 */
void accounts_create(struct accounts *accounts, struct account_operation *operation,
    const struct account_wishes *wishes);

/*
 * The others need operation->username. FORBIDDEN where there is no such account, where it has another hash than the
 * proven one, or where the subdomain is not its own.
 */

/* Sets, or renews, a value (authority.h says which are right). `text` is borrowed until `done`. Needs the subdomain. */
void accounts_set_value(
    struct accounts *accounts, struct account_operation *operation, struct slice text);

/* Takes one value away, which need not be there. `text` is borrowed until `done`. Needs the subdomain. */
void accounts_remove_value(
    struct accounts *accounts, struct account_operation *operation, struct slice text);

/* Takes all values away. Needs the subdomain. */
void accounts_remove_values(struct accounts *accounts, struct account_operation *operation);

/* Changes who may use the account; the texts are borrowed during the call. BAD_NETWORK. operation->account has them. */
void accounts_change_networks(struct accounts *accounts, struct account_operation *operation,
    const struct slice *networks, unsigned count);

/*
 * Makes a new key; the old one is dead, and the new one remembered, when this is done. BUSY, at once, while an owner's
 * rotation of the account is under way and this is another; who needs no key need not wait for him.
 */
void accounts_rotate_key(struct accounts *accounts, struct account_operation *operation);

/* Deletes the account and retires its name: NXDOMAIN, and never given out again. Needs the subdomain. */
void accounts_delete(struct accounts *accounts, struct account_operation *operation);

#endif
