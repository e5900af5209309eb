/*
 * What apid asks for: registrations and updates, from the message to the answer. A request is
 * authenticated, judged, committed, published to dnsd, and only then answered.
 */
#ifndef STORE_REQUESTS_H
#define STORE_REQUESTS_H

#include "bcrypt_pool.h"
#include "committer.h"
#include "credential.h"
#include "database.h"
#include "feed.h"
#include "summary.h"

#include <uv.h>

enum {
	REQUESTS_MAX = 1024,	      /* under way at once; more are answered BUSY */
	REQUESTS_QUEUE = 1024 * 1024, /* bytes of answers waiting for apid */
	REQUESTS_PUBLISH_MS =
	    1000 /* for dnsd's acknowledgement; then the answer goes out all the same */
};

struct requests_config {
	struct database *database;
	struct summary *summary; /* outlives the requests */
	uid_t apid_uid;
	uid_t dnsd_uid;
	int disable_registration;
	struct record_limits limits;
	unsigned bcrypt_threads;
};

struct requests;

/* Starts the threads, the feed and the dialling. Fatal on failure. */
struct requests *requests_start(uv_loop_t *loop, const struct requests_config *config);

/*
 * Refuses what is new, finishes what is under way, then ends threads and links. All is closed and freed
 * when the loop runs out of work.
 */
void requests_stop(struct requests *requests);

#endif
