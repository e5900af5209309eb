/* Which counters an answer belongs to. Pure. */
#ifndef DNSD_DNS_STATISTIC_H
#define DNSD_DNS_STATISTIC_H

#include "answer.h"
#include "statistic.h"

/* Counts what answer_write() has answered: one transport, one type, one rcode and one state of the cookie each. */
void dns_statistic_count(struct statistic_counters *counters, const struct answer_client *client,
    const struct answer_outcome *outcome);

#endif
