#include "dns_answer.h"

#include <arpa/inet.h>
#include <ldns/ldns.h>
#include <stdio.h>
#include <string.h>

enum {
	CHAIN = 16,
	SOA_NUMBERS = 20,	   /* bytes behind the names of a SOA */
	OPTION_NSID = 3,	   /* RFC 5001, 2.3 */
	OPTION_EXTENDED_ERROR = 15 /* RFC 8914, 2 */
};

/* Copies ldns's name, which is in wire form. 0 or -1. */
static int
copy_name(struct name *name, const ldns_rdf *rdf)
{
	size_t length = rdf != NULL ? ldns_rdf_size(rdf) : 0;

	if (length == 0 || length > NAME_MAX_WIRE)
		return -1;
	memcpy(name->wire, ldns_rdf_data(rdf), length);
	name->length = (uint8_t)length;
	return 0;
}

/* Adds a record, unless there is no room. What cannot be copied is left out. */
static void
add_record(struct dns_answer *answer, const ldns_rr *rr, enum dns_section section)
{
	struct dns_record *record = &answer->records[answer->count];
	size_t begin = answer->used;

	if (answer->count == DNS_ANSWER_RECORDS || ldns_rr_get_class(rr) != LDNS_RR_CLASS_IN ||
	    copy_name(&record->owner, ldns_rr_owner(rr)) != 0)
		return;
	for (size_t i = 0; i < ldns_rr_rd_count(rr); i++) {
		const ldns_rdf *rdf = ldns_rr_rdf(rr, i);

		if (ldns_rdf_size(rdf) > sizeof(answer->rdata) - answer->used) {
			answer->used = begin;
			return;
		}
		memcpy(answer->rdata + answer->used, ldns_rdf_data(rdf), ldns_rdf_size(rdf));
		answer->used += ldns_rdf_size(rdf);
	}
	record->type = (uint16_t)ldns_rr_get_type(rr);
	record->ttl = ldns_rr_ttl(rr);
	record->section = section;
	record->offset = begin;
	record->length = (uint16_t)(answer->used - begin);
	answer->count++;
}

static void
add_section(struct dns_answer *answer, const ldns_rr_list *list, enum dns_section section)
{
	for (size_t i = 0; i < ldns_rr_list_rr_count(list); i++)
		add_record(answer, ldns_rr_list_rr(list, i), section);
}

/* A server's name for itself may be any bytes: text, or hexadecimal digits; what is too long is cut. */
static void
write_identity(char text[DNS_ANSWER_IDENTITY], struct slice nsid)
{
	size_t printable = 0;

	while (
	    printable < nsid.length && nsid.data[printable] >= ' ' && nsid.data[printable] <= '~')
		printable++;
	if (printable == nsid.length) {
		(void)snprintf(
		    text, DNS_ANSWER_IDENTITY, "%.*s", (int)nsid.length, (const char *)nsid.data);
		return;
	}
	for (size_t i = 0; i < nsid.length && 2 * i + 2 < DNS_ANSWER_IDENTITY; i++)
		(void)snprintf(text + 2 * i, 3, "%02x", nsid.data[i]);
}

/* The options of EDNS. Of two that are the same the first one counts. */
static void
take_options(struct dns_answer *answer, const ldns_rdf *options)
{
	struct reader reader;

	answer->has_error = 0;
	answer->error = 0;
	answer->identity[0] = '\0';
	if (options == NULL)
		return;
	reader_init(&reader, ldns_rdf_data(options), ldns_rdf_size(options));
	while (reader_left(&reader) > 0 && !reader.failed) {
		uint16_t option = reader_u16(&reader), length = reader_u16(&reader);
		struct slice value = reader_bytes(&reader, length);

		if (option == OPTION_NSID && value.length > 0 && answer->identity[0] == '\0')
			write_identity(answer->identity, value);
		if (option != OPTION_EXTENDED_ERROR || value.length < sizeof(answer->error) ||
		    answer->has_error)
			continue;
		answer->has_error = 1;
		answer->error = (uint16_t)(value.data[0] << 8 | value.data[1]);
	}
}

