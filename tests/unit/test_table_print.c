/* Tables: how they look, in how much memory, and who gets colours. */
#include "table_print.h"

#include "failing_malloc.h"
#include "suite.h"

#include <pty.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct table_column columns[] = {
    {.title = "NAME"}, {.title = "SIZE", .is_number = 1}, {.title = "NOTE"}};

static char text[65536];

static FILE *
open_text(void)
{
	FILE *out = fmemopen(text, sizeof(text), "w");

	ck_assert_ptr_nonnull(out);
	return out;
}

static struct table_print *
begin(FILE *out)
{
	struct table_print *table = table_print_new(out, columns, 3);

	ck_assert_ptr_nonnull(table);
	return table;
}

static void
row(struct table_print *table, const char *name, const char *size, const char *note)
{
	const char *cells[] = {name, size, note};

	ck_assert_int_eq(table_print_row(table, cells), 0);
}

START_TEST(aligns_its_columns)
{
	FILE *out = open_text();
	struct table_print *table = begin(out);

	row(table, "a", "1", "first");
	row(table, "longer", "23456", "");
	ck_assert_int_eq(table_print_end(table), 0);
	(void)fclose(out);
	ck_assert_str_eq(text, "NAME     SIZE  NOTE\n"
			       "a           1  first\n"
			       "longer  23456  \n");
}
END_TEST

START_TEST(has_a_head_without_rows)
{
	FILE *out = open_text();

	ck_assert_int_eq(table_print_end(begin(out)), 0);
	(void)fclose(out);
	ck_assert_str_eq(text, "NAME  SIZE  NOTE\n");
}
END_TEST

START_TEST(makes_cells_harmless)
{
	FILE *out = open_text();
	struct table_print *table = begin(out);

	row(table, "\033[31m", "\n", "\303\274\177");
	ck_assert_int_eq(table_print_end(table), 0);
	(void)fclose(out);
	ck_assert_str_eq(text, "NAME   SIZE  NOTE\n?[31m     ?  ???\n");
}
END_TEST

/* After each batch what it holds is printed; what comes later may be wider, not narrower. */
START_TEST(prints_by_batches)
{
	FILE *out = open_text();
	struct table_print *table = begin(out);
	size_t lines = 0;

	for (int i = 0; i < TABLE_BATCH; i++)
		row(table, "abcdef", "1", "x");
	(void)fflush(out);
	for (const char *c = text; *c != '\0'; c++)
		lines += *c == '\n';
	ck_assert_uint_eq(lines, TABLE_BATCH + 1);
	row(table, "a", "1", "x");
	ck_assert_int_eq(table_print_end(table), 0);
	(void)fclose(out);
	ck_assert_ptr_nonnull(strstr(text, "\na          1  x\n"));
}
END_TEST

START_TEST(says_that_the_output_is_full)
{
	FILE *out = fopen("/dev/full", "w");
	struct table_print *table;

	ck_assert_ptr_nonnull(out);
	table = begin(out);
	row(table, "a", "1", "x");
	ck_assert_int_eq(table_print_end(table), -1);
	(void)fclose(out);
}
END_TEST

START_TEST(says_that_memory_is_short)
{
	static const char *const cells[] = {"a", "b", "c"};
	FILE *out = open_text();
	struct table_print *table = begin(out);

	for (unsigned call = 1; call <= 3; call++) {
		failing_malloc_at(call);
		ck_assert_int_eq(table_print_row(table, cells), -1);
		failing_malloc_at(0);
	}
	ck_assert_int_eq(table_print_row(table, cells), 0);
	ck_assert_int_eq(table_print_end(table), 0);
	(void)fclose(out);
}
END_TEST

static const struct {
	const char *terminal, *no_colour;
	int colours;
} environments[] = {
    {"xterm", NULL, 1},
    {"xterm", "", 1},
    {"xterm", "1", 0},
    {"dumb", NULL, 0},
    {NULL, NULL, 0},
};

static void
set(const char *name, const char *value)
{
	if (value != NULL)
		ck_assert_int_eq(setenv(name, value, 1), 0);
	else
		ck_assert_int_eq(unsetenv(name), 0);
}

START_TEST(has_colours_on_a_terminal_only)
{
	int ours, theirs;
	FILE *terminal, *file;

	set("TERM", environments[_i].terminal);
	set("NO_COLOR", environments[_i].no_colour);
	ck_assert_int_eq(openpty(&ours, &theirs, NULL, NULL, NULL), 0);
	terminal = fdopen(theirs, "w");
	file = fopen("/dev/null", "w");
	ck_assert_ptr_nonnull(terminal);
	ck_assert_ptr_nonnull(file);
	ck_assert_int_eq(table_print_may_colour(terminal), environments[_i].colours);
	ck_assert_int_eq(table_print_may_colour(file), 0);
	ck_assert_int_eq(table_print_end(begin(terminal)), 0);
	ck_assert_int_gt(read(ours, text, sizeof(text)), 0);
	ck_assert_int_eq(strncmp(text, "\033[1mNAME", 8) == 0, environments[_i].colours);
	(void)fclose(terminal);
	(void)fclose(file);
	close(ours);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("table_print");
	TCase *tests = tcase_create("all");

	tcase_add_test(tests, aligns_its_columns);
	tcase_add_test(tests, has_a_head_without_rows);
	tcase_add_test(tests, makes_cells_harmless);
	tcase_add_test(tests, prints_by_batches);
	tcase_add_test(tests, says_that_the_output_is_full);
	tcase_add_test(tests, says_that_memory_is_short);
	tcase_add_loop_test(tests, has_colours_on_a_terminal_only, 0, ROWS(environments));
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
