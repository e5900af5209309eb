/* The table of requests outstanding at store. */
#include "pending.h"
#include "suite.h"

#include <stdlib.h>

static struct pending pending;
static int owners[PENDING_MAX + 1];

static uint64_t
add(int *owner, uint64_t now)
{
	return pending_add(&pending, MESSAGE_UPDATE_ANSWER, now, owner);
}

START_TEST(an_answer_finds_its_owner_once)
{
	uint64_t id;
	void *owner = NULL;

	pending_init(&pending);
	id = add(&owners[0], 0);
	ck_assert_uint_ne(id, 0);
	ck_assert_int_eq(pending_take(&pending, id, MESSAGE_UPDATE_ANSWER, &owner), 0);
	ck_assert_ptr_eq(owner, &owners[0]);
	ck_assert_int_eq(pending_take(&pending, id, MESSAGE_UPDATE_ANSWER, &owner), -1);
	ck_assert_uint_eq(pending.count, 0);
}
END_TEST

START_TEST(what_was_not_asked_is_not_answered)
{
	uint64_t id, later;
	void *owner;

	pending_init(&pending);
	ck_assert_int_eq(pending_take(&pending, 0, MESSAGE_UPDATE_ANSWER, &owner), -1);
	ck_assert_int_eq(pending_take(&pending, 1, MESSAGE_UPDATE_ANSWER, &owner), -1);
	ck_assert_int_eq(pending_take(&pending, UINT64_MAX, MESSAGE_UPDATE_ANSWER, &owner), -1);
	id = add(&owners[0], 0);
	ck_assert_int_eq(pending_take(&pending, id + 1, MESSAGE_UPDATE_ANSWER, &owner), -1);
	ck_assert_int_eq(pending_take(&pending, id, MESSAGE_REGISTER_ANSWER, &owner), -1);
	ck_assert_int_eq(pending_take(&pending, id, MESSAGE_UPDATE_ANSWER, &owner), 0);
	/* The slot is used again, the id is not. */
	later = add(&owners[1], 0);
	ck_assert_uint_eq(later % PENDING_MAX, id % PENDING_MAX);
	ck_assert_int_eq(pending_take(&pending, id, MESSAGE_UPDATE_ANSWER, &owner), -1);
	ck_assert_int_eq(pending_take(&pending, later, MESSAGE_UPDATE_ANSWER, &owner), 0);
}
END_TEST

START_TEST(there_is_a_bound)
{
	uint64_t ids[PENDING_MAX];
	void *owner;

	pending_init(&pending);
	for (unsigned i = 0; i < PENDING_MAX; i++) {
		ids[i] = add(&owners[i], i);
		ck_assert_uint_ne(ids[i], 0);
	}
	ck_assert_uint_eq(add(&owners[PENDING_MAX], 0), 0);
	/* Nobody's waiting does not free the place: store still works on it. */
	pending_forget(&pending, ids[7]);
	ck_assert_uint_eq(add(&owners[PENDING_MAX], 0), 0);
	ck_assert_int_eq(pending_take(&pending, ids[7], MESSAGE_UPDATE_ANSWER, &owner), 0);
	ck_assert_ptr_null(owner);
	ck_assert_uint_ne(add(&owners[PENDING_MAX], 0), 0);
	/* In whatever order they are answered, all are found. */
	for (unsigned i = 0; i < PENDING_MAX; i++) {
		unsigned at = (i * 5 + 3) % PENDING_MAX;

		if (at == 7)
			continue;
		ck_assert_int_eq(pending_take(&pending, ids[at], MESSAGE_UPDATE_ANSWER, &owner), 0);
		ck_assert_ptr_eq(owner, &owners[at]);
	}
	ck_assert_uint_eq(pending.count, 1);
	ck_assert_ptr_eq(pending_drop(&pending), &owners[PENDING_MAX]);
	ck_assert_ptr_null(pending_drop(&pending));
}
END_TEST

START_TEST(patience_ends_in_order)
{
	uint64_t first, second, third;
	void *owner;

	pending_init(&pending);
	ck_assert_uint_eq(pending_deadline(&pending), 0);
	first = add(&owners[0], 100);
	second = add(&owners[1], 200);
	third = add(&owners[2], 300);
	ck_assert_uint_eq(pending_deadline(&pending), 100 + PENDING_PATIENCE_MS);
	ck_assert_int_eq(pending_take(&pending, first, MESSAGE_UPDATE_ANSWER, &owner), 0);
	ck_assert_uint_eq(pending_deadline(&pending), 200 + PENDING_PATIENCE_MS);
	ck_assert_ptr_null(pending_expire(&pending, 199 + PENDING_PATIENCE_MS));
	ck_assert_ptr_eq(pending_expire(&pending, 299 + PENDING_PATIENCE_MS), &owners[1]);
	ck_assert_ptr_null(pending_expire(&pending, 299 + PENDING_PATIENCE_MS));
	ck_assert_uint_eq(pending_deadline(&pending), 300 + PENDING_PATIENCE_MS);
	pending_forget(&pending, third);
	ck_assert_uint_eq(pending_deadline(&pending), 0);
	ck_assert_ptr_null(pending_expire(&pending, UINT64_MAX));
	/* The late answer is no violation. */
	ck_assert_int_eq(pending_take(&pending, second, MESSAGE_UPDATE_ANSWER, &owner), 0);
	ck_assert_ptr_null(owner);
	ck_assert_uint_eq(pending.count, 1);
}
END_TEST

START_TEST(the_end_of_the_link_drops_all)
{
	uint64_t forgotten;

	pending_init(&pending);
	add(&owners[0], 0);
	forgotten = add(&owners[1], 0);
	add(&owners[2], 0);
	pending_forget(&pending, forgotten);
	ck_assert_ptr_eq(pending_drop(&pending), &owners[0]);
	ck_assert_ptr_eq(pending_drop(&pending), &owners[2]);
	ck_assert_ptr_null(pending_drop(&pending));
	ck_assert_uint_eq(pending.count, 0);
	for (unsigned i = 0; i < PENDING_MAX; i++)
		ck_assert_uint_ne(add(&owners[i], 0), 0);
}
END_TEST

START_TEST(forgetting_nobody_is_fine)
{
	uint64_t id;
	void *owner;

	pending_init(&pending);
	pending_forget(&pending, 0);
	pending_forget(&pending, 12345);
	id = add(&owners[0], 0);
	pending_forget(&pending, id + PENDING_MAX);
	ck_assert_int_eq(pending_take(&pending, id, MESSAGE_UPDATE_ANSWER, &owner), 0);
	ck_assert_ptr_eq(owner, &owners[0]);
}
END_TEST

static Suite *
pending_suite(void)
{
	Suite *suite = suite_create("pending");
	TCase *tests = tcase_create("pending");

	tcase_add_test(tests, an_answer_finds_its_owner_once);
	tcase_add_test(tests, what_was_not_asked_is_not_answered);
	tcase_add_test(tests, there_is_a_bound);
	tcase_add_test(tests, patience_ends_in_order);
	tcase_add_test(tests, the_end_of_the_link_drops_all);
	tcase_add_test(tests, forgetting_nobody_is_fine);
	suite_add_tcase(suite, tests);
	return suite;
}

int
main(void)
{
	return suite_run(pending_suite());
}
