/* Questions and the answers they get, from a zone and a table. */
#include "answer.h"

#include "dns.h"
#include "dns_fixture.h"
#include "edns.h"
#include "pack.h"
#include "suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const lines[] = {
    "auth.example.org. NS ns.auth.example.org.",
    "auth.example.org. A 198.51.100.1",
    "ns.auth.example.org. A 198.51.100.2",
    "ns.auth.example.org. AAAA 2001:db8::2",
    "host.deep.auth.example.org. A 198.51.100.3",
    "alias.auth.example.org. CNAME host.deep.auth.example.org.",
    "to-dynamic.auth.example.org. CNAME TWO.auth.example.org.",
    "to-nothing.auth.example.org. CNAME nothing.auth.example.org.",
    "outside.auth.example.org. CNAME www.example.net.",
    "circle1.auth.example.org. CNAME circle2.auth.example.org.",
    "circle2.auth.example.org. CNAME circle1.auth.example.org.",
    "*.wild.auth.example.org. TXT \"wild\"",
    "exact.wild.auth.example.org. A 198.51.100.4",
    "*.loop.auth.example.org. CNAME X.loop.auth.example.org.",
    "self.auth.example.org. CNAME SELF.auth.example.org.",
    "into1.auth.example.org. CNAME circle1.auth.example.org.",
};

static struct zone *zone;
static struct table *table;

/* What the tests change between queries; set_up() gives every test the defaults. */
static struct answer_settings settings;
static struct answer_client client;

static void
put(uint64_t commit, const char *label, const char *const *values)
{
	struct message_name name = dns_fixture_name(commit, label, values);

	ck_assert_int_eq(table_snapshot_add(table, &name, 1), TABLE_OK);
}

static void
synchronise(void)
{
	static char large[MESSAGE_MAX_TXT + 1];

	memset(large, 'x', MESSAGE_MAX_TXT);
	table_snapshot_begin(table, 4);
	put(1, "none", (const char *const[]){NULL});
	put(2, "two", (const char *const[]){"first", "second", NULL});
	put(3, "large", (const char *const[]){large, large, NULL});
	put(4, "medium", (const char *const[]){large + 500, NULL});
	table_snapshot_end(table, 1);
}

static void
set_up(void)
{
	zone = dns_fixture_zone(lines, ROWS(lines));
	ck_assert_ptr_nonnull(zone);
	table = dns_fixture_table(1);
	settings = (struct answer_settings){.edns_size = ANSWER_DEFAULT_EDNS};
	client = (struct answer_client){0};
}

static void
tear_down(void)
{
	table_free(table);
	zone_free(zone);
}

/* An answer and what its header says. */
struct answer {
	uint8_t bytes[ANSWER_MAX_TCP];
	size_t length;
	unsigned flags; /* QR, AA, TC, RD of the third byte */
	unsigned rcode;
	unsigned counts[4];
	struct answer_outcome outcome;
};

static void
ask_bytes(
    struct answer *answer, enum answer_transport transport, const uint8_t *query, size_t length)
{
	struct answer_source source = {zone, &settings, table_reader(table, 0)};
	size_t room = transport == ANSWER_UDP ? ANSWER_MAX_UDP : ANSWER_MAX_TCP;
	uint8_t *exact = malloc(room); /* so that a sanitizer sees a byte too many */

	ck_assert_ptr_nonnull(exact);
	table_enter(source.names);
	client.transport = transport;
	answer->length = answer_query(&source, &client, query, length, exact, &answer->outcome);
	table_leave(source.names);
	ck_assert_uint_le(answer->length, room);
	memcpy(answer->bytes, exact, answer->length);
	free(exact);
	if (answer->length == 0)
		return;
	ck_assert_uint_ge(answer->length, DNS_HEADER);
	ck_assert_mem_eq(answer->bytes, query, 2);
	answer->flags = answer->bytes[2];
	answer->rcode = answer->bytes[3];
	/* What is counted is what was said. */
	ck_assert_uint_eq(answer->outcome.rcode & DNS_MASK_RCODE, answer->rcode);
	ck_assert_uint_eq(answer->outcome.is_truncated, (answer->flags & DNS_BIT_TC) != 0);
	for (unsigned i = 0; i < 4; i++)
		answer->counts[i] =
		    (unsigned)(answer->bytes[4 + 2 * i] << 8 | answer->bytes[5 + 2 * i]);
}

static void
ask(struct answer *answer, enum answer_transport transport,
    const struct dns_fixture_question *question)
{
	uint8_t query[DNS_FIXTURE_QUERY];
	size_t length = dns_fixture_query(query, question);

	ask_bytes(answer, transport, query, length);
	/* The question comes back as it was asked. */
	ck_assert_uint_eq(answer->counts[0], 1);
	ck_assert_mem_eq(answer->bytes + DNS_HEADER, query + DNS_HEADER,
	    length - DNS_HEADER - (question->edns_size != 0 ? DNS_OPT_RECORD : 0));
}

enum { QR_AA_RD = DNS_BIT_QR | DNS_BIT_AA | DNS_BIT_RD, QR_RD = DNS_BIT_QR | DNS_BIT_RD };

