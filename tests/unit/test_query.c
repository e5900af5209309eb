/* The gates that a query passes, each with a message that it stops, and their order. */
#include "query.h"

#include "pack.h"
#include "suite.h"

#include <stdlib.h>
#include <string.h>

#define BYTES(literal) (const uint8_t *)(literal), sizeof(literal) - 1
/* Header of a query with one question: id, flags, counts. */
#define HEADER(flags, answers, authority, additional)                                              \
	"\x12\x34" flags "\0\1\0" answers "\0" authority "\0" additional
#define RD	 "\1\0"
#define QUESTION "\1a\2Bc\0\0\20\0\1"	     /* a.Bc. TXT IN */
#define OPT	 "\0\0\51\4\320\0\0\0\0\0\0" /* 1232 bytes, version 0, no flags */

/* A key called "key." and the rest of its TSIG record: algorithm "a.", a MAC of one byte. */
#define KEY	   "\3key\0"
#define TSIG	   "\0\372\0\377\0\0\0\0"
#define DATA_BYTES "\1a\0\0\0\1\2\3\4\1\54\0\1M\22\64\0\0\0\0"
#define DATA	   "\0\24" DATA_BYTES

/* A function of its own, so that every message is read from memory of its exact size. */
static int
read_exact(struct query *query, const uint8_t *message, size_t length)
{
	uint8_t *copy = malloc(length > 0 ? length : 1);
	int result;

	ck_assert_ptr_nonnull(copy);
	memcpy(copy, message, length);
	result = query_read(query, copy, length);
	free(copy);
	return result;
}

