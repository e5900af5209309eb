/*
 * The signature of a query (RFC 8945). Nobody shares a key with this server, so that it only says
 * which one it does not know. Pure.
 */
#ifndef DNSD_TSIG_H
#define DNSD_TSIG_H

#include "pack.h"

#include <stddef.h>
#include <stdint.h>

struct qname;

/* What a refusal repeats of a TSIG record; the slices lie in the query. */
struct tsig {
	struct slice
	    owner; /* the key's name as written; it may end in a pointer into the question */
	struct slice signer; /* algorithm, time and fudge */
	uint16_t id;
};

/*
 * Reads one record. 0, or -1: it is no TSIG, not as RFC 8945, 4.2, has it, or its names are compressed
 * otherwise than against `question`, the name that stands right behind the header (length 0: none).
 */
int tsig_read(struct tsig *tsig, struct reader *reader, const struct qname *question);

/* Bytes that tsig_write() needs. */
size_t tsig_length(const struct tsig *tsig);

/*
 * Writes the record that belongs to rcode NOTAUTH, unsigned and with the error BADKEY (RFC 8945,
 * 5.2.1 and 5.3.2), into an answer that repeats the question.
 */
void tsig_write(const struct tsig *tsig, struct writer *writer);

#endif
