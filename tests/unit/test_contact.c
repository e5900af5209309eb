/* Who answers for the zone at an address, and what is evidence of that. */
#include "contact.h"
#include "diagnosis_fixture.h"
#include "suite.h"

#include <string.h>

#define OUR_SOA                                                                                    \
	.result = DNS_OUTCOME_ANSWERED, .is_authoritative = 1, .has_soa = 1, .serial = 7,          \
	.primary = {.length = 1}

static const struct contact_reply local = {OUR_SOA};

static const struct {
	struct contact_reply reply;
	enum contact_verdict verdict, without_local;
} replies[] = {
    {{OUR_SOA}, CONTACT_OURS, CONTACT_OURS},
    {{OUR_SOA, .value = CONTACT_VALUE_SEEN}, CONTACT_OURS, CONTACT_OURS},
    {{OUR_SOA, .value = CONTACT_VALUE_ABSENT}, CONTACT_OTHER, CONTACT_OTHER},
    {{.result = DNS_OUTCOME_ANSWERED,
	 .is_authoritative = 1,
	 .has_soa = 1,
	 .serial = 8,
	 .primary = {.length = 1}},
	CONTACT_OTHER, CONTACT_OURS},
    {{.result = DNS_OUTCOME_ANSWERED,
	 .is_authoritative = 1,
	 .has_soa = 1,
	 .serial = 7,
	 .primary = {.length = 3, .wire = {1, 'x', 0}}},
	CONTACT_OTHER, CONTACT_OURS},
    {{.result = DNS_OUTCOME_ANSWERED, .has_soa = 1}, CONTACT_NO_ZONE, CONTACT_NO_ZONE},
    {{.result = DNS_OUTCOME_ANSWERED, .is_authoritative = 1}, CONTACT_NO_ZONE, CONTACT_NO_ZONE},
    {{OUR_SOA, .rcode = DNS_RCODE_REFUSED}, CONTACT_NO_ZONE, CONTACT_NO_ZONE},
    {{.result = DNS_OUTCOME_SILENT}, CONTACT_ABSENT, CONTACT_ABSENT},
};

START_TEST(knows_who_it_is)
{
	ck_assert_int_eq(contact_judge(&replies[_i].reply, &local), replies[_i].verdict);
	ck_assert_int_eq(contact_judge(&replies[_i].reply, NULL), replies[_i].without_local);
}
END_TEST

#define SILENT {.result = DNS_OUTCOME_SILENT}
#define CLOSED {.result = DNS_OUTCOME_CLOSED}
#define OURS   {OUR_SOA}
#define OTHER  {OUR_SOA, .value = CONTACT_VALUE_ABSENT}

