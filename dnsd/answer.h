/*
 * From a query's bytes to the answer's: the whole of what dnsd knows, without a socket.
 *
 * Pure. Everything that is not a query is dropped; everything else gets an answer.
 */
#ifndef DNSD_ANSWER_H
#define DNSD_ANSWER_H

#include "table.h"
#include "zone.h"

#include <stddef.h>
#include <stdint.h>

enum {
	ANSWER_MAX_UDP = 1232, /* our own EDNS size, and no datagram is longer (RFC 9715) */
	ANSWER_MAX_TCP = 65535,
	ANSWER_MAX_CHAIN = 8 /* CNAMEs followed inside the zone */
};

enum answer_transport { ANSWER_UDP, ANSWER_TCP };

/* Where answers come from. */
struct answer_source {
	const struct zone *zone;
	struct table_reader *names; /* entered by the caller */
};

/*
 * Writes the answer to `query` into `answer`, which has room for ANSWER_MAX_UDP or ANSWER_MAX_TCP
 * bytes according to `transport`. Returns its length, or 0: say nothing.
 */
size_t answer_query(const struct answer_source *source, enum answer_transport transport,
    const uint8_t *query, size_t length, uint8_t *answer);

#endif
