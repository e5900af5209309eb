#include "report.h"

#include "message.h"

#include <stdlib.h>
#include <string.h>

struct report {
	uv_timer_t timer;
	struct link *link; /* borrowed; NULL: none */
	enum statistic_source source;
	void (*collect)(void *context, uint64_t values[STATISTICS]);
	void *context;
	uint64_t sent[STATISTICS];
	int said; /* something was sent over this link */
};

void
report_flush(struct report *report)
{
	uint64_t values[STATISTICS] = {0};
	unsigned char message[MESSAGE_MAX];
	struct writer writer;

	if (report->link == NULL)
		return;
	report->collect(report->context, values);
	if (report->said && memcmp(values, report->sent, sizeof(values)) == 0)
		return;
	message_begin(&writer, message, MESSAGE_STATISTICS, 0);
	message_put_statistics(&writer, report->source, values);
	if (link_send(report->link, message, message_end(&writer)) != 0)
		return;
	memcpy(report->sent, values, sizeof(values));
	report->said = 1;
}

static void
on_timer(uv_timer_t *timer)
{
	report_flush(timer->data);
}

struct report *
report_new(uv_loop_t *loop, enum statistic_source source,
    void (*collect)(void *context, uint64_t values[STATISTICS]), void *context)
{
	struct report *report = calloc(1, sizeof(*report));

	if (report == NULL || uv_timer_init(loop, &report->timer) < 0) {
		free(report);
		return NULL;
	}
	report->timer.data = report;
	report->source = source;
	report->collect = collect;
	report->context = context;
	return report;
}

void
report_use(struct report *report, struct link *link)
{
	report->link = link;
	report->said = 0;
	if (link == NULL)
		(void)uv_timer_stop(&report->timer);
	else
		(void)uv_timer_start(
		    &report->timer, on_timer, STATISTIC_REPORT_MS, STATISTIC_REPORT_MS);
}

static void
on_closed(uv_handle_t *handle)
{
	free(handle->data);
}

void
report_close(struct report *report)
{
	if (report != NULL)
		uv_close((uv_handle_t *)&report->timer, on_closed);
}
