/* The line of a progress bar, from its beginning to past its end. */
#include "progress_text.h"
#include "suite.h"

#define TEN_FULL  "##########"
#define TEN_EMPTY ".........."

static const struct {
	double part;
	uint64_t done;
	double seconds;
	const char *text;
} lines[] = {
    {0, 0, 0.1, "[" TEN_EMPTY TEN_EMPTY TEN_EMPTY TEN_EMPTY "]   0 %  0 accounts, 0 a second "},
    {0.25, 10, 4, "[" TEN_FULL TEN_EMPTY TEN_EMPTY TEN_EMPTY "]  25 %  10 accounts, 2 a second "},
    {0.5, 1000000, 16,
	"[" TEN_FULL TEN_FULL TEN_EMPTY TEN_EMPTY "]  50 %  1000000 accounts, 62500 a second "},
    {0.999, 1, 1, "[" TEN_FULL TEN_FULL TEN_FULL "#########.] 100 %  1 accounts, 1 a second "},
    {1, 1, 1, "[" TEN_FULL TEN_FULL TEN_FULL TEN_FULL "] 100 %  1 accounts, 1 a second "},
    {1.5, 1, 1, "[" TEN_FULL TEN_FULL TEN_FULL TEN_FULL "] 100 %  1 accounts, 1 a second "},
    {-1, 1200, 2, "1200 accounts, 600 a second "},
    {1, UINT64_MAX, 1,
	"[" TEN_FULL TEN_FULL TEN_FULL TEN_FULL
	"] 100 %  18446744073709551615 accounts, 18446744073709551616 a second "},
};

START_TEST(says_how_far_it_is)
{
	char text[PROGRESS_TEXT];

	ck_assert_str_eq(
	    progress_text(text, lines[_i].part, lines[_i].done, "accounts", lines[_i].seconds),
	    lines[_i].text);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("progress_text");
	TCase *cases = tcase_create("progress_text");

	tcase_add_loop_test(cases, says_how_far_it_is, 0, ROWS(lines));
	suite_add_tcase(suite, cases);
	return suite_run(suite);
}