static const struct {
	const uint8_t *message;
	size_t length;
	enum dns_rcode rcode;
	uint16_t question_length;
	int edns;
} judged[] = {
    {BYTES(HEADER(RD, "\0", "\0", "\0") QUESTION), DNS_RCODE_NOERROR, 10, 0},
    {BYTES(HEADER("\0\0", "\0", "\0", "\0") QUESTION), DNS_RCODE_NOERROR, 10, 0},
    {BYTES(HEADER(RD, "\0", "\0", "\1") QUESTION OPT), DNS_RCODE_NOERROR, 10, 1},
    /* Flags that mean nothing in a query are ignored: AA, TC, RA, Z, AD, CD. */
    {BYTES(HEADER("\7\360", "\0", "\0", "\0") QUESTION), DNS_RCODE_NOERROR, 10, 0},
    /* Class ANY is looked for in IN, everything else is not served. */
    {BYTES(HEADER(RD, "\0", "\0", "\0") "\1a\0\0\20\0\377"), DNS_RCODE_NOERROR, 7, 0},
    {BYTES(HEADER(RD, "\0", "\0", "\0") "\1a\0\0\20\0\3"), DNS_RCODE_NOERROR, 7, 0},
    {BYTES(HEADER(RD, "\0", "\0", "\0") "\1a\0\0\20\0\4"), DNS_RCODE_REFUSED, 7, 0},
    {BYTES(HEADER(RD, "\0", "\0", "\0") "\1a\0\0\20\0\0"), DNS_RCODE_REFUSED, 7, 0},
    /* Opcodes, with whatever follows. */
    {BYTES(HEADER("\x20\0", "\0", "\0", "\0") QUESTION), DNS_RCODE_NOTIMP, 10, 0},
    {BYTES(HEADER("\x28\0", "\0", "\1", "\0") QUESTION "junk"), DNS_RCODE_NOTIMP, 10, 0},
    {BYTES(HEADER("\x78\0", "\0", "\0", "\0")), DNS_RCODE_NOTIMP, 0, 0},
    {BYTES(HEADER("\x08\0", "\0", "\0", "\0") "\300\14\0\1\0\1"), DNS_RCODE_NOTIMP, 0, 0},
    {BYTES(HEADER("\x20\0", "\0", "\0", "\1") QUESTION OPT), DNS_RCODE_NOTIMP, 10, 1},
    {BYTES(HEADER("\x20\0", "\0", "\0", "\1") QUESTION OPT "x"), DNS_RCODE_NOTIMP, 10, 0},
    {BYTES(HEADER("\x20\0", "\1", "\0", "\1") QUESTION OPT), DNS_RCODE_NOTIMP, 10, 0},
    {BYTES(HEADER("\x20\0", "\0", "\0", "\1") QUESTION "\0\0\51\4\320\0\1\0\0\0\0"),
	DNS_RCODE_NOTIMP, 10, 1},
    /* Cookies are of the opcode QUERY. */
    {BYTES(HEADER("\x20\0", "\0", "\0", "\1") QUESTION "\0\0\51\4\320\0\0\0\0\0\4\0\12\0\0"),
	DNS_RCODE_NOTIMP, 10, 1},
    /* The opcode's gate stands before the rcode's. */
    {BYTES(HEADER("\x20\5", "\0", "\0", "\0") QUESTION), DNS_RCODE_NOTIMP, 10, 0},
    {BYTES(HEADER("\0\5", "\0", "\0", "\0") QUESTION), DNS_RCODE_FORMERR, 10, 0},
    /* Questions. */
    {BYTES("\x12\x34\1\0\0\0\0\0\0\0\0\0"), DNS_RCODE_FORMERR, 0, 0},
    {BYTES("\x12\x34\1\0\0\2\0\0\0\0\0\0" QUESTION QUESTION), DNS_RCODE_FORMERR, 0, 0},
    {BYTES(HEADER(RD, "\0", "\0", "\0") "\300\14\0\20\0\1"), DNS_RCODE_FORMERR, 0, 0},
    {BYTES(HEADER(RD, "\0", "\0", "\0") "\1a\300\14\0\20\0\1"), DNS_RCODE_FORMERR, 0, 0},
    {BYTES(HEADER(RD, "\0", "\0", "\0") "\100a\0\0\20\0\1"), DNS_RCODE_FORMERR, 0, 0},
    {BYTES(HEADER(RD, "\0", "\0", "\0") "\0\0\20\0\1"), DNS_RCODE_NOERROR, 5, 0},
    /* Records where a query has none. */
    {BYTES(HEADER(RD, "\1", "\0", "\0") QUESTION), DNS_RCODE_FORMERR, 10, 0},
    {BYTES(HEADER(RD, "\0", "\1", "\0") QUESTION), DNS_RCODE_FORMERR, 10, 0},
    {BYTES(HEADER(RD, "\0", "\0", "\1") QUESTION "\0\0\1\0\1\0\0\0\0\0\0"), DNS_RCODE_FORMERR, 10,
	0},
    /* Trailing bytes, also behind a good OPT record. */
    {BYTES(HEADER(RD, "\0", "\0", "\0") QUESTION "x"), DNS_RCODE_FORMERR, 10, 0},
    {BYTES(HEADER(RD, "\0", "\0", "\1") QUESTION OPT "x"), DNS_RCODE_FORMERR, 10, 1},
    /* OPT: two, not at the root, cut off, options that reach beyond. */
    {BYTES(HEADER(RD, "\0", "\0", "\2") QUESTION OPT OPT), DNS_RCODE_FORMERR, 10, 1},
    {BYTES(HEADER(RD, "\0", "\0", "\2") QUESTION OPT), DNS_RCODE_FORMERR, 10, 1},
    {BYTES(HEADER(RD, "\0", "\0", "\1") QUESTION "\1\0\51\4\320\0\0\0\0\0\0"), DNS_RCODE_FORMERR,
	10, 0},
    {BYTES(HEADER(RD, "\0", "\0", "\1") QUESTION "\1a" OPT), DNS_RCODE_FORMERR, 10, 0},
    {BYTES(HEADER(RD, "\0", "\0", "\1") QUESTION), DNS_RCODE_FORMERR, 10, 0},
    {BYTES(HEADER(RD, "\0", "\0", "\1") QUESTION "\0\0\51\4\320\0\0\0\0\0\4\0\12\0\0"),
	DNS_RCODE_NOERROR, 10, 1},
    {BYTES(HEADER(RD, "\0", "\0", "\1") QUESTION "\0\0\51\4\320\0\0\0\0\0\4\0\12\0\1"),
	DNS_RCODE_FORMERR, 10, 1},
    {BYTES(HEADER(RD, "\0", "\0", "\1") QUESTION "\0\0\51\4\320\0\0\0\0\0\3\0\12\0"),
	DNS_RCODE_FORMERR, 10, 1},
    /* Of a later version: its options are not judged, its class is not looked at. */
    {BYTES(HEADER(RD, "\0", "\0", "\1") "\1a\0\0\20\0\3\0\0\51\4\320\0\1\0\0\0\3\0\12\0"),
	DNS_RCODE_BADVERS, 7, 1},
    {BYTES(HEADER(RD, "\0", "\0", "\1") QUESTION "\0\0\51\4\320\0\1\0\0\0\0x"), DNS_RCODE_FORMERR,
	10, 1},
    /* A signature, whose key is known to nobody here; always the last record, and one. */
    {BYTES(HEADER(RD, "\0", "\0", "\1") QUESTION KEY TSIG DATA), DNS_RCODE_NOTAUTH, 10, 0},
    {BYTES(HEADER(RD, "\0", "\0", "\2") QUESTION OPT KEY TSIG DATA), DNS_RCODE_NOTAUTH, 10, 1},
    {BYTES(HEADER(RD, "\0", "\0", "\2") QUESTION KEY TSIG DATA OPT), DNS_RCODE_FORMERR, 10, 0},
    {BYTES(HEADER(RD, "\0", "\0", "\2") QUESTION KEY TSIG DATA KEY TSIG DATA), DNS_RCODE_FORMERR,
	10, 0},
    {BYTES(HEADER(RD, "\0", "\0", "\3") QUESTION OPT KEY TSIG DATA OPT), DNS_RCODE_FORMERR, 10, 1},
    {BYTES(HEADER(RD, "\0", "\0", "\1") QUESTION KEY TSIG DATA "x"), DNS_RCODE_FORMERR, 10, 0},
    /* Of class IN, with a TTL, of another type (a SIG(0), too), with bytes too few and too many. */
    {BYTES(HEADER(RD, "\0", "\0", "\1") QUESTION KEY "\0\372\0\1\0\0\0\0" DATA), DNS_RCODE_FORMERR,
	10, 0},
    {BYTES(HEADER(RD, "\0", "\0", "\1") QUESTION KEY "\0\372\0\377\0\0\0\1" DATA),
	DNS_RCODE_FORMERR, 10, 0},
    {BYTES(HEADER(RD, "\0", "\0", "\1") QUESTION KEY "\0\30\0\377\0\0\0\0" DATA), DNS_RCODE_FORMERR,
	10, 0},
    {BYTES(HEADER(RD, "\0", "\0", "\1") QUESTION KEY TSIG "\0\23" DATA_BYTES), DNS_RCODE_FORMERR,
	10, 0},
    {BYTES(HEADER(RD, "\0", "\0", "\1") QUESTION KEY TSIG "\0\25" DATA_BYTES "x"),
	DNS_RCODE_FORMERR, 10, 0},
    /* The key's name may end in the question's, at a label; the algorithm's may not. */
    {BYTES(HEADER(RD, "\0", "\0", "\1") QUESTION "\3key\300\14" TSIG DATA), DNS_RCODE_NOTAUTH, 10,
	0},
    {BYTES(HEADER(RD, "\0", "\0", "\1") QUESTION "\300\16" TSIG DATA), DNS_RCODE_NOTAUTH, 10, 0},
    {BYTES(HEADER(RD, "\0", "\0", "\1") QUESTION "\300\15" TSIG DATA), DNS_RCODE_FORMERR, 10, 0},
    {BYTES(HEADER(RD, "\0", "\0", "\1") QUESTION "\300\26" TSIG DATA), DNS_RCODE_FORMERR, 10, 0},
    {BYTES(HEADER(RD, "\0", "\0", "\1") QUESTION "\300\0" TSIG DATA), DNS_RCODE_FORMERR, 10, 0},
    {BYTES(HEADER(RD, "\0", "\0", "\1") QUESTION "\100" KEY TSIG DATA), DNS_RCODE_FORMERR, 10, 0},
    {BYTES(HEADER(RD, "\0", "\0", "\1") QUESTION KEY TSIG
	 "\0\22\300\14\0\0\1\2\3\4\1\54\0\0\22\64\0\0\0\0"),
	DNS_RCODE_FORMERR, 10, 0},
    /* The version counts for more, and so does the opcode. */
    {BYTES(HEADER(RD, "\0", "\0", "\2") QUESTION "\0\0\51\4\320\0\1\0\0\0\0" KEY TSIG DATA),
	DNS_RCODE_BADVERS, 10, 1},
    {BYTES(HEADER("\x28\0", "\0", "\0", "\1") QUESTION KEY TSIG DATA), DNS_RCODE_NOTIMP, 10, 0},
    /* Transfers, with the serial that IXFR names. */
    {BYTES(HEADER(RD, "\0", "\0", "\0") "\1a\0\0\374\0\1"), DNS_RCODE_REFUSED, 7, 0},
    {BYTES(HEADER(RD, "\0", "\1", "\0") "\1a\0\0\373\0\1\300\14\0\6\0\1\0\0\0\0\0\2xy"),
	DNS_RCODE_REFUSED, 7, 0},
    {BYTES(HEADER(RD, "\0", "\1", "\0") "\1a\0\0\373\0\1\1b\0\0\6\0\1\0\0\0\0\0\3xy"),
	DNS_RCODE_FORMERR, 7, 0},
    {BYTES(HEADER(RD, "\0", "\1", "\0") "\1a\0\0\373\0\1\100\0\6\0\1\0\0\0\0\0\0"),
	DNS_RCODE_FORMERR, 7, 0},
    /* Types that are never data. */
    {BYTES(HEADER(RD, "\0", "\0", "\0") "\1a\0\0\51\0\1"), DNS_RCODE_FORMERR, 7, 0},
    {BYTES(HEADER(RD, "\0", "\0", "\0") "\1a\0\0\371\0\1"), DNS_RCODE_FORMERR, 7, 0},
    {BYTES(HEADER(RD, "\0", "\0", "\0") "\1a\0\0\372\0\1"), DNS_RCODE_FORMERR, 7, 0},
};

