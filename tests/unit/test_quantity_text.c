/* Quantities in words. */
#include "quantity_text.h"
#include "suite.h"

#include <math.h>
#include <string.h>

static char text[QUANTITY_TEXT];

static const struct {
	double rate;
	const char *text;
} rates[] = {
    {NAN, "-"},
    {0, "0"},
    {-0.0, "0"},
    {0.001, "<0.1"},
    {0.05, "0.1"},
    {0.44, "0.4"},
    {9.94, "9.9"},
    {9.96, "10"},
    {1204.4, "1,204"},
    {1e30, "18,446,744,073,709,551,615"},
    {INFINITY, "18,446,744,073,709,551,615"},
};

START_TEST(rates_in_words)
{
	ck_assert_str_eq(quantity_rate(text, rates[_i].rate), rates[_i].text);
}
END_TEST

static const struct {
	uint64_t seconds;
	const char *text;
} durations[] = {
    {0, "0 s"},
    {59, "59 s"},
    {60, "1 min 0 s"},
    {3599, "59 min 59 s"},
    {3600, "1 h 0 min"},
    {86399, "23 h 59 min"},
    {86400, "1 d 0 h"},
    {86400 * 400 + 3600 * 5, "400 d 5 h"},
};

START_TEST(durations_in_words)
{
	ck_assert_str_eq(quantity_duration(text, durations[_i].seconds), durations[_i].text);
	ck_assert_uint_lt(strlen(quantity_duration(text, UINT64_MAX)), QUANTITY_TEXT);
}
END_TEST

static const struct {
	uint64_t microseconds;
	const char *text;
} times[] = {
    {0, "0 ms"},
    {1, "<0.1 ms"},
    {49, "<0.1 ms"},
    {100, "0.1 ms"},
    {2500, "2.5 ms"},
    {25000, "25 ms"},
    {999000, "999 ms"},
    {1000000, "1 s"},
    {2500000, "2.5 s"},
    {90000000, "90 s"},
};

START_TEST(times_in_words)
{
	ck_assert_str_eq(quantity_time(text, times[_i].microseconds), times[_i].text);
	ck_assert_uint_lt(strlen(quantity_time(text, UINT64_MAX)), QUANTITY_TEXT);
}
END_TEST

static const struct {
	uint64_t bytes;
	const char *text;
} sizes[] = {
    {0, "0 B"},
    {1023, "1023 B"},
    {1024, "1 KiB"},
    {1536, "1.5 KiB"},
    {10300, "10 KiB"},
    {1024 * 1024 - 1, "1 MiB"},
    {UINT64_C(64) << 20, "64 MiB"},
    {UINT64_C(3) << 39, "1.5 TiB"},
    {UINT64_MAX, "16 EiB"},
};

START_TEST(sizes_in_words)
{
	ck_assert_str_eq(quantity_bytes(text, sizes[_i].bytes), sizes[_i].text);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("quantity_text");
	TCase *tests = tcase_create("quantity_text");

	tcase_add_loop_test(tests, rates_in_words, 0, ROWS(rates));
	tcase_add_loop_test(tests, durations_in_words, 0, ROWS(durations));
	tcase_add_loop_test(tests, times_in_words, 0, ROWS(times));
	tcase_add_loop_test(tests, sizes_in_words, 0, ROWS(sizes));
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
