/*
 * What all three processes count, as far as store knows: its own counters and the last report of each front process.
 *
 * A front is believed about itself because nobody else knows, and nothing is decided by what it says: one that
 * was taken over can make its own numbers up, and nobody else's.
 */
#ifndef STORE_SUMMARY_H
#define STORE_SUMMARY_H

#include "pack.h"
#include "statistic.h"

#include <uv.h>

enum { SUMMARY_LOG_MS = 60 * 60 * 1000 };

/* store's threads that count. */
enum summary_thread { SUMMARY_LOOP, SUMMARY_COMMITTER, SUMMARY_THREADS };

struct summary;

/*
 * Logs itself every hour; its timer does not keep the loop running. Fatal when memory is short. summary_free() after
 * the loop has ended for good.
 */
struct summary *summary_start(uv_loop_t *loop);
void summary_free(struct summary *summary);

/* The thread's own array, as long as the summary lives. */
struct statistic_counters *summary_counters(struct summary *summary, enum summary_thread thread);

/*
 * `sample` sets what only a look tells, such as the length of a queue, each time before the summary is read; it counts
 * as SUMMARY_LOOP.
 */
void summary_sample_by(struct summary *summary, void (*sample)(void *context), void *context);

/* Keeps a front's report. 0, or -1: it is none; the one before is kept. */
int summary_take(struct summary *summary, enum statistic_source front, struct reader *body);

/* Milliseconds since a front's last report; UINT32_MAX: there was none. */
uint32_t summary_age(const struct summary *summary, enum statistic_source front);

/*
 * Everything as last heard of. What a front said stays when its link ends; its next process begins at 0.
 */
void summary_read(struct summary *summary, uint64_t values[STATISTICS]);

/* One line or more at info level for each process that has counted something. */
void summary_log(struct summary *summary);

#endif
