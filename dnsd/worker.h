/*
 * One worker: a thread with a loop of its own, its UDP sockets and its TCP connections. It
 * shares nothing that is written with the others but the bytes of the table.
 */
#ifndef DNSD_WORKER_H
#define DNSD_WORKER_H

#include "answer.h"
#include "notify.h"
#include "rate_report.h"
#include "statistic.h"
#include "table.h"
#include "terms.h"

#include <stddef.h>

struct worker_config {
	unsigned index;			     /* for the thread's name */
	struct terms *terms;		     /* the first ones */
	struct table_reader *names;	     /* this worker's own */
	struct statistic_counters *counters; /* likewise */
	struct rate_report *rate_report;
	const int *udp_fds; /* bound; taken over */
	size_t udp_count;
	const int *tcp_fds;
	size_t tcp_count;
	void (*adopted)(void *context); /* called by the thread when it uses other terms */
	void (*ended)(void *context);	/* called by the thread as its last act */
	void *context;
};

struct worker;

/* Starts the thread; it reads no socket yet. Fatal on failure. */
struct worker *worker_start(const struct worker_config *config);

/* From any thread: reads the sockets from now on; stops when what is in hand is answered. */
void worker_serve(struct worker *worker);
void worker_stop(struct worker *worker);

/* From the main thread: uses these terms from its next turn on, and calls `adopted`. Not again before it has. */
void worker_adopt(struct worker *worker, struct terms *terms);

/* From any thread: has the worker call notify_answer() in its next turn. Not again before it has. */
void worker_call(struct worker *worker, struct notify *notify);

/* After `ended`: waits for the thread and frees. */
void worker_join(struct worker *worker);

#endif
