/* Response rate limiting: who is counted together, what is let through, and what a full table does. */
#include "client_fixture.h"
#include "failing_malloc.h"
#include "rate_limit.h"
#include "suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RATE = 10, START = 100000 };

static struct network exempt[CLIENT_FIXTURE_EXEMPT];

static struct rate_limit *
make(uint32_t rate, uint32_t slip)
{
	struct rate_limit_config config = {.rate = rate, .slip = slip, .key = "0123456789abcde"};
	struct rate_limit *limit = rate_limit_new(&config);

	ck_assert_ptr_nonnull(limit);
	return limit;
}

/* One answer, judged at once. */
static enum rate_limit_verdict
judge(struct rate_limit *limit, const struct client_address *client,
    const struct answer_outcome *outcome, uint64_t now)
{
	struct rate_limit_answer answer = rate_limit_prepare(limit, client, outcome);

	return rate_limit_judge(limit, &answer, now);
}

struct counts {
	unsigned sent, slipped, dropped;
};

/* What becomes of `count` answers at one moment. */
static struct counts
burst(struct rate_limit *limit, const char *client, enum answer_class class, uint64_t name,
    uint64_t now, unsigned count)
{
	struct client_address address = client_of(client);
	struct answer_outcome outcome = {.class = class, .name_hash = name};
	struct counts counts = {0, 0, 0};

	for (unsigned i = 0; i < count; i++) {
		switch (judge(limit, &address, &outcome, now)) {
		case RATE_LIMIT_SEND:
			counts.sent++;
			break;
		case RATE_LIMIT_SLIP:
			counts.slipped++;
			break;
		case RATE_LIMIT_DROP:
			counts.dropped++;
			break;
		}
	}
	return counts;
}

static const struct {
	uint32_t slip;
	enum answer_class class;
	struct counts counts; /* of 110 answers at a rate of 10 */
} slips[] = {
    {0, ANSWER_POSITIVE, {10, 0, 100}},
    {1, ANSWER_POSITIVE, {10, 100, 0}},
    {2, ANSWER_POSITIVE, {10, 50, 50}},
    {2, ANSWER_NODATA, {10, 50, 50}},
    {2, ANSWER_NXDOMAIN, {10, 50, 50}},
    {2, ANSWER_ERROR, {10, 0, 100}},
    {1, ANSWER_ERROR, {10, 0, 100}},
    {10, ANSWER_POSITIVE, {10, 10, 90}},
};

START_TEST(beyond_the_rate_every_nth_is_slipped)
{
	struct rate_limit *limit = make(RATE, slips[_i].slip);
	struct counts counts = burst(limit, "192.0.2.1", slips[_i].class, 1, START, 110);

	ck_assert_uint_eq(counts.sent, slips[_i].counts.sent);
	ck_assert_uint_eq(counts.slipped, slips[_i].counts.slipped);
	ck_assert_uint_eq(counts.dropped, slips[_i].counts.dropped);
	rate_limit_free(limit);
}
END_TEST

static const struct {
	const char *client;
	enum answer_class class;
	uint64_t name;
	int together; /* with 192.0.2.1 or 2001:db8:0:ff00::1, positive, name 1 */
} neighbours[] = {
    {"192.0.2.1", ANSWER_POSITIVE, 1, 1},
    {"192.0.2.255", ANSWER_POSITIVE, 1, 1},
    {"192.0.3.1", ANSWER_POSITIVE, 1, 0},
    {"192.1.2.1", ANSWER_POSITIVE, 1, 0},
    {"192.0.2.1", ANSWER_POSITIVE, 2, 0},
    {"192.0.2.1", ANSWER_NODATA, 1, 0},
    {"192.0.2.1", ANSWER_NXDOMAIN, 1, 0},
    {"192.0.2.1", ANSWER_ERROR, 1, 0},
    {"2001:db8:0:ff00::1", ANSWER_POSITIVE, 1, 1},
    {"2001:db8:0:ffff:ffff:ffff:ffff:ffff", ANSWER_POSITIVE, 1, 1},
    {"2001:db8:0:fe00::1", ANSWER_POSITIVE, 1, 0},
    {"::c000:201", ANSWER_POSITIVE, 1, 0},
};

START_TEST(what_is_counted_together)
{
	struct rate_limit *limit = make(RATE, 0);
	struct counts counts;

	burst(limit, "192.0.2.1", ANSWER_POSITIVE, 1, START, RATE);
	burst(limit, "2001:db8:0:ff00::1", ANSWER_POSITIVE, 1, START, RATE);
	counts = burst(
	    limit, neighbours[_i].client, neighbours[_i].class, neighbours[_i].name, START, RATE);
	ck_assert_uint_eq(counts.sent, neighbours[_i].together ? 0 : RATE);
	rate_limit_free(limit);
}
END_TEST

