/* Static records: lines into wire form, and what a zone may hold. */
#include "failing_malloc.h"
#include "records.h"
#include "suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WIRE(bytes) bytes, sizeof(bytes) - 1
#define LABEL_63    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define ZONE_WIRE   "\4auth\7example\3org\0"

enum { A = 1, NS = 2, CNAME = 5, MX = 15, TXT = 16, AAAA = 28, SRV = 33, TLSA = 52, CAA = 257 };

static struct name
zone_name(void)
{
	struct name zone;

	ck_assert_int_eq(name_from_text(&zone, "auth.example.org"), 0);
	return zone;
}

static const struct {
	const char *text, *owner;
	uint16_t type;
	uint32_t ttl;
	const char *rdata;
	size_t length;
} valid[] = {
    {"auth.example.org. A 198.51.100.1", "auth.example.org.", A, 3600, WIRE("\306\63\144\1")},
    {"auth.example.org. 60 A 198.51.100.1", "auth.example.org.", A, 60, WIRE("\306\63\144\1")},
    {"auth.example.org. IN A 198.51.100.1", "auth.example.org.", A, 3600, WIRE("\306\63\144\1")},
    {"auth.example.org. 60 IN A 198.51.100.1", "auth.example.org.", A, 60, WIRE("\306\63\144\1")},
    {"auth.example.org. IN 60 A 198.51.100.1", "auth.example.org.", A, 60, WIRE("\306\63\144\1")},
    {"auth.example.org. in 0 a 198.51.100.1", "auth.example.org.", A, 0, WIRE("\306\63\144\1")},
    {"auth.example.org. class1 A 198.51.100.1", "auth.example.org.", A, 3600,
	WIRE("\306\63\144\1")},
    {"auth.example.org.\t2147483647 A\t 198.51.100.1 ", "auth.example.org.", A, 2147483647,
	WIRE("\306\63\144\1")},
    {"x 1h30m A 198.51.100.1", "x.auth.example.org.", A, 5400, WIRE("\306\63\144\1")},
    {"x 1W A 198.51.100.1", "x.auth.example.org.", A, 604800, WIRE("\306\63\144\1")},
    {"@ 1d2s A 198.51.100.1", "auth.example.org.", A, 86402, WIRE("\306\63\144\1")},
    {"AUTH.Example.org. A 198.51.100.1", "AUTH.Example.org.", A, 3600, WIRE("\306\63\144\1")},
    {"*.x AAAA 2001:db8::1", "*.x.auth.example.org.", AAAA, 3600,
	WIRE("\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1")},
    {"in A 198.51.100.1", "in.auth.example.org.", A, 3600, WIRE("\306\63\144\1")},
    {"60 A 198.51.100.1", "60.auth.example.org.", A, 3600, WIRE("\306\63\144\1")},
    {"a\\.b\\032c A 198.51.100.1", "a\\.b\\032c.auth.example.org.", A, 3600, WIRE("\306\63\144\1")},
    {"@ NS Auth.example.org.", "auth.example.org.", NS, 3600, WIRE("\4Auth\7example\3org\0")},
    {"@ NS ns1", "auth.example.org.", NS, 3600, WIRE("\3ns1" ZONE_WIRE)},
    {"@ NS @", "auth.example.org.", NS, 3600, WIRE(ZONE_WIRE)},
    {"x CNAME y.example.net.", "x.auth.example.org.", CNAME, 3600, WIRE("\1y\7example\3net\0")},
    {"@ MX 10 mail.example.net.", "auth.example.org.", MX, 3600,
	WIRE("\0\12\4mail\7example\3net\0")},
    {"@ MX 65535 .", "auth.example.org.", MX, 3600, WIRE("\377\377\0")},
    {"x TXT \"hello world\" b", "x.auth.example.org.", TXT, 3600, WIRE("\13hello world\1b")},
    {"x TXT \"a;b\\\"\\065\"", "x.auth.example.org.", TXT, 3600, WIRE("\5a;b\"A")},
    {"x TXT a\\;b", "x.auth.example.org.", TXT, 3600, WIRE("\3a;b")},
    {"x TXT \"\"", "x.auth.example.org.", TXT, 3600, WIRE("\0")},
    {"@ CAA 128 issue \"ca.example; x=y\"", "auth.example.org.", CAA, 3600,
	WIRE("\200\5issueca.example; x=y")},
    {"_x._tcp SRV 0 5 443 x", "_x._tcp.auth.example.org.", SRV, 3600,
	WIRE("\0\0\0\5\1\273\1x" ZONE_WIRE)},
    {"x TLSA 3 1 1 ( abcd ef01 )", "x.auth.example.org.", TLSA, 3600, WIRE("\3\1\1\253\315\357\1")},
    {"x HTTPS 1 . alpn=\"h2\"", "x.auth.example.org.", 65, 3600, WIRE("\0\1\0\0\1\0\3\2h2")},
    {"x TYPE65280 \\# 4 0a000001", "x.auth.example.org.", 65280, 3600, WIRE("\12\0\0\1")},
    {"x A \\# 4 0a 00 00 01", "x.auth.example.org.", A, 3600, WIRE("\12\0\0\1")},
    {"@ NS \\# 1 00", "auth.example.org.", NS, 3600, WIRE("\0")},
    {"x SRV \\# 7 00000000000000", "x.auth.example.org.", SRV, 3600, WIRE("\0\0\0\0\0\0\0")},
    {"x TYPE65280 \\# 0", "x.auth.example.org.", 65280, 3600, WIRE("")},
    {"x TYPE1 198.51.100.1", "x.auth.example.org.", A, 3600, WIRE("\306\63\144\1")},
};

