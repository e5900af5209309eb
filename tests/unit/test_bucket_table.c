/* Token buckets: what one lets through, and what a full table does. */
#include "bucket_table.h"
#include "failing_malloc.h"
#include "suite.h"

#include <stdlib.h>

enum { START = 100000 };

static struct bucket_table *
make(uint32_t tokens, uint32_t period)
{
	const struct bucket_table_config config = {.tokens = tokens, .period = period};
	struct bucket_table *table = bucket_table_new(&config);

	ck_assert_ptr_nonnull(table);
	return table;
}

/* How many of `count` takes at one moment get a token. */
static unsigned
burst(struct bucket_table *table, uint64_t who, uint64_t now, unsigned count)
{
	unsigned taken = 0;

	for (unsigned i = 0; i < count; i++)
		taken += bucket_table_take(table, who, now) == 0;
	return taken;
}

static const struct {
	uint32_t tokens, period;
	uint64_t later; /* ticks after the bucket was emptied */
	unsigned taken;
} refills[] = {
    {1000, 3600, 0, 0},
    {1000, 3600, 3, 0},
    {1000, 3600, 4, 1},
    {1000, 3600, 1800, 500},
    {1000, 3600, 3600, 1000},
    {1000, 3600, 1000000, 1000},
    {300, 60, 1, 5},
    {300, 60, 60, 300},
    {1, 3600, 3599, 0},
    {1, 3600, 3600, 1},
    {BUCKET_TABLE_MAX_TOKENS, 3600, 1, 277},
};

START_TEST(a_bucket_fills_steadily_in_its_period)
{
	uint32_t tokens = refills[_i].tokens;
	struct bucket_table *table = make(tokens, refills[_i].period);

	ck_assert_uint_eq(burst(table, 1, START, tokens + 10), tokens);
	ck_assert_uint_eq(
	    burst(table, 1, START + refills[_i].later, tokens + 10), refills[_i].taken);
	bucket_table_free(table);
}
END_TEST

START_TEST(a_bucket_is_full_at_first_however_young_the_clock_is)
{
	struct bucket_table *table = make(10, 3600);

	ck_assert_uint_eq(burst(table, 0, 0, 20), 10);
	ck_assert_uint_eq(burst(table, UINT64_C(1) << 32, 0, 20), 10);
	bucket_table_free(table);
}
END_TEST

START_TEST(refusals_are_numbered)
{
	struct bucket_table *table = make(1, 60);

	ck_assert_uint_eq(bucket_table_take(table, 7, START), 0);
	for (uint32_t n = 1; n <= 5; n++)
		ck_assert_uint_eq(bucket_table_take(table, 7, START), n);
	ck_assert_uint_eq(bucket_table_take(table, 7, START + 60), 0);
	ck_assert_uint_eq(bucket_table_take(table, 7, START + 60), 6);
	bucket_table_free(table);
}
END_TEST

START_TEST(a_token_given_back_can_be_taken_again)
{
	struct bucket_table *table = make(2, 60);

	ck_assert_uint_eq(burst(table, 7, START, 3), 2);
	bucket_table_give(table, 7, START);
	ck_assert_uint_eq(burst(table, 7, START, 3), 1);
	bucket_table_free(table);
}
END_TEST

START_TEST(no_bucket_holds_more_than_a_full_one)
{
	struct bucket_table *table = make(2, 60);

	for (unsigned i = 0; i < 5; i++)
		bucket_table_give(table, 7, START);
	ck_assert_uint_eq(burst(table, 7, START, 5), 2);
	bucket_table_free(table);
}
END_TEST

START_TEST(buckets_are_kept_apart)
{
	struct bucket_table *table = make(2, 60);
	/* The same set, another tag; the same tag, another set. */
	const uint64_t others[] = {8 + (UINT64_C(1) << 32), 9};

	ck_assert_uint_eq(burst(table, 8, START, 3), 2);
	for (unsigned i = 0; i < ROWS(others); i++)
		ck_assert_uint_eq(burst(table, others[i], START, 3), 2);
	bucket_table_free(table);
}
END_TEST

START_TEST(a_newcomer_takes_the_fullest_place)
{
	struct bucket_table *table = make(10, 60);

	/* Four of one set; the second has most left. */
	for (uint64_t i = 0; i < 4; i++)
		burst(table, (i + 1) << 32, START, i == 1 ? 2 : 10);
	ck_assert_uint_eq(burst(table, UINT64_C(5) << 32, START, 10), 10);
	for (uint64_t i = 0; i < 4; i++)
		if (i != 1)
			ck_assert_uint_eq(burst(table, (i + 1) << 32, START, 1), 0);
	bucket_table_free(table);
}
END_TEST

START_TEST(memory_that_is_short)
{
	const struct bucket_table_config config = {.tokens = 1, .period = 1};

	failing_malloc_at(1);
	ck_assert_ptr_null(bucket_table_new(&config));
	failing_malloc_at(0);
	bucket_table_free(NULL);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("bucket_table");
	TCase *tests = tcase_create("bucket_table");

	tcase_add_loop_test(tests, a_bucket_fills_steadily_in_its_period, 0, ROWS(refills));
	tcase_add_test(tests, a_bucket_is_full_at_first_however_young_the_clock_is);
	tcase_add_test(tests, refusals_are_numbered);
	tcase_add_test(tests, a_token_given_back_can_be_taken_again);
	tcase_add_test(tests, no_bucket_holds_more_than_a_full_one);
	tcase_add_test(tests, buckets_are_kept_apart);
	tcase_add_test(tests, a_newcomer_takes_the_fullest_place);
	tcase_add_test(tests, memory_that_is_short);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