static const struct {
	const char *name;
	uint16_t type;
	uint16_t class;
	unsigned flags, rcode;
	unsigned answers, authority, additional;
} asked[] = {
    /* The apex. */
    {"auth.example.org.", DNS_TYPE_A, 0, QR_AA_RD, DNS_RCODE_NOERROR, 1, 0, 0},
    {"auth.example.org.", DNS_TYPE_SOA, 0, QR_AA_RD, DNS_RCODE_NOERROR, 1, 0, 0},
    {"auth.example.org.", DNS_TYPE_NS, 0, QR_AA_RD, DNS_RCODE_NOERROR, 1, 0, 2},
    {"auth.example.org.", DNS_TYPE_TXT, 0, QR_AA_RD, DNS_RCODE_NOERROR, 0, 1, 0},
    {"auth.example.org.", DNS_TYPE_ANY, 0, QR_AA_RD, DNS_RCODE_NOERROR, 1, 0, 0},
    {"AUTH.Example.ORG.", DNS_TYPE_A, 0, QR_AA_RD, DNS_RCODE_NOERROR, 1, 0, 0},
    /* Dynamic names: with values, registered only, of another type, below, unknown. */
    {"two.auth.example.org.", DNS_TYPE_TXT, 0, QR_AA_RD, DNS_RCODE_NOERROR, 2, 0, 0},
    {"tWo.auth.example.org.", DNS_TYPE_TXT, 0, QR_AA_RD, DNS_RCODE_NOERROR, 2, 0, 0},
    {"two.auth.example.org.", DNS_TYPE_ANY, 0, QR_AA_RD, DNS_RCODE_NOERROR, 2, 0, 0},
    {"two.auth.example.org.", DNS_TYPE_A, 0, QR_AA_RD, DNS_RCODE_NOERROR, 0, 1, 0},
    {"two.auth.example.org.", DNS_TYPE_SOA, 0, QR_AA_RD, DNS_RCODE_NOERROR, 0, 1, 0},
    {"two.auth.example.org.", DNS_TYPE_CNAME, 0, QR_AA_RD, DNS_RCODE_NOERROR, 0, 1, 0},
    {"none.auth.example.org.", DNS_TYPE_TXT, 0, QR_AA_RD, DNS_RCODE_NOERROR, 0, 1, 0},
    {"none.auth.example.org.", DNS_TYPE_ANY, 0, QR_AA_RD, DNS_RCODE_NOERROR, 0, 1, 0},
    {"x.two.auth.example.org.", DNS_TYPE_TXT, 0, QR_AA_RD, DNS_RCODE_NXDOMAIN, 0, 1, 0},
    {"x.y.two.auth.example.org.", DNS_TYPE_TXT, 0, QR_AA_RD, DNS_RCODE_NXDOMAIN, 0, 1, 0},
    {"nothing.auth.example.org.", DNS_TYPE_TXT, 0, QR_AA_RD, DNS_RCODE_NXDOMAIN, 0, 1, 0},
    {"_acme-challenge.auth.example.org.", DNS_TYPE_TXT, 0, QR_AA_RD, DNS_RCODE_NXDOMAIN, 0, 1, 0},
    /* Static names, those in between, aliases. */
    {"deep.auth.example.org.", DNS_TYPE_A, 0, QR_AA_RD, DNS_RCODE_NOERROR, 0, 1, 0},
    {"x.deep.auth.example.org.", DNS_TYPE_A, 0, QR_AA_RD, DNS_RCODE_NXDOMAIN, 0, 1, 0},
    {"host.deep.auth.example.org.", DNS_TYPE_A, 0, QR_AA_RD, DNS_RCODE_NOERROR, 1, 0, 0},
    {"alias.auth.example.org.", DNS_TYPE_A, 0, QR_AA_RD, DNS_RCODE_NOERROR, 2, 0, 0},
    {"alias.auth.example.org.", DNS_TYPE_CNAME, 0, QR_AA_RD, DNS_RCODE_NOERROR, 1, 0, 0},
    {"alias.auth.example.org.", DNS_TYPE_ANY, 0, QR_AA_RD, DNS_RCODE_NOERROR, 1, 0, 0},
    {"alias.auth.example.org.", DNS_TYPE_TXT, 0, QR_AA_RD, DNS_RCODE_NOERROR, 1, 1, 0},
    {"to-dynamic.auth.example.org.", DNS_TYPE_TXT, 0, QR_AA_RD, DNS_RCODE_NOERROR, 3, 0, 0},
    {"to-nothing.auth.example.org.", DNS_TYPE_TXT, 0, QR_AA_RD, DNS_RCODE_NXDOMAIN, 1, 1, 0},
    {"outside.auth.example.org.", DNS_TYPE_A, 0, QR_AA_RD, DNS_RCODE_NOERROR, 1, 0, 0},
    {"circle1.auth.example.org.", DNS_TYPE_A, 0, QR_AA_RD, DNS_RCODE_NOERROR, 2, 0, 0},
    {"into1.auth.example.org.", DNS_TYPE_A, 0, QR_AA_RD, DNS_RCODE_NOERROR, 3, 0, 0},
    {"self.auth.example.org.", DNS_TYPE_A, 0, QR_AA_RD, DNS_RCODE_NOERROR, 1, 0, 0},
    {"y.loop.auth.example.org.", DNS_TYPE_A, 0, QR_AA_RD, DNS_RCODE_NOERROR, 2, 0, 0},
    {"x.loop.auth.example.org.", DNS_TYPE_A, 0, QR_AA_RD, DNS_RCODE_NOERROR, 1, 0, 0},
    /* Wildcards (RFC 4592, 2.2.1). */
    {"x.wild.auth.example.org.", DNS_TYPE_TXT, 0, QR_AA_RD, DNS_RCODE_NOERROR, 1, 0, 0},
    {"x.y.wild.auth.example.org.", DNS_TYPE_TXT, 0, QR_AA_RD, DNS_RCODE_NOERROR, 1, 0, 0},
    {"x.wild.auth.example.org.", DNS_TYPE_A, 0, QR_AA_RD, DNS_RCODE_NOERROR, 0, 1, 0},
    {"exact.wild.auth.example.org.", DNS_TYPE_TXT, 0, QR_AA_RD, DNS_RCODE_NOERROR, 0, 1, 0},
    {"x.exact.wild.auth.example.org.", DNS_TYPE_TXT, 0, QR_AA_RD, DNS_RCODE_NXDOMAIN, 0, 1, 0},
    {"wild.auth.example.org.", DNS_TYPE_TXT, 0, QR_AA_RD, DNS_RCODE_NOERROR, 0, 1, 0},
    {"*.wild.auth.example.org.", DNS_TYPE_TXT, 0, QR_AA_RD, DNS_RCODE_NOERROR, 1, 0, 0},
    /* Outside, of another class, transfers. */
    {"example.org.", DNS_TYPE_A, 0, QR_RD, DNS_RCODE_REFUSED, 0, 0, 0},
    {"org.", DNS_TYPE_A, 0, QR_RD, DNS_RCODE_REFUSED, 0, 0, 0},
    {".", DNS_TYPE_NS, 0, QR_RD, DNS_RCODE_REFUSED, 0, 0, 0},
    {"xauth.example.org.", DNS_TYPE_A, 0, QR_RD, DNS_RCODE_REFUSED, 0, 0, 0},
    {"auth.example.com.", DNS_TYPE_A, 0, QR_RD, DNS_RCODE_REFUSED, 0, 0, 0},
    {"x\\004auth.example.org.", DNS_TYPE_A, 0, QR_RD, DNS_RCODE_REFUSED, 0, 0, 0},
    {"\\004auth\\007example\\003org.", DNS_TYPE_A, 0, QR_RD, DNS_RCODE_REFUSED, 0, 0, 0},
    {"auth.example.org.", DNS_TYPE_A, 3, QR_RD, DNS_RCODE_REFUSED, 0, 0, 0},
    {"two.auth.example.org.", DNS_TYPE_TXT, DNS_CLASS_ANY, QR_RD, DNS_RCODE_NOERROR, 2, 0, 0},
    {"auth.example.org.", DNS_TYPE_AXFR, 0, QR_RD, DNS_RCODE_REFUSED, 0, 0, 0},
    {"auth.example.org.", DNS_TYPE_IXFR, 0, QR_RD, DNS_RCODE_REFUSED, 0, 0, 0},
};

static void
check_asked(int row, int edns_size)
{
	struct dns_fixture_question question = {
	    asked[row].name, asked[row].type, asked[row].class, edns_size, 0};
	struct answer answer;

	ask(&answer, ANSWER_UDP, &question);
	ck_assert_uint_eq(answer.flags, asked[row].flags);
	ck_assert_uint_eq(answer.rcode, asked[row].rcode);
	ck_assert_uint_eq(answer.counts[1], asked[row].answers);
	ck_assert_uint_eq(answer.counts[2], asked[row].authority);
	ck_assert_uint_eq(answer.counts[3], asked[row].additional + (edns_size != 0));
}

START_TEST(answers)
{
	synchronise();
	check_asked(_i, 0);
	check_asked(_i, 4096);
}
END_TEST

/* Until the first snapshot a name that may exist is neither there nor denied. */
static const struct {
	const char *name;
	uint16_t type;
	unsigned rcode;
} unsynchronised[] = {
    {"two.auth.example.org.", DNS_TYPE_TXT, DNS_RCODE_SERVFAIL},
    {"nothing.auth.example.org.", DNS_TYPE_A, DNS_RCODE_SERVFAIL},
    {"to-dynamic.auth.example.org.", DNS_TYPE_TXT, DNS_RCODE_SERVFAIL},
    {"to-dynamic.auth.example.org.", DNS_TYPE_CNAME, DNS_RCODE_NOERROR},
    {"auth.example.org.", DNS_TYPE_SOA, DNS_RCODE_NOERROR},
    {"deep.auth.example.org.", DNS_TYPE_A, DNS_RCODE_NOERROR},
    {"x.deep.auth.example.org.", DNS_TYPE_A, DNS_RCODE_NXDOMAIN},
    {"x.two.auth.example.org.", DNS_TYPE_A, DNS_RCODE_NXDOMAIN},
    {"example.org.", DNS_TYPE_A, DNS_RCODE_REFUSED},
};

START_TEST(denies_nothing_before_it_knows)
{
	struct dns_fixture_question question = {
	    unsynchronised[_i].name, unsynchronised[_i].type, 0, 1232, 0};
	struct answer answer;

	ask(&answer, ANSWER_UDP, &question);
	ck_assert_uint_eq(answer.rcode, unsynchronised[_i].rcode);
	if (answer.rcode == DNS_RCODE_SERVFAIL) {
		ck_assert_uint_eq(answer.flags, QR_RD);
		ck_assert_uint_eq(answer.counts[1] + answer.counts[2], 0);
	}
}
END_TEST

