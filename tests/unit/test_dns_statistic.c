/* What each answer is counted as. */
#include "dns_statistic.h"

#include "dns.h"
#include "suite.h"

static struct statistic_counters counters;

/* Everything of the usual answer; a row changes one thing of it. */
static struct answer_client client = {.transport = ANSWER_UDP, .address_length = 4};
static struct answer_outcome outcome = {
    .class = ANSWER_POSITIVE, .type = DNS_TYPE_TXT, .rcode = DNS_RCODE_NOERROR};

static uint64_t
value(enum statistic which)
{
	return atomic_load(&counters.values[which]);
}

/* Counts, and expects 1 in these and 0 everywhere else. */
static void
expect(enum statistic transport, enum statistic type, enum statistic rcode, enum statistic cookie)
{
	dns_statistic_count(&counters, &client, &outcome);
	for (unsigned i = 0; i < STATISTICS; i++)
		ck_assert_msg(
		    value(i) == (i == transport || i == type || i == rcode || i == cookie),
		    "%s is %llu", statistic_describe(i)->key, (unsigned long long)value(i));
}

static const struct {
	enum answer_transport transport;
	uint8_t address_length;
	enum statistic counted;
} transports[] = {
    {ANSWER_UDP, 4, STATISTIC_DNS_UDP4},
    {ANSWER_UDP, 16, STATISTIC_DNS_UDP6},
    {ANSWER_TCP, 4, STATISTIC_DNS_TCP4},
    {ANSWER_TCP, 16, STATISTIC_DNS_TCP6},
    {ANSWER_TCP, 0, STATISTIC_DNS_TCP4},
};

START_TEST(counts_transports)
{
	client.transport = transports[_i].transport;
	client.address_length = transports[_i].address_length;
	expect(transports[_i].counted, STATISTIC_DNS_TYPE_TXT, STATISTIC_DNS_RCODE_NOERROR,
	    STATISTIC_DNS_COOKIE_NONE);
}
END_TEST

static const struct {
	uint16_t type;
	enum statistic counted;
} types[] = {
    {0, STATISTIC_DNS_TYPE_NONE},
    {1, STATISTIC_DNS_TYPE_A},
    {2, STATISTIC_DNS_TYPE_NS},
    {3, STATISTIC_DNS_TYPE_OTHER},
    {5, STATISTIC_DNS_TYPE_CNAME},
    {6, STATISTIC_DNS_TYPE_SOA},
    {12, STATISTIC_DNS_TYPE_PTR},
    {15, STATISTIC_DNS_TYPE_MX},
    {16, STATISTIC_DNS_TYPE_TXT},
    {28, STATISTIC_DNS_TYPE_AAAA},
    {33, STATISTIC_DNS_TYPE_SRV},
    {43, STATISTIC_DNS_TYPE_DS},
    {48, STATISTIC_DNS_TYPE_DNSKEY},
    {65, STATISTIC_DNS_TYPE_HTTPS},
    {252, STATISTIC_DNS_TYPE_OTHER},
    {255, STATISTIC_DNS_TYPE_ANY},
    {257, STATISTIC_DNS_TYPE_CAA},
    {258, STATISTIC_DNS_TYPE_OTHER},
    {65535, STATISTIC_DNS_TYPE_OTHER},
};

START_TEST(counts_types)
{
	outcome.type = types[_i].type;
	expect(STATISTIC_DNS_UDP4, types[_i].counted, STATISTIC_DNS_RCODE_NOERROR,
	    STATISTIC_DNS_COOKIE_NONE);
}
END_TEST

static const struct {
	uint16_t rcode;
	enum statistic counted;
} rcodes[] = {
    {0, STATISTIC_DNS_RCODE_NOERROR},
    {1, STATISTIC_DNS_RCODE_FORMERR},
    {2, STATISTIC_DNS_RCODE_SERVFAIL},
    {3, STATISTIC_DNS_RCODE_NXDOMAIN},
    {4, STATISTIC_DNS_RCODE_NOTIMP},
    {5, STATISTIC_DNS_RCODE_REFUSED},
    {6, STATISTIC_DNS_RCODE_OTHER},
    {9, STATISTIC_DNS_RCODE_NOTAUTH},
    {16, STATISTIC_DNS_RCODE_BADVERS},
    {23, STATISTIC_DNS_RCODE_BADCOOKIE},
    {4095, STATISTIC_DNS_RCODE_OTHER},
};

START_TEST(counts_rcodes)
{
	outcome.class = ANSWER_ERROR;
	outcome.rcode = rcodes[_i].rcode;
	expect(STATISTIC_DNS_UDP4, STATISTIC_DNS_TYPE_TXT, rcodes[_i].counted,
	    STATISTIC_DNS_COOKIE_NONE);
}
END_TEST

static const struct {
	enum cookie_state cookie;
	enum statistic counted;
} cookies[] = {
    {COOKIE_NONE, STATISTIC_DNS_COOKIE_NONE},
    {COOKIE_MALFORMED, STATISTIC_DNS_COOKIE_MALFORMED},
    {COOKIE_CLIENT_ONLY, STATISTIC_DNS_COOKIE_CLIENT},
    {COOKIE_WRONG, STATISTIC_DNS_COOKIE_WRONG},
    {COOKIE_RIGHT, STATISTIC_DNS_COOKIE_RIGHT},
};

START_TEST(counts_cookies)
{
	outcome.cookie = cookies[_i].cookie;
	expect(STATISTIC_DNS_UDP4, STATISTIC_DNS_TYPE_TXT, STATISTIC_DNS_RCODE_NOERROR,
	    cookies[_i].counted);
}
END_TEST

START_TEST(counts_what_else_is_said)
{
	outcome.class = ANSWER_NODATA;
	outcome.has_edns = 1;
	outcome.is_truncated = 1;
	dns_statistic_count(&counters, &client, &outcome);
	ck_assert_uint_eq(value(STATISTIC_DNS_NODATA), 1);
	ck_assert_uint_eq(value(STATISTIC_DNS_EDNS), 1);
	ck_assert_uint_eq(value(STATISTIC_DNS_TRUNCATED), 1);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("dns_statistic");
	TCase *tests = tcase_create("dns_statistic");

	tcase_add_loop_test(tests, counts_transports, 0, ROWS(transports));
	tcase_add_loop_test(tests, counts_types, 0, ROWS(types));
	tcase_add_loop_test(tests, counts_rcodes, 0, ROWS(rcodes));
	tcase_add_loop_test(tests, counts_cookies, 0, ROWS(cookies));
	tcase_add_test(tests, counts_what_else_is_said);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
