/* The static zone: names, rrsets, and what belongs beside them. */
#include "zone.h"

#include "dns.h"
#include "dns_fixture.h"
#include "failing_malloc.h"
#include "query.h"
#include "suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const lines[] = {
    "auth.example.org. NS NS1.auth.example.org.",
    "auth.example.org. NS ns.example.net.",
    "auth.example.org. MX 10 ns1.auth.example.org.",
    "auth.example.org. MX 20 ns1.auth.example.org.",
    "auth.example.org. 60 A 198.51.100.1",
    "auth.example.org. 60 A 198.51.100.2",
    "NS1.auth.example.org. AAAA 2001:db8::1",
    "_s._tcp.auth.example.org. SRV 0 0 53 deep.er.auth.example.org.",
    "deep.er.auth.example.org. A 198.51.100.3",
    "*.wild.auth.example.org. TXT \"w\"",
};

static struct zone *
make(void)
{
	struct zone *zone = dns_fixture_zone(lines, ROWS(lines));

	ck_assert_ptr_nonnull(zone);
	return zone;
}

static const struct {
	const char *relative; /* wire form */
	int exists;
	size_t rrsets;
} names[] = {
    {"", 1, 4},
    {"\3ns1", 1, 1},
    {"\2er", 1, 0},
    {"\4deep\2er", 1, 1},
    {"\4_tcp", 1, 0},
    {"\2_s\4_tcp", 1, 1},
    {"\4wild", 1, 0},
    {"\1*\4wild", 1, 1},
    {"\4deep", 0, 0},
    {"\1x", 0, 0},
    {"\1x\3ns1", 0, 0},
    {"\3ns2", 0, 0},
};

START_TEST(finds_names_and_those_in_between)
{
	struct zone *zone = make();
	const struct zone_node *node;

	node = zone_find(zone, (const uint8_t *)names[_i].relative, strlen(names[_i].relative));
	ck_assert_int_eq(node != NULL, names[_i].exists);
	if (node != NULL)
		ck_assert_uint_eq(node->rrset_count, names[_i].rrsets);
	zone_free(zone);
}
END_TEST

START_TEST(keeps_each_name_once)
{
	struct zone *zone = make();

	ck_assert_uint_eq(zone->node_count, 8);
	for (size_t i = 0; i < zone->node_count; i++)
		ck_assert_ptr_eq(zone_find(zone, zone->nodes[i].relative, zone->nodes[i].length),
		    &zone->nodes[i]);
	zone_free(zone);
}
END_TEST

/* The records as they stand in an answer to a question for `owner`, a name of the zone at offset 12. */
static size_t
write_records(const struct rrset *rrset, size_t owner_length, uint8_t *message, size_t room)
{
	struct rrset_position position = {.owner = 12, .records = (uint16_t)(12 + owner_length)};
	struct writer writer;

	position.zone_name = (uint16_t)(12 + owner_length - sizeof("\4auth\7example\3org"));
	writer_init(&writer, message, room);
	writer.length = position.records;
	rrset_write(rrset, &writer, &position);
	ck_assert_int_eq(writer.failed, 0);
	return writer.length - position.records;
}

static void
check_records(const struct rrset *rrset, size_t owner_length, const char *expected, size_t length)
{
	uint8_t message[4096];

	ck_assert_ptr_nonnull(rrset);
	ck_assert_uint_eq(write_records(rrset, owner_length, message, sizeof(message)), length);
	ck_assert_mem_eq(message + 12 + owner_length, expected, length);
}

#define APEX	       (sizeof("\4auth\7example\3org"))
#define BYTES(literal) (literal), sizeof(literal) - 1

START_TEST(encodes_an_rrset)
{
	struct zone *zone = make();
	const struct rrset *rrset = zone_node_rrset(&zone->nodes[0], DNS_TYPE_A);

	check_records(rrset, APEX,
	    BYTES("\300\14\0\1\0\1\0\0\0\74\0\4\306\63\144\1"
		  "\300\14\0\1\0\1\0\0\0\74\0\4\306\63\144\2"));
	ck_assert_uint_eq(rrset->count, 2);
	ck_assert_ptr_null(zone_node_rrset(&zone->nodes[0], DNS_TYPE_TXT));
	zone_free(zone);
}
END_TEST

