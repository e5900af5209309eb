/* The static zone: names, rrsets, and what belongs beside them. */
#include "zone.h"

#include "dns.h"
#include "dns_fixture.h"
#include "failing_malloc.h"
#include "suite.h"

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

START_TEST(encodes_an_rrset)
{
	struct zone *zone = make();
	const struct zone_rrset *rrset = zone_node_rrset(&zone->nodes[0], DNS_TYPE_A);
	static const uint8_t expected[] = "\0\1\0\1\0\0\0\74\0\4\306\63\144\1"
					  "\0\1\0\1\0\0\0\74\0\4\306\63\144\2";

	ck_assert_ptr_nonnull(rrset);
	ck_assert_uint_eq(rrset->count, 2);
	ck_assert_uint_eq(rrset->length, sizeof(expected) - 1);
	ck_assert_mem_eq(rrset->records, expected, sizeof(expected) - 1);
	ck_assert_ptr_null(zone_node_rrset(&zone->nodes[0], DNS_TYPE_TXT));
	zone_free(zone);
}
END_TEST

START_TEST(makes_the_soa)
{
	static const uint8_t numbers[] = "\x78\xc2\x76\x5b" /* 2026010203 */
					 "\0\0\x70\x80\0\0\x1c\x20\0\x09\x3a\x80\0\0\0\x3c";
	struct zone *zone = make();
	const struct zone_rrset *soa = zone_node_rrset(&zone->nodes[0], DNS_TYPE_SOA);

	ck_assert_ptr_nonnull(soa);
	ck_assert_ptr_eq(soa, &zone->nodes[0].rrsets[0]);
	ck_assert_mem_eq(soa->records, "\0\6\0\1\0\0\16\20", 8);
	ck_assert_mem_eq(
	    soa->records + DNS_RECORD_FIXED, "\4auth\7example\3org\0\12hostmaster", 29);
	ck_assert_mem_eq(soa->records + soa->length - 20, numbers, 20);
	/* The same in a negative answer, but for its TTL. */
	ck_assert_uint_eq(zone->negative_soa_length, soa->length);
	ck_assert_mem_eq(zone->negative_soa, "\0\6\0\1\0\0\0\74", 8);
	ck_assert_mem_eq(zone->negative_soa + 8, soa->records + 8, soa->length - 8);
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

START_TEST(links_targets_once)
{
	struct zone *zone = make();
	const struct zone_node *host = zone_find(zone, (const uint8_t *)"\3ns1", 4);
	const struct zone_node *deep = zone_find(zone, (const uint8_t *)"\4deep\2er", 8);
	const struct zone_node *service = zone_find(zone, (const uint8_t *)"\2_s\4_tcp", 8);
	const struct zone_rrset *rrset;

	rrset = zone_node_rrset(&zone->nodes[0], DNS_TYPE_NS);
	ck_assert_uint_eq(rrset->target_count, 1);
	ck_assert_ptr_eq(rrset->targets[0], host);
	rrset = zone_node_rrset(&zone->nodes[0], DNS_TYPE_MX);
	ck_assert_uint_eq(rrset->count, 2);
	ck_assert_uint_eq(rrset->target_count, 1);
	ck_assert_ptr_eq(rrset->targets[0], host);
	rrset = zone_node_rrset(service, DNS_TYPE_SRV);
	ck_assert_uint_eq(rrset->target_count, 1);
	ck_assert_ptr_eq(rrset->targets[0], deep);
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
	ck_assert_mem_eq(zone->negative_soa, "\0\6\0\1\0\0\16\20", 8);
	ck_assert_mem_eq(zone->negative_soa + zone->negative_soa_length - 4, "\0\0\34\40", 4);
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
	tcase_add_test(cases, links_targets_once);
	tcase_add_test(cases, links_wildcards);
	tcase_add_test(cases, refuses_records_outside);
	tcase_add_test(cases, negative_ttl_is_bounded_by_the_soa);
	tcase_add_test(cases, survives_failing_memory);
	suite_add_tcase(suite, cases);
	return suite_run(suite);
}