START_TEST(reads)
{
	struct name zone = zone_name();
	struct record record;
	enum record_warning warning = RECORD_WARNING_DOUBLED_ZONE;
	char owner[NAME_MAX_TEXT], why[256] = "";
	int result = record_from_text(&record, &zone, valid[_i].text, &warning, why, sizeof(why));

	ck_assert_msg(result == 0, "%s: %s", valid[_i].text, why);
	ck_assert_int_eq(warning, RECORD_WARNING_NONE);
	name_to_text(&record.owner, owner);
	ck_assert_str_eq(owner, valid[_i].owner);
	ck_assert_uint_eq(record.type, valid[_i].type);
	ck_assert_uint_eq(record.ttl, valid[_i].ttl);
	ck_assert_uint_eq(record.rdata_length, valid[_i].length);
	ck_assert_mem_eq(record.rdata, valid[_i].rdata, valid[_i].length);
	ck_assert_str_eq(record.text, valid[_i].text);
	record_free(&record);
	ck_assert_ptr_null(record.text);
}
END_TEST

START_TEST(prefixes_are_read_or_refused)
{
	struct name zone = zone_name();

	for (size_t kept = 0; kept < strlen(valid[_i].text); kept++) {
		char *prefix = strndup(valid[_i].text, kept);
		struct record record;
		enum record_warning warning;
		char why[256] = "";

		ck_assert_ptr_nonnull(prefix);
		if (record_from_text(&record, &zone, prefix, &warning, why, sizeof(why)) == 0)
			record_free(&record);
		else
			ck_assert_str_ne(why, "");
		free(prefix);
	}
}
END_TEST

