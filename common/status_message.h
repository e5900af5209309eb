/*
 * Body of STATUS_ANSWER, from store to `sallyport status`: all that is counted, how old that is, and what store knows besides.
 * Pure. The request has no body.
 */
#ifndef COMMON_STATUS_MESSAGE_H
#define COMMON_STATUS_MESSAGE_H

#include "message.h"
#include "refusal_table.h"

enum {
	STATUS_MESSAGE_REFUSALS = 8, /* at most */
	STATUS_MESSAGE_NEVER = UINT32_MAX
};

struct status_message {
	uint64_t values[STATISTICS];
	uint32_t dnsd_age,
	    apid_age;	     /* ms since its last report; STATUS_MESSAGE_NEVER: there was none */
	uint64_t live_bytes; /* of the map: in use now */
	uint64_t map_max, reserve; /* bytes, as they are in force */
	unsigned parts;		   /* MESSAGE_READY_*: what there is */
	uint32_t span;		   /* seconds in which the refusals were counted */
	uint8_t refusal_count;
	struct refusal refusals
	    [STATUS_MESSAGE_REFUSALS]; /* most first; `last` is seconds ago, at most 2^32 - 1 */
};

void status_message_put(struct writer *writer, const struct status_message *status);

/* 0, or -1 on a body that is malformed. */
int status_message_get(struct reader *reader, struct status_message *status);

#endif
