/*
 * One front process as store sees it: dialling its door, handing it a link, greeting it,
 * and letting go of one that stalls or misbehaves.
 */
#ifndef STORE_FRONT_H
#define STORE_FRONT_H

#include "link.h"
#include "message.h"
#include "summary.h"

#include <sys/types.h>
#include <uv.h>

enum {
	FRONT_DIAL_MS = 100,	      /* between two attempts at a door */
	FRONT_EAGER_MS = 10,	      /* between those in the first time without a link */
	FRONT_EAGER_FOR_MS = 2000,    /* how long that is: whoever is exchanged comes back soon */
	FRONT_BACK_OFF_MAX_MS = 5000, /* between two links to a front that breaks the rules */
	FRONT_HELLO_MS = 5000,	      /* for the greeting */
	FRONT_BEHAVED_MS = 10000,     /* a link that lasted this long ends the back-off */
	FRONT_STALL_MS = 10000 /* without the peer taking or sending anything while we wait */
};

/* States of a front's link, for its rule table. */
enum { FRONT_STATE_GREETING = 0, FRONT_STATE_OPEN = 1 };

struct front_config {
	const char *name; /* "dnsd"; for logs */
	const char *door; /* relative to the working folder */
	uid_t uid;	  /* the listener's, by SO_PEERCRED */
	enum message_role role;
	enum statistic_source source; /* whose statistics it reports */
	struct summary *summary;      /* outlives the front */
	/*
	 * Holds the rows FRONT_HELLO_RULE and FRONT_STATISTICS_RULE; handlers get the front and find their own
	 * context with front_context().
	 */
	const struct message_rule *rules;
	size_t rule_count;
	size_t queue_maximum; /* bytes */
	void *context;
	void (*up)(void *context, struct link *link); /* greeted: the link may be used */
	void (*down)(void *context);		      /* may be NULL; after up: the link is gone */
	void (*drained)(void *context);		      /* may be NULL */
	/* May be NULL. uv_hrtime() since when an answer is awaited in vain; 0 while none is. */
	uint64_t (*waits_since)(void *context);
};

struct front;

/* Starts dialling. Fatal when memory is short. */
struct front *front_start(uv_loop_t *loop, const struct front_config *config);

/* For rule handlers, whose context is the front. */
void *front_context(void *front);

/* The link while it is greeted, or NULL. */
struct link *front_link(const struct front *front);

/* Drops the link because of `why`, and dials again after a pause. */
void front_drop(struct front *front, const char *why);

/* Closes the link, stops dialling; freed when the loop has run once more. `down` is not called. */
void front_stop(struct front *front);

int front_hello(void *front, uint64_t id, struct reader *body, int fd);
int front_statistics(void *front, uint64_t id, struct reader *body, int fd);

#define FRONT_HELLO_RULE {MESSAGE_HELLO, 1U << FRONT_STATE_GREETING, 3, 3, 0, front_hello}

/* COUNT: values of the front's part of the table of statistics. */
#define FRONT_STATISTICS_RULE(COUNT)                                                               \
	{MESSAGE_STATISTICS, 1U << FRONT_STATE_OPEN, (COUNT) * MESSAGE_STATISTIC,                  \
	    (COUNT) * MESSAGE_STATISTIC, 0, front_statistics}

#endif