int
dns_answer_read(struct dns_answer *answer, const uint8_t *wire, size_t length)
{
	const ldns_rr_list *questions;
	ldns_pkt *packet = NULL;

	if (ldns_wire2pkt(&packet, wire, length) != LDNS_STATUS_OK)
		return -1;
	answer->id = ldns_pkt_id(packet);
	answer->rcode = (uint16_t)ldns_pkt_get_rcode(packet);
	answer->is_response = ldns_pkt_qr(packet) != 0;
	answer->is_authoritative = ldns_pkt_aa(packet) != 0;
	answer->is_truncated = ldns_pkt_tc(packet) != 0;
	answer->can_recurse = ldns_pkt_ra(packet) != 0;
	take_options(answer, ldns_pkt_edns_data(packet));
	answer->question = (struct name){.length = 1};
	answer->question_type = 0;
	answer->count = 0;
	answer->used = 0;
	questions = ldns_pkt_question(packet);
	if (ldns_rr_list_rr_count(questions) == 1 &&
	    copy_name(&answer->question, ldns_rr_owner(ldns_rr_list_rr(questions, 0))) == 0)
		answer->question_type = (uint16_t)ldns_rr_get_type(ldns_rr_list_rr(questions, 0));
	add_section(answer, ldns_pkt_answer(packet), DNS_SECTION_ANSWER);
	add_section(answer, ldns_pkt_authority(packet), DNS_SECTION_AUTHORITY);
	add_section(answer, ldns_pkt_additional(packet), DNS_SECTION_ADDITIONAL);
	ldns_pkt_free(packet);
	return 0;
}

const char *
dns_outcome_text(enum dns_outcome outcome)
{
	switch (outcome) {
	case DNS_OUTCOME_ANSWERED:
		return "it answers";
	case DNS_OUTCOME_SILENT:
		return "no answer comes";
	case DNS_OUTCOME_CLOSED:
		return "nobody listens there";
	case DNS_OUTCOME_UNREACHABLE:
		return "this machine has no way there";
	case DNS_OUTCOME_MALFORMED:
		return "what answers is no DNS server";
	case DNS_OUTCOME_SPENT:
	case DNS_OUTCOME_NOT_ASKED:
		break;
	}
	return "it was not asked, the time was over";
}

const char *
dns_rcode_text(uint16_t rcode)
{
	switch (rcode) {
	case DNS_RCODE_NOERROR:
		return "NOERROR";
	case 1:
		return "FORMERR";
	case DNS_RCODE_SERVFAIL:
		return "SERVFAIL";
	case DNS_RCODE_NXDOMAIN:
		return "NXDOMAIN";
	case 4:
		return "NOTIMP";
	case DNS_RCODE_REFUSED:
		return "REFUSED";
	case 9:
		return "NOTAUTH";
	default:
		return "an error";
	}
}

const char *
dns_forgery_text(uint16_t code)
{
	switch (code) {
	case 7:
		return "they have expired";
	case 8:
		return "they are not valid yet";
	case 9:
		return "the zone has not the key that the DS record above it names";
	case 10:
		return "they are missing";
	case 12:
		return "nothing proves that what is not there is not there";
	default:
		return NULL;
	}
}

struct slice
dns_answer_rdata(const struct dns_answer *answer, const struct dns_record *record)
{
	return (struct slice){answer->rdata + record->offset, record->length};
}

const struct dns_record *
dns_answer_next(const struct dns_answer *answer, enum dns_section section, const struct name *owner,
    uint16_t type, const struct dns_record *after)
{
	unsigned first = after != NULL ? (unsigned)(after - answer->records) + 1 : 0;

	for (unsigned i = first; i < answer->count; i++) {
		const struct dns_record *record = &answer->records[i];

		if (record->section == section && record->type == type &&
		    (owner == NULL || name_equal(&record->owner, owner)))
			return record;
	}
	return NULL;
}

