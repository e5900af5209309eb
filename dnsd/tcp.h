/*
 * The TCP side of one worker: listeners and connections (RFC 7766).
 *
 * Several queries on a connection are answered in the order in which they came. While answers
 * wait to be taken by the client nothing more is read from it, so that a slow reader costs a
 * bounded piece of memory, and after the idle time its connection. What counts as activity is a
 * whole query answered or a write completed: one byte now and then keeps nothing open.
 */
#ifndef DNSD_TCP_H
#define DNSD_TCP_H

#include "answer.h"

#include <uv.h>

enum {
	TCP_CONNECTIONS = 512, /* of one worker; at the bound the one idle for longest is closed */
	TCP_IDLE_MS = 10 * 1000,
	TCP_LIFETIME_MS = 600 * 1000, /* however busy: a client that wants more connects again */
	TCP_SWEEP_MS = 500,	      /* how often both are looked at */
	TCP_STOP_MS = 1000,	      /* for clients to take their answers when we stop */
	TCP_BACKLOG = 256,
	TCP_OUT_HIGH = 64 * 1024, /* bytes of answers before they are sent and reading stops */
	TCP_READ = 64 * 1024	  /* bytes of one read */
};

struct tcp;

/* `source` must outlive the result. NULL when memory is short or the loop refuses. */
struct tcp *tcp_new(uv_loop_t *loop, const struct answer_source *source);

/* Takes over the bound socket `fd` and accepts from now on. 0, or -1: logged. */
int tcp_listen(struct tcp *tcp, int fd);

/*
 * Stops accepting and reading, answers what was read, then closes everything. When the loop has
 * ended tcp_free() gives back the memory.
 */
void tcp_stop(struct tcp *tcp);
void tcp_free(struct tcp *tcp);

#endif