/*
 * A wildcard at the apex answers for what does not exist, but not below a dynamic name, and not
 * while it is not known which of them exist (RFC 4592, 3.3.1).
 */
static const struct {
	const char *name;
	unsigned answers, rcode, rcode_before;
} below_wildcard[] = {
    {"nothing.auth.example.org.", 1, DNS_RCODE_NOERROR, DNS_RCODE_SERVFAIL},
    {"x.nothing.auth.example.org.", 1, DNS_RCODE_NOERROR, DNS_RCODE_SERVFAIL},
    {"x.y.nothing.auth.example.org.", 1, DNS_RCODE_NOERROR, DNS_RCODE_SERVFAIL},
    {"two.auth.example.org.", 2, DNS_RCODE_NOERROR, DNS_RCODE_SERVFAIL},
    {"x.two.auth.example.org.", 0, DNS_RCODE_NXDOMAIN, DNS_RCODE_SERVFAIL},
    {"x.y.two.auth.example.org.", 0, DNS_RCODE_NXDOMAIN, DNS_RCODE_SERVFAIL},
    {"x.deep.auth.example.org.", 0, DNS_RCODE_NXDOMAIN, DNS_RCODE_NXDOMAIN},
};

START_TEST(wildcard_at_the_apex)
{
	static const char *const with_wildcard[] = {
	    "*.auth.example.org. TXT \"any\"", "host.deep.auth.example.org. A 198.51.100.3"};
	struct dns_fixture_question question = {below_wildcard[_i].name, DNS_TYPE_TXT, 0, 0, 0};
	struct answer answer;

	zone_free(zone);
	zone = dns_fixture_zone(with_wildcard, ROWS(with_wildcard));
	ask(&answer, ANSWER_UDP, &question);
	ck_assert_uint_eq(answer.rcode, below_wildcard[_i].rcode_before);
	synchronise();
	ask(&answer, ANSWER_UDP, &question);
	ck_assert_uint_eq(answer.rcode, below_wildcard[_i].rcode);
	ck_assert_uint_eq(answer.counts[1], below_wildcard[_i].answers);
}
END_TEST

START_TEST(writes_the_records)
{
	static const uint8_t expected[] = "\300\14\0\20\0\1\0\0\0\1\0\6\5first"
					  "\300\14\0\20\0\1\0\0\0\1\0\7\6second";
	struct dns_fixture_question question = {"two.auth.example.org.", DNS_TYPE_TXT, 0, 0, 0};
	size_t start = DNS_HEADER + 22 + 4;
	struct answer answer;

	synchronise();
	ask(&answer, ANSWER_UDP, &question);
	ck_assert_uint_eq(answer.length, start + sizeof(expected) - 1);
	ck_assert_mem_eq(answer.bytes + start, expected, sizeof(expected) - 1);
}
END_TEST

static const struct {
	uint32_t now;
	unsigned rcode, answers, authority;
} ends[] = {
    {0, DNS_RCODE_NOERROR, 3, 0},
    {1999, DNS_RCODE_NOERROR, 3, 0},
    {2000, DNS_RCODE_NOERROR, 2, 0},
    {2999, DNS_RCODE_NOERROR, 2, 0},
    {3000, DNS_RCODE_NOERROR, 1, 0},
    {UINT32_MAX - 1, DNS_RCODE_NOERROR, 1, 0},
};

/* The name stays, whatever became of its values. */
START_TEST(serves_no_value_beyond_its_end)
{
	static const char *const values[] = {"a", "b", "c", NULL};
	struct dns_fixture_question question = {"ends.auth.example.org.", DNS_TYPE_TXT, 0, 0, 0};
	struct message_name name = dns_fixture_name(9, "ends", values);
	struct answer answer;

	synchronise();
	name.ends[0] = 3000;
	name.ends[1] = 2000;
	ck_assert_int_eq(table_apply(table, &name), TABLE_OK);
	client.now = ends[_i].now;
	ask(&answer, ANSWER_UDP, &question);
	ck_assert_uint_eq(answer.rcode, ends[_i].rcode);
	ck_assert_uint_eq(answer.counts[1], ends[_i].answers);
	ck_assert_uint_eq(answer.counts[2], ends[_i].authority);

	name.commit++;
	name.ends[2] = 1000;
	ck_assert_int_eq(table_apply(table, &name), TABLE_OK);
	client.now = 3000;
	ask(&answer, ANSWER_UDP, &question);
	ck_assert_uint_eq(answer.rcode, DNS_RCODE_NOERROR);
	ck_assert_uint_eq(answer.counts[1], 0);
	ck_assert_uint_eq(answer.counts[2], 1);
}
END_TEST

/*
 * An alias's target keeps the case it is written in; the zone's part of it is the question's. Whom it
 * names answers with an owner that stands there already.
 */
START_TEST(writes_the_owners_of_a_chain)
{
	static const uint8_t expected[] = "\300\14\0\5\0\1\0\0\16\20\0\6\3TWO\300\27"
					  "\300\71\0\20\0\1\0\0\0\1\0\6\5first";
	struct dns_fixture_question question = {
	    "to-dynamic.AUTH.example.org.", DNS_TYPE_TXT, 0, 0, 0};
	size_t start = DNS_HEADER + 29 + 4;
	struct answer answer;

	synchronise();
	ask(&answer, ANSWER_UDP, &question);
	ck_assert_mem_eq(answer.bytes + start, expected, sizeof(expected) - 1);
}
END_TEST

START_TEST(writes_the_soa_of_a_negative_answer)
{
	static const uint8_t expected[] =
	    "\300\16\0\6\0\1\0\0\0\74\0\43\300\16\12hostmaster\300\23";
	struct dns_fixture_question question = {"x.auth.example.org.", DNS_TYPE_TXT, 0, 0, 0};
	size_t start = DNS_HEADER + 20 + 4;
	struct answer answer;

	synchronise();
	ask(&answer, ANSWER_UDP, &question);
	ck_assert_uint_eq(answer.length, start + sizeof(expected) - 1 + 20);
	ck_assert_mem_eq(answer.bytes + start, expected, sizeof(expected) - 1);
}
END_TEST

/* The addresses of a host stand under the name that the answer has for it. */
START_TEST(writes_the_owners_of_addresses)
{
	static const uint8_t expected[] = "\300\14\0\2\0\1\0\0\16\20\0\5\2ns\300\14"
					  "\300\56\0\1\0\1\0\0\16\20\0\4\306\63\144\2"
					  "\300\56\0\34";
	struct dns_fixture_question question = {"auth.example.org.", DNS_TYPE_NS, 0, 0, 0};
	struct answer answer;

	ask(&answer, ANSWER_UDP, &question);
	ck_assert_mem_eq(
	    answer.bytes + answer.outcome.question_end, expected, sizeof(expected) - 1);
}
END_TEST

static const struct {
	const char *name;
	int edns_size;
	enum answer_transport transport;
	int truncated;
} sized[] = {
    {"medium.auth.example.org.", 0, ANSWER_UDP, 1},
    {"medium.auth.example.org.", 512, ANSWER_UDP, 1},
    {"medium.auth.example.org.", 1232, ANSWER_UDP, 0},
    {"medium.auth.example.org.", 0, ANSWER_TCP, 0},
    {"large.auth.example.org.", 1232, ANSWER_UDP, 1},
    {"large.auth.example.org.", 65535, ANSWER_UDP, 1},
    {"large.auth.example.org.", 512, ANSWER_TCP, 0},
    {"large.auth.example.org.", 0, ANSWER_TCP, 0},
};

START_TEST(truncates_what_does_not_fit)
{
	struct dns_fixture_question question = {
	    sized[_i].name, DNS_TYPE_TXT, 0, sized[_i].edns_size, 0};
	struct answer answer;

	synchronise();
	ask(&answer, sized[_i].transport, &question);
	ck_assert_uint_eq(answer.rcode, DNS_RCODE_NOERROR);
	ck_assert_uint_eq(
	    answer.flags, QR_AA_RD | (sized[_i].truncated ? (unsigned)DNS_BIT_TC : 0));
	ck_assert_int_eq(answer.counts[1] == 0, sized[_i].truncated);
	ck_assert_uint_eq(answer.counts[3], sized[_i].edns_size != 0);
}
END_TEST