START_TEST(judges)
{
	struct query query;

	ck_assert_int_eq(read_exact(&query, judged[_i].message, judged[_i].length), 0);
	ck_assert_int_eq(query.rcode, judged[_i].rcode);
	ck_assert_uint_eq(query.question_length, judged[_i].question_length);
	ck_assert_int_eq(query.edns, judged[_i].edns);
	if (judged[_i].rcode == DNS_RCODE_NOTIMP)
		ck_assert_int_eq(query.has_cookie, 0);
}
END_TEST

/* A prefix of a message is dropped below the header's length, and never better than malformed. */
START_TEST(prefixes_are_malformed)
{
	struct query query;

	for (size_t kept = 0; kept < judged[_i].length; kept++) {
		int result = read_exact(&query, judged[_i].message, kept);

		ck_assert_int_eq(result, kept < DNS_HEADER ? -1 : 0);
		if (result == 0 && judged[_i].rcode == DNS_RCODE_NOERROR)
			ck_assert_int_eq(query.rcode, DNS_RCODE_FORMERR);
	}
}
END_TEST

START_TEST(drops_what_is_no_query)
{
	uint8_t message[] = HEADER("\x81\0", "\0", "\0", "\0") QUESTION;
	struct query query;

	ck_assert_int_eq(read_exact(&query, message, sizeof(message) - 1), -1);
	message[2] = 1;
	ck_assert_int_eq(read_exact(&query, message, sizeof(message) - 1), 0);
	ck_assert_int_eq(read_exact(&query, message, DNS_HEADER - 1), -1);
	ck_assert_int_eq(read_exact(&query, message, 0), -1);
}
END_TEST

