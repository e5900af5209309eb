/*
 * One UDP socket of one worker: queries in, answers out, in batches.
 *
 * An answer leaves from the address that was asked, also where the listener is a
 * wildcard. What does not fit into the socket's send buffer is dropped, as on any network. Answers
 * are limited in rate, if so configured: who asks over UDP may be somebody else.
 */
#ifndef DNSD_UDP_H
#define DNSD_UDP_H

#include "address.h"
#include "answer.h"
#include "rate_limit.h"
#include "rate_report.h"
#include "statistic.h"

#include <uv.h>

enum {
	UDP_BATCH = 32,	     /* messages of one recvmmsg(2) and one sendmmsg(2) */
	UDP_TURNS = 8,	     /* batches before the worker's other sockets get their turn */
	UDP_MAX_QUERY = 4096 /* a longer query is cut and so becomes a FORMERR */
};

/*
 * Before confinement: asks the kernel for the address asked, on a wildcard, and for buffers of `buffer`
 * bytes (0: as they are). Fatal on failure; buffers that come out smaller are a warning.
 */
void udp_prepare(int fd, const struct address *address, uint32_t buffer);

/* What limits the answers of a worker, over all its UDP sockets. */
struct udp_limiter {
	struct rate_limit *limit; /* NULL: nothing does */
	struct rate_notice notice;
	struct rate_report *report; /* of all workers */
};

struct udp;

/*
 * Takes over `fd`, but does not read yet. `source`, `limiter` and `counters`, which are the thread's own, must
 * outlive the result. NULL when memory is short.
 */
struct udp *udp_new(uv_loop_t *loop, int fd, const struct answer_source *source,
    struct udp_limiter *limiter, struct statistic_counters *counters);

/* Reads from now on. 0 or -1. */
int udp_serve(struct udp *udp);

/* Answers what has arrived already and closes; the memory goes in a later turn of the loop. */
void udp_stop(struct udp *udp);

#endif