/* The last byte that fits is used, with the OPT record counted in. */
START_TEST(fits_to_the_byte)
{
	struct dns_fixture_question question = {"medium.auth.example.org.", DNS_TYPE_TXT, 0, 0, 0};
	struct answer answer;
	size_t whole;

	synchronise();
	question.edns_size = 1232;
	ask(&answer, ANSWER_UDP, &question);
	whole = answer.length;
	ck_assert_uint_gt(whole, DNS_MIN_UDP);
	question.edns_size = (int)whole;
	ask(&answer, ANSWER_UDP, &question);
	ck_assert_uint_eq(answer.length, whole);
	question.edns_size = (int)whole - 1;
	ask(&answer, ANSWER_UDP, &question);
	ck_assert_uint_eq(answer.flags, QR_AA_RD | DNS_BIT_TC);
	ck_assert_uint_eq(answer.length, DNS_HEADER + 25 + 4 + DNS_OPT_RECORD);
}
END_TEST

START_TEST(echoes_edns)
{
	static const uint8_t with_do[] = "\0\0\51\4\320\0\0\200\0\0\0";
	static const uint8_t without[] = "\0\0\51\4\320\0\0\0\0\0\0";
	struct dns_fixture_question question = {"auth.example.org.", DNS_TYPE_A, 0, 4096, 1};
	struct answer answer;

	ask(&answer, ANSWER_UDP, &question);
	ck_assert_mem_eq(answer.bytes + answer.length - DNS_OPT_RECORD, with_do, DNS_OPT_RECORD);
	question.dnssec_ok = 0;
	ask(&answer, ANSWER_UDP, &question);
	ck_assert_mem_eq(answer.bytes + answer.length - DNS_OPT_RECORD, without, DNS_OPT_RECORD);
}
END_TEST

START_TEST(says_bad_version)
{
	static const uint8_t expected[] = "\0\0\51\4\320\1\0\0\0\0\0";
	struct dns_fixture_question question = {"auth.example.org.", DNS_TYPE_A, 0, 4096, 0};
	uint8_t query[DNS_FIXTURE_QUERY];
	size_t length = dns_fixture_query(query, &question);
	struct answer answer;

	query[length - 5] = 1; /* the version */
	ask_bytes(&answer, ANSWER_UDP, query, length);
	ck_assert_uint_eq(answer.rcode, 0);
	ck_assert_uint_eq(answer.counts[3], 1);
	ck_assert_mem_eq(answer.bytes + answer.length - DNS_OPT_RECORD, expected, DNS_OPT_RECORD);
}
END_TEST

static const struct {
	uint8_t flags[2]; /* of the query */
	uint8_t answer_flags[2];
} flags[] = {
    {{0x00, 0x00}, {0x84, 0x00}}, {{0x01, 0x00}, {0x85, 0x00}}, /* RD is copied */
    {{0x06, 0x00}, {0x84, 0x00}},				/* AA and TC are ours */
    {{0x00, 0xf0}, {0x84, 0x00}}, /* RA, Z, AD, CD stay clear (RFC 4035, 3.1.6) */
    {{0x21, 0x00}, {0xa1, 0x04}}, /* NOTIFY: not implemented, opcode and RD copied */
    {{0x28, 0x00}, {0xa8, 0x04}}, /* UPDATE */
    {{0x00, 0x02}, {0x80, 0x01}}, /* an rcode in a query */
};

START_TEST(sets_the_flags)
{
	struct dns_fixture_question question = {"auth.example.org.", DNS_TYPE_A, 0, 0, 0};
	uint8_t query[DNS_FIXTURE_QUERY];
	size_t length = dns_fixture_query(query, &question);
	struct answer answer;

	memcpy(query + 2, flags[_i].flags, 2);
	ask_bytes(&answer, ANSWER_UDP, query, length);
	ck_assert_mem_eq(answer.bytes + 2, flags[_i].answer_flags, 2);
	ck_assert_uint_eq(answer.counts[0], 1);
}
END_TEST

START_TEST(every_prefix_gets_a_format_error)
{
	struct dns_fixture_question question = {"two.auth.example.org.", DNS_TYPE_TXT, 0, 1232, 1};
	uint8_t query[DNS_FIXTURE_QUERY];
	size_t length = dns_fixture_query(query, &question);
	struct answer answer;

	synchronise();
	for (size_t kept = 0; kept < length; kept++) {
		ask_bytes(&answer, ANSWER_UDP, query, kept);
		if (kept < DNS_HEADER) {
			ck_assert_uint_eq(answer.length, 0);
			continue;
		}
		ck_assert_uint_eq(answer.flags, QR_RD);
		ck_assert_uint_eq(answer.rcode, DNS_RCODE_FORMERR);
	}
}
END_TEST

/*
 * The longest question leaves room for nothing but itself in 512 bytes, and is answered all the
 * same.
 */
START_TEST(answers_the_longest_question)
{
	char name[NAME_MAX_TEXT];
	struct dns_fixture_question question = {name, DNS_TYPE_A, 0, 0, 0};
	struct answer answer;

	synchronise();
	(void)snprintf(name, sizeof(name), "%0*d.%0*d.%0*d.%0*d.auth.example.org.", 63, 1, 63, 2,
	    63, 3, 44, 4);
	ask(&answer, ANSWER_UDP, &question);
	ck_assert_uint_eq(answer.rcode, DNS_RCODE_NXDOMAIN);
	ck_assert_uint_eq(answer.counts[2], 1);
}
END_TEST

/* Addresses that do not fit beside the answer are left out without a word: they are a courtesy. */
START_TEST(leaves_out_addresses_that_do_not_fit)
{
	const char *many[40];
	char text[40][64];
	struct dns_fixture_question question = {"auth.example.org.", DNS_TYPE_NS, 0, 512, 0};
	struct answer answer;

	many[0] = "auth.example.org. NS ns.auth.example.org.";
	for (unsigned i = 1; i < 40; i++) {
		(void)snprintf(text[i], sizeof(text[i]), "ns.auth.example.org. A 192.0.2.%u", i);
		many[i] = text[i];
	}
	zone_free(zone);
	zone = dns_fixture_zone(many, 40);
	ask(&answer, ANSWER_UDP, &question);
	ck_assert_uint_eq(answer.flags, QR_AA_RD);
	ck_assert_uint_eq(answer.counts[1], 1);
	ck_assert_uint_eq(answer.counts[3], 1);
	question.edns_size = 1232;
	ask(&answer, ANSWER_UDP, &question);
	ck_assert_uint_eq(answer.counts[3], 40);
}
END_TEST

/* A chain is followed so far and no farther; the resolver goes on from there. */
START_TEST(follows_a_bounded_chain)
{
	const char *chain[12];
	char text[12][80];
	struct dns_fixture_question question = {"c0.auth.example.org.", DNS_TYPE_A, 0, 1232, 0};
	struct answer answer;

	for (unsigned i = 0; i < 12; i++) {
		(void)snprintf(text[i], sizeof(text[i]),
		    "c%u.auth.example.org. CNAME c%u.auth.example.org.", i, i + 1);
		chain[i] = text[i];
	}
	zone_free(zone);
	zone = dns_fixture_zone(chain, 12);
	ask(&answer, ANSWER_UDP, &question);
	ck_assert_uint_eq(answer.rcode, DNS_RCODE_NOERROR);
	ck_assert_uint_eq(answer.counts[1], 1 + ANSWER_MAX_CHAIN);
}
END_TEST

