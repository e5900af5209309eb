/* Messages of other DNS servers, taken apart. */
#include "dns_answer.h"
#include "suite.h"

#include <string.h>

enum { WIRE = 1024, AA = 0x0400, QR = 0x8000, RA = 0x0080, TC = 0x0200 };

static unsigned char wire[WIRE];
static struct dns_answer answer;

static void
put_name(struct writer *writer, const char *text)
{
	struct name name;

	ck_assert_int_eq(name_from_text(&name, text), 0);
	writer_bytes(writer, name.wire, name.length);
}

static void
begin(struct writer *writer, uint16_t flags, const char *question, uint16_t type, uint16_t answers,
    uint16_t authority, uint16_t additional)
{
	writer_init(writer, wire, sizeof(wire));
	writer_u16(writer, 7);
	writer_u16(writer, flags);
	writer_u16(writer, 1);
	writer_u16(writer, answers);
	writer_u16(writer, authority);
	writer_u16(writer, additional);
	put_name(writer, question);
	writer_u16(writer, type);
	writer_u16(writer, 1);
}

static void
put_record(
    struct writer *writer, const char *owner, uint16_t type, const char *rdata, uint16_t length)
{
	put_name(writer, owner);
	writer_u16(writer, type);
	writer_u16(writer, 1);
	writer_u32(writer, 60);
	writer_u16(writer, length);
	writer_bytes(writer, rdata, length);
}

#define PUT(WRITER, OWNER, TYPE, RDATA) put_record(WRITER, OWNER, TYPE, RDATA, sizeof(RDATA) - 1)

static struct name
name_of(const char *text)
{
	struct name name;

	ck_assert_int_eq(name_from_text(&name, text), 0);
	return name;
}

START_TEST(reads_a_referral)
{
	struct name zone = name_of("auth.example.org"), target,
		    host = name_of("ns1.auth.example.org");
	const struct dns_record *record;
	struct client_address address;
	char text[INET6_ADDRSTRLEN];
	struct writer writer;

	begin(&writer, QR, "AUTH.example.org", DNS_TYPE_NS, 0, 1, 2);
	/* Compressed: "ns1" and a pointer to the question's name. */
	PUT(&writer, "auth.example.org", DNS_TYPE_NS, "\3ns1\300\14");
	PUT(&writer, "ns1.auth.example.org", DNS_TYPE_A, "\5\2\0\1");
	PUT(&writer, "ns1.auth.example.org", DNS_TYPE_AAAA, "\52\16\0\0\0\0\0\0\0\0\0\0\0\0\0\1");
	ck_assert_int_eq(dns_answer_read(&answer, wire, writer.length), 0);
	ck_assert(answer.is_response && !answer.is_authoritative && !answer.can_recurse);
	ck_assert_uint_eq(answer.id, 7);
	ck_assert_uint_eq(answer.question_type, DNS_TYPE_NS);
	ck_assert(name_equal(&answer.question, &zone));
	record = dns_answer_next(&answer, DNS_SECTION_AUTHORITY, &zone, DNS_TYPE_NS, NULL);
	ck_assert_int_eq(dns_answer_target(&answer, record, &target), 0);
	ck_assert(name_equal(&target, &host));
	ck_assert_uint_eq(record->ttl, 60);
	ck_assert_ptr_null(dns_answer_next(&answer, DNS_SECTION_ANSWER, &zone, DNS_TYPE_NS, NULL));
	record = dns_answer_next(&answer, DNS_SECTION_ADDITIONAL, NULL, DNS_TYPE_AAAA, NULL);
	ck_assert_int_eq(dns_answer_address(&answer, record, &address), 0);
	client_address_to_text(&address, text);
	ck_assert_str_eq(text, "2a0e::1");
	record = dns_answer_next(&answer, DNS_SECTION_ADDITIONAL, &host, DNS_TYPE_A, NULL);
	ck_assert_int_eq(dns_answer_address(&answer, record, &address), 0);
	client_address_to_text(&address, text);
	ck_assert_str_eq(text, "5.2.0.1");
	ck_assert_ptr_null(
	    dns_answer_next(&answer, DNS_SECTION_ADDITIONAL, &host, DNS_TYPE_A, record));
	ck_assert_int_eq(dns_answer_serial(&answer, record, &(uint32_t){0}), -1);
}
END_TEST

