#include "control_status.h"

#include "control.h"
#include "ready_parts.h"
#include "status_message.h"

#include <time.h>

static void
fill_refusals(struct refusal_table *refusals, struct status_message *status)
{
	struct timespec clock;
	uint64_t now, span;

	clock_gettime(CLOCK_MONOTONIC, &clock);
	now = (uint64_t)clock.tv_sec;
	status->refusal_count = (uint8_t)refusal_table_top(
	    refusals, now, status->refusals, STATUS_MESSAGE_REFUSALS, &span);
	status->span = (uint32_t)span;
	for (unsigned i = 0; i < status->refusal_count; i++)
		status->refusals[i].last = now - status->refusals[i].last;
}

int
control_status_read(void *peer, uint64_t id, struct reader *body, int fd)
{
	const struct control_config *config = control_config_of(peer);
	struct status_message status = {
	    .map_max = config->room->map_max, .reserve = config->room->reserve};
	unsigned char message[MESSAGE_MAX];
	struct control_ticket ticket;
	struct database_size size;
	struct writer writer;

	(void)body;
	(void)fd;
	if (control_take(peer, id, &ticket) != 0)
		return -1;
	summary_read(config->summary, status.values);
	status.dnsd_age = summary_age(config->summary, STATISTIC_DNSD);
	status.apid_age = summary_age(config->summary, STATISTIC_APID);
	/* What cannot be read is in the log. */
	if (database_measure(config->database, &size) == DATABASE_OK)
		status.live_bytes = size.live_bytes;
	status.parts = ready_parts(config->accounts, config->room);
	fill_refusals(config->refusals, &status);
	message_begin(&writer, message, MESSAGE_STATUS_ANSWER, id);
	status_message_put(&writer, &status);
	control_answer(&ticket, &writer);
	return 0;
}