/* More than a message can hold, where there is no other transport to try. */
START_TEST(fails_where_even_tcp_is_too_small)
{
	enum { COUNT = 300 };
	static char text[COUNT][600];
	static const char *many[COUNT];
	struct dns_fixture_question question = {"auth.example.org.", DNS_TYPE_TXT, 0, 0, 0};
	struct answer answer;

	for (unsigned i = 0; i < COUNT; i++) {
		(void)snprintf(text[i], sizeof(text[i]), "auth.example.org. TXT \"%0*u\"", 250, i);
		many[i] = text[i];
	}
	zone_free(zone);
	zone = dns_fixture_zone(many, COUNT);
	ask(&answer, ANSWER_TCP, &question);
	ck_assert_uint_eq(answer.rcode, DNS_RCODE_SERVFAIL);
	ck_assert_uint_eq(answer.flags, QR_RD);
	ask(&answer, ANSWER_UDP, &question);
	ck_assert_uint_eq(answer.flags, QR_AA_RD | DNS_BIT_TC);
}
END_TEST
static const struct {
	const char *name;
	uint16_t type;
	enum answer_class class;
	const char *counted_with; /* the same hash; NULL: counted with the whole zone */
} classes[] = {
    {"two.auth.example.org.", DNS_TYPE_TXT, ANSWER_POSITIVE, "TWO.Auth.example.org."},
    {"auth.example.org.", DNS_TYPE_A, ANSWER_POSITIVE, "auth.example.org."},
    {"x.y.wild.auth.example.org.", DNS_TYPE_TXT, ANSWER_POSITIVE, "z.wild.auth.example.org."},
    {"alias.auth.example.org.", DNS_TYPE_A, ANSWER_POSITIVE, "alias.auth.example.org."},
    {"alias.auth.example.org.", DNS_TYPE_TXT, ANSWER_POSITIVE, "alias.auth.example.org."},
    {"large.auth.example.org.", DNS_TYPE_TXT, ANSWER_POSITIVE, "large.auth.example.org."},
    {"two.auth.example.org.", DNS_TYPE_A, ANSWER_NODATA, "two.auth.example.org."},
    {"deep.auth.example.org.", DNS_TYPE_A, ANSWER_NODATA, "deep.auth.example.org."},
    {"nothing.auth.example.org.", DNS_TYPE_A, ANSWER_NXDOMAIN, NULL},
    {"to-nothing.auth.example.org.", DNS_TYPE_A, ANSWER_NXDOMAIN, NULL},
    {"example.com.", DNS_TYPE_A, ANSWER_ERROR, NULL},
    {"auth.example.org.", DNS_TYPE_AXFR, ANSWER_ERROR, NULL},
};

START_TEST(tells_what_to_count)
{
	struct dns_fixture_question question = {classes[_i].name, classes[_i].type, 0, 0, 0};
	struct answer answer, other;

	synchronise();
	ask(&answer, ANSWER_UDP, &question);
	ck_assert_int_eq(answer.outcome.class, classes[_i].class);
	if (classes[_i].counted_with == NULL) {
		ck_assert_uint_eq(answer.outcome.name_hash, 0);
		return;
	}
	question.name = classes[_i].counted_with;
	ask(&other, ANSWER_UDP, &question);
	ck_assert_uint_eq(answer.outcome.name_hash, other.outcome.name_hash);
	/* And with nothing else. */
	question.name = "host.deep.auth.example.org.";
	ask(&other, ANSWER_UDP, &question);
	ck_assert_uint_ne(answer.outcome.name_hash, other.outcome.name_hash);
}
END_TEST

START_TEST(cuts_an_answer_down)
{
	static const char *const names[] = {"two.auth.example.org.", "x.auth.example.org.",
	    "large.auth.example.org.", "none.auth.example.org."};
	struct dns_fixture_question question = {names[_i / 2], DNS_TYPE_TXT, 0, _i % 2 * 1232, 1};
	uint8_t query[DNS_FIXTURE_QUERY];
	size_t length = dns_fixture_query(query, &question);
	struct answer answer;

	synchronise();
	ask(&answer, ANSWER_UDP, &question);
	ck_assert_uint_eq(answer_truncate(answer.bytes, answer.length, &answer.outcome), length);
	ck_assert_uint_eq(answer.bytes[2], answer.flags | DNS_BIT_TC);
	ck_assert_uint_eq(answer.bytes[3], answer.rcode);
	/* The counts, question and OPT record of the query. */
	ck_assert_mem_eq(answer.bytes + 4, query + 4, length - 4);
}
END_TEST

/* The OPT record at the end of an answer: its options, or NULL when there is no such record. */
static const uint8_t *
find_options(const struct answer *answer, size_t *length)
{
	const uint8_t *opt;

	if (answer->outcome.tail_length == 0)
		return NULL;
	ck_assert_uint_ge(answer->outcome.tail_length, DNS_OPT_RECORD);
	opt = answer->bytes + answer->length - answer->outcome.tail_length;
	ck_assert_mem_eq(opt, "\0\0\51", 3);
	*length = (size_t)(opt[9] << 8 | opt[10]);
	ck_assert_uint_eq(answer->outcome.tail_length, DNS_OPT_RECORD + *length);
	return opt + DNS_OPT_RECORD;
}

/* Asks with EDNS and these options; for no name: without a question. */
static void
ask_with_options(struct answer *answer, enum answer_transport transport, const char *name,
    const void *options, size_t length)
{
	struct dns_fixture_question question = {
	    name != NULL ? name : ".", DNS_TYPE_TXT, 0, 1232, 0};
	uint8_t query[DNS_FIXTURE_QUERY];
	size_t end = dns_fixture_query(query, &question);

	ck_assert_uint_le(end + length, sizeof(query));
	query[end - 1] = (uint8_t)length;
	memcpy(query + end, options, length);
	end += length;
	if (name == NULL) {
		query[5] = 0;
		memmove(query + DNS_HEADER, query + DNS_HEADER + 5, end - DNS_HEADER - 5);
		end -= 5;
	}
	ask_bytes(answer, transport, query, end);
}

static void
switch_cookies_on(void)
{
	static const uint8_t address[] = {198, 51, 100, 100};

	settings.cookies.count = 1;
	memcpy(settings.cookies.keys[0],
	    "\xe5\xe9\x73\xe5\xa6\xb2\xa4\x3f\x48\xe7\xdc\x84\x9e\x37\xbf\xcf", SIPHASH_KEY);
	client.address = address;
	client.address_length = sizeof(address);
	client.now = 1559731985;
}

/* Of RFC 9018, A.1. */
#define CLIENT_COOKIE  "\x24\x64\xc4\xab\xcf\x10\xc9\x57"
#define SERVER_COOKIE  "\x01\x00\x00\x00\x5c\xf7\x9f\x11\x1f\x81\x30\xc3\xee\xe2\x94\x80"
#define OTHER_COOKIE   "\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
#define BYTES(literal) (literal), sizeof(literal) - 1

