/* Which of the usual mistakes was made with the one record, and what is to be said of it. */
#include "challenge.h"
#include "diagnosis_fixture.h"
#include "suite.h"

#include <string.h>

#define ZONE	"auth.example.org"
#define ACCOUNT "d420c923-bbd7-4056-ab64-c3ca54c9b3cf." ZONE
#define RECORD	"_acme-challenge.www.example.com.  CNAME  " ACCOUNT "."

static struct challenge challenge;

/* All is well: both servers of example.com have the record. */
static void
make_good(void)
{
	challenge = (struct challenge){.zone = diagnosis_fixture_name(ZONE),
	    .resolver = "9.9.9.9:53",
	    .apex = diagnosis_fixture_name("example.com"),
	    .server_count = 2,
	    .hops = 1,
	    .last = diagnosis_fixture_name(ACCOUNT),
	    .first = diagnosis_fixture_name(ACCOUNT),
	    .account = CHALLENGE_ACCOUNT_THERE};
	ck_assert_int_eq(challenge_set_domain(&challenge, "www.example.com"), 0);
	for (unsigned i = 0; i < challenge.server_count; i++)
		challenge.servers[i] =
		    (struct challenge_server){.name = diagnosis_fixture_name("ns.example.com"),
			.content = CHALLENGE_CNAME,
			.target = diagnosis_fixture_name(ACCOUNT)};
}

static void
nothing(void)
{
	for (unsigned i = 0; i < challenge.server_count; i++)
		challenge.servers[i].content = CHALLENGE_NOTHING;
	challenge.hops = 0;
	challenge.account = CHALLENGE_ACCOUNT_UNKNOWN;
}

static void
at_the_domain(void)
{
	nothing();
	challenge.is_at_domain = 1;
	challenge.misplaced_target = diagnosis_fixture_name(ACCOUNT);
}

/* As www so often is: that is no mistake. */
static void
domain_is_an_alias(void)
{
	nothing();
	challenge.is_at_domain = 1;
	challenge.misplaced_target = diagnosis_fixture_name("cdn.example.net");
}

static void
owner_without_dot(void)
{
	nothing();
	challenge.is_doubled = 1;
	challenge.misplaced_target = diagnosis_fixture_name(ACCOUNT);
}

static void
leads_to(const char *target)
{
	for (unsigned i = 0; i < challenge.server_count; i++)
		challenge.servers[i].target = diagnosis_fixture_name(target);
	challenge.first = challenge.last = diagnosis_fixture_name(target);
}

static void
target_without_dot(void)
{
	leads_to(ACCOUNT ".example.com");
}

static void
elsewhere(void)
{
	leads_to("x.auth.acme-dns.io");
}

/* The same bytes, but no label begins there. */
static void
elsewhere_by_a_hair(void)
{
	leads_to(ACCOUNT ".notexample.com");
}

static void
in_a_circle(void)
{
	leads_to("x.example.com");
	challenge.is_circle = 1;
	challenge.circle = diagnosis_fixture_name("y.example.com");
	challenge.hops = 0;
	challenge.resolved_rcode = DNS_RCODE_SERVFAIL;
}

static void
to_the_zone(void)
{
	leads_to(ZONE);
}

static void
by_a_second_cname(void)
{
	leads_to("here.example.net");
	challenge.hops = 2;
	challenge.last = diagnosis_fixture_name(ACCOUNT);
}

static void
no_account(void)
{
	challenge.account = CHALLENGE_ACCOUNT_MISSING;
}

static void
account_unseen(void)
{
	challenge.account = CHALLENGE_ACCOUNT_UNKNOWN;
}

static void
wildcard(void)
{
	challenge.is_wildcard = 1;
}

static void
a_value(void)
{
	nothing();
	challenge.servers[0].content = CHALLENGE_TXT;
}

static void
a_zone_of_its_own(void)
{
	nothing();
	challenge.servers[0].content = CHALLENGE_REFERRAL;
}

static void
one_is_old(void)
{
	challenge.servers[1].content = CHALLENGE_NOTHING;
}

static void
one_is_silent(void)
{
	challenge.servers[0].result = DNS_OUTCOME_SILENT;
	challenge.servers[0].content = CHALLENGE_NOTHING;
}

static void
all_are_silent(void)
{
	one_is_silent();
	challenge.servers[1] = challenge.servers[0];
}

