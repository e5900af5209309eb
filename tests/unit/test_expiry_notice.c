/* The line about a certificate's end: from 21 days before, once a day, and again for another certificate. */
#include "expiry_notice.h"
#include "key_pair.h"
#include "suite.h"

enum { HOUR = 60 * 60, DAY = 24 * HOUR };

static const time_t start = 1700000000;

START_TEST(once_a_day)
{
	struct expiry_notice notice = {0};
	const time_t ends = start + 30 * (time_t)DAY;
	int lines = 0;

	/* Looked at every hour, until five days after the end. */
	for (time_t now = start; now < ends + 5 * (time_t)DAY; now += HOUR) {
		int line = expiry_notice_take(&notice, ends, now);

		ck_assert_int_le(line, now > ends - KEY_PAIR_WARN_DAYS * (time_t)DAY);
		lines += line;
		ck_assert_int_eq(expiry_notice_take(&notice, ends, now), 0);
	}
	ck_assert_int_eq(lines, KEY_PAIR_WARN_DAYS + 5);
}
END_TEST

static const struct {
	time_t ends, now; /* after a line about a certificate that ends at 10 * DAY, at 0 */
	int told;
} next[] = {
    {10 * DAY, 0, 0},
    {10 * DAY, DAY - 1, 0},
    {10 * DAY, DAY, 1},
    {10 * DAY, 11 * DAY, 1},
    {10 * DAY, -1, 1},	  /* the clock was set back */
    {10 * DAY + 1, 1, 1}, /* another certificate that ends soon */
    {90 * DAY, 1, 0},
    {90 * DAY, 2 * DAY, 0},
};

START_TEST(after_a_line)
{
	struct expiry_notice notice = {0};

	ck_assert_int_eq(expiry_notice_take(&notice, start + 10 * (time_t)DAY, start), 1);
	ck_assert_int_eq(expiry_notice_take(&notice, start + next[_i].ends, start + next[_i].now),
	    next[_i].told);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("expiry_notice");
	TCase *cases = tcase_create("expiry_notice");

	tcase_add_test(cases, once_a_day);
	tcase_add_loop_test(cases, after_a_line, 0, ROWS(next));
	suite_add_tcase(suite, cases);
	return suite_run(suite);
}
