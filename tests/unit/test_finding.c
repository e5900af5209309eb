/* Findings as people see them, and the place that outlives the process which noted it. */
#include "finding.h"

#include "suite.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

static char memory[FINDING_PLACE];
static volatile char *const place = memory;

static void
expect_end(int number, const char *line)
{
	char *text = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);

	ck_assert_ptr_nonnull(out);
	finding_print_end(out, place, number);
	ck_assert_int_eq(fclose(out), 0);
	ck_assert_ptr_nonnull(strchr(text, '\n'));
	ck_assert_str_eq(strchr(text, '\n') + 1, line);
	free(text);
}

START_TEST(an_end_says_where)
{
	finding_note(place, "names", "abc");
	expect_end(SIGBUS,
	    "names         abc                                    a damaged page here or behind it "
	    "ended the walk (signal 7); the rest was not looked at\n");
}
END_TEST

START_TEST(a_walk_that_stands_still_says_where)
{
	finding_note(place, "names", "abc");
	finding_note(place, "tokens", "");
	expect_end(SIGALRM,
	    "tokens        -                                      the walk did not get on from "
	    "here for 120 s\n");
}
END_TEST

START_TEST(nothing_noted_is_the_database)
{
	memset(memory, 0, sizeof(memory));
	expect_end(SIGALRM,
	    "database      -                                      the walk did not get on from "
	    "here for 120 s\n");
}
END_TEST

/* The process that wrote it may have been taken over by what it read. */
START_TEST(a_place_without_an_end_is_bounded)
{
	char *text = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);

	memset(memory, '\x1b', sizeof(memory));
	finding_print_end(out, place, SIGSEGV);
	ck_assert_int_eq(fclose(out), 0);
	ck_assert_ptr_null(strchr(text, '\x1b'));
	ck_assert_uint_lt(length, 2 * FINDING_PLACE);
	free(text);
}
END_TEST

START_TEST(long_words_are_cut)
{
	char word[2 * FINDING_PLACE];

	memset(word, 'w', sizeof(word) - 1);
	word[sizeof(word) - 1] = '\0';
	finding_note(place, word, word);
	ck_assert_int_eq(place[FINDING_PLACE - 1], '\0');
	ck_assert_int_eq(place[FINDING_PLACE / 2 - 1], '\0');
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("finding");
	TCase *tests = tcase_create("finding");

	tcase_add_test(tests, an_end_says_where);
	tcase_add_test(tests, a_walk_that_stands_still_says_where);
	tcase_add_test(tests, nothing_noted_is_the_database);
	tcase_add_test(tests, a_place_without_an_end_is_bounded);
	tcase_add_test(tests, long_words_are_cut);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
