/*
 * The TCP side of one worker: listeners and connections (RFC 7766).
 *
 * Several queries on a connection are answered in the order in which they came. While answers
 * wait to be taken by the client nothing more is read from it, so that a slow reader costs a
 * bounded piece of memory, and after the idle time its connection. What counts as activity is a
 * whole query answered or a write completed: one byte now and then keeps nothing open.
 *
 * There is a bound on all connections and one on those of one address, of which an IPv6 /64 is one:
 * whoever has it can take any address in it. At either bound the newcomer is let in, and of those the
 * bound is about the one idle for longest goes.
 */
#ifndef DNSD_TCP_H
#define DNSD_TCP_H

#include "address.h"
#include "answer.h"
#include "siphash.h"
#include "statistic.h"

#include <uv.h>

enum {
	TCP_SWEEP_MS = 500, /* how often both times are looked at */
	TCP_STOP_MS = 1000, /* for clients to take their answers when we stop */
	TCP_BACKLOG = 256,
	TCP_OUT_HIGH = 64 * 1024, /* bytes of answers before they are sent and reading stops */
	TCP_READ = 64 * 1024	  /* bytes of one read */
};

/* Of one worker. */
struct tcp_limits {
	unsigned connections;
	unsigned connections_per_address;
	uint64_t idle_ms;
	uint64_t lifetime_ms; /* however busy: a client that wants more connects again */
};

struct tcp;

/*
 * `source` and `counters`, which are the thread's own, must outlive the result. `key` is random. NULL when memory
 * is short or the loop refuses.
 */
struct tcp *tcp_new(uv_loop_t *loop, const struct answer_source *source,
    struct statistic_counters *counters, const struct tcp_limits *limits,
    const uint8_t key[SIPHASH_KEY]);

/* Other bounds from now on, the connections' number none above that of tcp_new(); what is open beyond them ends by its times. */
void tcp_change_limits(struct tcp *tcp, const struct tcp_limits *limits);

/* Takes over the bound socket `fd` and accepts from now on. 0, or -1: logged. */
int tcp_listen(struct tcp *tcp, int fd);

/*
 * Stops accepting and reading, answers what was read, then closes everything. When the loop has
 * ended tcp_free() gives back the memory.
 */
void tcp_stop(struct tcp *tcp);
void tcp_free(struct tcp *tcp);

#endif