/* Reads a name at the beginning of rdata. Its length, or 0: there is none. */
static size_t
read_name(struct slice rdata, struct name *name)
{
	size_t length = 0;

	while (length < rdata.length && length < NAME_MAX_WIRE) {
		size_t label = rdata.data[length];

		if (label > NAME_MAX_LABEL || length + 1 + label > rdata.length ||
		    length + 1 + label > NAME_MAX_WIRE)
			return 0;
		length += 1 + label;
		if (label > 0)
			continue;
		memcpy(name->wire, rdata.data, length);
		name->length = (uint8_t)length;
		return length;
	}
	return 0;
}

int
dns_answer_target(
    const struct dns_answer *answer, const struct dns_record *record, struct name *target)
{
	return read_name(dns_answer_rdata(answer, record), target) > 0 ? 0 : -1;
}

int
dns_answer_address(const struct dns_answer *answer, const struct dns_record *record,
    struct client_address *address)
{
	struct slice rdata = dns_answer_rdata(answer, record);
	struct sockaddr_in v4 = {.sin_family = AF_INET};

	if (record->type == DNS_TYPE_A && rdata.length == sizeof(v4.sin_addr)) {
		memcpy(&v4.sin_addr, rdata.data, rdata.length);
		*address = client_address_from_socket((const struct sockaddr *)&v4);
		return 0;
	}
	if (record->type != DNS_TYPE_AAAA || rdata.length != sizeof(address->bytes))
		return -1;
	memcpy(address->bytes, rdata.data, rdata.length);
	return 0;
}

int
dns_answer_serial(
    const struct dns_answer *answer, const struct dns_record *record, uint32_t *serial)
{
	struct slice rdata = dns_answer_rdata(answer, record);
	struct reader reader;

	if (record->type != DNS_TYPE_SOA || rdata.length < SOA_NUMBERS + 2)
		return -1;
	reader_init(&reader, rdata.data + rdata.length - SOA_NUMBERS, SOA_NUMBERS);
	*serial = reader_u32(&reader);
	return 0;
}

size_t
dns_answer_text(
    const struct dns_answer *answer, const struct dns_record *record, char *text, size_t capacity)
{
	struct slice rdata = dns_answer_rdata(answer, record);
	size_t written = 0;
	struct reader reader;

	reader_init(&reader, rdata.data, rdata.length);
	while (reader_left(&reader) > 0 && !reader.failed) {
		struct slice part = reader_string8(&reader, UINT8_MAX);

		if (part.length > capacity - 1 - written)
			part.length = capacity - 1 - written;
		if (part.length > 0)
			memcpy(text + written, part.data, part.length);
		written += part.length;
	}
	text[written] = '\0';
	return written;
}

int
dns_answer_caa(const struct dns_answer *answer, const struct dns_record *record, uint8_t *flags,
    struct slice *property, struct slice *value)
{
	struct slice rdata = dns_answer_rdata(answer, record);
	struct reader reader;

	reader_init(&reader, rdata.data, rdata.length);
	*flags = reader_u8(&reader);
	*property = reader_string8(&reader, UINT8_MAX);
	*value = reader_bytes(&reader, reader_left(&reader));
	return record->type != DNS_TYPE_CAA || reader.failed || property->length == 0 ? -1 : 0;
}

unsigned
dns_answer_follow(const struct dns_answer *answer, const struct name *from, struct name *last)
{
	unsigned count = 0;

	*last = *from;
	while (count < CHAIN) {
		struct name here = *last;
		const struct dns_record *alias =
		    dns_answer_next(answer, DNS_SECTION_ANSWER, &here, DNS_TYPE_CNAME, NULL);

		if (alias == NULL || dns_answer_target(answer, alias, last) != 0)
			break;
		count++;
	}
	return count;
}
