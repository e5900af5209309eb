/* The body of STATUS_ANSWER: what was put comes back, and anything else is refused. */
#include "status_message.h"
#include "suite.h"

#include <stdlib.h>
#include <string.h>

enum { HEAD = STATISTICS * 8 + 2 * 4 + 3 * 8 + 1 + 4 + 1, REFUSAL = 16 + 8 + 4 + 1 };

static unsigned char bytes[MESSAGE_MAX];

static struct status_message
whole_status(void)
{
	struct status_message status = {.dnsd_age = 1,
	    .apid_age = STATUS_MESSAGE_NEVER,
	    .live_bytes = 2,
	    .map_max = 3,
	    .reserve = UINT64_MAX,
	    .parts = MESSAGE_READY_PARTS,
	    .span = 1199,
	    .refusal_count = STATUS_MESSAGE_REFUSALS};

	for (unsigned i = 0; i < STATISTICS; i++)
		status.values[i] = (uint64_t)i << 32;
	for (unsigned i = 0; i < STATUS_MESSAGE_REFUSALS; i++) {
		status.refusals[i] = (struct refusal){
		    .client = {{[15] = (uint8_t)i}}, .count = 100 - i, .last = UINT32_MAX - i};
		memset(status.refusals[i].reason, 'a' + (int)i, REFUSAL_REASON - 1);
	}
	return status;
}

static size_t
put(const struct status_message *status)
{
	struct writer writer;

	memset(bytes, 0, sizeof(bytes));
	writer_init(&writer, bytes, sizeof(bytes));
	status_message_put(&writer, status);
	ck_assert_int_eq(writer.failed, 0);
	return writer.length;
}

static int
get(size_t length, struct status_message *status)
{
	/* Memory of its own, so that a sanitizer sees a byte too many being read. */
	unsigned char *copy = malloc(length > 0 ? length : 1);
	struct reader reader;
	int result;

	ck_assert_ptr_nonnull(copy);
	memcpy(copy, bytes, length);
	reader_init(&reader, copy, length);
	result = status_message_get(&reader, status);
	free(copy);
	return result;
}

START_TEST(comes_back_as_it_was)
{
	const struct status_message status = whole_status();
	struct status_message again = {.dnsd_age = 0};

	ck_assert_int_eq(get(put(&status), &again), 0);
	ck_assert_mem_eq(again.values, status.values, sizeof(status.values));
	ck_assert_uint_eq(again.dnsd_age, 1);
	ck_assert_uint_eq(again.apid_age, STATUS_MESSAGE_NEVER);
	ck_assert_uint_eq(again.live_bytes, 2);
	ck_assert_uint_eq(again.map_max, 3);
	ck_assert_uint_eq(again.reserve, UINT64_MAX);
	ck_assert_uint_eq(again.parts, MESSAGE_READY_PARTS);
	ck_assert_uint_eq(again.span, 1199);
	ck_assert_uint_eq(again.refusal_count, STATUS_MESSAGE_REFUSALS);
	for (unsigned i = 0; i < STATUS_MESSAGE_REFUSALS; i++) {
		const struct refusal *one = &again.refusals[i];

		ck_assert_mem_eq(&one->client, &status.refusals[i].client, sizeof(one->client));
		ck_assert_uint_eq(one->count, 100 - i);
		ck_assert_uint_eq(one->last, UINT32_MAX - i);
		ck_assert_str_eq(one->reason, status.refusals[i].reason);
	}
}
END_TEST

START_TEST(no_part_of_it_is_one)
{
	const struct status_message status = whole_status();
	struct status_message again;
	size_t length = put(&status);

	for (size_t part = 0; part < length; part++)
		ck_assert_int_eq(get(part, &again), -1);
	ck_assert_int_eq(get(length + 1, &again), -1);
}
END_TEST

/* One byte that must not be what it is, in a body with one refusal whose reason is "no". */
static const struct {
	size_t place;
	unsigned char byte;
} wrong[] = {
    {HEAD - 6, MESSAGE_READY_PARTS + 1},
    {HEAD - 1, 2}, /* refusals that are not there */
    {HEAD - 1, STATUS_MESSAGE_REFUSALS + 1},
    {HEAD + 23, 0},		 /* refused not once */
    {HEAD + 28, REFUSAL_REASON}, /* longer than a reason is */
    {HEAD + REFUSAL, '\n'},
    {HEAD + REFUSAL, 0},
    {HEAD + REFUSAL, 0x1b},
    {HEAD + REFUSAL + 1, 0x7f},
};

START_TEST(one_byte_is_wrong)
{
	struct status_message status = {.refusal_count = 1}, again;
	size_t length;

	status.refusals[0] = (struct refusal){.count = 1, .reason = "no"};
	length = put(&status);
	ck_assert_uint_eq(length, HEAD + REFUSAL + 2);
	ck_assert_int_eq(get(length, &again), 0);
	ck_assert_uint_ne(bytes[wrong[_i].place], wrong[_i].byte);
	bytes[wrong[_i].place] = wrong[_i].byte;
	ck_assert_int_eq(get(length, &again), -1);
}
END_TEST

START_TEST(the_largest_fits_into_a_message)
{
	const struct status_message status = whole_status();

	ck_assert_uint_lt(MESSAGE_HEADER + put(&status), MESSAGE_MAX);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("status_message");
	TCase *tests = tcase_create("status_message");

	tcase_add_test(tests, comes_back_as_it_was);
	tcase_add_test(tests, no_part_of_it_is_one);
	tcase_add_loop_test(tests, one_byte_is_wrong, 0, ROWS(wrong));
	tcase_add_test(tests, the_largest_fits_into_a_message);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
