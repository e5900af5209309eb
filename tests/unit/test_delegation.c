/* What the zone above says of ours, and what is to be said of that. */
#include "delegation.h"
#include "diagnosis_fixture.h"
#include "suite.h"

#include <string.h>

#define ZONE "auth.example.org"

static struct delegation delegation;
static struct delegation_host *host; /* the one name server */

/* All is well: one name server within the zone. */
static void
make_good(void)
{
	struct client_address here = diagnosis_fixture_address("5.2.0.1");
	struct name name = diagnosis_fixture_name("ns1." ZONE);

	delegation = (struct delegation){.zone = diagnosis_fixture_name(ZONE),
	    .parent = diagnosis_fixture_name("example.org"),
	    .resolver = "9.9.9.9:53",
	    .config = "FILE",
	    .server_count = 2};
	delegation.servers[0].name = diagnosis_fixture_name("ns1.example.org");
	delegation.servers[1].name = diagnosis_fixture_name("ns2.example.org");
	address_set_add(&delegation.interfaces, &here);
	host = delegation_host(&delegation, &name);
	ck_assert(host->is_within);
	host->is_delegated = host->is_configured = 1;
	address_set_add(&host->glue, &here);
	address_set_add(&host->own, &here);
}

static void
not_delegated(void)
{
	host->is_delegated = 0;
	host->glue.count = 0;
	delegation.servers[0].reply = delegation.servers[1].reply = DELEGATION_NONE;
}

static void
served_above(void)
{
	not_delegated();
	delegation.servers[0].reply = DELEGATION_SERVED;
}

static void
partly(void)
{
	delegation.servers[1].reply = DELEGATION_NONE;
}

static void
parent_is_forged(void)
{
	delegation.forgery = (struct dns_forgery){
	    .is_there = 1, .name = diagnosis_fixture_name("example.org"), .why = NULL};
}

static void
one_is_silent(void)
{
	delegation.servers[1].reply = DELEGATION_FAILED;
	delegation.servers[1].result = DNS_OUTCOME_SILENT;
}

static void
one_is_lame(void)
{
	delegation.servers[1].reply = DELEGATION_FAILED;
	delegation.servers[1].rcode = DNS_RCODE_REFUSED;
}

static void
all_are_silent(void)
{
	one_is_silent();
	delegation.servers[0] = delegation.servers[1];
}

static void
no_servers(void)
{
	delegation.server_count = 0;
}

static void
no_glue(void)
{
	host->glue.count = 0;
}

static void
other_glue(void)
{
	host->glue.addresses[0] = diagnosis_fixture_address("5.3.0.3");
}

static void
example_glue(void)
{
	host->glue.addresses[0] = diagnosis_fixture_address("203.0.113.5");
}

static void
private_glue(void)
{
	host->glue.addresses[0] = host->own.addresses[0] = diagnosis_fixture_address("10.0.0.1");
}

static void
example_record(void)
{
	host->own.addresses[0] = diagnosis_fixture_address("198.51.100.1");
}

static void
no_record_of_address(void)
{
	host->own.count = 0;
}

static void
no_ns_record(void)
{
	host->is_configured = 0;
}

static void
signed_above(void)
{
	delegation.has_ds = 1;
}

static void
alias(void)
{
	host->is_within = 0;
	host->is_alias = 1;
	address_set_add(&host->found, &host->own.addresses[0]);
}

static void
nowhere(void)
{
	host->is_within = 0;
}

static void
resolver_silent(void)
{
	delegation.search = DELEGATION_NO_RESOLVER;
	delegation.result = DNS_OUTCOME_SILENT;
}

static void
no_resolver(void)
{
	delegation.search = DELEGATION_NO_RESOLVER;
	delegation.resolver[0] = '\0';
}

static void
resolver_refuses(void)
{
	delegation.search = DELEGATION_REFUSED;
	delegation.rcode = DNS_RCODE_REFUSED;
}

static void
no_parent(void)
{
	delegation.search = DELEGATION_NO_PARENT;
}

