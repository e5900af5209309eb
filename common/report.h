/*
 * What a front process tells store of its statistics: every STATISTIC_REPORT_MS, if anything changed since.
 *
 * Nothing waits for it, and a report that the link does not take is followed by the next. After a new link all is
 * said again, since whoever is at its other end may have begun afresh.
 */
#ifndef COMMON_REPORT_H
#define COMMON_REPORT_H

#include "link.h"
#include "statistic.h"

#include <uv.h>

struct report;

/*
 * `collect` adds what is counted to zeroes; only the source's part of it is reported. NULL when memory is short or
 * the loop refuses.
 */
struct report *report_new(uv_loop_t *loop, enum statistic_source source,
    void (*collect)(void *context, uint64_t values[STATISTICS]), void *context);

/* Reports over this link from now on, where that is allowed already; NULL: the link is gone. */
void report_use(struct report *report, struct link *link);

/* Reports at once what has changed, as far as there is a link: before the link is closed. */
void report_flush(struct report *report);

/* Ends it; the memory goes in a later turn of the loop. NULL is accepted. */
void report_close(struct report *report);

#endif
