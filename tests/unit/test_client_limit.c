/* How often one address may do what costs us something. */
#include "client_limit.h"
#include "failing_malloc.h"
#include "client_fixture.h"
#include "suite.h"

#include <stdlib.h>
#include <string.h>

enum { REGISTRATIONS = 10, FAILURES = 6, START = 100000 };

static struct network exempt[CLIENT_FIXTURE_EXEMPT];

static struct client_limit *
make(uint32_t registrations, uint32_t failures)
{
	struct client_limit_config config = {.rates = {registrations, failures, 1},
	    .exempt = exempt,
	    .exempt_count = CLIENT_FIXTURE_EXEMPT,
	    .key = "0123456789abcde"};
	struct client_limit *limit;

	client_fixture_exempt(exempt);
	limit = client_limit_new(&config);
	ck_assert_ptr_nonnull(limit);
	return limit;
}

/* How many of 20 at one moment are let through. */
static unsigned
burst(struct client_limit *limit, enum client_limit_kind kind, const char *text, uint64_t now)
{
	struct client_address client = client_of(text);
	unsigned taken = 0;

	for (unsigned i = 0; i < 20; i++)
		taken += (unsigned)client_limit_take(limit, kind, &client, now);
	return taken;
}

static const struct {
	enum client_limit_kind kind;
	uint64_t later; /* seconds */
	unsigned taken;
} refills[] = {
    {CLIENT_LIMIT_REGISTRATIONS, 0, 0},
    {CLIENT_LIMIT_REGISTRATIONS, 359, 0},
    {CLIENT_LIMIT_REGISTRATIONS, 360, 1},
    {CLIENT_LIMIT_REGISTRATIONS, 3600, REGISTRATIONS},
    {CLIENT_LIMIT_REGISTRATIONS, 36000, REGISTRATIONS},
    {CLIENT_LIMIT_FAILURES, 0, 0},
    {CLIENT_LIMIT_FAILURES, 9, 0},
    {CLIENT_LIMIT_FAILURES, 10, 1},
    {CLIENT_LIMIT_FAILURES, 60, FAILURES},
    {CLIENT_LIMIT_FAILURES, 600, FAILURES},
    {CLIENT_LIMIT_PREFERENCES, 599, 0},
    {CLIENT_LIMIT_PREFERENCES, 600, 1},
    {CLIENT_LIMIT_PREFERENCES, 6000, 1},
};

static const unsigned counts[CLIENT_LIMIT_KINDS] = {
    [CLIENT_LIMIT_REGISTRATIONS] = REGISTRATIONS,
    [CLIENT_LIMIT_FAILURES] = FAILURES,
    [CLIENT_LIMIT_PREFERENCES] = 1,
};

START_TEST(an_address_has_so_many_and_more_in_time)
{
	struct client_limit *limit = make(REGISTRATIONS, FAILURES);
	enum client_limit_kind kind = refills[_i].kind;

	ck_assert_uint_eq(burst(limit, kind, "192.0.2.1", START), counts[kind]);
	ck_assert_uint_eq(
	    burst(limit, kind, "192.0.2.1", START + refills[_i].later), refills[_i].taken);
	client_limit_free(limit);
}
END_TEST

static const struct {
	const char *first, *second;
	int together;
} neighbours[] = {
    {"192.0.2.1", "192.0.2.1", 1},
    {"192.0.2.1", "192.0.2.2", 0},
    {"192.0.2.1", "::c000:201", 0},
    {"2001:db8::1", "2001:db8::ffff:ffff:ffff:ffff", 1},
    {"2001:db8::1", "2001:db8:0:1::1", 0},
};

START_TEST(who_is_one_address)
{
	struct client_limit *limit = make(REGISTRATIONS, FAILURES);

	burst(limit, CLIENT_LIMIT_FAILURES, neighbours[_i].first, START);
	ck_assert_uint_eq(burst(limit, CLIENT_LIMIT_FAILURES, neighbours[_i].second, START),
	    neighbours[_i].together ? 0 : FAILURES);
	client_limit_free(limit);
}
END_TEST

START_TEST(the_kinds_are_counted_apart)
{
	struct client_limit *limit = make(REGISTRATIONS, FAILURES);

	burst(limit, CLIENT_LIMIT_FAILURES, "192.0.2.1", START);
	ck_assert_uint_eq(
	    burst(limit, CLIENT_LIMIT_REGISTRATIONS, "192.0.2.1", START), REGISTRATIONS);
	client_limit_free(limit);
}
END_TEST

START_TEST(what_was_no_failure_is_given_back)
{
	struct client_limit *limit = make(REGISTRATIONS, FAILURES);
	struct client_address client = client_of("192.0.2.1"), unlimited = client_of("127.0.0.1");

	burst(limit, CLIENT_LIMIT_FAILURES, "192.0.2.1", START);
	client_limit_give(limit, CLIENT_LIMIT_FAILURES, &client, START);
	client_limit_give(limit, CLIENT_LIMIT_FAILURES, &unlimited, START);
	ck_assert_uint_eq(burst(limit, CLIENT_LIMIT_FAILURES, "192.0.2.1", START), 1);
	client_limit_free(limit);
}
END_TEST

START_TEST(who_is_not_limited)
{
	struct client_limit *limit = make(1, 1), *none = make(0, 1);
	struct client_address unknown = {{0}};

	ck_assert_uint_eq(burst(limit, CLIENT_LIMIT_FAILURES, "127.1.2.3", START), 20);
	ck_assert_uint_eq(burst(limit, CLIENT_LIMIT_REGISTRATIONS, "::1", START), 20);
	ck_assert_uint_eq(burst(limit, CLIENT_LIMIT_REGISTRATIONS, "::2", START), 1);
	for (unsigned i = 0; i < 20; i++)
		ck_assert_int_eq(
		    client_limit_take(limit, CLIENT_LIMIT_FAILURES, &unknown, START), 1);
	ck_assert_uint_eq(burst(none, CLIENT_LIMIT_REGISTRATIONS, "192.0.2.1", START), 20);
	ck_assert_uint_eq(burst(none, CLIENT_LIMIT_FAILURES, "192.0.2.1", START), 1);
	client_limit_free(limit);
	client_limit_free(none);
}
END_TEST

START_TEST(memory_that_is_short)
{
	const struct client_limit_config config = {.rates = {1, 1}};
	unsigned nth;

	for (nth = 1;; nth++) {
		struct client_limit *limit;
		int happened;

		failing_malloc_at(nth);
		limit = client_limit_new(&config);
		happened = failing_malloc_happened();
		failing_malloc_at(0);
		ck_assert_int_eq(limit == NULL, happened);
		client_limit_free(limit);
		if (!happened)
			break;
	}
	ck_assert_uint_gt(nth, 2);
	client_limit_free(NULL);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("client_limit");
	TCase *tests = tcase_create("client_limit");

	tcase_add_loop_test(tests, an_address_has_so_many_and_more_in_time, 0, ROWS(refills));
	tcase_add_loop_test(tests, who_is_one_address, 0, ROWS(neighbours));
	tcase_add_test(tests, the_kinds_are_counted_apart);
	tcase_add_test(tests, what_was_no_failure_is_given_back);
	tcase_add_test(tests, who_is_not_limited);
	tcase_add_test(tests, memory_that_is_short);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