START_TEST(a_cookie_is_neither_limited_nor_counted)
{
	struct rate_limit *limit = make(RATE, 2);
	struct client_address client = client_of("192.0.2.1");
	struct answer_outcome outcome = {.class = ANSWER_NODATA, .cookie = COOKIE_RIGHT};

	for (unsigned i = 0; i < 10 * RATE; i++)
		ck_assert_int_eq(judge(limit, &client, &outcome, START), RATE_LIMIT_SEND);
	ck_assert_uint_eq(burst(limit, "192.0.2.1", ANSWER_NODATA, 0, START, 2 * RATE).sent, RATE);
	ck_assert_int_eq(judge(limit, &client, &outcome, START), RATE_LIMIT_SEND);
	rate_limit_free(limit);
}
END_TEST

static const struct {
	uint32_t rate;
	uint64_t later; /* ms after the bucket was emptied */
	unsigned sent;
} refills[] = {
    {10, 0, 0},
    {10, 99, 0},
    {10, 100, 1},
    {10, 550, 5},
    {10, 999, 9},
    {10, 1000, 10},
    {10, 1000000, 10},
    {1, 999, 0},
    {1, 1000, 1},
    {1, (UINT64_C(1) << 40) + 1000, 1},
    {200, 5, 1},
    {200, 1000, 200},
    {RATE_LIMIT_MAX_RATE, 1, 1000},
    {RATE_LIMIT_MAX_RATE, 999, 999000},
    {RATE_LIMIT_MAX_RATE, 5000, 1000000},
};

START_TEST(a_bucket_refills_steadily_and_never_beyond_a_second)
{
	uint32_t rate = refills[_i].rate;
	struct rate_limit *limit = make(rate, 0);

	ck_assert_uint_eq(burst(limit, "192.0.2.1", ANSWER_NODATA, 0, START, 2 * rate).sent, rate);
	ck_assert_uint_eq(
	    burst(limit, "192.0.2.1", ANSWER_NODATA, 0, START + refills[_i].later, 2 * rate).sent,
	    refills[_i].sent);
	rate_limit_free(limit);
}
END_TEST

START_TEST(fractions_of_a_token_add_up)
{
	struct rate_limit *limit = make(RATE, 0);
	unsigned sent = 0;

	burst(limit, "192.0.2.1", ANSWER_NODATA, 0, START, RATE);
	for (uint64_t now = START + 1; now <= START + 10000; now++)
		sent += burst(limit, "192.0.2.1", ANSWER_NODATA, 0, now, 1).sent;
	ck_assert_uint_eq(sent, 10 * RATE);
	rate_limit_free(limit);
}
END_TEST

START_TEST(the_wrap_of_the_clock_forgives_nothing)
{
	struct rate_limit *limit = make(RATE, 0);
	uint64_t wrap = UINT64_C(1) << 32;

	ck_assert_uint_eq(burst(limit, "192.0.2.1", ANSWER_NODATA, 0, wrap - 100, RATE).sent, RATE);
	ck_assert_uint_eq(burst(limit, "192.0.2.1", ANSWER_NODATA, 0, wrap + 100, RATE).sent, 2);
	rate_limit_free(limit);
}
END_TEST

START_TEST(exempt_networks_are_never_limited)
{
	struct rate_limit_config config = {
	    .rate = RATE, .slip = 2, .exempt = exempt, .exempt_count = CLIENT_FIXTURE_EXEMPT};
	struct rate_limit *limit;

	client_fixture_exempt(exempt);
	limit = rate_limit_new(&config);
	ck_assert_ptr_nonnull(limit);
	ck_assert_uint_eq(burst(limit, "127.1.2.3", ANSWER_ERROR, 0, START, 100).sent, 100);
	ck_assert_uint_eq(burst(limit, "::1", ANSWER_POSITIVE, 0, START, 100).sent, 100);
	ck_assert_uint_eq(burst(limit, "::2", ANSWER_NODATA, 0, START, 100).sent, RATE);
	ck_assert_uint_eq(burst(limit, "128.0.0.1", ANSWER_ERROR, 0, START, 100).sent, RATE);
	rate_limit_free(limit);
}
END_TEST

START_TEST(a_flood_of_newcomers_frees_nobody)
{
	/* Twenty newcomers for each account of the table, none of which asks twice. */
	struct rate_limit *limit = make(1000, 0);
	struct client_address client = client_of("198.51.100.1");
	struct answer_outcome outcome = {.class = ANSWER_POSITIVE};
	unsigned sent = burst(limit, "192.0.2.1", ANSWER_POSITIVE, 1, START, 2000).sent;

	ck_assert_uint_eq(sent, 1000);
	for (uint64_t name = 0; name < UINT64_C(20) * BUCKET_TABLE_BUCKETS; name++) {
		outcome.name_hash = name + 2;
		ck_assert_int_eq(judge(limit, &client, &outcome, START), RATE_LIMIT_SEND);
	}
	ck_assert_uint_eq(burst(limit, "192.0.2.1", ANSWER_POSITIVE, 1, START, 2000).sent, 0);
	rate_limit_free(limit);
}
END_TEST