START_TEST(takes_the_question_apart)
{
	struct query query;

	ck_assert_int_eq(
	    read_exact(&query, BYTES(HEADER(RD, "\0", "\0", "\0") "\1a\2Bc\0\1\2\0\1")), 0);
	ck_assert_uint_eq(query.type, 0x0102);
	ck_assert_uint_eq(query.class, DNS_CLASS_IN);
	ck_assert_uint_eq(query.name.length, 6);
	ck_assert_mem_eq(query.name.lower, "\1a\2bc", 6);
	ck_assert_uint_eq(query.name.label_count, 2);
	ck_assert_uint_eq(query.name.labels[0], 0);
	ck_assert_uint_eq(query.name.labels[1], 2);
}
END_TEST

static const struct {
	const uint8_t *message;
	size_t length;
	uint16_t size;
	int dnssec_ok;
} extended[] = {
    {BYTES(HEADER(RD, "\0", "\0", "\0") QUESTION), 512, 0},
    {BYTES(HEADER(RD, "\0", "\0", "\1") QUESTION OPT), 1232, 0},
    {BYTES(HEADER(RD, "\0", "\0", "\1") QUESTION "\0\0\51\0\0\0\0\0\0\0\0"), 512, 0},
    {BYTES(HEADER(RD, "\0", "\0", "\1") QUESTION "\0\0\51\1\377\0\0\0\0\0\0"), 512, 0},
    {BYTES(HEADER(RD, "\0", "\0", "\1") QUESTION "\0\0\51\2\1\0\0\177\377\0\0"), 513, 0},
    {BYTES(HEADER(RD, "\0", "\0", "\1") QUESTION "\0\0\51\377\377\0\0\200\0\0\0"), 65535, 1},
    /* An extended rcode means nothing in a query. */
    {BYTES(HEADER(RD, "\0", "\0", "\1") QUESTION "\0\0\51\4\320\377\0\0\0\0\0"), 1232, 0},
};