static const struct {
	const char *text, *why;
} invalid[] = {
    {"", "the owner is missing; begin with the name or with @"},
    {" A 192.0.2.1", "the owner is missing; begin with the name or with @"},
    {"$TTL 60", "zone-file directives are not understood; write the record in full"},
    {"x", "the record type is missing; a record is \"OWNER TYPE DATA\""},
    {"x 60 IN", "the record type is missing; a record is \"OWNER TYPE DATA\""},
    {"x 2147483648 A 192.0.2.1", "the TTL is above 2147483647"},
    {"x 99999999999999999999999 A 192.0.2.1", "the TTL is above 2147483647"},
    {"x 99999999w9s A 192.0.2.1", "the TTL is above 2147483647"},
    {"x CH A 192.0.2.1", "the class is not IN; leave it away"},
    {"x CLASS4 A 192.0.2.1", "the class is not IN; leave it away"},
    {"x -1 A 192.0.2.1", "unknown record type \"-1\"; a record is \"OWNER TYPE DATA\""},
    {"x 60 60 A 192.0.2.1", "unknown record type \"60\"; a record is \"OWNER TYPE DATA\""},
    {"x FOO 192.0.2.1", "unknown record type \"FOO\"; a record is \"OWNER TYPE DATA\""},
    {"A 192.0.2.1", "unknown record type \"192.0.2.1\"; the owner seems to be missing: a record "
		    "is \"OWNER TYPE DATA\""},
    {"a..b A 192.0.2.1", "the owner \"a..b\" is not a valid name"},
    {LABEL_63 "." LABEL_63 "." LABEL_63 "." LABEL_63 " A 192.0.2.1",
	"the owner \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\" is not a valid "
	"name"},
    {"www.example.org. A 192.0.2.1", "the owner \"www.example.org.\" is outside the zone; it must "
				     "be \"auth.example.org.\" or end "
				     "in \".auth.example.org.\""},
    {"example.org. A 192.0.2.1", "the owner \"example.org.\" is outside the zone; it must be "
				 "\"auth.example.org.\" or end in "
				 "\".auth.example.org.\""},
    {"@ SOA a. b. 1 2 3 4 5", "the SOA is made from zone.nameserver, zone.admin and "
			      "zone.negative_ttl; remove it here"},
    {"x ANY 1", "ANY is not a type of stored data"},
    {"x AXFR 1", "AXFR is not a type of stored data"},
    {"x OPT 1", "OPT is not a type of stored data"},
    {"x TYPE0 \\# 0", "TYPE0 is not a type of stored data"},
    {"x TYPE128 \\# 0", "TYPE128 is not a type of stored data"},
    {"x TYPE255 \\# 0", "TYPE255 is not a type of stored data"},
    {"x TYPE250 \\# 0", "TYPE250 is not a type of stored data"},
    {"x A", "the data of the A record is wrong; it is an IPv4 address such as 192.0.2.1"},
    {"x A 192.0.2.256",
	"the data of the A record is wrong; it is an IPv4 address such as 192.0.2.1"},
    {"x A 192.0.2.1 192.0.2.2",
	"the data of the A record is wrong; it is an IPv4 address such as 192.0.2.1"},
    {"x A 2001:db8::1", "\"2001:db8::1\" is not an IPv4 address; did you mean AAAA?"},
    {"x AAAA 192.0.2.1", "\"192.0.2.1\" is not an IPv6 address; did you mean A?"},
    {"x AAAA", "the data of the AAAA record is wrong; it is an IPv6 address such as 2001:db8::1"},
    {"x CNAME", "the data of the CNAME record is wrong; it is one name such as www.example.org."},
    {"x MX mail", "the data of the MX record is wrong; it is a preference and a name such as 10 "
		  "mail.example.org."},
    {"x MX 65536 mail", "the number 65536 is above 65535"},
    {"x CAA 256 issue \"x\"", "the number 256 is above 255"},
    {"x SRV 1 2 99999999999 x", "the number 99999999999 is above 65535"},
    {"x SSHFP 1", "the data of the SSHFP record is wrong; Syntax error, value expected"},
    {"x TXT \"a", "the closing quote is missing"},
    {"x TXT \"a\\\"", "the closing quote is missing"},
    {"x TXT a\"b c\"", "a quote inside a word; put a blank before it or write \\\""},
    {"x TXT a=\"b c\"", "a quote inside a word; put a blank before it or write \\\""},
    {"x TXT a ; comment", "\";\" would begin a comment; put the text in quotes"},
    {"x TXT \303\244", "only printable ASCII is allowed; write the byte as \\195"},
    {"x TXT \"a\nb\"", "only printable ASCII is allowed; write the byte as \\010"},
    {"x A \\# 5 0a00000101", "the data behind \\# is too short or too long"},
    {"x A \\# 0", "the data behind \\# is too short or too long"},
    {"x MX \\# 2 0a0a", "the data behind \\# is too short or too long"},
    {"@ NS \\# 4 01610000", "the data behind \\# is too short or too long"},
    {"@ NS \\# 3 05ffff", "the data of the NS record is wrong; it is one name such as "
			  "ns1.example.org."},
    {"@ NS \\# 2 c000", "the data of the NS record is wrong; it is one name such as "
			"ns1.example.org."},
};

START_TEST(refuses)
{
	struct name zone = zone_name();
	struct record record;
	enum record_warning warning;
	char why[256] = "";

	ck_assert_int_eq(
	    record_from_text(&record, &zone, invalid[_i].text, &warning, why, sizeof(why)), -1);
	ck_assert_str_eq(why, invalid[_i].why);
	record_free(&record); /* holds nothing: must do no harm */
}
END_TEST

