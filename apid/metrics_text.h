/* What is counted, in the text format of Prometheus (version 0.0.4). Pure. */
#ifndef APID_METRICS_TEXT_H
#define APID_METRICS_TEXT_H

#include "buf.h"
#include "statistic.h"

#define METRICS_TEXT_TYPE "text/plain; version=0.0.4; charset=utf-8"

/* Appends the part of one process, or sallyport_build_info. `out` is failed afterwards if it did not fit. */
void metrics_text_write(
    struct buf *out, enum statistic_source source, const uint64_t values[STATISTICS]);
void metrics_text_write_build(struct buf *out, const char *version, const char *commit);

#endif
