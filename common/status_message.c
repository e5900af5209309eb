#include "status_message.h"

#include <string.h>

void
status_message_put(struct writer *writer, const struct status_message *status)
{
	for (unsigned i = 0; i < STATISTICS; i++)
		writer_u64(writer, status->values[i]);
	writer_u32(writer, status->dnsd_age);
	writer_u32(writer, status->apid_age);
	writer_u64(writer, status->live_bytes);
	writer_u64(writer, status->map_max);
	writer_u64(writer, status->reserve);
	writer_u8(writer, (uint8_t)status->parts);
	writer_u32(writer, status->span);
	writer_u8(writer, status->refusal_count);
	for (unsigned i = 0; i < status->refusal_count; i++) {
		const struct refusal *refusal = &status->refusals[i];

		writer_bytes(writer, refusal->client.bytes, sizeof(refusal->client.bytes));
		writer_u64(writer, refusal->count);
		writer_u32(writer, (uint32_t)refusal->last);
		writer_string8(writer, refusal->reason, strlen(refusal->reason));
	}
}

/* It goes to a terminal. */
static int
is_printable(struct slice text)
{
	for (size_t i = 0; i < text.length; i++)
		if (text.data[i] < ' ' || text.data[i] > '~')
			return 0;
	return 1;
}

static int
get_refusal(struct reader *reader, struct refusal *refusal)
{
	struct slice client, reason;

	client = reader_bytes(reader, sizeof(refusal->client.bytes));
	refusal->count = reader_u64(reader);
	refusal->last = reader_u32(reader);
	reason = reader_string8(reader, REFUSAL_REASON - 1);
	if (reader->failed || refusal->count == 0 || !is_printable(reason))
		return -1;
	memcpy(refusal->client.bytes, client.data, client.length);
	memcpy(refusal->reason, reason.data, reason.length);
	refusal->reason[reason.length] = '\0';
	return 0;
}

int
status_message_get(struct reader *reader, struct status_message *status)
{
	for (unsigned i = 0; i < STATISTICS; i++)
		status->values[i] = reader_u64(reader);
	status->dnsd_age = reader_u32(reader);
	status->apid_age = reader_u32(reader);
	status->live_bytes = reader_u64(reader);
	status->map_max = reader_u64(reader);
	status->reserve = reader_u64(reader);
	status->parts = reader_u8(reader);
	status->span = reader_u32(reader);
	status->refusal_count = reader_u8(reader);
	if (reader->failed || status->parts > MESSAGE_READY_PARTS ||
	    status->refusal_count > STATUS_MESSAGE_REFUSALS)
		return -1;
	for (unsigned i = 0; i < status->refusal_count; i++)
		if (get_refusal(reader, &status->refusals[i]) != 0)
			return -1;
	return reader_end(reader);
}
