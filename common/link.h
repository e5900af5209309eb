/*
 * One end of the link between store and a front process: a SOCK_SEQPACKET socket in a
 * libuv loop, a bounded queue of messages to send, and the rule table that every
 * received message must pass.
 *
 * A link ends by itself when the peer closes it, breaks a rule, or the socket fails: it is
 * then closed, `closed` is called once, and the memory is freed after that call.
 */
#ifndef COMMON_LINK_H
#define COMMON_LINK_H

#include "log.h"
#include "message.h"

#include <stdint.h>
#include <uv.h>

enum {
	LINK_READ_TURN = 64 /* messages taken in one turn of the loop, so that others get theirs */
};

enum link_end {
	LINK_END_PEER,	    /* the peer closed it */
	LINK_END_VIOLATION, /* the peer broke a rule: logged, and worth counting */
	LINK_END_FAILURE    /* the socket failed: logged */
};

struct link_config {
	const char *peer; /* for log lines: "dnsd"; must outlive the link */
	const struct message_rule *rules;
	size_t rule_count;
	size_t queue_maximum; /* bytes waiting to be sent */
	/*
	 * May be NULL: each violation is logged. Whoever takes one link after the other from the same
	 * peer gives a limit that outlives them.
	 */
	struct log_limit *violations;
	void *context; /* handed to the handlers and callbacks */
	void (*closed)(void *context, enum link_end end);
	void (*drained)(void *context);	   /* may be NULL: the queue became empty */
	void (*turn_ended)(void *context); /* may be NULL: a turn's messages are all handled */
};

struct link;

/*
 * Takes over `fd` (closed on failure too). State is 0. NULL when memory is short or the
 * socket cannot be watched; that is logged.
 */
struct link *link_open(uv_loop_t *loop, int fd, const struct link_config *config);

/* The state that the rule table is read in, below 32. */
void link_set_state(struct link *link, unsigned state);
unsigned link_state(const struct link *link);

/*
 * Sends or queues one finished message (message_end() gave `length`). 0, or -1: the queue is
 * full, memory is short, or the kernel refused it; nothing was queued.
 */
int link_send(struct link *link, const unsigned char *message, size_t length);

/* Bytes waiting to be sent. */
size_t link_queued(const struct link *link);

/* uv_hrtime() when the socket last took a message: a peer that reads makes room. */
uint64_t link_progress(const struct link *link);

/* Closes without calling `closed`. What is queued is lost. NULL is accepted. */
void link_close(struct link *link);

#endif
