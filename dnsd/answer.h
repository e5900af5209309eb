/*
 * From a query's bytes to the answer's: the whole of what dnsd knows, without a socket.
 *
 * Pure. Everything that is not a query is dropped; everything else gets an answer.
 */
#ifndef DNSD_ANSWER_H
#define DNSD_ANSWER_H

#include "cookie.h"
#include "identity.h"
#include "query.h"
#include "table.h"
#include "zone.h"

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

enum {
	ANSWER_DEFAULT_EDNS = 1232, /* no fragments on any usual path (RFC 9715, 3.1) */
	ANSWER_MAX_UDP = 4096,	    /* room for a datagram, whatever the settings say */
	ANSWER_MAX_TCP = 65535,
	ANSWER_MAX_CHAIN = 8 /* CNAMEs followed inside the zone */
};

enum answer_transport { ANSWER_UDP, ANSWER_TCP };

/* What the configuration says about answers; for all workers. */
struct answer_settings {
	/*
	 * The only thing that changes once they run: 1 while store is not heard of, so that what is
	 * known of dynamic names may be out of date.
	 */
	atomic_int stale;
	uint16_t edns_size; /* our own UDP payload size, DNS_MIN_UDP to ANSWER_MAX_UDP */
	struct cookie_secrets cookies;
	struct identity identity;
};

/* Where answers come from. */
struct answer_source {
	const struct zone *zone;
	const struct answer_settings *settings;
	struct table_reader *names; /* entered by the caller */
};

/* Who asks, how and when. */
struct answer_client {
	enum answer_transport transport;
	const uint8_t *address; /* in network order; a v4-mapped one as its four bytes */
	uint8_t address_length; /* 4 or 16; 0: unknown, and no cookie is made or believed */
	uint32_t now;		/* seconds since 1970 */
	/*
	 * TCP: how long the connection may be idle from now on, in units of 100 ms, told to who asks
	 * (RFC 7828). 0: it is about to be closed.
	 */
	uint16_t keepalive;
};

/* What an answer is for rate limiting, in the classes of BIND, NSD and Knot. */
enum answer_class {
	ANSWER_POSITIVE, /* there are records in the answer section */
	ANSWER_NODATA,	 /* the name exists, the type does not */
	ANSWER_NXDOMAIN,
	ANSWER_ERROR, /* every other rcode */
	ANSWER_CLASSES
};

struct answer_outcome {
	enum answer_class class;
	enum cookie_state cookie; /* COOKIE_RIGHT: the client's address is no forgery */
	/*
	 * A hash, not a secret one, of what the class is counted by: the name below the zone for
	 * ANSWER_POSITIVE and ANSWER_NODATA (of a wildcard: the wildcard's, or else everyone could
	 * make up as many names as he wants), otherwise 0, for the zone as a whole.
	 */
	uint64_t name_hash;
	uint16_t question_end; /* where header and question of the answer end */
	uint16_t type;	       /* of the question; 0: none that was readable */
	uint16_t rcode;	       /* all of it */
	uint8_t has_edns, is_truncated;
	/* Bytes and number of the records at the answer's very end that a cut one keeps. */
	uint16_t tail_length, tail_count;
};

/*
 * A query on its way to its answer. It is taken apart first and answered later, so that with a batch of
 * queries the table's memory is waited for side by side (see table.h). Refers to the query's bytes.
 */
struct answer_task {
	const uint8_t *bytes;
	struct query query;
	int labels; /* of the question's name in front of the zone's; -1: outside, or no question */
	struct table_label dynamic; /* the label right below the zone, where there is one */
};

/* Takes `bytes` apart. 0, or -1: say nothing, and `task` is not to be used. */
int answer_read(struct answer_task *task, const struct answer_source *source, const uint8_t *bytes,
    size_t length);

/* Between answer_read() of a batch and the first answer_write(): goes on fetching memory. */
void answer_fetch(const struct answer_task *task, const struct answer_source *source);

/*
 * Writes the answer into `answer`, which has room for ANSWER_MAX_UDP or ANSWER_MAX_TCP bytes according to
 * the transport. Returns its length, at least DNS_HEADER.
 */
size_t answer_write(const struct answer_task *task, const struct answer_source *source,
    const struct answer_client *client, uint8_t *answer, struct answer_outcome *outcome);

/* All of it for one query. 0: say nothing, and `outcome` is not written. */
size_t answer_query(const struct answer_source *source, const struct answer_client *client,
    const uint8_t *query, size_t length, uint8_t *answer, struct answer_outcome *outcome);

/*
 * Cuts the answer that answer_query() has just written down to its question and tail, with
 * TC set: whoever really asked comes back over TCP. Returns the new length, never more than that
 * of the query but for what the options in the OPT record add.
 */
size_t answer_truncate(uint8_t *answer, size_t length, const struct answer_outcome *outcome);

#endif