static const struct {
	const char *name; /* NULL: no question */
	const char *options;
	size_t length;
	unsigned rcode; /* all of it */
	int has_cookie; /* in the answer */
	int is_believed;
} with_cookie[] = {
    {"two.auth.example.org.", BYTES("\0\12\0\10" CLIENT_COOKIE), DNS_RCODE_NOERROR, 1, 0},
    {"two.auth.example.org.", BYTES("\0\12\0\30" CLIENT_COOKIE SERVER_COOKIE), DNS_RCODE_NOERROR, 1,
	1},
    {"two.auth.example.org.", BYTES("\0\12\0\30" CLIENT_COOKIE OTHER_COOKIE), DNS_RCODE_NOERROR, 1,
	0},
    {"none.auth.example.org.", BYTES("\0\12\0\10" CLIENT_COOKIE), DNS_RCODE_NOERROR, 1, 0},
    {"nothing.auth.example.org.", BYTES("\0\12\0\30" CLIENT_COOKIE SERVER_COOKIE),
	DNS_RCODE_NXDOMAIN, 1, 1},
    {"large.auth.example.org.", BYTES("\0\12\0\10" CLIENT_COOKIE), DNS_RCODE_NOERROR, 1, 0},
    {"example.com.", BYTES("\0\12\0\10" CLIENT_COOKIE), DNS_RCODE_REFUSED, 1, 0},
    /* The first of several counts, and other options around it do no harm. */
    {"two.auth.example.org.", BYTES("\1\1\0\2xx\0\12\0\10" CLIENT_COOKIE "\0\12\0\1x\2\2\0\0"),
	DNS_RCODE_NOERROR, 1, 0},
    /* Lengths that no cookie has. */
    {"two.auth.example.org.", BYTES("\0\12\0\0"), DNS_RCODE_FORMERR, 0, 0},
    {"two.auth.example.org.",
	BYTES("\0\12\0\7"
	      "1234567"),
	DNS_RCODE_FORMERR, 0, 0},
    {"two.auth.example.org.",
	BYTES("\0\12\0\11"
	      "123456789"),
	DNS_RCODE_FORMERR, 0, 0},
    {"example.com.", BYTES("\0\12\0\1x"), DNS_RCODE_FORMERR, 0, 0},
    /* An option that reaches beyond the record. */
    {"two.auth.example.org.", BYTES("\0\12\0\11" CLIENT_COOKIE), DNS_RCODE_FORMERR, 0, 0},
    /* No question (RFC 7873, 5.4). */
    {NULL, BYTES("\0\12\0\10" CLIENT_COOKIE), DNS_RCODE_NOERROR, 1, 0},
    {NULL, BYTES("\0\12\0\30" CLIENT_COOKIE SERVER_COOKIE), DNS_RCODE_NOERROR, 1, 1},
    {NULL, BYTES("\0\12\0\30" CLIENT_COOKIE OTHER_COOKIE), DNS_RCODE_BADCOOKIE, 1, 0},
    {NULL, BYTES("\0\12\0\1x"), DNS_RCODE_FORMERR, 0, 0},
    {NULL, BYTES("\0\3\0\0"), DNS_RCODE_FORMERR, 0, 0},
};

START_TEST(answers_cookies)
{
	const uint8_t *options;
	struct answer answer;
	size_t length = 0;

	synchronise();
	switch_cookies_on();
	ask_with_options(&answer, ANSWER_UDP, with_cookie[_i].name, with_cookie[_i].options,
	    with_cookie[_i].length);
	options = find_options(&answer, &length);
	ck_assert_ptr_nonnull(options);
	ck_assert_uint_eq(answer.rcode | (unsigned)options[-6] << 4, with_cookie[_i].rcode);
	ck_assert_uint_eq(answer.outcome.rcode, with_cookie[_i].rcode);
	ck_assert_uint_eq(answer.outcome.has_edns, 1);
	ck_assert_uint_eq(answer.outcome.type, with_cookie[_i].name != NULL ? DNS_TYPE_TXT : 0);
	ck_assert_int_eq(answer.outcome.cookie == COOKIE_RIGHT, with_cookie[_i].is_believed);
	ck_assert_uint_eq(answer.counts[0], with_cookie[_i].name != NULL);
	if (with_cookie[_i].name == NULL)
		ck_assert_uint_eq(answer.counts[1] + answer.counts[2], 0);
	if (!with_cookie[_i].has_cookie) {
		ck_assert_uint_eq(length, 0);
		return;
	}
	/* A refusal is explained, too. */
	ck_assert_uint_eq(length, 4 + COOKIE_LENGTH + (answer.rcode == DNS_RCODE_REFUSED ? 6 : 0));
	ck_assert_mem_eq(options, "\0\12\0\30" CLIENT_COOKIE SERVER_COOKIE, 4 + COOKIE_LENGTH);
	/* A cut answer keeps its cookie. */
	length = answer_truncate(answer.bytes, answer.length, &answer.outcome);
	ck_assert_mem_eq(answer.bytes + answer.outcome.question_end + DNS_OPT_RECORD + 4,
	    CLIENT_COOKIE SERVER_COOKIE, COOKIE_LENGTH);
}
END_TEST

/* Room for the cookie is kept free, and not a byte more than that. */
START_TEST(fits_to_the_byte_with_a_cookie)
{
	struct dns_fixture_question question = {
	    "medium.auth.example.org.", DNS_TYPE_TXT, 0, 1232, 0};
	uint8_t query[DNS_FIXTURE_QUERY];
	size_t end = dns_fixture_query(query, &question) + 12, whole, size_at = end - 12 - 8;
	struct answer answer;

	synchronise();
	switch_cookies_on();
	query[end - 13] = 12;
	memcpy(query + end - 12, "\0\12\0\10" CLIENT_COOKIE, 12);
	ask_bytes(&answer, ANSWER_UDP, query, end);
	ck_assert_int_eq(answer.flags & DNS_BIT_TC, 0);
	whole = answer.length;
	for (size_t size = whole - 40; size < whole + 40; size++) {
		query[size_at] = (uint8_t)(size >> 8);
		query[size_at + 1] = (uint8_t)size;
		ask_bytes(&answer, ANSWER_UDP, query, end);
		ck_assert_uint_le(answer.length, size);
		ck_assert_int_eq((answer.flags & DNS_BIT_TC) != 0, size < whole);
	}
}
END_TEST

/* Cookies switched off are an unknown option, and nobody's address cannot be believed. */
START_TEST(knows_no_cookies_when_told_so)
{
	struct answer answer;
	size_t length = 1;

	synchronise();
	switch_cookies_on();
	if (_i == 0)
		settings.cookies.count = 0;
	else
		client.address_length = 0;
	ask_with_options(&answer, ANSWER_UDP, "two.auth.example.org.",
	    BYTES("\0\12\0\30" CLIENT_COOKIE SERVER_COOKIE));
	ck_assert_uint_eq(answer.rcode, DNS_RCODE_NOERROR);
	ck_assert_int_eq(answer.outcome.cookie, COOKIE_NONE);
	ck_assert_ptr_nonnull(find_options(&answer, &length));
	ck_assert_uint_eq(length, 0);
	ask_with_options(&answer, ANSWER_UDP, "two.auth.example.org.", BYTES("\0\12\0\1x"));
	ck_assert_uint_eq(answer.rcode, DNS_RCODE_NOERROR);
	ask_with_options(&answer, ANSWER_UDP, NULL, BYTES("\0\12\0\10" CLIENT_COOKIE));
	ck_assert_uint_eq(answer.rcode, DNS_RCODE_FORMERR);
}
END_TEST

/* Whatever size is agreed on, an answer with its cookie keeps to it. */
START_TEST(keeps_to_the_smaller_size)
{
	static const unsigned sizes[] = {512, 700, 1232, 2000, 4096};
	uint8_t query[DNS_FIXTURE_QUERY];
	struct dns_fixture_question question = {"large.auth.example.org.", DNS_TYPE_TXT, 0, 0, 0};
	struct answer answer;
	unsigned smaller;
	size_t end;

	synchronise();
	switch_cookies_on();
	settings.edns_size = (uint16_t)sizes[_i % 5];
	question.edns_size = (int)sizes[_i / 5];
	smaller = sizes[_i % 5 < _i / 5 ? _i % 5 : _i / 5];
	end = dns_fixture_query(query, &question);
	query[end - 1] = 12;
	memcpy(query + end, "\0\12\0\10" CLIENT_COOKIE, 12);
	ask_bytes(&answer, ANSWER_UDP, query, end + 12);
	ck_assert_uint_le(answer.length, smaller);
	/* It is 2144 bytes long. */
	ck_assert_int_eq((answer.flags & DNS_BIT_TC) != 0, smaller < 4096);
	ck_assert_uint_eq(answer.outcome.tail_length, DNS_OPT_RECORD + 4 + COOKIE_LENGTH);
	ck_assert_mem_eq(answer.bytes + answer.length - answer.outcome.tail_length + 3,
	    ((uint8_t[]){(uint8_t)(settings.edns_size >> 8), (uint8_t)settings.edns_size}), 2);
}
END_TEST

#define SLICE(literal) ((struct slice){(const uint8_t *)(literal), sizeof(literal) - 1})

