/* Which counters an answer of the API belongs to. Pure. */
#ifndef APID_HTTP_STATISTIC_H
#define APID_HTTP_STATISTIC_H

#include "response.h"
#include "route.h"
#include "statistic.h"

/* Counts an answer: its route and the class of its status, and the error if it is one. */
void http_statistic_count(
    struct statistic_counters *counters, enum route route, const struct response *response);

/* Counts how long the answer to a complete request took, in microseconds. */
void http_statistic_time(
    struct statistic_counters *counters, enum route route, uint64_t microseconds);

#endif
