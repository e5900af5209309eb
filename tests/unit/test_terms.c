/* What dnsd's workers use of the configuration, and what goes on from the terms before. */
#include "terms.h"

#include "conf_fixture.h"
#include "failing_malloc.h"

#include <string.h>
#include <time.h>

enum { WORKERS = 3, CONNECTIONS = 100 };

#define SECRETS	   "dns:\n  cookies:\n    secrets: [\"000102030405060708090a0b0c0d0e0f\"]\n"
#define RATE(RATE) "dns:\n  rate_limit:\n    responses_per_second: " RATE "\n"

static struct terms *
terms_of(struct conf_outcome *outcome, const char *text, const struct terms *before)
{
	struct terms *terms;

	conf_outcome_of(outcome, text, strlen(text), 0);
	ck_assert_msg(outcome->errors == 0, "%s", outcome->messages);
	terms = terms_new(&outcome->conf, before, WORKERS, CONNECTIONS);
	ck_assert_ptr_nonnull(terms);
	return terms;
}

static const struct cookie_secrets *
cookies(const struct terms *terms)
{
	return &terms->settings.cookies;
}

START_TEST(random_cookie_secrets_live_on_until_others_are_set)
{
	struct conf_outcome outcomes[5];
	struct terms *first = terms_of(&outcomes[0], RECORDS, NULL);
	struct terms *other = terms_of(&outcomes[1], RECORDS, NULL);
	struct terms *second = terms_of(&outcomes[2], RECORDS, first);
	struct terms *set = terms_of(&outcomes[3], RECORDS SECRETS, second);
	struct terms *third = terms_of(&outcomes[4], RECORDS, set);

	ck_assert_uint_eq(cookies(first)->count, 1);
	ck_assert_mem_ne(cookies(first)->keys[0], cookies(other)->keys[0], SIPHASH_KEY);
	ck_assert_uint_eq(cookies(second)->count, 1);
	ck_assert_mem_eq(cookies(first)->keys[0], cookies(second)->keys[0], SIPHASH_KEY);
	ck_assert_uint_eq(cookies(set)->count, 1);
	for (uint8_t i = 0; i < SIPHASH_KEY; i++)
		ck_assert_uint_eq(cookies(set)->keys[0][i], i);
	/* What was set is not to be gone on with once it is taken away. */
	ck_assert_mem_ne(cookies(third)->keys[0], cookies(set)->keys[0], SIPHASH_KEY);
	terms_free(first);
	terms_free(other);
	terms_free(second);
	terms_free(set);
	terms_free(third);
	for (size_t i = 0; i < 5; i++)
		conf_outcome_free(&outcomes[i]);
}
END_TEST

START_TEST(without_cookies_there_is_no_secret)
{
	struct conf_outcome outcome;
	struct terms *terms =
	    terms_of(&outcome, RECORDS "dns:\n  cookies:\n    enabled: false\n", NULL);

	ck_assert_uint_eq(cookies(terms)->count, 0);
	terms_free(terms);
	conf_outcome_free(&outcome);
}
END_TEST

/* What all workers send together is no more than was asked for by more than what rounding up makes of it. */
START_TEST(each_worker_has_its_share_of_the_rate)
{
	struct conf_outcome outcome;
	struct terms *terms = terms_of(&outcome, RECORDS RATE("10"), NULL);

	ck_assert_uint_eq(terms->rate_limit.rate, 4);
	for (unsigned i = 0; i < WORKERS; i++)
		ck_assert_ptr_nonnull(terms->limiters[i]);
	terms_free(terms);
	conf_outcome_free(&outcome);
}
END_TEST

START_TEST(accounts_of_the_rate_limit_go_on_while_the_rate_stays)
{
	struct conf_outcome outcomes[4];
	struct terms *first = terms_of(&outcomes[0], RECORDS RATE("10"), NULL);
	struct terms *same = terms_of(&outcomes[1], RECORDS RATE("10"), first);
	struct terms *other = terms_of(&outcomes[2], RECORDS RATE("20"), same);
	struct terms *none = terms_of(&outcomes[3], RECORDS RATE("0"), other);

	ck_assert_ptr_null(same->limiters);
	ck_assert_ptr_nonnull(other->limiters);
	ck_assert_ptr_null(none->limiters);
	ck_assert_uint_eq(none->rate_limit.rate, 0);
	terms_free(first);
	terms_free(same);
	terms_free(other);
	terms_free(none);
	for (size_t i = 0; i < 4; i++)
		conf_outcome_free(&outcomes[i]);
}
END_TEST

START_TEST(connections_are_never_more_than_there_are_descriptors)
{
	struct conf_outcome few, many;
	struct terms *terms = terms_of(&few,
	    RECORDS "dns:\n  tcp:\n    connections: 7\n    idle_timeout: 3\n    lifetime: 20\n"
		    "    connections_per_address: 2\n",
	    NULL);

	ck_assert_uint_eq(terms->tcp_limits.connections, 7);
	ck_assert_uint_eq(terms->tcp_limits.connections_per_address, 2);
	ck_assert_uint_eq(terms->tcp_limits.idle_ms, 3000);
	ck_assert_uint_eq(terms->tcp_limits.lifetime_ms, 20000);
	terms_free(terms);
	terms = terms_of(&many, RECORDS "dns:\n  tcp:\n    connections: 101\n", NULL);
	ck_assert_uint_eq(terms->tcp_limits.connections, CONNECTIONS);
	terms_free(terms);
	conf_outcome_free(&few);
	conf_outcome_free(&many);
}
END_TEST

START_TEST(each_allocation_may_fail)
{
	struct conf_outcome outcome;
	struct terms *before = terms_of(&outcome, RECORDS RATE("20"), NULL), *terms;
	unsigned failed = 0, nth = 0;
	int happened;

	before->rate_limit.rate++; /* so that new limiters are made */
	do {
		failing_malloc_at(++nth);
		terms = terms_new(&outcome.conf, before, WORKERS, CONNECTIONS);
		happened = failing_malloc_happened();
		failing_malloc_at(0);
		failed += terms == NULL;
		terms_free(terms);
	} while (happened);
	ck_assert_uint_eq(failed, nth - 1);
	ck_assert_uint_gt(failed, WORKERS);
	terms_free(before);
	terms_free(NULL);
	conf_outcome_free(&outcome);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("terms");
	TCase *tcase = tcase_create("terms");

	tcase_add_test(tcase, random_cookie_secrets_live_on_until_others_are_set);
	tcase_add_test(tcase, without_cookies_there_is_no_secret);
	tcase_add_test(tcase, each_worker_has_its_share_of_the_rate);
	tcase_add_test(tcase, accounts_of_the_rate_limit_go_on_while_the_rate_stays);
	tcase_add_test(tcase, connections_are_never_more_than_there_are_descriptors);
	tcase_add_test(tcase, each_allocation_may_fail);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
