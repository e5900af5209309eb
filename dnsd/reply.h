/*
 * What is replied to a question that passed the gates: for its name, and for those that CNAMEs lead on to.
 *
 * Pure. Between answer.c, which has the gates before and the header after, and the modules that look
 * names up and write records.
 */
#ifndef DNSD_REPLY_H
#define DNSD_REPLY_H

#include "answer.h"
#include "dns.h"
#include "edns.h"
#include "response.h"

#include <stdint.h>

/* What is decided about an answer beside the records that go into it. */
struct reply {
	const struct answer_source *source;
	const struct answer_client *client;
	const struct answer_task *task;
	const struct query *query; /* the task's */
	struct response response;
	enum dns_rcode rcode;
	uint64_t name_hash; /* of the name answered (see lookup_hash()) */
	uint8_t authoritative;
	uint8_t truncated;
	uint8_t empty; /* nothing of that type at the name asked for */
	uint8_t is_stale;
	uint8_t is_dynamic; /* what the table holds, or does not hold, is in the answer */
	uint8_t is_unknown; /* the table cannot say whether the name exists */
	struct edns_reply edns;
};

/* Replies to a question of class IN or ANY. Where nothing fits any more the writer has failed. */
void reply_to_question(struct reply *reply);

/* Replies to a question of class CHAOS: who the server is, or REFUSED. */
void reply_to_chaos(struct reply *reply);

#endif
