/* Wire bytes to question and EDNS; see query.h for the order of the gates. */
#include "query.h"

#include "edns.h"
#include "pack.h"

#include <string.h>

enum {
	OFFSET_FLAGS = 2, /* of the header's fields */
	OFFSET_QDCOUNT = 4,
	OFFSET_ANCOUNT = 6,
	OFFSET_NSCOUNT = 8,
	OFFSET_ARCOUNT = 10,
	POINTER = 0xc0 /* both upper bits of a length byte: a compression pointer */
};

static uint16_t
read_u16(const uint8_t *bytes)
{
	return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

int
qname_read(struct qname *name, const uint8_t *wire, size_t available)
{
	size_t offset = 0, label;
	uint8_t count = 0;

	for (;;) {
		if (offset >= available)
			return -1;
		label = wire[offset];
		if (label == 0)
			break;
		if (label > NAME_MAX_LABEL)
			return -1;
		name->labels[count++] = (uint8_t)offset;
		offset += 1 + label;
		/* The root label must still fit. */
		if (offset >= NAME_MAX_WIRE)
			return -1;
	}
	name->length = (uint8_t)(offset + 1);
	name->label_count = count;
	memcpy(name->lower, wire, name->length);
	name_lower_wire(name->lower, name->length);
	return 0;
}

static int
read_question(struct query *query, const uint8_t *message, size_t length)
{
	const uint8_t *end;

	if (qname_read(&query->name, message + DNS_HEADER, length - DNS_HEADER) < 0)
		return -1;
	if (length - DNS_HEADER - query->name.length < 4)
		return -1;
	end = message + DNS_HEADER + query->name.length;
	query->type = read_u16(end);
	query->class = read_u16(end + 2);
	query->question_length = (uint16_t)(query->name.length + 4);
	return 0;
}

/* Passes one record's owner, compressed or not, without following where it leads. */
static int
skip_owner(struct reader *reader)
{
	uint8_t length;

	for (;;) {
		length = reader_u8(reader);
		if (reader->failed)
			return -1;
		if (length == 0)
			return 0;
		if (length >= POINTER) {
			reader_u8(reader);
			return reader->failed ? -1 : 0;
		}
		if (length > NAME_MAX_LABEL)
			return -1;
		reader_bytes(reader, length);
	}
}

/* An IXFR names the serial it has in an SOA record in authority (RFC 1995, 3). */
static int
skip_records(struct reader *reader, unsigned count)
{
	for (; count > 0; count--) {
		if (skip_owner(reader) < 0)
			return -1;
		reader_bytes(reader, DNS_RECORD_FIXED - 2);
		reader_bytes(reader, reader_u16(reader));
		if (reader->failed)
			return -1;
	}
	return 0;
}

/* Options that are not known are ignored, but each must lie within the record (RFC 6891, 6.1.2). */
static int
read_options(struct query *query, struct slice options)
{
	struct reader reader;
	struct slice data;
	uint16_t code;

	reader_init(&reader, options.data, options.length);
	while (reader_left(&reader) > 0) {
		code = reader_u16(&reader);
		data = reader_bytes(&reader, reader_u16(&reader));
		if (reader.failed)
			return -1;
		if (code == EDNS_OPTION_COOKIE && !query->has_cookie) {
			query->has_cookie = 1;
			query->cookie = data;
		} else if (code == EDNS_OPTION_NSID) {
			query->wants_nsid = 1;
		} else if (code == EDNS_OPTION_KEEPALIVE) {
			query->wants_keepalive = 1;
		}
	}
	return 0;
}

static int
is_opt(const struct reader *reader)
{
	return reader_left(reader) >= 3 && reader->data[reader->offset] == 0 &&
	       read_u16(reader->data + reader->offset + 1) == DNS_TYPE_OPT;
}

/* The OPT record, owned by the root. */
static int
read_opt(struct query *query, struct reader *reader, unsigned *version)
{
	struct slice options;
	uint16_t size, flags;

	reader_bytes(reader, 3); /* owner and type */
	size = reader_u16(reader);
	reader_u8(reader); /* extended rcode: means nothing in a query */
	*version = reader_u8(reader);
	flags = reader_u16(reader);
	options = reader_bytes(reader, reader_u16(reader));
	if (reader->failed)
		return -1;
	query->edns = 1;
	query->edns_size = size < DNS_MIN_UDP ? DNS_MIN_UDP : size;
	query->dnssec_ok = (flags & DNS_EDNS_DO) != 0;
	/* What the options of a later version look like is not ours to say. */
	return *version == 0 ? read_options(query, options) : 0;
}

/*
 * What follows the question: an OPT record or none, and a TSIG record, always the last (RFC 8945, 5.1),
 * or none. A SIG(0) is refused like any other record: a query has no need of it (RFC 2931, 3.1).
 */
static enum dns_rcode
read_rest(struct query *query, const uint8_t *message, size_t length)
{
	unsigned authority = read_u16(message + OFFSET_NSCOUNT);
	unsigned additional = read_u16(message + OFFSET_ARCOUNT);
	unsigned version = 0;
	size_t offset = DNS_HEADER + (size_t)query->question_length;
	struct reader reader;
	int is_signed;

	if (read_u16(message + OFFSET_ANCOUNT) != 0)
		return DNS_RCODE_FORMERR;
	if (authority != 0 && query->type != DNS_TYPE_IXFR)
		return DNS_RCODE_FORMERR;
	reader_init(&reader, message + offset, length - offset);
	if (authority != 0 && skip_records(&reader, authority) < 0)
		return DNS_RCODE_FORMERR;
	if (additional != 0 && is_opt(&reader)) {
		if (read_opt(query, &reader, &version) < 0)
			return DNS_RCODE_FORMERR;
		additional--;
	}
	is_signed = additional == 1;
	if (is_signed && tsig_read(&query->tsig, &reader, &query->name) < 0)
		return DNS_RCODE_FORMERR;
	if (additional > 1 || reader_end(&reader) < 0)
		return DNS_RCODE_FORMERR;
	if (version != 0)
		return DNS_RCODE_BADVERS;
	/* No key is known here (RFC 8945, 5.2.1). */
	return is_signed ? DNS_RCODE_NOTAUTH : DNS_RCODE_NOERROR;
}

/*
 * The rest of a message of another opcode: it is answered with an OPT record if it has one
 * (RFC 6891, 6.1.1), where that can be told, and otherwise left alone.
 */
static void
read_foreign(struct query *query, const uint8_t *message, size_t length)
{
	if (read_rest(query, message, length) == DNS_RCODE_FORMERR)
		query->edns = 0;
	query->has_cookie = 0;
}

static enum dns_rcode
judge(struct query *query, const uint8_t *message, size_t length)
{
	enum dns_rcode rcode;
	unsigned questions;

	/* Early, because another opcode may give the rest of the message another meaning. */
	if ((message[OFFSET_FLAGS] & DNS_MASK_OPCODE) != DNS_OPCODE_QUERY) {
		if (read_u16(message + OFFSET_QDCOUNT) == 1 &&
		    read_question(query, message, length) == 0)
			read_foreign(query, message, length);
		return DNS_RCODE_NOTIMP;
	}
	questions = read_u16(message + OFFSET_QDCOUNT);
	if (questions > 1 || (questions == 1 && read_question(query, message, length) < 0))
		return DNS_RCODE_FORMERR;
	if ((message[OFFSET_FLAGS + 1] & DNS_MASK_RCODE) != 0)
		return DNS_RCODE_FORMERR;
	rcode = read_rest(query, message, length);
	if (questions == 0 && !query->has_cookie)
		return DNS_RCODE_FORMERR;
	if (rcode != DNS_RCODE_NOERROR || questions == 0)
		return rcode;
	if (query->class != DNS_CLASS_IN && query->class != DNS_CLASS_CHAOS &&
	    query->class != DNS_CLASS_ANY)
		return DNS_RCODE_REFUSED;
	/* Records that describe a message or its transfer are never data of a name. */
	switch (query->type) {
	case DNS_TYPE_OPT:
	case DNS_TYPE_TKEY:
	case DNS_TYPE_TSIG:
		return DNS_RCODE_FORMERR;
	case DNS_TYPE_IXFR:
	case DNS_TYPE_AXFR:
		return DNS_RCODE_REFUSED;
	default:
		return DNS_RCODE_NOERROR;
	}
}

int
query_read(struct query *query, const uint8_t *message, size_t length)
{
	if (length < DNS_HEADER || (message[OFFSET_FLAGS] & DNS_BIT_QR) != 0)
		return -1;
	query->type = 0;
	query->class = 0;
	query->question_length = 0;
	query->edns = 0;
	query->dnssec_ok = 0;
	query->edns_size = DNS_MIN_UDP;
	query->has_cookie = 0;
	query->wants_nsid = 0;
	query->wants_keepalive = 0;
	query->name.length = 0;
	query->name.label_count = 0;
	query->rcode = judge(query, message, length);
	return 0;
}