static const struct {
	const char *text;
	enum record_warning warning;
} doubled[] = {
    {"auth.example.org A 192.0.2.1", RECORD_WARNING_DOUBLED_ZONE},
    {"x.AUTH.example.org A 192.0.2.1", RECORD_WARNING_DOUBLED_ZONE},
    {"auth.example.org.auth.example.org. A 192.0.2.1", RECORD_WARNING_DOUBLED_ZONE},
    {"example.org A 192.0.2.1", RECORD_WARNING_NONE},
    {"xauth.example.org A 192.0.2.1", RECORD_WARNING_NONE},
};

START_TEST(warns_of_a_doubled_zone)
{
	struct name zone = zone_name();
	struct record record;
	enum record_warning warning;
	char why[256];

	ck_assert_int_eq(
	    record_from_text(&record, &zone, doubled[_i].text, &warning, why, sizeof(why)), 0);
	ck_assert_int_eq(warning, doubled[_i].warning);
	record_free(&record);
}
END_TEST

/* RDATA as large as allowed, and one byte more; a line as long as allowed, and one byte more. */
START_TEST(bounds_the_data)
{
	struct name zone = zone_name();
	struct record record;
	enum record_warning warning;
	char why[256];
	char text[20000];
	size_t used;

	for (int excess = 0; excess <= 1; excess++) {
		used = (size_t)snprintf(
		    text, sizeof(text), "x TYPE65280 \\# %d ", RECORD_MAX_RDATA + excess);
		memset(text + used, '0', (size_t)(RECORD_MAX_RDATA + excess) * 2);
		text[used + (size_t)(RECORD_MAX_RDATA + excess) * 2] = '\0';
		ck_assert_int_eq(
		    record_from_text(&record, &zone, text, &warning, why, sizeof(why)), -excess);
		if (excess)
			ck_assert_str_eq(why, "the data is longer than 4096 bytes");
		record_free(&record);
	}
	memset(text, ' ', sizeof(text));
	memcpy(text, "x A 192.0.2.1", 13);
	text[(size_t)4 * RECORD_MAX_RDATA + 1] = '\0';
	ck_assert_int_eq(record_from_text(&record, &zone, text, &warning, why, sizeof(why)), -1);
	ck_assert_str_eq(why, "the line is longer than 16384 bytes");
	text[(size_t)4 * RECORD_MAX_RDATA] = '\0';
	ck_assert_int_eq(record_from_text(&record, &zone, text, &warning, why, sizeof(why)), 0);
	record_free(&record);
}
END_TEST

START_TEST(the_root_can_be_the_zone)
{
	struct name root = {.length = 1};
	struct record record;
	enum record_warning warning;
	char why[256];

	ck_assert_int_eq(
	    record_from_text(&record, &root, "x.y A 192.0.2.1", &warning, why, sizeof(why)), 0);
	ck_assert_uint_eq(record.owner.length, 5);
	ck_assert_int_eq(warning, RECORD_WARNING_NONE);
	record_free(&record);
}
END_TEST

static int
add_text(struct record_list *list, const char *text, char *why, size_t capacity)
{
	struct name zone = zone_name();
	struct record record;
	enum record_warning warning;

	if (record_from_text(&record, &zone, text, &warning, why, capacity) != 0)
		ck_abort_msg("%s: %s", text, why);
	if (record_list_add(list, &record, &zone, why, capacity) == 0)
		return 0;
	record_free(&record);
	return -1;
}

static const struct {
	const char *first, *second;
	const char *why; /* NULL: both stand side by side */
} neighbours[] = {
    {"x A 192.0.2.1", "x A 192.0.2.2", NULL},
    {"x A 192.0.2.1", "y A 192.0.2.1", NULL},
    {"x A 192.0.2.1", "x AAAA 2001:db8::1", NULL},
    {"x 60 A 192.0.2.1", "x 61 AAAA 2001:db8::1", NULL},
    {"x A 192.0.2.1", "y CNAME x", NULL},
    {"x TXT a", "x TXT A", NULL},
    {"@ NS a", "@ NS b", NULL},
    {"x A 192.0.2.1", "X A 192.0.2.1", "the same record stands here twice; remove one"},
    {"x 1 A 192.0.2.1", "x 2 A 192.0.2.1", "the same record stands here twice; remove one"},
    {"x CNAME a", "x CNAME a", "the same record stands here twice; remove one"},
    {"x CNAME a", "x CNAME b", "a second CNAME at one name (RFC 2181); remove one"},
    {"x CNAME a", "X A 192.0.2.1",
	"a CNAME beside other data at one name (RFC 2181); \"x CNAME a\" is already there"},
    {"x A 192.0.2.1", "x CNAME a",
	"a CNAME beside other data at one name (RFC 2181); \"x A 192.0.2.1\" is already there"},
    {"x 60 A 192.0.2.1", "x 61 A 192.0.2.2",
	"the TTL 61 differs from that of the same name and type (RFC 2181); write 60"},
    {"@ A 192.0.2.1", "x NS a",
	"an NS record below the zone's own name would delegate it; delegations are not supported"},
    {"@ A 192.0.2.1", "x DNAME a", "DNAME is not supported; write a CNAME for each name"},
    {"x A 192.0.2.1", "@ CNAME a",
	"a CNAME cannot stand at the zone's own name, which has an SOA (RFC 2181); use A and AAAA "
	"records"},
};