#define NUMBERS                                                                                    \
	"\x78\xc2\x76\x5b" /* 2026010203 */                                                        \
	"\0\0\x70\x80\0\0\x1c\x20\0\x09\x3a\x80\0\0\0\x3c"

START_TEST(makes_the_soa)
{
	struct zone *zone = make();
	const struct rrset *soa = zone_node_rrset(&zone->nodes[0], DNS_TYPE_SOA);

	ck_assert_ptr_eq(soa, &zone->nodes[0].rrsets[0]);
	/* The nameserver is the zone itself, the administrator one label above it. */
	check_records(
	    soa, APEX, BYTES("\300\14\0\6\0\1\0\0\16\20\0\43\300\14\12hostmaster\300\21" NUMBERS));
	/* The same in a negative answer, but for its TTL. */
	check_records(&zone->negative_soa, APEX,
	    BYTES("\300\14\0\6\0\1\0\0\0\74\0\43\300\14\12hostmaster\300\21" NUMBERS));
	zone_free(zone);
}
END_TEST

/* Of the types of RFC 1035 names are compressed, of later ones not (RFC 3597, 4). */
static const struct {
	const char *lines[3];
	uint16_t type;
	const char *expected;
	size_t length;
} compressed[] = {
    /* Against the zone, at any label, whatever its case; the case in front is kept. */
    {{"m MX 1 Mail.AUTH.example.org.", "m MX 2 a.b.Example.org.", "m MX 3 auth.example.org."},
	DNS_TYPE_MX,
	BYTES("\300\14\0\17\0\1\0\0\16\20\0\11\0\1\4Mail\300\16"
	      "\300\14\0\17\0\1\0\0\16\20\0\10\0\2\1a\1b\300\23"
	      "\300\14\0\17\0\1\0\0\16\20\0\4\0\3\300\16")},
    /* Against each other, whole and in part, if the case is the same. */
    {{"m NS a.x.net.", "m NS b.x.net.", "m NS c.X.net."}, DNS_TYPE_NS,
	BYTES("\300\14\0\2\0\1\0\0\16\20\0\11\1a\1x\3net\0"
	      "\300\14\0\2\0\1\0\0\16\20\0\4\1b\300\56"
	      "\300\14\0\2\0\1\0\0\16\20\0\6\1c\1X\300\60")},
    {{"m MX 1 x.net.", "m MX 2 x.net.", "m MX 3 ."}, DNS_TYPE_MX,
	BYTES("\300\14\0\17\0\1\0\0\16\20\0\11\0\1\1x\3net\0"
	      "\300\14\0\17\0\1\0\0\16\20\0\4\0\2\300\56"
	      "\300\14\0\17\0\1\0\0\16\20\0\3\0\3\0")},
    {{"m MINFO x.auth.example.org. x.auth.example.org."}, DNS_TYPE_MINFO,
	BYTES("\300\14\0\16\0\1\0\0\16\20\0\6\1x\300\16\300\54")},
    {{"m PTR m.auth.example.org."}, DNS_TYPE_PTR,
	BYTES("\300\14\0\14\0\1\0\0\16\20\0\4\1m\300\16")},
    {{"m SRV 1 2 3 x.auth.example.org."}, DNS_TYPE_SRV,
	BYTES("\300\14\0\41\0\1\0\0\16\20\0\32\0\1\0\2\0\3\1x\4auth\7example\3org\0")},
    {{"m KX 1 auth.example.org."}, DNS_TYPE_KX,
	BYTES("\300\14\0\44\0\1\0\0\16\20\0\24\0\1\4auth\7example\3org\0")},
    {{"m RP auth.example.org. ."}, 17,
	BYTES("\300\14\0\21\0\1\0\0\16\20\0\23\4auth\7example\3org\0\0")},
};

