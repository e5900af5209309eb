/* Times that an administrator writes. */
#include "expiry.h"
#include "suite.h"

#include <stdlib.h>

enum { NOW = 1800000000 }; /* 2027-01-15T08:00:00Z */

static const struct {
	const char *text;
	uint64_t expiry; /* 0: refused */
} rows[] = {
    {"1m", NOW + 60},
    {"90m", NOW + 5400},
    {"12h", NOW + 43200},
    {"30d", NOW + 2592000},
    {"52w", NOW + 31449600},
    {"999999w", NOW + UINT64_C(604799395200)},
    {"2027-01-16", 1800057600},
    {"2027-01-15T08:00:01Z", NOW + 1},
    {"2028-02-29", 1835395200},
    {"2027-01-15T08:00:00Z", 0},
    {"2027-01-15", 0},
    {"1970-01-01", 0},
    {"2027-02-29", 0},
    {"2027-13-01", 0},
    {"2027-1-16", 0},
    {"2027-01-16T25:00:00Z", 0},
    {"2027-01-16T12:00:00", 0},
    {"2027-01-16 12:00:00Z", 0},
    {"2027-01-16T12:00:00Zx", 0},
    {"0d", 0},
    {"1000000w", 0},
    {"30", 0},
    {"d", 0},
    {"-1d", 0},
    {"+1d", 0},
    {"1.5d", 0},
    {"1dd", 0},
    {"1y", 0},
    {"", 0},
    {"never", 0},
    {"0000000000000000000000000000000000000000000000000000000000000000000001d", 0},
};

START_TEST(reads_times)
{
	uint64_t expiry = 0;

	ck_assert_int_eq(
	    expiry_from_text(rows[_i].text, NOW, &expiry), rows[_i].expiry != 0 ? 0 : -1);
	if (rows[_i].expiry != 0)
		ck_assert_uint_eq(expiry, rows[_i].expiry);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("expiry");
	TCase *tests = tcase_create("expiry");

	tcase_add_loop_test(tests, reads_times, 0, ROWS(rows));
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