static const struct {
	const char *address, *interface;
	struct contact_reply udp, tcp;
	const char *says, *fix; /* "" : anything */
} outcomes[] = {
    {"5.2.0.1", "5.2.0.1", OURS, OURS, "5.2.0.1 answers over UDP and TCP, with the same SOA",
	"a firewall keeps out"},
    {"5.2.0.1", "10.0.0.7", OURS, OURS,
	"5.2.0.1 answers over UDP and TCP, with the same SOA as the server here\"", ""},
    {"5.2.0.1", "5.2.0.2", SILENT, SILENT, "\"wrong\",\"id\":\"address.silent\"", "ufw allow 53"},
    {"5.2.0.1", "5.2.0.1", SILENT, SILENT, "\"wrong\",\"id\":\"address.silent\"", "ufw allow 53"},
    {"5.2.0.1", "5.2.0.1", CLOSED, CLOSED, "\"wrong\",\"id\":\"address.silent\"",
	"listen: [\\\"5.2.0.1:53\\\"]"},
    {"2a0e::1", "2a0e::1", CLOSED, CLOSED, "\"wrong\",\"id\":\"address.silent\"",
	"listen: [\\\"[2a0e::1]:53\\\"]"},
    {"5.2.0.1", "5.2.0.1", OURS, CLOSED,
	"5.2.0.1 over TCP: nobody listens there; resolvers need it", "protocols: [udp, tcp]"},
    {"5.2.0.1", "5.2.0.2", OURS, SILENT, "5.2.0.1 over TCP: no answer comes; resolvers need it",
	"ufw allow 53"},
    /* Behind a router: no evidence. */
    {"5.2.0.1", "192.168.1.7", SILENT, SILENT, "\"unknown\",\"id\":\"address.behind_router\"",
	"dig +norecurse SOA auth.example.org. @5.2.0.1"},
    {"5.2.0.1", "192.168.1.7", CLOSED, CLOSED, "\"unknown\",\"id\":\"address.behind_router\"", ""},
    {"10.0.0.9", "10.0.0.7", SILENT, SILENT, "\"wrong\",\"id\":\"address.silent\"", ""},
    {"2a0e::1", "5.2.0.1", {.result = DNS_OUTCOME_UNREACHABLE}, {.result = DNS_OUTCOME_UNREACHABLE},
	"\"unknown\",\"id\":\"address.no_way\"", "perhaps no IPv6"},
    {"5.2.0.1", "5.2.0.1", {.result = DNS_OUTCOME_SPENT}, {.result = DNS_OUTCOME_SPENT},
	"\"unknown\",\"id\":\"address.not_asked\"", ""},
    {"5.2.0.1", "5.2.0.1", {OUR_SOA, .value = CONTACT_VALUE_ABSENT},
	{OUR_SOA, .value = CONTACT_VALUE_ABSENT}, "\"wrong\",\"id\":\"address.other\"", ""},
    {"5.2.0.1", "5.2.0.1", {.result = DNS_OUTCOME_ANSWERED, .rcode = DNS_RCODE_REFUSED},
	{.result = DNS_OUTCOME_ANSWERED, .rcode = DNS_RCODE_REFUSED},
	"\"wrong\",\"id\":\"address.no_zone\"", "says REFUSED"},
    /* Whose address is it? */
    {"5.2.0.1", "5.2.0.1", OTHER, OTHER, "does not have the test value\"", "ss -lnptu"},
    {"5.2.0.1", "5.2.0.1", {OUR_SOA, .value = CONTACT_VALUE_ABSENT, .identity = "ns2"}, OTHER,
	"test value (it calls itself \\\"ns2\\\")", ""},
    {"5.2.0.1", "5.2.0.2", OTHER, OTHER, "this machine does not have that address",
	"the new address belongs into zone.records"},
    {"5.2.0.1", "192.168.1.7", OTHER, OTHER, "\"wrong\",\"id\":\"address.other\"",
	"in the router: forward 53/udp"},
    {"5.2.0.1", "192.168.1.7", OTHER, OTHER, "so a router (NAT) has that one",
	"dig +norecurse +tcp SOA auth.example.org. @5.2.0.1"},
};

START_TEST(says_what_it_means)
{
	struct contacts contacts = {.config = "FILE", .has_local = 1, .local = local, .count = 1};
	struct client_address interface = diagnosis_fixture_address(outcomes[_i].interface);
	struct name zone = diagnosis_fixture_name("auth.example.org");
	struct diagnosis *diagnosis = diagnosis_new();
	const char *text;

	contacts.zone = &zone;
	address_set_add(&contacts.interfaces, &interface);
	contacts.contacts[0] =
	    (struct contact){.address = diagnosis_fixture_address(outcomes[_i].address),
		.udp = outcomes[_i].udp,
		.tcp = outcomes[_i].tcp};
	contacts.contacts[0].is_here =
	    address_set_has(&contacts.interfaces, &contacts.contacts[0].address);
	contacts_judge(&contacts, diagnosis);
	text = diagnosis_fixture_json(diagnosis);
	ck_assert_msg(strstr(text, outcomes[_i].says) != NULL, "%s", text);
	ck_assert_msg(strstr(text, outcomes[_i].fix) != NULL, "%s", text);
}
END_TEST

/* A resolver gets here all the same: a router between answers what comes from within. */
START_TEST(a_router_may_answer_what_comes_from_within)
{
	struct client_address interface = diagnosis_fixture_address("192.168.1.7");
	struct name zone = diagnosis_fixture_name("auth.example.org");
	struct diagnosis *diagnosis = diagnosis_new();
	struct contacts contacts = {.zone = &zone,
	    .config = "FILE",
	    .has_local = 1,
	    .local = local,
	    .resolver = "9.9.9.9:53",
	    .resolver_value = CONTACT_VALUE_SEEN,
	    .count = 1,
	    .contacts = {
		{.address = diagnosis_fixture_address("5.2.0.1"), .udp = OTHER, .tcp = OTHER}}};
	const char *text;

	address_set_add(&contacts.interfaces, &interface);
	contacts_judge(&contacts, diagnosis);
	ck_assert_uint_eq(diagnosis_count(diagnosis, DIAGNOSIS_WRONG), 0);
	text = diagnosis_fixture_json(diagnosis);
	ck_assert_msg(strstr(text, "\"unknown\",\"id\":\"address.other\"") != NULL, "%s", text);
	ck_assert_msg(strstr(text, "the resolver 9.9.9.9:53 is led here") != NULL, "%s", text);
}
END_TEST