/* zone_new() with NS records below the apex, too, which the configuration has no place for. */
static struct zone *
make_of(const char *const *texts, size_t count, struct record_list *list)
{
	enum record_warning warning;
	struct name name;
	struct zone_config config = {
	    .name = &name, .nameserver = &name, .admin = &name, .records = list};
	struct zone *zone;
	char why[128];

	ck_assert_int_eq(name_from_text(&name, "auth.example.org."), 0);
	for (size_t i = 0; i < count && texts[i] != NULL; i++)
		ck_assert_int_eq(record_from_text(&list->records[list->count++], &name, texts[i],
				     &warning, why, sizeof(why)),
		    0);
	zone = zone_new(&config);
	ck_assert_ptr_nonnull(zone);
	for (size_t i = 0; i < list->count; i++)
		record_free(&list->records[i]);
	return zone;
}

START_TEST(compresses_names)
{
	struct record records[3];
	struct record_list list = {records, 0};
	struct zone *zone = make_of(compressed[_i].lines, 3, &list);
	const struct zone_node *node = zone_find(zone, (const uint8_t *)"\1m", 2);

	check_records(zone_node_rrset(node, compressed[_i].type), 2 + APEX, compressed[_i].expected,
	    compressed[_i].length);
	zone_free(zone);
}
END_TEST

/*
 * However many records there are, a pointer leads to where it can; the names behind are written in
 * full.
 */
START_TEST(keeps_pointers_within_reach)
{
	enum { COUNT = 1500 };
	static struct record records[COUNT];
	static char text[COUNT][64];
	static const char *lines_of_many[COUNT];
	static uint8_t message[65535];
	struct record_list list = {records, 0};
	const struct rrset *rrset;
	struct zone *zone;

	for (unsigned i = 0; i < COUNT; i++) {
		(void)snprintf(text[i], sizeof(text[i]), "m MX %u a%u.host%u.net.", i, i, i / 2);
		lines_of_many[i] = text[i];
	}
	zone = make_of(lines_of_many, COUNT, &list);
	rrset = zone_node_rrset(zone_find(zone, (const uint8_t *)"\1m", 2), DNS_TYPE_MX);
	ck_assert_uint_gt(write_records(rrset, 2 + APEX, message, sizeof(message)), 0x4000);
	for (size_t i = 0; i < rrset->pointer_count; i++)
		ck_assert_uint_lt(rrset->pointers[i].to.offset, RRSET_REACH);
	zone_free(zone);
}
END_TEST

START_TEST(serial_is_the_hour_in_utc)
{
	ck_assert_uint_eq(zone_serial(0), 1970010100);
	ck_assert_uint_eq(zone_serial(1709251199), 2024022923); /* 2024-02-29 23:59:59 */
	ck_assert_uint_eq(zone_serial(1709251200), 2024030100);
}
END_TEST

START_TEST(links_hosts_once)
{
	struct zone *zone = make();
	const struct zone_node *host = zone_find(zone, (const uint8_t *)"\3ns1", 4);
	const struct zone_node *deep = zone_find(zone, (const uint8_t *)"\4deep\2er", 8);
	const struct zone_node *service = zone_find(zone, (const uint8_t *)"\2_s\4_tcp", 8);
	const struct rrset *rrset;

	rrset = zone_node_rrset(&zone->nodes[0], DNS_TYPE_NS);
	ck_assert_uint_eq(rrset->host_count, 1);
	ck_assert_ptr_eq(rrset->hosts[0].node, host);
	rrset = zone_node_rrset(&zone->nodes[0], DNS_TYPE_MX);
	ck_assert_uint_eq(rrset->count, 2);
	ck_assert_uint_eq(rrset->host_count, 1);
	ck_assert_ptr_eq(rrset->hosts[0].node, host);
	rrset = zone_node_rrset(service, DNS_TYPE_SRV);
	ck_assert_uint_eq(rrset->host_count, 1);
	ck_assert_ptr_eq(rrset->hosts[0].node, deep);
	zone_free(zone);
}
END_TEST