START_TEST(many_accounts_are_kept_apart)
{
	/* A quarter of the table: hardly a set is full, so hardly anybody is forgiven. */
	struct rate_limit *limit = make(2, 0);
	struct client_address client = client_of("198.51.100.1");
	struct answer_outcome outcome = {.class = ANSWER_POSITIVE};
	unsigned names = BUCKET_TABLE_BUCKETS / 4, sent = 0;

	for (unsigned turn = 0; turn < 4; turn++) {
		for (uint64_t name = 0; name < names; name++) {
			outcome.name_hash = name;
			sent += judge(limit, &client, &outcome, START) == RATE_LIMIT_SEND;
		}
	}
	ck_assert_uint_ge(sent, 2 * names);
	ck_assert_uint_le(sent, 2 * names + names / 50);
	rate_limit_free(limit);
}
END_TEST

START_TEST(memory_that_is_short)
{
	struct rate_limit_config config = {.rate = RATE};

	for (unsigned n = 1; n <= 2; n++) {
		failing_malloc_at(n);
		ck_assert_ptr_null(rate_limit_new(&config));
		failing_malloc_at(0);
	}
	rate_limit_free(NULL);
}
END_TEST

START_TEST(a_network_is_told_of_once_in_a_minute)
{
	struct rate_notice notice = {.told = {0}};
	struct client_address one = client_of("192.0.2.1"), same = client_of("192.0.2.2"),
			      other = client_of("2001:db8::1");
	struct network networks[] = {
	    rate_limit_network(&one), rate_limit_network(&same), rate_limit_network(&other)};

	ck_assert_int_eq(rate_notice_due(&notice, &networks[0], START), 1);
	ck_assert_int_eq(rate_notice_due(&notice, &networks[0], START), 0);
	ck_assert_int_eq(rate_notice_due(&notice, &networks[1], START), 0);
	ck_assert_int_eq(rate_notice_due(&notice, &networks[0], START - 1), 0);
	ck_assert_int_eq(rate_notice_due(&notice, &networks[2], START + 1), 1);
	ck_assert_int_eq(rate_notice_due(&notice, &networks[0], START + RATE_NOTICE_MS - 1), 0);
	ck_assert_int_eq(rate_notice_due(&notice, &networks[0], START + RATE_NOTICE_MS), 1);
	ck_assert_int_eq(rate_notice_due(&notice, &networks[2], START + RATE_NOTICE_MS), 0);
}
END_TEST

START_TEST(networks_told_of_in_a_minute_have_a_bound)
{
	struct rate_notice notice = {.told = {0}};
	unsigned told = 0;
	char text[32];

	for (unsigned i = 0; i < 200; i++) {
		struct client_address client;
		struct network network;

		snprintf(text, sizeof(text), "192.0.%u.1", i);
		client = client_of(text);
		network = rate_limit_network(&client);
		told += (unsigned)rate_notice_due(&notice, &network, START + i);
	}
	ck_assert_uint_eq(told, RATE_NOTICE_NETWORKS);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("rate_limit");
	TCase *limits = tcase_create("limits"), *notices = tcase_create("notices");

	tcase_add_loop_test(limits, beyond_the_rate_every_nth_is_slipped, 0, ROWS(slips));
	tcase_add_loop_test(limits, what_is_counted_together, 0, ROWS(neighbours));
	tcase_add_test(limits, a_cookie_is_neither_limited_nor_counted);
	tcase_add_loop_test(
	    limits, a_bucket_refills_steadily_and_never_beyond_a_second, 0, ROWS(refills));
	tcase_add_test(limits, fractions_of_a_token_add_up);
	tcase_add_test(limits, the_wrap_of_the_clock_forgives_nothing);
	tcase_add_test(limits, exempt_networks_are_never_limited);
	tcase_add_test(limits, a_flood_of_newcomers_frees_nobody);
	tcase_add_test(limits, many_accounts_are_kept_apart);
	tcase_add_test(limits, memory_that_is_short);
	tcase_add_test(notices, a_network_is_told_of_once_in_a_minute);
	tcase_add_test(notices, networks_told_of_in_a_minute_have_a_bound);
	suite_add_tcase(suite, limits);
	suite_add_tcase(suite, notices);
	return suite_run(suite);
}