static void
one_is_lame(void)
{
	challenge.servers[1].rcode = DNS_RCODE_REFUSED;
	challenge.servers[1].content = CHALLENGE_NOTHING;
}

static void
resolver_is_behind(void)
{
	challenge.hops = 0;
	challenge.resolved_rcode = DNS_RCODE_NXDOMAIN;
	challenge.has_ttl = 1;
	challenge.ttl = 185;
}

static void
resolver_is_behind_for_an_unknown_time(void)
{
	resolver_is_behind();
	challenge.has_ttl = 0;
}

static void
resolver_has_another(void)
{
	challenge.first = diagnosis_fixture_name("old.auth.example.net");
	challenge.has_ttl = 1;
	challenge.ttl = 59;
}

static void
bogus(void)
{
	challenge.forgery = (struct dns_forgery){.is_there = 1,
	    .name = diagnosis_fixture_name("www.example.com"),
	    .why = dns_forgery_text(7)};
}

static void
resolver_fails(void)
{
	challenge.resolved_rcode = DNS_RCODE_SERVFAIL;
}

static void
resolver_silent(void)
{
	challenge.search = DNS_OUTCOME_SILENT;
}

static void
no_resolver(void)
{
	challenge.resolver = "";
}

static void
no_domain(void)
{
	challenge.search_rcode = DNS_RCODE_NXDOMAIN;
	challenge.apex = diagnosis_fixture_name("com");
}

/* It need not: the name above it does. */
static void
domain_without_records(void)
{
	challenge.search_rcode = DNS_RCODE_NXDOMAIN;
}

static void
caa_nobody(void)
{
	challenge.caa.is_there = challenge.caa.issue.is_there = 1;
	challenge.caa.at = diagnosis_fixture_name("example.com");
}

static const struct {
	void (*change)(void); /* NULL: nothing is changed */
	int is_well;
	const char *says, *fix;
} troubles[] = {
    {NULL, 1, "\"ok\",\"id\":\"challenge.there\"", "\"ok\",\"id\":\"caa.none\""},
    {by_a_second_cname, 1, "\"ok\",\"id\":\"challenge.there\"", "leads to " ACCOUNT},
    {domain_without_records, 1, "\"ok\",\"id\":\"challenge.there\"", "\"caa.none\""},
    {nothing, 0, "\"wrong\",\"id\":\"challenge.missing\"",
	"_acme-challenge.www.example.com.  CNAME  SUBDOMAIN." ZONE "."},
    {at_the_domain, 0, "\"wrong\",\"id\":\"challenge.at_domain\"", RECORD},
    {domain_is_an_alias, 0, "\"wrong\",\"id\":\"challenge.missing\"", "SUBDOMAIN." ZONE "."},
    {owner_without_dot, 0, "\"wrong\",\"id\":\"challenge.owner_without_dot\"", RECORD},
    {target_without_dot, 0, "\"wrong\",\"id\":\"challenge.target_without_dot\"", RECORD},
    {elsewhere, 0, "\"wrong\",\"id\":\"challenge.elsewhere\"", "x.auth.acme-dns.io"},
    {elsewhere_by_a_hair, 0, "\"wrong\",\"id\":\"challenge.elsewhere\"", "SUBDOMAIN." ZONE "."},
    {in_a_circle, 0, "\"wrong\",\"id\":\"challenge.loop\"", "in a circle, back to y.example.com"},
    {to_the_zone, 0, "\"wrong\",\"id\":\"challenge.to_zone\"", "SUBDOMAIN." ZONE "."},
    {no_account, 0, "\"wrong\",\"id\":\"challenge.no_account\"", "SUBDOMAIN." ZONE "."},
    {account_unseen, 0, "\"unknown\",\"id\":\"challenge.account_unseen\"", ACCOUNT},
    {wildcard, 0, "\"warning\",\"id\":\"challenge.wildcard\"", RECORD},
    {a_value, 0, "\"wrong\",\"id\":\"challenge.value\"", "take the TXT record away"},
    {a_zone_of_its_own, 0, "\"warning\",\"id\":\"challenge.delegated\"", "SUBDOMAIN." ZONE "."},
    {one_is_old, 0, "\"warning\",\"id\":\"challenge.partly\"", "\"ok\",\"id\":\"challenge.there\""},
    {one_is_silent, 0, "\"unknown\",\"id\":\"challenge.server_silent\"",
	"\"ok\",\"id\":\"challenge.there\""},
    {all_are_silent, 0, "\"unknown\",\"id\":\"challenge.unseen\"", "no answer comes"},
    {one_is_lame, 0, "\"warning\",\"id\":\"challenge.server_lame\"", "says REFUSED"},
    {resolver_is_behind, 0, "\"warning\",\"id\":\"challenge.stale\"",
	"9.9.9.9:53 still has what was there before, no CNAME, and keeps it for 3 min 5 s more"},
    {resolver_is_behind_for_an_unknown_time, 0, "\"warning\",\"id\":\"challenge.stale\"",
	"keeps it for its time to live"},
    {resolver_has_another, 0, "\"warning\",\"id\":\"challenge.stale\"",
	"a CNAME to old.auth.example.net, and keeps it for 59 s more"},
    {bogus, 0, "\"wrong\",\"id\":\"challenge.bogus\"",
	"(DNSSEC) of www.example.com wrong (its reason: they have expired): it gives no answer"},
    {resolver_fails, 0, "\"warning\",\"id\":\"challenge.resolver_fails\"", "SERVFAIL"},
    {resolver_silent, 0, "\"unknown\",\"id\":\"challenge.resolver_silent\"", "no answer comes"},
    {no_resolver, 0, "\"unknown\",\"id\":\"challenge.no_resolver\"",
	"--domain www.example.com --resolver ADDRESS"},
    {no_domain, 0, "\"wrong\",\"id\":\"challenge.no_domain\"", "NXDOMAIN"},
    {caa_nobody, 0, "\"wrong\",\"id\":\"caa.nobody\"", "example.com.  CAA  0 issue"},
};