/* Every type that names a host where its name is wanted next: RFC 1035, 1183, 2782 and 2230. */
static const struct {
	const char *line;
	uint16_t type;
	int has_host;
} hosting[] = {
    {"m NS h.auth.example.org.", DNS_TYPE_NS, 1},
    {"m MB h.auth.example.org.", DNS_TYPE_MB, 1},
    {"m MX 1 h.auth.example.org.", DNS_TYPE_MX, 1},
    {"m AFSDB 1 h.auth.example.org.", DNS_TYPE_AFSDB, 1},
    {"m RT 1 h.auth.example.org.", DNS_TYPE_RT, 1},
    {"m SRV 1 2 3 h.auth.example.org.", DNS_TYPE_SRV, 1},
    {"m KX 1 h.auth.example.org.", DNS_TYPE_KX, 1},
    {"m MX 1 h.example.org.", DNS_TYPE_MX, 0},
    {"m MX 1 missing.auth.example.org.", DNS_TYPE_MX, 0},
    {"m PTR h.auth.example.org.", DNS_TYPE_PTR, 0},
    {"m CNAME h.auth.example.org.", DNS_TYPE_CNAME, 0},
    {"m TXT h.auth.example.org.", DNS_TYPE_TXT, 0},
};

START_TEST(links_hosts_of_many_types)
{
	const char *texts[] = {hosting[_i].line, "h A 192.0.2.1"};
	struct record records[2];
	struct record_list list = {records, 0};
	struct zone *zone = make_of(texts, 2, &list);
	const struct rrset *rrset =
	    zone_node_rrset(zone_find(zone, (const uint8_t *)"\1m", 2), hosting[_i].type);

	ck_assert_ptr_nonnull(rrset);
	ck_assert_int_eq((int)rrset->host_count, hosting[_i].has_host);
	zone_free(zone);
}
END_TEST

/* Names that a wildcard covers have its addresses, each its own; those that the apex's would, have none. */
START_TEST(links_hosts_of_a_wildcard)
{
	static const char *const texts[] = {"m SRV 1 2 3 a.w.auth.example.org.",
	    "m SRV 1 2 4 A.w.auth.example.org.", "m SRV 1 2 3 b.c.w.auth.example.org.",
	    "m SRV 1 2 3 d.auth.example.org.", "m SRV 1 2 3 x.h.auth.example.org.",
	    "*.w A 192.0.2.1", "* A 192.0.2.2", "h A 192.0.2.3"};
	struct record records[ROWS(texts)];
	struct record_list list = {records, 0};
	struct zone *zone = make_of(texts, ROWS(texts), &list);
	const struct zone_node *wildcard = zone_find(zone, (const uint8_t *)"\1*\1w", 4);
	const struct rrset *rrset =
	    zone_node_rrset(zone_find(zone, (const uint8_t *)"\1m", 2), DNS_TYPE_SRV);

	ck_assert_uint_eq(rrset->host_count, 2);
	for (size_t i = 0; i < 2; i++)
		ck_assert_ptr_eq(rrset->hosts[i].node, wildcard);
	ck_assert_uint_ne(rrset->hosts[0].name.offset, rrset->hosts[1].name.offset);
	zone_free(zone);
}
END_TEST

START_TEST(keeps_aliases_of_the_zone)
{
	static const char *const targets[] = {
	    "m CNAME A.b.auth.example.org.", "m CNAME auth.example.org.", "m CNAME example.org."};
	static const int labels[] = {2, 0, -1};
	struct record record;
	struct record_list list = {&record, 0};
	struct zone *zone = make_of(&targets[_i], 1, &list);
	const struct rrset *rrset =
	    zone_node_rrset(zone_find(zone, (const uint8_t *)"\1m", 2), DNS_TYPE_CNAME);

	ck_assert_int_eq(rrset->alias != NULL, labels[_i] >= 0);
	if (labels[_i] >= 0)
		ck_assert_int_eq(rrset->alias->label_count, labels[_i] + 3);
	zone_free(zone);
}
END_TEST

