#include "summary.h"

#include "log.h"
#include "message.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
	TEXT = LOG_MAX_LINE - 128, /* of one log line, without what stands before it */
	NS_PER_MS = 1000 * 1000
};

struct summary {
	uv_timer_t timer;
	struct statistic_counters *counters;	 /* of SUMMARY_THREADS */
	uint64_t reported[STATISTICS];		 /* by the fronts; nothing in store's own part */
	uint64_t reported_at[STATISTIC_SOURCES]; /* uv_hrtime() of the last report; 0: none yet */
	void (*sample)(void *context);		 /* may be NULL */
	void *context;
};

static void
on_timer(uv_timer_t *timer)
{
	summary_log(timer->data);
}

struct summary *
summary_start(uv_loop_t *loop)
{
	struct summary *summary = calloc(1, sizeof(*summary));

	if (summary == NULL)
		fatal("no memory for statistics");
	summary->counters = statistic_counters_new(SUMMARY_THREADS);
	if (summary->counters == NULL || uv_timer_init(loop, &summary->timer) != 0)
		fatal("no memory for statistics");
	statistic_set(
	    &summary->counters[SUMMARY_LOOP], STATISTIC_STORE_STARTED, (uint64_t)time(NULL));
	summary->timer.data = summary;
	uv_timer_start(&summary->timer, on_timer, SUMMARY_LOG_MS, SUMMARY_LOG_MS);
	uv_unref((uv_handle_t *)&summary->timer);
	return summary;
}

void
summary_free(struct summary *summary)
{
	if (summary == NULL)
		return;
	free(summary->counters);
	free(summary);
}

struct statistic_counters *
summary_counters(struct summary *summary, enum summary_thread thread)
{
	return &summary->counters[thread];
}

void
summary_sample_by(struct summary *summary, void (*sample)(void *context), void *context)
{
	summary->sample = sample;
	summary->context = context;
}

int
summary_take(struct summary *summary, enum statistic_source front, struct reader *body)
{
	if (message_get_statistics(body, front, summary->reported) != 0)
		return -1;
	summary->reported_at[front] = uv_hrtime();
	return 0;
}

uint32_t
summary_age(const struct summary *summary, enum statistic_source front)
{
	uint64_t age;

	if (summary->reported_at[front] == 0)
		return UINT32_MAX;
	age = (uv_hrtime() - summary->reported_at[front]) / NS_PER_MS;
	return age < UINT32_MAX ? (uint32_t)age : UINT32_MAX;
}

void
summary_read(struct summary *summary, uint64_t values[STATISTICS])
{
	if (summary->sample != NULL)
		summary->sample(summary->context);
	memcpy(values, summary->reported, sizeof(summary->reported));
	statistic_sum(summary->counters, SUMMARY_THREADS, values);
}

void
summary_log(struct summary *summary)
{
	uint64_t values[STATISTICS];
	char text[TEXT];

	summary_read(summary, values);
	for (unsigned source = 0; source < STATISTIC_SOURCES; source++) {
		struct statistic_range range = statistic_range(source);
		unsigned next = 0;

		while (next < range.count) {
			if (statistic_text(text, sizeof(text), source, values, &next) > 0)
				log_info("statistics of %s: %s", range.source, text);
		}
	}
}