START_TEST(says_what_is_wrong)
{
	struct diagnosis *diagnosis = diagnosis_new();
	unsigned wrong;
	const char *text;

	make_good();
	if (troubles[_i].change != NULL)
		troubles[_i].change();
	challenge_judge(&challenge, diagnosis);
	wrong = diagnosis_count(diagnosis, DIAGNOSIS_WRONG) +
		diagnosis_count(diagnosis, DIAGNOSIS_WARNING) +
		diagnosis_count(diagnosis, DIAGNOSIS_UNKNOWN);
	text = diagnosis_fixture_json(diagnosis);
	ck_assert_msg((wrong == 0) == troubles[_i].is_well, "%s", text);
	ck_assert_msg(strstr(text, troubles[_i].says) != NULL, "%s", text);
	ck_assert_msg(strstr(text, troubles[_i].fix) != NULL, "%s", text);
}
END_TEST

static const struct {
	const char *text, *name; /* NULL: it is no domain */
} domains[] = {
    {"example.com", "_acme-challenge.example.com."},
    {"example.com.", "_acme-challenge.example.com."},
    {"*.example.com", "_acme-challenge.example.com."},
    {"_acme-challenge.example.com", "_acme-challenge.example.com."},
    {"_ACME-challenge.example.com", "_acme-challenge.example.com."},
    {"", NULL},
    {".", NULL},
    {"*.", NULL},
    {"a..b", NULL},
};

START_TEST(takes_a_domain_as_people_write_it)
{
	char text[NAME_MAX_TEXT];
	int result;

	challenge = (struct challenge){0};
	result = challenge_set_domain(&challenge, domains[_i].text);
	ck_assert_int_eq(result, domains[_i].name == NULL ? -1 : 0);
	if (result != 0)
		return;
	name_to_text(&challenge.name, text);
	ck_assert_str_eq(text, domains[_i].name);
}
END_TEST

START_TEST(a_domain_may_be_too_long)
{
	char text[256] = "";

	for (size_t i = 0; i < 120; i++)
		memcpy(text + 2 * i, "a.", sizeof("a."));
	ck_assert_int_eq(challenge_set_domain(&challenge, text), -1);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("challenge");
	TCase *cases = tcase_create("challenge");

	tcase_add_loop_test(cases, says_what_is_wrong, 0, ROWS(troubles));
	tcase_add_loop_test(cases, takes_a_domain_as_people_write_it, 0, ROWS(domains));
	tcase_add_test(cases, a_domain_may_be_too_long);
	suite_add_tcase(suite, cases);
	return suite_run(suite);
}