static const struct {
	const char *name;
	uint16_t type;
	const char *text; /* NULL: refused */
} chaos[] = {
    {"version.bind.", DNS_TYPE_TXT, "Sallyport"},
    {"Version.SERVER.", DNS_TYPE_TXT, "Sallyport"},
    {"version.bind.", DNS_TYPE_ANY, "Sallyport"},
    {"hostname.bind.", DNS_TYPE_TXT, "ns1.example.net"},
    {"id.server.", DNS_TYPE_TXT, "the one"},
    {"version.bind.", DNS_TYPE_A, NULL},
    {"version.bind.", DNS_TYPE_SOA, NULL},
    {"version.bind.", DNS_TYPE_AXFR, NULL},
    {"version.bindx.", DNS_TYPE_TXT, NULL},
    {"xversion.bind.", DNS_TYPE_TXT, NULL},
    {"x.version.bind.", DNS_TYPE_TXT, NULL},
    {"id.bind.", DNS_TYPE_TXT, NULL},
    {"bind.", DNS_TYPE_TXT, NULL},
    {".", DNS_TYPE_TXT, NULL},
    {"auth.example.org.", DNS_TYPE_TXT, NULL},
    {"two.auth.example.org.", DNS_TYPE_TXT, NULL},
};

START_TEST(says_who_it_is)
{
	struct dns_fixture_question question = {
	    chaos[_i].name, chaos[_i].type, DNS_CLASS_CHAOS, 0, 0};
	const char *text = chaos[_i].text;
	struct answer answer;
	const uint8_t *record;

	/* Without leave it says nothing. */
	ask(&answer, ANSWER_UDP, &question);
	ck_assert_uint_eq(answer.rcode, DNS_RCODE_REFUSED);
	ck_assert_uint_eq(answer.flags, QR_RD);
	settings.identity.version = SLICE("Sallyport");
	settings.identity.hostname = SLICE("ns1.example.net");
	settings.identity.id = SLICE("the one");
	ask(&answer, ANSWER_UDP, &question);
	ck_assert_uint_eq(answer.counts[1], text != NULL);
	if (text == NULL) {
		ck_assert_uint_eq(answer.rcode, DNS_RCODE_REFUSED);
		return;
	}
	ck_assert_uint_eq(answer.rcode, DNS_RCODE_NOERROR);
	ck_assert_uint_eq(answer.flags, QR_RD);
	ck_assert_int_eq(answer.outcome.class, ANSWER_POSITIVE);
	record = answer.bytes + answer.outcome.question_end;
	ck_assert_mem_eq(record, "\300\14\0\20\0\3\0\0\0\0\0", 11);
	ck_assert_uint_eq(record[11], strlen(text) + 1);
	ck_assert_uint_eq(record[12], strlen(text));
	ck_assert_mem_eq(record + 13, text, strlen(text));
	ck_assert_uint_eq(answer.length, (size_t)answer.outcome.question_end + 13 + strlen(text));
}
END_TEST

START_TEST(gives_options_to_who_asks)
{
	static const char wanted[] = "\0\3\0\0\0\13\0\0";
	static const char *const expected[] = {"\0\3\0\6site-7", "\0\3\0\6site-7\0\13\0\2\3\350"};
	static const size_t expected_length[] = {10, 16};
	enum answer_transport transport = _i == 0 ? ANSWER_UDP : ANSWER_TCP;
	struct answer answer;
	const uint8_t *options;
	size_t length = 0;

	synchronise();
	client.keepalive = 1000;
	ask_with_options(&answer, transport, "two.auth.example.org.", wanted, 4);
	(void)find_options(&answer, &length);
	ck_assert_uint_eq(length, 0);
	settings.identity.nsid = SLICE("site-7");
	ask_with_options(&answer, transport, "two.auth.example.org.", "", 0);
	(void)find_options(&answer, &length);
	ck_assert_uint_eq(length, 0);
	ask_with_options(&answer, transport, "two.auth.example.org.", wanted, sizeof(wanted) - 1);
	options = find_options(&answer, &length);
	ck_assert_uint_eq(length, expected_length[_i]);
	ck_assert_mem_eq(options, expected[_i], length);
}
END_TEST

static const struct {
	const char *name;
	uint16_t type;
	uint16_t class;
	int is_synchronised;
	int code; /* -1: none */
} explained[] = {
    {"two.auth.example.org.", DNS_TYPE_TXT, 0, 1, -1},
    {"nothing.auth.example.org.", DNS_TYPE_TXT, 0, 1, -1},
    {"none.auth.example.org.", DNS_TYPE_TXT, 0, 1, -1},
    {"large.auth.example.org.", DNS_TYPE_TXT, 0, 1, -1},
    {"example.com.", DNS_TYPE_TXT, 0, 1, 20},
    {"auth.example.org.", DNS_TYPE_A, 4, 1, 20},
    {"version.bind.", DNS_TYPE_TXT, DNS_CLASS_CHAOS, 1, 20},
    {"auth.example.org.", DNS_TYPE_AXFR, 0, 1, 21},
    {"auth.example.org.", DNS_TYPE_IXFR, 0, 1, 21},
    {"auth.example.org.", DNS_TYPE_TSIG, 0, 1, -1},
    {"two.auth.example.org.", DNS_TYPE_TXT, 0, 0, 14},
    {"to-dynamic.auth.example.org.", DNS_TYPE_TXT, 0, 0, 14},
    {"auth.example.org.", DNS_TYPE_SOA, 0, 0, -1},
};

START_TEST(explains_itself)
{
	struct dns_fixture_question question = {
	    explained[_i].name, explained[_i].type, explained[_i].class, 512, 0};
	int code = explained[_i].code;
	const uint8_t *options;
	struct answer answer;
	size_t length = 0;

	if (explained[_i].is_synchronised)
		synchronise();
	ask(&answer, ANSWER_UDP, &question);
	options = find_options(&answer, &length);
	ck_assert_uint_eq(length, code < 0 ? 0 : 6);
	if (code >= 0)
		ck_assert_mem_eq(options, ((uint8_t[]){0, 15, 0, 2, 0, (uint8_t)code}), length);
	/* Only to those who understand it. */
	question.edns_size = 0;
	ask(&answer, ANSWER_UDP, &question);
	ck_assert_uint_eq(answer.outcome.tail_length, 0);
}
END_TEST

static const struct {
	const char *name;
	uint16_t type;
	int code; /* -1: none */
} stale[] = {
    {"two.auth.example.org.", DNS_TYPE_TXT, 3},
    {"none.auth.example.org.", DNS_TYPE_TXT, 3},
    {"to-dynamic.auth.example.org.", DNS_TYPE_TXT, 3},
    {"large.auth.example.org.", DNS_TYPE_TXT, 3},
    {"medium.auth.example.org.", DNS_TYPE_TXT, 3}, /* fits into some of the sizes */
    {"nothing.auth.example.org.", DNS_TYPE_TXT, 19},
    {"to-nothing.auth.example.org.", DNS_TYPE_TXT, 19},
    {"auth.example.org.", DNS_TYPE_A, -1},
    {"deep.auth.example.org.", DNS_TYPE_A, -1},
    {"example.com.", DNS_TYPE_A, 20},
};

START_TEST(says_what_may_be_out_of_date)
{
	const uint8_t *options;
	struct answer answer;
	size_t length = 0;

	synchronise();
	for (int edns_size = 512; edns_size < 600; edns_size++) {
		struct dns_fixture_question question = {
		    stale[_i].name, stale[_i].type, 0, edns_size, 0};

		settings.stale = 1;
		ask(&answer, ANSWER_UDP, &question);
		ck_assert_uint_le(answer.length, (unsigned)edns_size);
		options = find_options(&answer, &length);
		ck_assert_uint_eq(length, stale[_i].code < 0 ? 0 : 6);
		if (length > 0)
			ck_assert_mem_eq(
			    options, ((uint8_t[]){0, 15, 0, 2, 0, (uint8_t)stale[_i].code}), 6);
		settings.stale = 0;
		ask(&answer, ANSWER_UDP, &question);
		(void)find_options(&answer, &length);
		ck_assert_uint_eq(length, stale[_i].code == 20 ? 6 : 0);
	}
}
END_TEST

