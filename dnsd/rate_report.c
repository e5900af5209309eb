/* A rate_notice behind a lock; see rate_report.h. */
#include "rate_report.h"

#include "log.h"
#include "rate_limit.h"

#include <pthread.h>
#include <stdlib.h>

struct rate_report {
	pthread_mutex_t lock;
	struct rate_notice notice;
	struct log_limit lines;
};

struct rate_report *
rate_report_new(void)
{
	struct rate_report *report = calloc(1, sizeof(*report));

	if (report != NULL && pthread_mutex_init(&report->lock, NULL) != 0) {
		free(report);
		return NULL;
	}
	return report;
}

void
rate_report_limited(struct rate_report *report, const struct network *network, uint64_t now)
{
	char text[NETWORK_MAX_TEXT];

	(void)pthread_mutex_lock(&report->lock);
	if (rate_notice_due(&report->notice, network, now) && log_allowed(&report->lines)) {
		network_to_text(network, text);
		log_warning("answers to %s exceed dns.rate_limit and are limited", text);
	}
	(void)pthread_mutex_unlock(&report->lock);
}

void
rate_report_free(struct rate_report *report)
{
	if (report == NULL)
		return;
	(void)pthread_mutex_destroy(&report->lock);
	free(report);
}