START_TEST(reads_serial_and_flags)
{
	uint32_t serial;
	struct writer writer;

	begin(&writer, QR | AA | TC | RA | 2, "example.org", DNS_TYPE_SOA, 1, 0, 0);
	PUT(&writer, "example.org", DNS_TYPE_SOA,
	    "\2ns\300\14\1h\300\14\1\2\3\4\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\1");
	ck_assert_int_eq(dns_answer_read(&answer, wire, writer.length), 0);
	ck_assert(answer.is_authoritative && answer.is_truncated && answer.can_recurse);
	ck_assert_str_eq(dns_rcode_text(answer.rcode), "SERVFAIL");
	ck_assert_int_eq(dns_answer_serial(&answer, &answer.records[0], &serial), 0);
	ck_assert_uint_eq(serial, 0x01020304);
}
END_TEST

START_TEST(follows_aliases)
{
	struct name from = name_of("a.test"), last;
	struct writer writer;
	char text[8];

	begin(&writer, QR, "a.test", DNS_TYPE_TXT, 3, 0, 0);
	PUT(&writer, "b.test", DNS_TYPE_CNAME, "\1c\4test\0");
	PUT(&writer, "a.test", DNS_TYPE_CNAME, "\1B\4test\0");
	PUT(&writer, "c.test", DNS_TYPE_TXT, "\3one\6twoand");
	ck_assert_int_eq(dns_answer_read(&answer, wire, writer.length), 0);
	ck_assert_uint_eq(dns_answer_follow(&answer, &from, &last), 2);
	from = name_of("c.test");
	ck_assert(name_equal(&last, &from));
	ck_assert_uint_eq(dns_answer_text(&answer, &answer.records[2], text, sizeof(text)), 7);
	ck_assert_str_eq(text, "onetwoa");
	/* One that goes in a circle has an end, too. */
	begin(&writer, QR, "a.test", DNS_TYPE_TXT, 2, 0, 0);
	PUT(&writer, "b.test", DNS_TYPE_CNAME, "\1a\4test\0");
	PUT(&writer, "a.test", DNS_TYPE_CNAME, "\1b\4test\0");
	ck_assert_int_eq(dns_answer_read(&answer, wire, writer.length), 0);
	from = name_of("a.test");
	ck_assert_uint_eq(dns_answer_follow(&answer, &from, &last), 16);
}
END_TEST

START_TEST(reads_caa)
{
	struct slice property, value;
	struct writer writer;
	uint8_t flags;

	begin(&writer, QR, "a.test", DNS_TYPE_CAA, 1, 0, 0);
	PUT(&writer, "a.test", DNS_TYPE_CAA, "\200\5issueca.example");
	ck_assert_int_eq(dns_answer_read(&answer, wire, writer.length), 0);
	ck_assert_int_eq(dns_answer_caa(&answer, &answer.records[0], &flags, &property, &value), 0);
	ck_assert_uint_eq(flags, 128);
	ck_assert(slice_equals(property, "issue") && slice_equals(value, "ca.example"));
}
END_TEST

static const struct {
	const char *options; /* of EDNS */
	uint16_t length;
	const char *identity;
} identities[] = {
    {"", 0, ""},
    {"\0\3\0\0", 4, ""},
    {"\0\3\0\3ns1", 7, "ns1"},
    {"\0\3\0\3ns1\0\3\0\1x", 12, "ns1"},
    {"\0\3\0\2\1\377", 6, "01ff"},
    {"\0\3\0\3a\nb", 7, "610a62"},
    {"\0\17\0\2\0\7\0\3\0\1x", 11, "x"},
    {"\0\3\0\106"
     "0123456789012345678901234567890123456789012345678901234567890123456789",
	74, "0123456789012345678901234567890123456789012345678901234567890123"},
    {"\0\3\0\50\0ab456789012345678901234567890123456789", 44,
	"0061623435363738393031323334353637383930313233343536373839303132"},
};

