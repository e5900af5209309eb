/* Lines for a screen: cut, wrapped, coloured, and no more of them than fit. */
#include "canvas.h"
#include "suite.h"

#include <string.h>

static struct buf text;
static struct canvas canvas;

static void
begin(unsigned width, unsigned height)
{
	buf_clear(&text);
	canvas = (struct canvas){.text = &text, .width = width, .height = height};
}

static void
set_up(void)
{
	buf_init(&text, 4096);
	begin(10, 0);
}

static void
tear_down(void)
{
	buf_free(&text);
}

static void
check(const char *expected)
{
	ck_assert_int_eq(text.failed, 0);
	ck_assert_uint_eq(text.length, strlen(expected));
	ck_assert_mem_eq(text.data, expected, text.length);
}

START_TEST(a_line_is_cut)
{
	canvas_put(&canvas, CANVAS_PLAIN, "%s", "1234567");
	ck_assert_uint_eq(canvas_left(&canvas), 3);
	canvas_put(&canvas, CANVAS_PLAIN, "%d", 89012);
	ck_assert_uint_eq(canvas_left(&canvas), 0);
	canvas_put(&canvas, CANVAS_BOLD, "x");
	canvas_end_line(&canvas);
	check("123456789~\n");
}
END_TEST

/* What colours add takes no column; a cut text is not left in them. */
START_TEST(colours_take_no_room)
{
	canvas.has_colour = 1;
	canvas_put(&canvas, CANVAS_BOLD, "12345678");
	canvas_put(&canvas, CANVAS_FAILED, "abcdef");
	canvas_put(&canvas, CANVAS_GOOD, "lost");
	canvas_put(&canvas, CANVAS_GOOD, "%s", "");
	check("\033[1m12345678\033[0m\033[1;31ma~\033[0m");
}
END_TEST

START_TEST(a_block_is_one_column)
{
	begin(3, 0);
	canvas_put(&canvas, CANVAS_PLAIN, "\u2581\u2588\u2591\u2581");
	check("\u2581\u2588~");
}
END_TEST

static const struct {
	const char *from, *to;
} harmful[] = {
    {"a\033[2J", "a?[2J"},
    {"a\nb", "a?b"},
    {"a\177", "a?"},
    {"\xe2\x96", "??"},
    {"\xe2\x97\x80", "???"},
    {"\303\274", "??"},
};

START_TEST(nothing_harmful_gets_through)
{
	canvas_put(&canvas, CANVAS_PLAIN, "%s", harmful[_i].from);
	check(harmful[_i].to);
}
END_TEST

START_TEST(columns)
{
	canvas_put(&canvas, CANVAS_PLAIN, "ab");
	canvas_go(&canvas, 4);
	canvas_put(&canvas, CANVAS_PLAIN, "cd");
	canvas_go(&canvas, 5);
	canvas_put(&canvas, CANVAS_PLAIN, "e");
	canvas_end_line(&canvas);
	canvas_go(&canvas, 0);
	canvas_put_right(&canvas, CANVAS_PLAIN, 6, "12");
	canvas_put_right(&canvas, CANVAS_PLAIN, 8, "34567");
	canvas_end_line(&canvas);
	check("ab  cd e\n    12 34~\n");
}
END_TEST

START_TEST(words_are_wrapped)
{
	canvas_put(&canvas, CANVAS_PLAIN, "A");
	canvas_go(&canvas, 3);
	canvas_wrap(&canvas, CANVAS_PLAIN, 3, "one two three four");
	check("A  one two\n   three\n   four\n");
}
END_TEST

START_TEST(a_word_without_end)
{
	canvas_wrap(&canvas, CANVAS_PLAIN, 2, "abcdefghijklmnopqrst uv");
	check("abcdefghij\n  klmnopqr\n  st uv\n");
}
END_TEST

START_TEST(no_room_at_all)
{
	begin(1, 0);
	canvas_wrap(&canvas, CANVAS_PLAIN, 9, "ab c");
	check("a\nb\nc\n");
	begin(0, 0);
	canvas_put(&canvas, CANVAS_BOLD, "x");
	canvas_wrap(&canvas, CANVAS_PLAIN, 9, "ab c");
	check("\n");
}
END_TEST

static void
write_lines(unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		canvas_put(&canvas, CANVAS_PLAIN, "%u", i);
		canvas_end_line(&canvas);
	}
	canvas_finish(&canvas);
}

START_TEST(lines_that_fit)
{
	begin(40, 3);
	write_lines(3);
	check("0\n1\n2\n");
}
END_TEST

START_TEST(lines_that_do_not)
{
	begin(50, 3);
	write_lines(5);
	check("0\n1\n3 more lines: the window is too low for them\n");
	begin(7, 1);
	write_lines(5);
	check("5 more~\n");
}
END_TEST

START_TEST(any_number_of_lines)
{
	write_lines(5);
	check("0\n1\n2\n3\n4\n");
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("canvas");
	TCase *tests = tcase_create("canvas");

	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, a_line_is_cut);
	tcase_add_test(tests, colours_take_no_room);
	tcase_add_test(tests, a_block_is_one_column);
	tcase_add_loop_test(tests, nothing_harmful_gets_through, 0, ROWS(harmful));
	tcase_add_test(tests, columns);
	tcase_add_test(tests, words_are_wrapped);
	tcase_add_test(tests, a_word_without_end);
	tcase_add_test(tests, no_room_at_all);
	tcase_add_test(tests, lines_that_fit);
	tcase_add_test(tests, lines_that_do_not);
	tcase_add_test(tests, any_number_of_lines);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