static const struct {
	void (*change)(void); /* NULL: nothing is changed */
	const char *says, *fix;
} troubles[] = {
    {NULL, "\"ok\",\"id\":\"delegation.there\"", "\"ok\",\"id\":\"delegation.glue\""},
    {not_delegated, "\"wrong\",\"id\":\"delegation.missing\"",
	"\"" ZONE ".  NS  ns1." ZONE ".\",\"ns1." ZONE ".  A  5.2.0.1\""},
    {served_above, "\"wrong\",\"id\":\"delegation.served\"", "take the zone " ZONE " away"},
    {partly, "\"warning\",\"id\":\"delegation.partly\"", "\"ok\",\"id\":\"delegation.there\""},
    {parent_is_forged, "\"wrong\",\"id\":\"delegation.bogus\"",
	"(DNSSEC) of example.org wrong: it gives no answer"},
    {one_is_silent, "\"unknown\",\"id\":\"delegation.server_silent\"",
	"\"ok\",\"id\":\"delegation.there\""},
    {one_is_lame, "\"warning\",\"id\":\"delegation.server_lame\"", "says REFUSED"},
    {all_are_silent, "\"unknown\",\"id\":\"delegation.unseen\"", "no answer comes"},
    {no_servers, "\"unknown\",\"id\":\"delegation.unseen\"", "nothing is known of the delegation"},
    {no_glue, "\"wrong\",\"id\":\"delegation.no_glue\"", "\"ns1." ZONE ".  A  5.2.0.1\""},
    {other_glue, "\"warning\",\"id\":\"delegation.other_glue\"",
	"    - \\\"ns1." ZONE ".  A  5.3.0.3\\\""},
    {example_glue, "\"wrong\",\"id\":\"delegation.example_address\"", "203.0.113.5"},
    {private_glue, "\"warning\",\"id\":\"delegation.private_address\"", "10.0.0.1"},
    {example_record, "\"wrong\",\"id\":\"records.example_address\"", "in FILE"},
    {no_record_of_address, "\"wrong\",\"id\":\"records.no_address\"",
	"    - \\\"ns1." ZONE ".  A  5.2.0.1\\\""},
    {no_ns_record, "\"wrong\",\"id\":\"records.no_ns\"", "    - \\\"" ZONE ".  NS  " ZONE ".\\\""},
    {no_ns_record, "\"warning\",\"id\":\"delegation.other_ns\"",
	"    - \\\"" ZONE ".  NS  ns1." ZONE ".\\\""},
    {signed_above, "\"wrong\",\"id\":\"delegation.ds\"", ZONE ".  DS  ..."},
    {alias, "\"wrong\",\"id\":\"delegation.alias\"", "ns1." ZONE ".  A  5.2.0.1"},
    {nowhere, "\"wrong\",\"id\":\"delegation.no_address\"", "ADDRESS-OF-THIS-MACHINE"},
    {resolver_silent, "\"unknown\",\"id\":\"resolver.silent\"", "--resolver ADDRESS"},
    {no_resolver, "\"unknown\",\"id\":\"resolver.none\"", "/etc/resolv.conf"},
    {resolver_refuses, "\"unknown\",\"id\":\"resolver.refuses\"", "answers REFUSED"},
    {no_parent, "\"wrong\",\"id\":\"delegation.no_parent\"",
	"example.org, in which the zone lies, does not exist"},
};

START_TEST(says_what_is_wrong)
{
	struct diagnosis *diagnosis = diagnosis_new();
	unsigned wrong;
	const char *text;

	make_good();
	if (troubles[_i].change != NULL)
		troubles[_i].change();
	delegation_judge(&delegation, diagnosis);
	wrong = diagnosis_count(diagnosis, DIAGNOSIS_WRONG) +
		diagnosis_count(diagnosis, DIAGNOSIS_WARNING) +
		diagnosis_count(diagnosis, DIAGNOSIS_UNKNOWN);
	text = diagnosis_fixture_json(diagnosis);
	ck_assert_msg((wrong > 0) == (troubles[_i].change != NULL), "%s", text);
	ck_assert_msg(strstr(text, troubles[_i].says) != NULL, "%s", text);
	ck_assert_msg(strstr(text, troubles[_i].fix) != NULL, "%s", text);
}
END_TEST

START_TEST(takes_in_the_configuration)
{
	struct conf conf = {0};
	enum record_warning warning;
	static const char *const lines[] = {"@ NS ns1", "ns1 A 192.0.2.1", "ns1 AAAA 2001:db8::1",
	    "@ NS ns.example.net.", "@ A 192.0.2.9", "ns1 TXT x"};
	struct address_set set = {0};
	char why[200], text[ADDRESS_SET_TEXT];

	delegation = (struct delegation){.zone = diagnosis_fixture_name(ZONE)};
	for (unsigned i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct record record;

		ck_assert_int_eq(record_from_text(&record, &delegation.zone, lines[i], &warning,
				     why, sizeof(why)),
		    0);
		ck_assert_int_eq(record_list_add(&conf.zone.records, &record, &delegation.zone, why,
				     sizeof(why)),
		    0);
	}
	delegation_configure(&delegation, &conf);
	ck_assert_uint_eq(delegation.host_count, 2);
	ck_assert(delegation.hosts[0].is_within && !delegation.hosts[1].is_within);
	ck_assert(delegation.hosts[1].is_configured);
	ck_assert_str_eq(
	    address_set_text(&delegation.hosts[0].own, text), "192.0.2.1, 2001:db8::1");
	delegation_addresses(&delegation, &set);
	ck_assert_uint_eq(set.count, 2);
	record_list_free(&conf.zone.records);
}
END_TEST

START_TEST(there_is_room_for_so_many)
{
	char text[32];

	delegation = (struct delegation){.zone = diagnosis_fixture_name(ZONE)};
	for (unsigned i = 0; i <= DELEGATION_HOSTS; i++) {
		struct name name;

		(void)snprintf(text, sizeof(text), "ns%u.example.net", i);
		name = diagnosis_fixture_name(text);
		ck_assert_int_eq(delegation_host(&delegation, &name) != NULL, i < DELEGATION_HOSTS);
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("delegation");
	TCase *cases = tcase_create("delegation");

	tcase_add_loop_test(cases, says_what_is_wrong, 0, ROWS(troubles));
	tcase_add_test(cases, takes_in_the_configuration);
	tcase_add_test(cases, there_is_room_for_so_many);
	suite_add_tcase(suite, cases);
	return suite_run(suite);
}
