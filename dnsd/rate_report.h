/*
 * The log's lines about networks whose answers are limited: one for each network and minute, however
 * many workers limit it, and not more than log_allowed() lets through.
 */
#ifndef DNSD_RATE_REPORT_H
#define DNSD_RATE_REPORT_H

#include "address.h"

#include <stdint.h>

struct rate_report; /* one for all workers */

/* NULL when memory is short. */
struct rate_report *rate_report_new(void);

/*
 * From any thread: answers to the network were limited at `now`, in ms. Takes a lock, so a worker asks
 * a rate_notice of its own first.
 */
void rate_report_limited(struct rate_report *report, const struct network *network, uint64_t now);

void rate_report_free(struct rate_report *report);

#endif