START_TEST(links_wildcards)
{
	struct zone *zone = make();
	const struct zone_node *parent = zone_find(zone, (const uint8_t *)"\4wild", 5);

	ck_assert_ptr_eq(parent->wildcard, zone_find(zone, (const uint8_t *)"\1*\4wild", 7));
	ck_assert_ptr_null(zone->nodes[0].wildcard);
	zone_free(zone);
}
END_TEST

START_TEST(refuses_records_outside)
{
	struct name name, outside;
	struct record record = {.type = DNS_TYPE_A, .ttl = 1};
	struct record_list list = {&record, 1};
	struct zone_config config = {
	    .name = &name, .nameserver = &name, .admin = &name, .records = &list};

	ck_assert_int_eq(name_from_text(&name, "auth.example.org."), 0);
	ck_assert_int_eq(name_from_text(&outside, "example.org."), 0);
	record.owner = outside;
	ck_assert_ptr_null(zone_new(&config));
}
END_TEST

START_TEST(negative_ttl_is_bounded_by_the_soa)
{
	struct name name;
	struct record_list list = {0};
	struct zone_config config = {.name = &name,
	    .nameserver = &name,
	    .admin = &name,
	    .records = &list,
	    .negative_ttl = 7200};
	struct zone *zone;

	ck_assert_int_eq(name_from_text(&name, "."), 0);
	zone = zone_new(&config);
	ck_assert_ptr_nonnull(zone);
	/* The nameserver and the administrator are the root, and nothing is left of the owner. */
	ck_assert_mem_eq(zone->negative_soa.records + 2, "\0\6\0\1\0\0\16\20\0\26\0\0", 12);
	ck_assert_mem_eq(
	    zone->negative_soa.records + zone->negative_soa.length - 4, "\0\0\34\40", 4);
	zone_free(zone);
}
END_TEST

START_TEST(survives_failing_memory)
{
	struct name name;
	struct record_list list = {0};
	struct zone_config config = {
	    .name = &name, .nameserver = &name, .admin = &name, .records = &list};
	enum record_warning warning;
	struct record record;
	struct zone *zone;
	char why[128];
	int happened;

	ck_assert_int_eq(name_from_text(&name, "auth.example.org."), 0);
	for (size_t i = 0; i < ROWS(lines); i++) {
		ck_assert_int_eq(
		    record_from_text(&record, &name, lines[i], &warning, why, sizeof(why)), 0);
		ck_assert_int_eq(record_list_add(&list, &record, &name, why, sizeof(why)), 0);
	}
	for (unsigned nth = 1;; nth++) {
		failing_malloc_at(nth);
		zone = zone_new(&config);
		happened = failing_malloc_happened();
		failing_malloc_at(0);
		ck_assert_int_eq(zone == NULL, happened);
		zone_free(zone);
		if (!happened)
			break;
	}
	record_list_free(&list);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("zone");
	TCase *cases = tcase_create("zone");

	tcase_add_loop_test(cases, finds_names_and_those_in_between, 0, ROWS(names));
	tcase_add_test(cases, keeps_each_name_once);
	tcase_add_test(cases, encodes_an_rrset);
	tcase_add_test(cases, makes_the_soa);
	tcase_add_test(cases, serial_is_the_hour_in_utc);
	tcase_add_loop_test(cases, compresses_names, 0, ROWS(compressed));
	tcase_add_test(cases, keeps_pointers_within_reach);
	tcase_add_test(cases, links_hosts_once);
	tcase_add_loop_test(cases, links_hosts_of_many_types, 0, ROWS(hosting));
	tcase_add_test(cases, links_hosts_of_a_wildcard);
	tcase_add_loop_test(cases, keeps_aliases_of_the_zone, 0, 3);
	tcase_add_test(cases, links_wildcards);
	tcase_add_test(cases, refuses_records_outside);
	tcase_add_test(cases, negative_ttl_is_bounded_by_the_soa);
	tcase_add_test(cases, survives_failing_memory);
	suite_add_tcase(suite, cases);
	return suite_run(suite);
}