START_TEST(reads_edns)
{
	struct query query;

	ck_assert_int_eq(read_exact(&query, extended[_i].message, extended[_i].length), 0);
	ck_assert_int_eq(query.rcode, DNS_RCODE_NOERROR);
	ck_assert_uint_eq(query.edns_size, extended[_i].size);
	ck_assert_int_eq(query.dnssec_ok, extended[_i].dnssec_ok);
}
END_TEST

/* A name of `count` labels of one byte, in memory of its exact size. */
static int
read_short_labels(struct qname *name, unsigned count)
{
	size_t length = 2 * (size_t)count + 1;
	uint8_t *wire = malloc(length);
	int result;

	ck_assert_ptr_nonnull(wire);
	for (unsigned i = 0; i < count; i++) {
		wire[2 * i] = 1;
		wire[2 * i + 1] = 'X';
	}
	wire[length - 1] = 0;
	result = qname_read(name, wire, length);
	free(wire);
	return result;
}

/* A key's name that grows too long by what it points to. */
START_TEST(keys_have_their_limits)
{
	uint8_t message[400] = HEADER(RD, "\0", "\0", "\1") "\77";
	static const char end[] = "\0\0\20\0\1";
	struct query query;
	uint8_t *at = message + DNS_HEADER;
	unsigned label = 62 + (unsigned)_i;

	*at = 63;
	memset(at + 1, 'q', 63);
	at += 64;
	memcpy(at, end, sizeof(end) - 1);
	at += sizeof(end) - 1;
	/* 63 + 63 + `label` and their length bytes in front of 65 more. */
	for (unsigned i = 0; i < 3; i++) {
		*at = (uint8_t)(i < 2 ? 63 : label - 1);
		memset(at + 1, 'k', *at);
		at += 1 + *at;
	}
	memcpy(at, "\300\14" TSIG DATA, 2 + sizeof(TSIG DATA) - 1);
	at += 2 + sizeof(TSIG DATA) - 1;
	ck_assert_int_eq(read_exact(&query, message, (size_t)(at - message)), 0);
	ck_assert_int_eq(query.rcode, _i == 0 ? DNS_RCODE_NOTAUTH : DNS_RCODE_FORMERR);
}
END_TEST

START_TEST(names_have_their_limits)
{
	uint8_t wire[300];
	struct qname name;

	ck_assert_int_eq(read_short_labels(&name, 127), 0);
	ck_assert_uint_eq(name.length, 255);
	ck_assert_uint_eq(name.label_count, 127);
	ck_assert_uint_eq(name.labels[126], 252);
	ck_assert_int_eq(read_short_labels(&name, 128), -1);

	/* 63 + 63 + 63 + 61 and their length bytes make 254; the root is the 255th. */
	memset(wire, 'a', sizeof(wire));
	wire[0] = wire[64] = wire[128] = 63;
	wire[192] = 61;
	wire[254] = 0;
	ck_assert_int_eq(qname_read(&name, wire, sizeof(wire)), 0);
	ck_assert_uint_eq(name.length, 255);
	wire[192] = 62;
	wire[255] = 0;
	ck_assert_int_eq(qname_read(&name, wire, sizeof(wire)), -1);

	/* A label of 64 bytes, and what would be a pointer, with all the bytes they claim. */
	memset(wire, 'a', sizeof(wire));
	wire[0] = 64;
	wire[65] = 0;
	ck_assert_int_eq(qname_read(&name, wire, sizeof(wire)), -1);
	wire[0] = 0xc0;
	wire[0xc1] = 0;
	ck_assert_int_eq(qname_read(&name, wire, sizeof(wire)), -1);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("query");
	TCase *cases = tcase_create("query");

	tcase_add_loop_test(cases, judges, 0, ROWS(judged));
	tcase_add_loop_test(cases, prefixes_are_malformed, 0, ROWS(judged));
	tcase_add_test(cases, drops_what_is_no_query);
	tcase_add_test(cases, takes_the_question_apart);
	tcase_add_loop_test(cases, reads_edns, 0, ROWS(extended));
	tcase_add_loop_test(cases, keys_have_their_limits, 0, 2);
	tcase_add_test(cases, names_have_their_limits);
	suite_add_tcase(suite, cases);
	return suite_run(suite);
}
