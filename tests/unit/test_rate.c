/* Looks at a counter: how fast it grows, and what cannot be said; the graph of it. */
#include "rate.h"
#include "sparkline.h"
#include "suite.h"

#include <math.h>
#include <string.h>

static struct rate rate;
static char text[SPARKLINE_TEXT];

static void
set_up(void)
{
	memset(&rate, 0, sizeof(rate));
}

static void
look(double at, uint64_t count, uint64_t started)
{
	const struct rate_sample sample = {.at = at, .count = count, .started = started};

	rate_add(&rate, &sample);
}

START_TEST(nothing_is_known_at_first)
{
	ck_assert(isnan(rate_now(&rate)));
	look(10, 500, 1);
	ck_assert(isnan(rate_now(&rate)));
	ck_assert(isnan(rate_peak(&rate, RATE_POINTS)));
	ck_assert_uint_eq(rate.count, 0);
}
END_TEST

START_TEST(differences_by_time)
{
	look(10, 500, 1);
	look(12, 500, 1);
	ck_assert_double_eq(rate_now(&rate), 0);
	look(12.5, 600, 1);
	ck_assert_double_eq(rate_now(&rate), 200);
	look(22.5, 610, 1);
	ck_assert_double_eq(rate_now(&rate), 1);
	ck_assert_double_eq(rate_point(&rate, 1), 200);
	ck_assert_double_eq(rate_point(&rate, 2), 0);
	ck_assert(isnan(rate_point(&rate, 3)));
	ck_assert_double_eq(rate_peak(&rate, 1), 1);
	ck_assert_double_eq(rate_peak(&rate, 2), 200);
}
END_TEST

/* What the second look has after 500 at second 10 of a process started at 1, and whether that says anything. */
static const struct {
	double at;
	uint64_t count, started;
	double point;
} seconds[] = {
    {12, 502, 1, 1},
    {12, 499, 1, NAN}, /* begun anew, and not said so */
    {12, 0, 1, NAN},
    {12, 100000, 2, NAN}, /* another process, which has counted further already */
    {12, 500, 2, NAN},
    {10, 600, 1, NAN}, /* no time has passed */
    {10.05, 600, 1, NAN},
    {9, 600, 1, NAN},
    {12, UINT64_MAX, 1, (double)(UINT64_MAX - 500) / 2},
};

START_TEST(no_nonsense)
{
	look(10, 500, 1);
	look(seconds[_i].at, seconds[_i].count, seconds[_i].started);
	if (isnan(seconds[_i].point))
		ck_assert(isnan(rate_now(&rate)));
	else
		ck_assert_double_eq(rate_now(&rate), seconds[_i].point);
	ck_assert_uint_eq(rate.count, 1);
	/* It goes on from there. */
	look(seconds[_i].at + 2, seconds[_i].count, seconds[_i].started);
	ck_assert_double_eq(rate_now(&rate), 0);
}
END_TEST

START_TEST(looks_in_vain)
{
	look(10, 500, 1);
	rate_add(&rate, NULL);
	ck_assert(isnan(rate_now(&rate)));
	ck_assert_uint_eq(rate.count, 1);
	/* Nobody knows when within the four seconds. */
	look(14, 900, 1);
	ck_assert(isnan(rate_now(&rate)));
	look(16, 904, 1);
	ck_assert_double_eq(rate_now(&rate), 2);
	ck_assert_uint_eq(rate.count, 3);
}
END_TEST

START_TEST(vain_looks_before_the_first)
{
	rate_add(&rate, NULL);
	rate_add(&rate, NULL);
	ck_assert_uint_eq(rate.count, 0);
	ck_assert_str_eq(sparkline(text, &rate, 3, 0), "   ");
}
END_TEST

START_TEST(keeps_the_newest)
{
	for (unsigned i = 0; i < 3 * RATE_POINTS + 7; i++)
		look(i, (uint64_t)i * i, 1);
	ck_assert_uint_eq(rate.count, RATE_POINTS);
	for (unsigned back = 0; back < RATE_POINTS; back++)
		ck_assert_double_eq(
		    rate_point(&rate, back), 2 * (3 * RATE_POINTS + 6 - (double)back) - 1);
	ck_assert(isnan(rate_point(&rate, RATE_POINTS)));
	ck_assert_double_eq(rate_peak(&rate, UINT32_MAX), 2 * (3 * RATE_POINTS + 6) - 1);
	ck_assert_uint_eq(strlen(sparkline(text, &rate, UINT32_MAX, 1)), SPARKLINE_TEXT - 1);
}
END_TEST

/* Counts at seconds 0, 1, 2... */
static void
look_at(const uint64_t *counts, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		look(i, counts[i], 1);
}

START_TEST(graphs)
{
	static const uint64_t counts[] = {0, 0, 1, 100, 400, 1100};

	look_at(counts, 6); /* 0 1 99 300 700 */
	ck_assert_str_eq(sparkline(text, &rate, 5, 0), "_..-#");
	ck_assert_str_eq(sparkline(text, &rate, 5, 1), "\u2581\u2582\u2582\u2584\u2588");
	/* Where there is room for more than is known, and for less. */
	ck_assert_str_eq(sparkline(text, &rate, 7, 0), "  _..-#");
	ck_assert_str_eq(sparkline(text, &rate, 2, 0), "-#");
	ck_assert_str_eq(sparkline(text, &rate, 0, 0), "");
	look(6, 1100, 1);
	look(7, 1100, 1);
	ck_assert_str_eq(sparkline(text, &rate, 2, 0), "__");
	look(8, 0, 2);
	look(9, 5, 2);
	ck_assert_str_eq(sparkline(text, &rate, 4, 0), "__ #");
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("rate");
	TCase *tests = tcase_create("rate");

	tcase_add_checked_fixture(tests, set_up, NULL);
	tcase_add_test(tests, nothing_is_known_at_first);
	tcase_add_test(tests, differences_by_time);
	tcase_add_loop_test(tests, no_nonsense, 0, ROWS(seconds));
	tcase_add_test(tests, looks_in_vain);
	tcase_add_test(tests, vain_looks_before_the_first);
	tcase_add_test(tests, keeps_the_newest);
	tcase_add_test(tests, graphs);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