static const struct {
	const char *address;
	enum address_scope scope;
} scopes[] = {
    {"127.0.0.53", ADDRESS_LOOPBACK},
    {"::1", ADDRESS_LOOPBACK},
    {"10.255.0.1", ADDRESS_PRIVATE},
    {"172.31.0.1", ADDRESS_PRIVATE},
    {"172.32.0.1", ADDRESS_PUBLIC},
    {"192.168.7.1", ADDRESS_PRIVATE},
    {"100.64.0.1", ADDRESS_PRIVATE},
    {"169.254.0.1", ADDRESS_PRIVATE},
    {"fd00::1", ADDRESS_PRIVATE},
    {"fe80::1", ADDRESS_PRIVATE},
    {"192.0.2.100", ADDRESS_DOCUMENTATION},
    {"198.51.100.1", ADDRESS_DOCUMENTATION},
    {"203.0.113.1", ADDRESS_DOCUMENTATION},
    {"2001:db8::1", ADDRESS_DOCUMENTATION},
    {"9.9.9.9", ADDRESS_PUBLIC},
    {"2620:fe::fe", ADDRESS_PUBLIC},
};

START_TEST(knows_where_an_address_is_reached_from)
{
	struct client_address address = diagnosis_fixture_address(scopes[_i].address);

	ck_assert_int_eq(address_scope(&address), scopes[_i].scope);
}
END_TEST

START_TEST(sets_hold_each_once)
{
	struct client_address one = diagnosis_fixture_address("192.0.2.1");
	struct client_address two = diagnosis_fixture_address("2001:db8::1");
	struct address_set a = {0}, b = {0};
	char text[ADDRESS_SET_TEXT];

	ck_assert_str_eq(address_set_text(&a, text), "none");
	address_set_add(&a, &one);
	address_set_add(&a, &two);
	address_set_add(&a, &one);
	ck_assert_str_eq(address_set_text(&a, text), "192.0.2.1, 2001:db8::1");
	address_set_add(&b, &two);
	ck_assert(!address_set_equal(&a, &b));
	address_set_add(&b, &one);
	ck_assert(address_set_equal(&a, &b));
	ck_assert_str_eq(address_record(&one), "A");
	ck_assert_str_eq(address_record(&two), "AAAA");
	for (unsigned i = 0; i < 2 * ADDRESS_SET; i++) {
		one.bytes[15] = (uint8_t)i;
		address_set_add(&a, &one);
	}
	ck_assert_uint_eq(a.count, ADDRESS_SET);
	(void)address_set_text(&a, text);
}
END_TEST

static const struct {
	enum contact_value value;
	const char *no_value, *says; /* NULL: nothing */
	uint16_t rcode;
} ways[] = {
    {CONTACT_VALUE_SEEN, NULL, "\"ok\",\"id\":\"value.resolved\"", 0},
    {CONTACT_VALUE_ABSENT, NULL, "\"warning\",\"id\":\"value.lost\"", 0},
    {CONTACT_VALUE_ABSENT, NULL, "\"value.lost\"", DNS_RCODE_NXDOMAIN},
    {CONTACT_VALUE_ABSENT, NULL, "9.9.9.9:53 answers SERVFAIL", DNS_RCODE_SERVFAIL},
    {CONTACT_VALUE_NOT_ASKED, "no server runs", "\"unknown\",\"id\":\"value.none\"", 0},
    {CONTACT_VALUE_NOT_ASKED, NULL, NULL, 0},
};

START_TEST(knows_whether_the_world_is_led_here)
{
	struct name zone = diagnosis_fixture_name("auth.example.org");
	struct contacts contacts = {.zone = &zone,
	    .config = "FILE",
	    .has_local = 1,
	    .local = local,
	    .resolver = "9.9.9.9:53",
	    .resolver_value = ways[_i].value,
	    .resolver_rcode = ways[_i].rcode,
	    .no_value = ways[_i].no_value};
	struct diagnosis *diagnosis = diagnosis_new();
	const char *text;

	contacts_judge(&contacts, diagnosis);
	text = diagnosis_fixture_json(diagnosis);
	if (ways[_i].says == NULL)
		ck_assert_str_eq(text, "");
	else
		ck_assert_msg(strstr(text, ways[_i].says) != NULL, "%s", text);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("contact");
	TCase *cases = tcase_create("contact");

	tcase_add_loop_test(cases, knows_who_it_is, 0, ROWS(replies));
	tcase_add_loop_test(cases, knows_whether_the_world_is_led_here, 0, ROWS(ways));
	tcase_add_loop_test(cases, says_what_it_means, 0, ROWS(outcomes));
	tcase_add_test(cases, a_router_may_answer_what_comes_from_within);
	tcase_add_loop_test(cases, knows_where_an_address_is_reached_from, 0, ROWS(scopes));
	tcase_add_test(cases, sets_hold_each_once);
	suite_add_tcase(suite, cases);
	return suite_run(suite);
}
