/* Who was refused most: counted, kept however many others come, and forgotten after a while. */
#include "refusal_table.h"

#include "suite.h"

#include <string.h>

enum { START = 10 * REFUSAL_PERIOD, MOST = 5 };

static struct refusal_table table;
static struct refusal top[MOST];
static uint64_t span;

static void
set_up(void)
{
	memset(&table, 0, sizeof(table));
}

static struct client_address
address(const char *text)
{
	struct client_address client;

	ck_assert_int_eq(client_address_from_text(&client, text, strlen(text)), 0);
	return client;
}

static void
count(const char *client, const char *reason, unsigned times, uint64_t now)
{
	const struct client_address from = address(client);

	for (unsigned i = 0; i < times; i++)
		refusal_table_count(&table, &from, reason, now);
}

static unsigned
look(uint64_t now)
{
	return refusal_table_top(&table, now, top, MOST, &span);
}

static void
check(unsigned place, const char *client, const char *reason, uint64_t times)
{
	const struct client_address from = address(client);

	ck_assert_mem_eq(&top[place].client, &from, sizeof(from));
	ck_assert_str_eq(top[place].reason, reason);
	ck_assert_uint_eq(top[place].count, times);
}

START_TEST(empty_at_first)
{
	ck_assert_uint_eq(look(START), 0);
}
END_TEST

START_TEST(most_come_first)
{
	count("192.0.2.1", "wrong key", 2, START);
	count("192.0.2.2", "wrong key", 5, START + 1);
	count("192.0.2.1", "bad value", 3, START + 2);
	ck_assert_uint_eq(look(START + 3), 3);
	check(0, "192.0.2.2", "wrong key", 5);
	check(1, "192.0.2.1", "bad value", 3);
	check(2, "192.0.2.1", "wrong key", 2);
	ck_assert_uint_eq(top[2].last, START);
	ck_assert_uint_eq(span, 3);
}
END_TEST

START_TEST(no_more_than_asked_for)
{
	char client[] = "192.0.2.0";

	for (unsigned i = 1; i <= 9; i++) {
		client[8] = (char)('0' + i);
		count(client, "wrong key", i, START);
	}
	ck_assert_uint_eq(look(START), MOST);
	check(0, "192.0.2.9", "wrong key", 9);
	check(MOST - 1, "192.0.2.5", "wrong key", 5);
}
END_TEST

/* Whoever owns a /64 has all of its addresses. */
START_TEST(a_network_of_ipv6_is_one)
{
	count("2001:db8::1", "wrong key", 1, START);
	count("2001:db8::2", "wrong key", 1, START);
	ck_assert_uint_eq(look(START), 1);
	check(0, "2001:db8::", "wrong key", 2);
}
END_TEST

/* A crowd of others does not push out who comes again and again, nor is too much said of anybody. */
START_TEST(heavy_ones_stay)
{
	for (unsigned i = 0; i < 20000; i++) {
		struct client_address other = {{[10] = 0xff, [11] = 0xff, [12] = 10}};

		other.bytes[13] = (uint8_t)(i >> 16);
		other.bytes[14] = (uint8_t)(i >> 8);
		other.bytes[15] = (uint8_t)i;
		refusal_table_count(&table, &other, "no such account", START);
		refusal_table_count(&table, &other, "no such account", START);
		/* When the crowd has taken all places. */
		if (i >= 10000 && i % 10 == 0)
			count("192.0.2.7", "wrong key", 1, START);
	}
	ck_assert_uint_ge(look(START), 1);
	check(0, "192.0.2.7", "wrong key", top[0].count);
	ck_assert_uint_le(top[0].count, 1000);
	ck_assert_uint_ge(top[0].count, 900);
	for (unsigned i = 1; i < MOST; i++)
		ck_assert_uint_le(top[i].count, 2);
}
END_TEST

static const struct {
	uint64_t later, count, span;
} moments[] = {
    {0, 3, 0},
    {REFUSAL_PERIOD - 1, 3, REFUSAL_PERIOD - 1},
    {REFUSAL_PERIOD, 3, REFUSAL_PERIOD},
    {2 * REFUSAL_PERIOD - 1, 3, 2 * REFUSAL_PERIOD - 1},
    {2 * REFUSAL_PERIOD, 0, REFUSAL_PERIOD},
    {20 * REFUSAL_PERIOD + 5, 0, REFUSAL_PERIOD + 5},
};

START_TEST(forgets_after_two_periods)
{
	count("192.0.2.1", "wrong key", 3, START);
	ck_assert_uint_eq(look(START + moments[_i].later), moments[_i].count > 0);
	if (moments[_i].count > 0)
		check(0, "192.0.2.1", "wrong key", moments[_i].count);
	ck_assert_uint_eq(span, moments[_i].span);
}
END_TEST

START_TEST(a_long_reason_is_cut)
{
	char reason[100];

	memset(reason, 'x', sizeof(reason) - 1);
	reason[sizeof(reason) - 1] = '\0';
	count("192.0.2.1", reason, 2, START);
	ck_assert_uint_eq(look(START), 1);
	ck_assert_uint_eq(strlen(top[0].reason), REFUSAL_REASON - 1);
	ck_assert_uint_eq(top[0].count, 2);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("refusal_table");
	TCase *tests = tcase_create("refusal_table");

	tcase_add_checked_fixture(tests, set_up, NULL);
	tcase_add_test(tests, empty_at_first);
	tcase_add_test(tests, most_come_first);
	tcase_add_test(tests, no_more_than_asked_for);
	tcase_add_test(tests, a_network_of_ipv6_is_one);
	tcase_add_test(tests, heavy_ones_stay);
	tcase_add_loop_test(tests, forgets_after_two_periods, 0, ROWS(moments));
	tcase_add_test(tests, a_long_reason_is_cut);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