START_TEST(reads_what_a_server_calls_itself)
{
	struct writer writer;

	begin(&writer, QR, "a.test", DNS_TYPE_TXT, 0, 0, 1);
	writer_bytes(&writer, "\0\0\51\4\320\0\0\0\0", 9);
	writer_u16(&writer, identities[_i].length);
	writer_bytes(&writer, identities[_i].options, identities[_i].length);
	ck_assert_int_eq(dns_answer_read(&answer, wire, writer.length), 0);
	ck_assert_str_eq(answer.identity, identities[_i].identity);
}
END_TEST

static const struct {
	const char *options; /* of EDNS */
	uint16_t length;
	int has_error;
	uint16_t error;
	const char *says; /* of signatures; NULL: nothing */
} errors[] = {
    {"", 0, 0, 0, NULL},
    {"\0\17\0\2\0\7", 6, 1, 7, "they have expired"},
    {"\0\17\0\6\0\11text", 10, 1, 9, "the zone has not the key that the DS record above it names"},
    {"\0\3\0\1x\0\17\0\2\0\26", 11, 1, 22, NULL},
    {"\0\17\0\2\0\7\0\17\0\2\0\6", 12, 1, 7, "they have expired"},
    {"\0\17\0\1\0", 5, 0, 0, NULL},
    {"\0\17\0\0", 4, 0, 0, NULL},
};

START_TEST(reads_an_extended_error)
{
	struct writer writer;

	begin(&writer, QR | 2, "a.test", DNS_TYPE_TXT, 0, 0, 1);
	writer_bytes(&writer, "\0\0\51\4\320\0\0\0\0", 9);
	writer_u16(&writer, errors[_i].length);
	writer_bytes(&writer, errors[_i].options, errors[_i].length);
	ck_assert_int_eq(dns_answer_read(&answer, wire, writer.length), 0);
	ck_assert_int_eq(answer.has_error, errors[_i].has_error);
	ck_assert_uint_eq(answer.error, errors[_i].error);
	if (errors[_i].says == NULL)
		ck_assert_ptr_null(dns_forgery_text(answer.error));
	else
		ck_assert_str_eq(dns_forgery_text(answer.error), errors[_i].says);
}
END_TEST

/* Every beginning of a message is refused, or read within its bounds. */
START_TEST(prefixes_are_refused)
{
	struct writer writer;

	begin(&writer, QR, "a.test", DNS_TYPE_TXT, 1, 0, 0);
	PUT(&writer, "a.test", DNS_TYPE_TXT, "\3one");
	for (size_t length = 0; length < writer.length; length++) {
		unsigned char copy[WIRE];

		memcpy(copy, wire, length);
		ck_assert_int_eq(dns_answer_read(&answer, copy, length), -1);
	}
}
END_TEST

START_TEST(has_room_for_so_many)
{
	static unsigned char large[65535];
	struct writer writer;

	writer_init(&writer, large, sizeof(large));
	writer_bytes(&writer, "\0\7\200\0\0\0\1\0\0\0\0\0", 12);
	for (unsigned i = 0; i < 256; i++) {
		writer_bytes(&writer, "\1a\0\0\20\0\1\0\0\0\0\0\310", 13);
		writer_u8(&writer, 199);
		memset(writer_take(&writer, 199), 'x', 199);
	}
	ck_assert_int_eq(dns_answer_read(&answer, large, writer.length), 0);
	ck_assert_uint_eq(answer.count, DNS_ANSWER_RECORDS);
	ck_assert_uint_le(answer.used, DNS_ANSWER_RDATA);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("dns_answer");
	TCase *cases = tcase_create("dns_answer");

	tcase_add_test(cases, reads_a_referral);
	tcase_add_test(cases, reads_serial_and_flags);
	tcase_add_test(cases, follows_aliases);
	tcase_add_test(cases, reads_caa);
	tcase_add_loop_test(cases, reads_an_extended_error, 0, ROWS(errors));
	tcase_add_loop_test(cases, reads_what_a_server_calls_itself, 0, ROWS(identities));
	tcase_add_test(cases, prefixes_are_refused);
	tcase_add_test(cases, has_room_for_so_many);
	suite_add_tcase(suite, cases);
	return suite_run(suite);
}
