/* Findings: their order, their lines, how they look, and what happens when memory is short. */
#include "diagnosis.h"
#include "diagnosis_fixture.h"
#include "failing_malloc.h"
#include "suite.h"

#include <string.h>

static void
fill(struct diagnosis *diagnosis)
{
	diagnosis_begin(diagnosis, "One");
	diagnosis_add(diagnosis, DIAGNOSIS_OK, "a.fine", "number %d is well", 1);
	diagnosis_add(diagnosis, DIAGNOSIS_WRONG, "a.bad", "it has \"%s\"", "\033[31m");
	diagnosis_fix(diagnosis, "%s.  A  192.0.2.1", "ns1");
	diagnosis_begin(diagnosis, "Empty");
	diagnosis_begin(diagnosis, "Two");
	diagnosis_add(diagnosis, DIAGNOSIS_WARNING, "b.warn", "so so");
	diagnosis_add(diagnosis, DIAGNOSIS_UNKNOWN, "b.dark", "who knows");
}

START_TEST(people_see_groups_and_lines)
{
	static char text[4096];
	FILE *out = fmemopen(text, sizeof(text), "w");
	struct diagnosis *diagnosis = diagnosis_new();

	fill(diagnosis);
	ck_assert_int_eq(diagnosis_print(diagnosis, 80, out), 0);
	(void)fclose(out);
	diagnosis_free(diagnosis);
	ck_assert_str_eq(text, "One\n"
			       "  ok       number 1 is well\n"
			       "  wrong    it has \"?[31m\" [a.bad]\n"
			       "               ns1.  A  192.0.2.1\n"
			       "\nTwo\n"
			       "  warning  so so [b.warn]\n"
			       "  unknown  who knows [b.dark]\n"
			       "\n1 thing is wrong, 1 warning, 1 could not be seen from here.\n");
}
END_TEST

static const struct {
	unsigned columns;
	size_t width; /* of the longest line that has blanks */
} widths[] = {{60, 60}, {80, 80}, {100, 100}, {101, 100}, {5000, 100}, {41, 41}, {20, 41}, {0, 41}};

START_TEST(long_text_is_broken_at_blanks)
{
	static char text[8192];
	FILE *out = fmemopen(text, sizeof(text), "w");
	struct diagnosis *diagnosis = diagnosis_new();
	size_t longest = 0;

	diagnosis_begin(diagnosis, "One");
	diagnosis_add(diagnosis, DIAGNOSIS_OK, "a",
	    "a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a "
	    "a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a bb");
	ck_assert_int_eq(diagnosis_print(diagnosis, widths[_i].columns, out), 0);
	(void)fclose(out);
	diagnosis_free(diagnosis);
	for (const char *line = text; *line != '\0'; line += strcspn(line, "\n") + 1) {
		size_t length = strcspn(line, "\n");

		longest = length > longest ? length : longest;
	}
	/* The text's blanks are at every second column. */
	ck_assert_uint_le(longest, widths[_i].width);
	ck_assert_uint_ge(longest, widths[_i].width - 1);
	ck_assert_ptr_nonnull(strstr(text, "a\n           a a "));
	ck_assert_ptr_nonnull(strstr(text, " bb\n\nNothing is wrong.\n"));
}
END_TEST

START_TEST(what_has_no_blanks_is_not_broken)
{
	static char text[4096];
	FILE *out = fmemopen(text, sizeof(text), "w");
	struct diagnosis *diagnosis = diagnosis_new();

	diagnosis_begin(diagnosis, "One");
	diagnosis_add(diagnosis, DIAGNOSIS_OK, "a", "%0*d", 120, 3);
	diagnosis_fix(diagnosis, "%050d %050d", 1, 2);
	ck_assert_int_eq(diagnosis_print(diagnosis, 80, out), 0);
	(void)fclose(out);
	diagnosis_free(diagnosis);
	ck_assert_ptr_nonnull(strstr(text, "0003\n"));
	ck_assert_ptr_nonnull(strstr(text, "0001 0000"));
}
END_TEST

START_TEST(programs_see_objects)
{
	struct diagnosis *diagnosis = diagnosis_new();

	fill(diagnosis);
	ck_assert(diagnosis_has(diagnosis, "b.warn"));
	ck_assert(!diagnosis_has(diagnosis, "b"));
	ck_assert_uint_eq(diagnosis_count(diagnosis, DIAGNOSIS_WRONG), 1);
	ck_assert_ptr_nonnull(strstr(diagnosis_fixture_json(diagnosis),
	    "{\"level\":\"wrong\",\"id\":\"a.bad\",\"about\":\"One\",\"text\":\"it has "
	    "\\\"?[31m\\\"\","
	    "\"fix\":[\"ns1.  A  192.0.2.1\"]}\n"
	    "{\"level\":\"warning\",\"id\":\"b.warn\",\"about\":\"Two\","));
}
END_TEST

START_TEST(there_is_an_end)
{
	struct diagnosis *diagnosis = diagnosis_new();
	FILE *out = fopen("/dev/null", "w");

	diagnosis_fix(diagnosis, "a line without a finding");
	diagnosis_begin(diagnosis, "Many");
	for (int i = 0; i < DIAGNOSIS_FINDINGS; i++)
		diagnosis_add(diagnosis, DIAGNOSIS_OK, "x", "%d", i);
	for (int i = 0; i <= DIAGNOSIS_FIXES; i++)
		diagnosis_fix(diagnosis, "%0*d", 2 * DIAGNOSIS_LINE, i);
	ck_assert_int_eq(diagnosis_print(diagnosis, 80, out), 0);
	diagnosis_add(diagnosis, DIAGNOSIS_OK, "x", "one more");
	ck_assert_uint_eq(diagnosis_count(diagnosis, DIAGNOSIS_OK), DIAGNOSIS_FINDINGS);
	/* What was left out must not pass for all. */
	ck_assert_int_eq(diagnosis_print(diagnosis, 80, out), -1);
	(void)fclose(out);
	diagnosis_free(diagnosis);
}
END_TEST

/* Each allocation fails in turn: what is there can be printed, and is known not to be all. */
START_TEST(memory_is_short)
{
	unsigned turn = 0;
	int failed = 1;

	while (failed) {
		FILE *out = fopen("/dev/null", "w");
		struct diagnosis *diagnosis;

		ck_assert_ptr_nonnull(out);
		failing_malloc_at(++turn);
		diagnosis = diagnosis_new();
		if (diagnosis != NULL)
			fill(diagnosis);
		failed = failing_malloc_happened();
		failing_malloc_at(0);
		if (diagnosis != NULL)
			ck_assert_int_eq(diagnosis_print(diagnosis, 80, out), failed ? -1 : 0);
		diagnosis_free(diagnosis);
		(void)fclose(out);
	}
	ck_assert_uint_gt(turn, 8);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("diagnosis");
	TCase *cases = tcase_create("diagnosis");

	tcase_add_test(cases, people_see_groups_and_lines);
	tcase_add_loop_test(cases, long_text_is_broken_at_blanks, 0, ROWS(widths));
	tcase_add_test(cases, what_has_no_blanks_is_not_broken);
	tcase_add_test(cases, programs_see_objects);
	tcase_add_test(cases, there_is_an_end);
	tcase_add_test(cases, memory_is_short);
	suite_add_tcase(suite, cases);
	return suite_run(suite);
}