START_TEST(knows_what_stands_together)
{
	struct record_list list = {0};
	char why[256] = "";

	ck_assert_int_eq(add_text(&list, neighbours[_i].first, why, sizeof(why)), 0);
	ck_assert_int_eq(add_text(&list, neighbours[_i].second, why, sizeof(why)),
	    neighbours[_i].why == NULL ? 0 : -1);
	if (neighbours[_i].why != NULL)
		ck_assert_str_eq(why, neighbours[_i].why);
	ck_assert_uint_eq(list.count, neighbours[_i].why == NULL ? 2 : 1);
	record_list_free(&list);
	ck_assert_uint_eq(list.count, 0);
}
END_TEST

START_TEST(the_list_has_an_end)
{
	struct record_list list = {0};
	char why[256] = "", text[64];

	for (int i = 0; i < RECORDS_MAX; i++) {
		snprintf(text, sizeof(text), "x%d A 192.0.2.1", i);
		ck_assert_int_eq(add_text(&list, text, why, sizeof(why)), 0);
	}
	ck_assert_int_eq(add_text(&list, "y A 192.0.2.1", why, sizeof(why)), -1);
	ck_assert_str_eq(why, "there are more than 4096 records");
	ck_assert_uint_eq(list.count, RECORDS_MAX);
	record_list_free(&list);
}
END_TEST

START_TEST(survives_every_failing_allocation)
{
	struct name zone = zone_name();
	struct record_list list = {0};
	unsigned failures = 0;
	int failed = 1;

	for (unsigned nth = 1; failed; nth++) {
		struct record record;
		enum record_warning warning;
		char why[256] = "";
		int result;

		failing_malloc_at(nth);
		result =
		    record_from_text(&record, &zone, "x A 192.0.2.1", &warning, why, sizeof(why));
		if (result == 0 && record_list_add(&list, &record, &zone, why, sizeof(why)) != 0) {
			record_free(&record);
			result = -1;
		}
		failed = failing_malloc_happened();
		failing_malloc_at(0);
		ck_assert_int_eq(result, failed ? -1 : 0);
		ck_assert_str_eq(why, failed ? "out of memory" : "");
		failures += (unsigned)failed;
	}
	ck_assert_uint_eq(failures, 4); /* the line, its data, its text, the list */
	ck_assert_uint_eq(list.count, 1);
	record_list_free(&list);
}
END_TEST

START_TEST(freeing_nothing_is_fine)
{
	record_free(NULL);
	record_list_free(NULL);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("records");
	TCase *cases = tcase_create("records");

	tcase_add_loop_test(cases, reads, 0, ROWS(valid));
	tcase_add_loop_test(cases, prefixes_are_read_or_refused, 0, ROWS(valid));
	tcase_add_loop_test(cases, refuses, 0, ROWS(invalid));
	tcase_add_loop_test(cases, warns_of_a_doubled_zone, 0, ROWS(doubled));
	tcase_add_test(cases, bounds_the_data);
	tcase_add_test(cases, the_root_can_be_the_zone);
	tcase_add_loop_test(cases, knows_what_stands_together, 0, ROWS(neighbours));
	tcase_add_test(cases, the_list_has_an_end);
	tcase_add_test(cases, survives_every_failing_allocation);
	tcase_add_test(cases, freeing_nothing_is_fine);
	suite_add_tcase(suite, cases);
	return suite_run(suite);
}
