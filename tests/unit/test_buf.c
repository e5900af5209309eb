/* The bounded buffer: what fits, what does not, and that a failure stays. */
#include "buf.h"

#include "failing_malloc.h"
#include "suite.h"

#include <string.h>

START_TEST(appends_up_to_its_maximum)
{
	struct buf buf;

	buf_init(&buf, 1000);
	for (int i = 0; i < 1000; i++)
		ck_assert_int_eq(buf_append(&buf, "x", 1), 0);
	ck_assert_uint_eq(buf.length, 1000);
	ck_assert_uint_le(buf.capacity, 1000);
	ck_assert_int_eq(buf_append(&buf, "y", 1), -1);
	ck_assert_uint_eq(buf.length, 1000);
	buf_free(&buf);
}
END_TEST

START_TEST(failure_stays_until_cleared)
{
	struct buf buf;

	buf_init(&buf, 4);
	ck_assert_int_eq(buf_append_string(&buf, "abc"), 0);
	ck_assert_int_eq(buf_append_string(&buf, "de"), -1);
	ck_assert_int_eq(buf.failed, 1);
	ck_assert_int_eq(buf_append_string(&buf, "d"), -1);
	ck_assert_mem_eq(buf.data, "abc", 3);
	buf_clear(&buf);
	ck_assert_int_eq(buf_append_string(&buf, "defg"), 0);
	ck_assert_mem_eq(buf.data, "defg", 4);
	buf_free(&buf);
}
END_TEST

START_TEST(an_enormous_length_does_not_wrap)
{
	struct buf buf;

	buf_init(&buf, SIZE_MAX);
	ck_assert_int_eq(buf_append(&buf, "a", 1), 0);
	ck_assert_int_eq(buf_append(&buf, "a", SIZE_MAX), -1);
	ck_assert_uint_eq(buf.length, 1);
	buf_free(&buf);
}
END_TEST

START_TEST(prints_and_consumes)
{
	struct buf buf;

	buf_init(&buf, 64);
	ck_assert_int_eq(buf_printf(&buf, "%s-%d", "abc", 42), 0);
	ck_assert_uint_eq(buf.length, 6);
	ck_assert_mem_eq(buf.data, "abc-42", 6);
	buf_consume(&buf, 4);
	ck_assert_mem_eq(buf.data, "42", 2);
	buf_consume(&buf, 100);
	ck_assert_uint_eq(buf.length, 0);
	ck_assert_int_eq(buf_printf(&buf, "%0100d", 1), -1);
	ck_assert_uint_eq(buf.length, 0);
	buf_free(&buf);
}
END_TEST

START_TEST(survives_each_failing_allocation)
{
	for (unsigned nth = 1;; nth++) {
		struct buf buf;
		int code = 0, happened;

		buf_init(&buf, 10000);
		failing_malloc_at(nth);
		for (int i = 0; i < 100 && code == 0; i++)
			code = buf_printf(&buf, "%050d", i);
		happened = failing_malloc_happened();
		failing_malloc_at(0); /* the assertions allocate too */
		ck_assert_int_eq(code, happened ? -1 : 0);
		ck_assert_int_eq(buf.failed, happened);
		buf_free(&buf);
		if (!happened)
			break;
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("buf");
	TCase *tests = tcase_create("buf");

	tcase_add_test(tests, appends_up_to_its_maximum);
	tcase_add_test(tests, failure_stays_until_cleared);
	tcase_add_test(tests, an_enormous_length_does_not_wrap);
	tcase_add_test(tests, prints_and_consumes);
	tcase_add_test(tests, survives_each_failing_allocation);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