/* With every option there is, the longest question and the shortest size, nothing overflows. */
START_TEST(has_room_for_every_option)
{
	static const char nsid[EDNS_MAX_NSID] = "long";
	static const char options[] = "\0\12\0\10" CLIENT_COOKIE "\0\3\0\0\0\13\0\0";
	uint8_t query[DNS_FIXTURE_QUERY] = {0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1};
	uint8_t *end = query + DNS_HEADER;
	struct answer answer;
	size_t length = 0;

	switch_cookies_on();
	settings.identity.nsid = (struct slice){(const uint8_t *)nsid, sizeof(nsid)};
	for (unsigned i = 0; i < 127; i++, end += 2)
		memcpy(end, "\1x", 2);
	memcpy(end, "\0\0\20\0\1\0\0\51\2\0\0\0\0\0", 14);
	end += 14;
	*end++ = 0;
	*end++ = sizeof(options) - 1;
	memcpy(end, options, sizeof(options) - 1);
	end += sizeof(options) - 1;
	ask_bytes(&answer, ANSWER_UDP, query, (size_t)(end - query));
	ck_assert_uint_eq(answer.rcode, DNS_RCODE_REFUSED);
	ck_assert_uint_le(answer.length, DNS_MIN_UDP);
	ck_assert_ptr_nonnull(find_options(&answer, &length));
	ck_assert_uint_eq(length, 28 + 4 + sizeof(nsid) + 6);
	ask_bytes(&answer, ANSWER_TCP, query, (size_t)(end - query));
	ck_assert_ptr_nonnull(find_options(&answer, &length));
	ck_assert_uint_eq(length, 28 + 4 + sizeof(nsid) + 6 + 6);
}
END_TEST

/* A signed question: the key, which nobody here knows, is named, and nothing is signed (RFC 8945, 5.3.2). */
START_TEST(knows_no_key)
{
	static const uint8_t tsig[] = "\3KEY\300\20\0\372\0\377\0\0\0\0\0\25\1a\0\0\0\1\2\3\4\1\54"
				      "\0\2xy\22\64\0\0\0\0";
	static const uint8_t expected[] =
	    "\3KEY\300\20\0\372\0\377\0\0\0\0\0\23\1a\0\0\0\1\2\3\4\1\54"
	    "\0\0\22\64\0\21\0\0";
	struct dns_fixture_question question = {
	    "two.auth.example.org.", DNS_TYPE_TXT, 0, _i * 1232, 0};
	uint8_t query[DNS_FIXTURE_QUERY];
	size_t end = dns_fixture_query(query, &question), length = sizeof(expected) - 1;
	struct answer answer;

	synchronise();
	memcpy(query + end, tsig, sizeof(tsig) - 1);
	query[11]++;
	ask_bytes(&answer, ANSWER_UDP, query, end + sizeof(tsig) - 1);
	ck_assert_uint_eq(answer.flags, QR_RD);
	ck_assert_uint_eq(answer.rcode, DNS_RCODE_NOTAUTH);
	ck_assert_int_eq(answer.outcome.class, ANSWER_ERROR);
	ck_assert_uint_eq(answer.counts[1] + answer.counts[2], 0);
	ck_assert_uint_eq(answer.counts[3], 1 + (unsigned)_i);
	ck_assert_uint_eq(answer.length, end + length);
	ck_assert_mem_eq(answer.bytes + end, expected, length);
	/* Cut down it is the same but for TC. */
	ck_assert_uint_eq(
	    answer_truncate(answer.bytes, answer.length, &answer.outcome), answer.length);
	ck_assert_uint_eq(answer.bytes[11], 1 + (unsigned)_i);
	ck_assert_mem_eq(answer.bytes + end, expected, length);
}
END_TEST

/* Names that leave no room for an answer are nobody's key. */
START_TEST(refuses_keys_of_absurd_length)
{
	struct dns_fixture_question question = {"two.auth.example.org.", DNS_TYPE_TXT, 0, 0, 0};
	static const char fixed[] = "\0\372\0\377\0\0\0\0";
	static const char rest[] = "\0\0\1\2\3\4\1\54\0\0\22\64\0\0\0\0";
	uint8_t query[2 * DNS_FIXTURE_QUERY] = {0}, *at;
	struct answer answer;

	at = query + dns_fixture_query(query, &question);
	for (unsigned i = 0; i < 125; i++, at += 2)
		memcpy(at, "\1k", 2);
	*at++ = 0;
	memcpy(at, fixed, sizeof(fixed) - 1);
	at += sizeof(fixed) - 1;
	*at++ = 1;
	*at++ = (uint8_t)(2 * 125 + 1 + sizeof(rest) - 1 - 256);
	for (unsigned i = 0; i < 125; i++, at += 2)
		memcpy(at, "\1a", 2);
	*at++ = 0;
	memcpy(at, rest, sizeof(rest) - 1);
	at += sizeof(rest) - 1;
	query[11] = 1;
	ask_bytes(&answer, ANSWER_TCP, query, (size_t)(at - query));
	ck_assert_uint_eq(answer.rcode, DNS_RCODE_NOTAUTH);
	ask_bytes(&answer, ANSWER_UDP, query, (size_t)(at - query));
	ck_assert_uint_eq(answer.rcode, DNS_RCODE_FORMERR);
	ck_assert_uint_eq(answer.counts[3], 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("answer");
	TCase *cases = tcase_create("answer");

	tcase_add_checked_fixture(cases, set_up, tear_down);
	tcase_add_loop_test(cases, answers, 0, ROWS(asked));
	tcase_add_loop_test(cases, denies_nothing_before_it_knows, 0, ROWS(unsynchronised));
	tcase_add_loop_test(cases, wildcard_at_the_apex, 0, ROWS(below_wildcard));
	tcase_add_test(cases, writes_the_records);
	tcase_add_loop_test(cases, serves_no_value_beyond_its_end, 0, ROWS(ends));
	tcase_add_test(cases, writes_the_owners_of_a_chain);
	tcase_add_test(cases, writes_the_soa_of_a_negative_answer);
	tcase_add_test(cases, writes_the_owners_of_addresses);
	tcase_add_loop_test(cases, truncates_what_does_not_fit, 0, ROWS(sized));
	tcase_add_test(cases, fits_to_the_byte);
	tcase_add_test(cases, echoes_edns);
	tcase_add_test(cases, says_bad_version);
	tcase_add_loop_test(cases, tells_what_to_count, 0, ROWS(classes));
	tcase_add_loop_test(cases, cuts_an_answer_down, 0, 8);
	tcase_add_loop_test(cases, answers_cookies, 0, ROWS(with_cookie));
	tcase_add_test(cases, fits_to_the_byte_with_a_cookie);
	tcase_add_loop_test(cases, knows_no_cookies_when_told_so, 0, 2);
	tcase_add_loop_test(cases, keeps_to_the_smaller_size, 0, 25);
	tcase_add_loop_test(cases, says_who_it_is, 0, ROWS(chaos));
	tcase_add_loop_test(cases, gives_options_to_who_asks, 0, 2);
	tcase_add_loop_test(cases, explains_itself, 0, ROWS(explained));
	tcase_add_loop_test(cases, says_what_may_be_out_of_date, 0, ROWS(stale));
	tcase_add_test(cases, has_room_for_every_option);
	tcase_add_loop_test(cases, knows_no_key, 0, 2);
	tcase_add_test(cases, refuses_keys_of_absurd_length);
	tcase_add_loop_test(cases, sets_the_flags, 0, ROWS(flags));
	tcase_add_test(cases, every_prefix_gets_a_format_error);
	tcase_add_test(cases, answers_the_longest_question);
	tcase_add_test(cases, leaves_out_addresses_that_do_not_fit);
	tcase_add_test(cases, follows_a_bounded_chain);
	tcase_add_test(cases, fails_where_even_tcp_is_too_small);
	suite_add_tcase(suite, cases);
	return suite_run(suite);
}
