/* Bounded reading and writing: round trips, bounds, and that the first error stays. */
#include "pack.h"

#include "suite.h"

#include <stdlib.h>
#include <string.h>

START_TEST(compare)
{
	static const struct {
		const char *a, *b;
		int order;
	} rows[] = {{"", "", 0}, {"", "a", -1}, {"a", "a", 0}, {"a", "b", -1}, {"a", "ab", -1},
	    {"b", "ab", 1}, {"\x7f", "\x80", -1}};

	for (int i = 0; i < ROWS(rows); i++) {
		struct slice a = {(const unsigned char *)rows[i].a, strlen(rows[i].a)};
		struct slice b = {(const unsigned char *)rows[i].b, strlen(rows[i].b)};
		int there = slice_compare(a, b), back = slice_compare(b, a);

		ck_assert_int_eq((there > 0) - (there < 0), rows[i].order);
		ck_assert_int_eq((back > 0) - (back < 0), -rows[i].order);
	}
}
END_TEST

START_TEST(what_is_written_is_read_again)
{
	unsigned char bytes[64];
	struct writer writer;
	struct reader reader;

	writer_init(&writer, bytes, sizeof(bytes));
	writer_u8(&writer, 0xab);
	writer_u16(&writer, 0xcdef);
	writer_u32(&writer, 0x01234567);
	writer_u64(&writer, UINT64_C(0x89abcdef01234567));
	writer_string8(&writer, "abc", 3);
	writer_string16(&writer, "", 0);
	ck_assert_int_eq(writer.failed, 0);
	ck_assert_uint_eq(writer.length, 1 + 2 + 4 + 8 + 4 + 2);
	/* Big-endian on every machine. */
	ck_assert_mem_eq(bytes, "\xab\xcd\xef\x01\x23\x45\x67\x89", 8);

	reader_init(&reader, bytes, writer.length);
	ck_assert_uint_eq(reader_u8(&reader), 0xab);
	ck_assert_uint_eq(reader_u16(&reader), 0xcdef);
	ck_assert_uint_eq(reader_u32(&reader), 0x01234567);
	ck_assert_uint_eq(reader_u64(&reader), UINT64_C(0x89abcdef01234567));
	ck_assert_int_eq(slice_equals(reader_string8(&reader, 3), "abc"), 1);
	ck_assert_int_eq(reader_end(&reader), -1);
	ck_assert_uint_eq(reader_string16(&reader, 10).length, 0);
	ck_assert_int_eq(reader_end(&reader), 0);
}
END_TEST

START_TEST(the_first_error_stays)
{
	struct reader reader;

	reader_init(&reader, "\1\2\3", 3);
	ck_assert_uint_eq(reader_u32(&reader), 0);
	ck_assert_int_eq(reader.failed, 1);
	ck_assert_uint_eq(reader_u8(&reader), 0);
	ck_assert_uint_eq(reader_left(&reader), 0);
	ck_assert_int_eq(reader_end(&reader), -1);
}
END_TEST

static const struct {
	const char *bytes;
	size_t length, maximum;
	int fits;
} strings[] = {
    {"\3abc", 4, 3, 1},
    {"\3abc", 4, 2, 0},
    {"\3ab", 3, 3, 0},
    {"\0", 1, 0, 1},
    {"", 0, 9, 0},
};

START_TEST(counted_strings_keep_their_bounds)
{
	/* An exact copy, so that a sanitizer sees a byte too many. */
	unsigned char *copy = malloc(strings[_i].length + 1);
	struct reader reader;
	struct slice slice;

	memcpy(copy, strings[_i].bytes, strings[_i].length);
	reader_init(&reader, copy, strings[_i].length);
	slice = reader_string8(&reader, strings[_i].maximum);
	ck_assert_int_eq(!reader.failed, strings[_i].fits);
	if (!strings[_i].fits)
		ck_assert_uint_eq(slice.length, 0);
	free(copy);
}
END_TEST

START_TEST(a_writer_takes_all_or_nothing)
{
	unsigned char bytes[4] = {9, 9, 9, 9};
	struct writer writer;

	writer_init(&writer, bytes, 3);
	writer_u16(&writer, 0x0102);
	writer_u16(&writer, 0x0304);
	ck_assert_int_eq(writer.failed, 1);
	writer_u8(&writer, 5);
	ck_assert_uint_eq(writer.length, 2);
	ck_assert_mem_eq(bytes, "\1\2\x09\x09", 4);
}
END_TEST

START_TEST(a_writer_gives_room_while_there_is_some)
{
	unsigned char bytes[4] = {9, 9, 9, 9};
	struct writer writer;

	writer_init(&writer, bytes, 3);
	ck_assert_ptr_eq(writer_take(&writer, 2), bytes);
	ck_assert_ptr_null(writer_take(&writer, 2));
	ck_assert_int_eq(writer.failed, 1);
	ck_assert_ptr_null(writer_take(&writer, 1));
	ck_assert_uint_eq(writer.length, 2);
	ck_assert_mem_eq(bytes, "\x09\x09\x09\x09", 4);
}
END_TEST

START_TEST(a_count_that_does_not_fit_its_field_fails)
{
	static unsigned char bytes[70000], text[66000];
	struct writer writer;

	writer_init(&writer, bytes, sizeof(bytes));
	writer_string8(&writer, text, 256);
	ck_assert_int_eq(writer.failed, 1);
	writer_init(&writer, bytes, sizeof(bytes));
	writer_string16(&writer, text, 65536);
	ck_assert_int_eq(writer.failed, 1);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("pack");
	TCase *tests = tcase_create("pack");

	tcase_add_test(tests, what_is_written_is_read_again);
	tcase_add_test(tests, the_first_error_stays);
	tcase_add_loop_test(tests, counted_strings_keep_their_bounds, 0, ROWS(strings));
	tcase_add_test(tests, a_writer_takes_all_or_nothing);
	tcase_add_test(tests, a_writer_gives_room_while_there_is_some);
	tcase_add_test(tests, compare);
	tcase_add_test(tests, a_count_that_does_not_fit_its_field_fails);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
