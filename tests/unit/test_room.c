/* When there is room for more accounts, and when that is said. */
#include "room.h"

#include "suite.h"

enum { MIB = 1024 * 1024 };

static struct room room;

static void
begin(void)
{
	log_init("test", LOG_LEVEL_ERROR, LOG_FORMAT_TEXT);
	room = (struct room){.map_max = 1000 * (uint64_t)MIB, .reserve = 64 * (uint64_t)MIB};
}

static int
judge(uint64_t live, uint64_t disk_free)
{
	const struct database_size size = {
	    .live_bytes = live * MIB, .disk_free_bytes = disk_free * MIB};

	return room_judge(&room, &size);
}

START_TEST(the_disk_is_looked_at)
{
	ck_assert_int_eq(judge(1, 65), 0);
	ck_assert_int_eq(judge(1, 64), 0);
	ck_assert_int_eq(judge(1, 63), 1);
	ck_assert_int_eq(room.is_short, 1);
	ck_assert_int_eq(judge(1, 0), 1);
	ck_assert_int_eq(judge(1, 64), 0);
	ck_assert_int_eq(room.is_short, 0);
}
END_TEST

START_TEST(the_map_is_looked_at)
{
	ck_assert_int_eq(judge(1000 - 64, 5000), 0);
	ck_assert_int_eq(judge(1000 - 63, 5000), 1);
	ck_assert_int_eq(judge(1000, 5000), 1);
	/* It was larger before. */
	ck_assert_int_eq(judge(1001, 5000), 1);
	ck_assert_int_eq(judge(1, 5000), 0);
}
END_TEST

START_TEST(without_a_reserve_there_is_room)
{
	room.reserve = 0;
	ck_assert_int_eq(judge(1000, 0), 0);
	ck_assert_int_eq(judge(1001, 5000), 0);
}
END_TEST

START_TEST(a_warning_comes_at_80_percent_and_goes_far_below)
{
	judge(790, 5000);
	ck_assert_int_eq(room.is_filling, 0);
	judge(805, 5000);
	ck_assert_int_eq(room.is_filling, 1);
	judge(790, 5000);
	ck_assert_int_eq(room.is_filling, 1);
	judge(700, 5000);
	ck_assert_int_eq(room.is_filling, 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("room");
	TCase *tests = tcase_create("room");

	tcase_add_checked_fixture(tests, begin, NULL);
	tcase_add_test(tests, the_disk_is_looked_at);
	tcase_add_test(tests, the_map_is_looked_at);
	tcase_add_test(tests, without_a_reserve_there_is_room);
	tcase_add_test(tests, a_warning_comes_at_80_percent_and_goes_far_below);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
