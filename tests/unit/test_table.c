/* The table of dynamic names: one thread first, then a writer against readers. */
#include "table.h"

#include "dns_fixture.h"
#include "failing_malloc.h"
#include "suite.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { READERS = 3, SHARED_NAMES = 64, ROUNDS = 400, MANY = 5000 };

static const uint8_t key[SIPHASH_KEY] = {9};

#define VALUES(...) ((const char *const[]){__VA_ARGS__, NULL})
#define NO_VALUES   ((const char *const[]){NULL})

static enum table_result
apply(struct table *table, uint64_t commit, const char *label, const char *const *values)
{
	struct message_name name = dns_fixture_name(commit, label, values);

	return table_apply(table, &name);
}

static enum table_result
add(struct table *table, uint64_t commit, const char *label, const char *const *values)
{
	struct message_name name = dns_fixture_name(commit, label, values);

	return table_snapshot_add(table, &name, 1);
}

/* A table that is synchronised and empty. */
static struct table *
synchronised(unsigned readers)
{
	struct table *table = dns_fixture_table(readers);

	table_snapshot_begin(table, 0);
	table_snapshot_end(table, 1);
	return table;
}

static enum table_find
find(struct table *table, const char *label, struct table_values *values)
{
	struct table_reader *reader = table_reader(table, 0);
	struct table_label sought = table_label(reader, (const uint8_t *)label, strlen(label));

	/* With the hints, which must change nothing. */
	table_prefetch_bucket(reader, &sought);
	table_prefetch_entry(reader, &sought);
	return table_find(reader, &sought, values);
}

#define NO_END "\0\0\0\0"

static void
assert_found(struct table *table, const char *label, unsigned count, const char *records)
{
	struct table_values values;

	ck_assert_int_eq(find(table, label, &values), TABLE_FOUND);
	ck_assert_uint_eq(values.count, count);
	ck_assert_mem_eq(values.records, NO_END, 4);
	ck_assert_mem_eq(values.records + 4, records, strlen(records + 1) + 1);
}

static void
assert_not(struct table *table, const char *label, enum table_find expected)
{
	struct table_values values;

	ck_assert_int_eq(find(table, label, &values), expected);
}

static const char *
numbered(char text[16], unsigned number)
{
	(void)snprintf(text, 16, "n%u", number);
	return text;
}

START_TEST(denies_nothing_before_the_first_snapshot)
{
	struct table *table = dns_fixture_table(1);

	assert_not(table, "a", TABLE_UNKNOWN);
	ck_assert_int_eq(apply(table, 1, "a", VALUES("x")), TABLE_OK);
	assert_found(table, "a", 1, "\0\2\1x");
	table_snapshot_begin(table, 1);
	ck_assert_int_eq(add(table, 2, "b", VALUES("y")), TABLE_OK);
	assert_found(table, "b", 1, "\0\2\1y");
	assert_not(table, "c", TABLE_UNKNOWN);
	table_snapshot_end(table, 1);
	assert_found(table, "b", 1, "\0\2\1y");
	assert_not(table, "a", TABLE_ABSENT);
	assert_not(table, "c", TABLE_ABSENT);
	table_free(table);
}
END_TEST

START_TEST(encodes_values_oldest_first)
{
	struct table *table = synchronised(1);
	struct table_values values;
	char longest[MESSAGE_MAX_TXT + 1];
	char border[256];

	ck_assert_int_eq(apply(table, 1, "none", NO_VALUES), TABLE_OK);
	ck_assert_int_eq(find(table, "none", &values), TABLE_FOUND);
	ck_assert_uint_eq(values.count, 0);

	ck_assert_int_eq(apply(table, 2, "two", VALUES("old", "new")), TABLE_OK);
	ck_assert_int_eq(find(table, "two", &values), TABLE_FOUND);
	ck_assert_uint_eq(values.count, 2);
	ck_assert_mem_eq(values.records, NO_END "\0\4\3old" NO_END "\0\4\3new", 20);

	/* An empty value is one empty string. */
	ck_assert_int_eq(apply(table, 3, "empty", VALUES("")), TABLE_OK);
	ck_assert_int_eq(find(table, "empty", &values), TABLE_FOUND);
	ck_assert_mem_eq(values.records, NO_END "\0\1\0", 7);

	/* 255 bytes are one string, 1024 are five. */
	memset(border, 'b', 255);
	border[255] = '\0';
	ck_assert_int_eq(apply(table, 4, "border", VALUES(border)), TABLE_OK);
	ck_assert_int_eq(find(table, "border", &values), TABLE_FOUND);
	ck_assert_mem_eq(values.records, NO_END "\1\0\377b", 8);
	memset(longest, 'l', MESSAGE_MAX_TXT);
	longest[MESSAGE_MAX_TXT] = '\0';
	ck_assert_int_eq(apply(table, 5, "longest", VALUES(longest)), TABLE_OK);
	ck_assert_int_eq(find(table, "longest", &values), TABLE_FOUND);
	ck_assert_mem_eq(values.records, NO_END "\4\5\377l", 8);
	ck_assert_mem_eq(values.records + ENTRY_VALUE_HEAD + 4 * 256, "\4llll", 5);
	table_free(table);
}
END_TEST

START_TEST(keeps_when_values_end)
{
	struct table *table = synchronised(1);
	struct message_name name = {.commit = 1,
	    .label = {(const unsigned char *)"ends", 4},
	    .exists = 1,
	    .count = 3,
	    .values = {{(const unsigned char *)"a", 1}, {(const unsigned char *)"b", 1},
		{(const unsigned char *)"c", 1}},
	    .ends = {0, 1790000000, UINT64_MAX}};
	const uint32_t ends[] = {0, 1790000000, UINT32_MAX};
	struct table_values values;
	uint32_t end;

	ck_assert_int_eq(table_apply(table, &name), TABLE_OK);
	ck_assert_int_eq(find(table, "ends", &values), TABLE_FOUND);
	ck_assert_uint_eq(values.count, 3);
	for (size_t i = 0; i < 3; i++) {
		memcpy(&end, values.records + i * (ENTRY_VALUE_HEAD + 2), sizeof(end));
		ck_assert_uint_eq(end, ends[i]);
	}
	table_free(table);
}
END_TEST

START_TEST(higher_commit_wins)
{
	struct table *table = synchronised(1);

	ck_assert_int_eq(apply(table, 5, "a", VALUES("five")), TABLE_OK);
	ck_assert_int_eq(apply(table, 4, "a", VALUES("four")), TABLE_OK);
	assert_found(table, "a", 1, "\0\5\4five");
	ck_assert_int_eq(apply(table, 4, "a", NULL), TABLE_OK);
	assert_found(table, "a", 1, "\0\5\4five");
	ck_assert_int_eq(apply(table, 6, "a", VALUES("six")), TABLE_OK);
	assert_found(table, "a", 1, "\0\4\3six");
	ck_assert_int_eq(apply(table, 7, "a", NULL), TABLE_OK);
	assert_not(table, "a", TABLE_ABSENT);
	table_free(table);
}
END_TEST

START_TEST(takes_deltas_during_a_snapshot)
{
	struct table *table = synchronised(1);

	ck_assert_int_eq(apply(table, 1, "gone", VALUES("x")), TABLE_OK);
	ck_assert_int_eq(apply(table, 2, "deleted", VALUES("x")), TABLE_OK);
	table_snapshot_begin(table, 2);
	ck_assert_int_eq(apply(table, 9, "a", VALUES("delta")), TABLE_OK);
	ck_assert_int_eq(apply(table, 10, "deleted", NULL), TABLE_OK);
	assert_found(table, "a", 1, "\0\6\5delta");
	assert_not(table, "deleted", TABLE_ABSENT);
	/* Read before the delta was committed, sent after it. */
	ck_assert_int_eq(add(table, 3, "a", VALUES("stale")), TABLE_OK);
	ck_assert_int_eq(add(table, 4, "b", VALUES("b")), TABLE_OK);
	assert_found(table, "b", 1, "\0\2\1b");
	assert_found(table, "gone", 1, "\0\2\1x");
	table_snapshot_end(table, 1);
	assert_found(table, "a", 1, "\0\6\5delta");
	assert_found(table, "b", 1, "\0\2\1b");
	assert_not(table, "gone", TABLE_ABSENT);
	ck_assert_uint_eq(table_names(table), 2);
	table_free(table);
}
END_TEST

/* A database that was put back holds lower commits, and perhaps the same ones for something else. */
START_TEST(a_snapshot_may_go_back)
{
	struct table *table = synchronised(1);

	ck_assert_int_eq(apply(table, 100, "a", VALUES("later")), TABLE_OK);
	ck_assert_int_eq(apply(table, 60, "b", VALUES("this")), TABLE_OK);
	ck_assert_int_eq(apply(table, 70, "c", VALUES("x", "y")), TABLE_OK);
	ck_assert_int_eq(apply(table, 80, "d", VALUES("same")), TABLE_OK);
	ck_assert_int_eq(apply(table, 90, "e", VALUES("later")), TABLE_OK);
	table_snapshot_begin(table, 1);
	ck_assert_int_eq(add(table, 50, "a", VALUES("sooner")), TABLE_OK);
	ck_assert_int_eq(add(table, 60, "b", VALUES("that")), TABLE_OK);
	ck_assert_int_eq(add(table, 70, "c", VALUES("x")), TABLE_OK);
	ck_assert_int_eq(add(table, 80, "d", VALUES("same")), TABLE_OK);
	ck_assert_int_eq(apply(table, 51, "e", VALUES("sooner")), TABLE_OK);
	table_snapshot_end(table, 1);
	assert_found(table, "a", 1, "\0\7\6sooner");
	assert_found(table, "b", 1, "\0\5\4that");
	assert_found(table, "c", 1, "\0\2\1x");
	assert_found(table, "d", 1, "\0\5\4same");
	assert_found(table, "e", 1, "\0\7\6sooner");
	/* From then on the order of commits counts again, also for what was only confirmed. */
	ck_assert_int_eq(apply(table, 79, "d", VALUES("old")), TABLE_OK);
	assert_found(table, "d", 1, "\0\5\4same");
	table_free(table);
}
END_TEST

/* The configuration may give values another end while their commits stay as they are. */
START_TEST(a_snapshot_changes_ends)
{
	struct table *table = synchronised(1);
	struct message_name name = dns_fixture_name(5, "a", VALUES("x"));
	const uint32_t end = 1790000000;
	struct table_values values;

	ck_assert_int_eq(table_apply(table, &name), TABLE_OK);
	table_snapshot_begin(table, 1);
	name.ends[0] = end;
	ck_assert_int_eq(table_snapshot_add(table, &name, 1), TABLE_OK);
	table_snapshot_end(table, 1);
	ck_assert_int_eq(find(table, "a", &values), TABLE_FOUND);
	ck_assert_mem_eq(values.records, &end, sizeof(end));
	table_free(table);
}
END_TEST

/* What is as it was costs no memory, not even for a moment: nothing is there to be freed. */
START_TEST(a_snapshot_without_news_moves_nothing)
{
	struct table *table = synchronised(1);
	char large[MESSAGE_MAX_TXT + 1], text[16];
	size_t bytes;

	memset(large, 'l', MESSAGE_MAX_TXT);
	large[MESSAGE_MAX_TXT] = '\0';
	for (unsigned i = 0; i < MANY; i++)
		ck_assert_int_eq(apply(table, i, numbered(text, i), VALUES("v", large)), TABLE_OK);
	while (table_reclaim(table))
		;
	bytes = table_bytes(table);
	table_snapshot_begin(table, MANY);
	for (unsigned i = 0; i < MANY; i++)
		ck_assert_int_eq(add(table, i, numbered(text, i), VALUES("v", large)), TABLE_OK);
	table_snapshot_end(table, 1);
	ck_assert_int_eq(table_reclaim(table), 0);
	ck_assert_uint_eq(table_names(table), MANY);
	ck_assert_uint_eq(table_bytes(table), bytes);
	table_free(table);
}
END_TEST

START_TEST(an_unfinished_snapshot_removes_nothing)
{
	struct table *table = synchronised(1);

	ck_assert_int_eq(apply(table, 1, "a", VALUES("a")), TABLE_OK);
	table_snapshot_begin(table, 1);
	ck_assert_int_eq(add(table, 2, "b", VALUES("b")), TABLE_OK);
	assert_found(table, "a", 1, "\0\2\1a");
	/* The next one begins anew: what only the unfinished one told of is not told of. */
	table_snapshot_begin(table, 1);
	ck_assert_int_eq(add(table, 3, "c", VALUES("c")), TABLE_OK);
	assert_found(table, "b", 1, "\0\2\1b");
	table_snapshot_end(table, 1);
	assert_not(table, "a", TABLE_ABSENT);
	assert_not(table, "b", TABLE_ABSENT);
	assert_found(table, "c", 1, "\0\2\1c");
	/* Neither an end nor a name counts without a beginning. */
	ck_assert_int_eq(add(table, 4, "d", VALUES("d")), TABLE_OK);
	table_snapshot_end(table, 1);
	assert_not(table, "d", TABLE_ABSENT);
	assert_found(table, "c", 1, "\0\2\1c");
	table_free(table);
}
END_TEST

/* Growth, deletion and reuse of slots, against the plain truth: which numbers are there. */
START_TEST(holds_many_and_forgets_them)
{
	struct table *table = synchronised(1);
	size_t empty = table_bytes(table), filled;
	char text[16];

	for (unsigned round = 0; round < 3; round++) {
		for (unsigned i = 0; i < MANY; i++)
			ck_assert_int_eq(apply(table, round * 4 + 1, numbered(text, i),
					     VALUES(numbered(text, i))),
			    TABLE_OK);
		ck_assert_uint_eq(table_names(table), MANY);
		filled = table_bytes(table);
		ck_assert_uint_gt(filled, empty);
		ck_assert_uint_lt(filled, MANY * 110); /* 45 a name, 37 a slot after growing */
		for (unsigned i = 0; i < MANY; i += 2)
			ck_assert_int_eq(
			    apply(table, round * 4 + 2, numbered(text, i), NULL), TABLE_OK);
		for (unsigned i = 0; i < MANY; i++)
			assert_not(
			    table, numbered(text, i), i % 2 == 0 ? TABLE_ABSENT : TABLE_FOUND);
		for (unsigned i = 1; i < MANY; i += 2)
			ck_assert_int_eq(
			    apply(table, round * 4 + 3, numbered(text, i), NULL), TABLE_OK);
		ck_assert_uint_eq(table_names(table), 0);
		while (table_reclaim(table))
			;
	}
	ck_assert_uint_lt(table_bytes(table), filled);
	table_free(table);
}
END_TEST

/* Names that come and go must not make the table grow: their slots are used again. */
START_TEST(churn_does_not_grow)
{
	struct table *table = synchronised(1);
	size_t before;
	char text[16];

	ck_assert_int_eq(apply(table, 1, "stays", VALUES("x")), TABLE_OK);
	before = table_bytes(table);
	for (unsigned i = 0; i < 10 * MANY; i++) {
		ck_assert_int_eq(apply(table, 1, numbered(text, i), VALUES("y")), TABLE_OK);
		ck_assert_int_eq(apply(table, 2, numbered(text, i), NULL), TABLE_OK);
	}
	ck_assert_uint_eq(table_bytes(table), before);
	assert_found(table, "stays", 1, "\0\2\1x");
	table_free(table);
}
END_TEST

START_TEST(has_a_limit_of_names)
{
	static const struct table_limits limits = {2, 1 << 20};
	struct table *table = table_new(&limits, key, 1);

	ck_assert_ptr_nonnull(table);
	/* No room is made for more than the limit, whatever is announced. */
	table_snapshot_begin(table, 10000);
	table_snapshot_end(table, 1);
	ck_assert_uint_lt(table_bytes(table), 4096);
	ck_assert_int_eq(apply(table, 1, "a", VALUES("a")), TABLE_OK);
	ck_assert_int_eq(apply(table, 2, "b", VALUES("b")), TABLE_OK);
	assert_not(table, "c", TABLE_ABSENT);
	ck_assert_int_eq(apply(table, 3, "c", VALUES("c")), TABLE_FULL);
	/* What is held goes on, also changing; what is not held is not denied any more. */
	assert_not(table, "c", TABLE_UNKNOWN);
	ck_assert_int_eq(apply(table, 4, "a", VALUES("A")), TABLE_OK);
	assert_found(table, "a", 1, "\0\2\1A");
	/* A snapshot in which everything fits makes it whole again. What it drops makes room at its end. */
	table_snapshot_begin(table, 1);
	ck_assert_int_eq(add(table, 5, "c", VALUES("c")), TABLE_FULL);
	table_snapshot_end(table, 1);
	assert_not(table, "a", TABLE_UNKNOWN);
	assert_not(table, "c", TABLE_UNKNOWN);
	table_snapshot_begin(table, 1);
	ck_assert_int_eq(add(table, 5, "c", VALUES("c")), TABLE_OK);
	table_snapshot_end(table, 1);
	assert_found(table, "c", 1, "\0\2\1c");
	assert_not(table, "a", TABLE_ABSENT);
	table_free(table);
}
END_TEST

START_TEST(has_a_limit_of_bytes)
{
	static const struct table_limits limits = {1000000, 64 * 1024};
	struct table *table = table_new(&limits, key, 1);
	char text[16], large[MESSAGE_MAX_TXT + 1];
	enum table_result result = TABLE_OK;
	unsigned count = 0;

	ck_assert_ptr_nonnull(table);
	memset(large, 'x', MESSAGE_MAX_TXT);
	large[MESSAGE_MAX_TXT] = '\0';
	/* Room for as many as it expects there never is: it takes what fits. */
	table_snapshot_begin(table, 1000000);
	table_snapshot_end(table, 1);
	while (result == TABLE_OK && count < 1000) {
		result = apply(table, 1, numbered(text, count), VALUES("small"));
		count += result == TABLE_OK;
	}
	ck_assert_int_eq(result, TABLE_FULL);
	ck_assert_uint_gt(count, 100);
	ck_assert_uint_le(table_bytes(table), limits.bytes);
	/* A value that does not fit takes the old one with it: better none than a wrong one. */
	for (unsigned i = 0; i < count && result == TABLE_OK; i++)
		result = apply(table, 2, numbered(text, i), VALUES(large, large));
	ck_assert_int_eq(result, TABLE_FULL);
	ck_assert_uint_le(table_bytes(table), limits.bytes);
	table_free(table);
}
END_TEST

START_TEST(survives_failing_memory)
{
	static const struct table_limits limits = {1000, 1 << 20};
	struct table_values values;
	char text[16];
	int happened;

	for (unsigned nth = 1;; nth++) {
		struct table *table;

		failing_malloc_at(nth);
		table = table_new(&limits, key, 1);
		if (table != NULL) {
			table_snapshot_begin(table, 0);
			for (unsigned i = 0; i < 100; i++)
				(void)add(table, 1, numbered(text, i), VALUES("v"));
			table_snapshot_end(table, 1);
			for (unsigned i = 0; i < 200; i++)
				(void)apply(table, 2, numbered(text, i), VALUES("w"));
		}
		happened = failing_malloc_happened();
		failing_malloc_at(0);
		/* Whatever failed, no name that was given is denied. */
		for (unsigned i = 0; table != NULL && i < 200; i++)
			ck_assert_int_ne(find(table, numbered(text, i), &values), TABLE_ABSENT);
		if (table != NULL && !happened)
			ck_assert_uint_eq(table_names(table), 200);
		table_free(table);
		if (!happened)
			break;
	}
}
END_TEST

START_TEST(frees_only_what_no_reader_holds)
{
	struct table *table = synchronised(2);
	struct table_values values;

	ck_assert_int_eq(apply(table, 1, "a", VALUES("old")), TABLE_OK);
	table_enter(table_reader(table, 0));
	ck_assert_int_eq(find(table, "a", &values), TABLE_FOUND);
	ck_assert_int_eq(apply(table, 2, "a", VALUES("new")), TABLE_OK);
	ck_assert_int_eq(table_reclaim(table), 1);
	ck_assert_int_eq(table_reclaim(table), 1);
	ck_assert_mem_eq(
	    values.records, NO_END "\0\4\3old", 10); /* a sanitizer would see it gone */
	/* Who enters now cannot hold it, and keeps nobody waiting. */
	table_enter(table_reader(table, 1));
	table_leave(table_reader(table, 0));
	ck_assert_int_eq(table_reclaim(table), 0);
	table_leave(table_reader(table, 1));
	table_free(table);
}
END_TEST

/* A large number of replaced names is freed in turns. */
START_TEST(frees_in_turns)
{
	struct table *table = synchronised(1);
	unsigned turns = 1;
	char text[16];

	for (unsigned i = 0; i < 2 * TABLE_RECLAIM_TURN + 1; i++)
		ck_assert_int_eq(apply(table, 1, numbered(text, i), NO_VALUES), TABLE_OK);
	table_snapshot_begin(table, 0);
	table_snapshot_end(table, 1);
	while (table_reclaim(table))
		turns++;
	ck_assert_uint_eq(turns, 3);
	table_free(table);
}
END_TEST

/* What the threads of the next test share. */
struct arena {
	struct table *table;
	atomic_int done;
	atomic_uint_fast64_t lookups;
	atomic_int failures;
};

struct reading {
	struct arena *arena;
	unsigned index;
};

/*
 * Every name has two equal values, so a torn or freed one shows; names below SHARED_NAMES / 2
 * exist all the time.
 */
static int
is_sound(struct table_reader *reader, unsigned number)
{
	struct table_values values;
	struct table_label label;
	enum table_find found;
	char text[16];
	size_t length;

	numbered(text, number);
	label = table_label(reader, (const uint8_t *)text, strlen(text));
	table_prefetch_bucket(reader, &label);
	table_prefetch_entry(reader, &label);
	found = table_find(reader, &label, &values);
	if (found != TABLE_FOUND)
		return found == TABLE_ABSENT && number >= SHARED_NAMES / 2;
	length = ENTRY_VALUE_HEAD + (size_t)(values.records[4] << 8 | values.records[5]);
	return values.count == 2 && memcmp(values.records, values.records + length, length) == 0;
}

static void *
read_on(void *argument)
{
	struct reading *reading = argument;
	struct arena *arena = reading->arena;
	struct table_reader *reader = table_reader(arena->table, reading->index);

	while (!atomic_load(&arena->done)) {
		table_enter(reader);
		for (unsigned i = 0; i < SHARED_NAMES; i++) {
			if (!is_sound(reader, i))
				(void)atomic_fetch_add(&arena->failures, 1);
		}
		table_leave(reader);
		(void)atomic_fetch_add(&arena->lookups, SHARED_NAMES);
	}
	return NULL;
}

static void
write_round(struct table *table, unsigned round)
{
	char text[16], value[16];

	(void)snprintf(value, sizeof(value), "%u", round * 7919);
	if (round % 8 == 0)
		table_snapshot_begin(table, round % 16);
	for (unsigned i = 0; i < SHARED_NAMES; i++) {
		int leave = i >= SHARED_NAMES / 2 && (i + round) % 3 == 0;

		ck_assert_int_eq(
		    apply(table, round + 1, numbered(text, i), leave ? NULL : VALUES(value, value)),
		    TABLE_OK);
	}
	if (round % 8 == 4)
		table_snapshot_end(table, 1);
	(void)table_reclaim(table);
}

START_TEST(readers_see_whole_names_while_the_writer_writes)
{
	struct arena arena = {.table = synchronised(READERS)};
	struct reading readings[READERS];
	pthread_t threads[READERS];
	unsigned round = 0;

	write_round(arena.table, round++);
	for (unsigned i = 0; i < READERS; i++) {
		readings[i] = (struct reading){&arena, i};
		ck_assert_int_eq(pthread_create(&threads[i], NULL, read_on, &readings[i]), 0);
	}
	/* Until both sides have done their share. */
	while (round < ROUNDS || atomic_load(&arena.lookups) < ROUNDS * SHARED_NAMES)
		write_round(arena.table, round++);
	atomic_store(&arena.done, 1);
	for (unsigned i = 0; i < READERS; i++)
		ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
	ck_assert_int_eq(atomic_load(&arena.failures), 0);
	while (table_reclaim(arena.table))
		;
	table_free(arena.table);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("table");
	TCase *cases = tcase_create("table");

	tcase_add_test(cases, denies_nothing_before_the_first_snapshot);
	tcase_add_test(cases, encodes_values_oldest_first);
	tcase_add_test(cases, keeps_when_values_end);
	tcase_add_test(cases, higher_commit_wins);
	tcase_add_test(cases, takes_deltas_during_a_snapshot);
	tcase_add_test(cases, a_snapshot_may_go_back);
	tcase_add_test(cases, a_snapshot_changes_ends);
	tcase_add_test(cases, a_snapshot_without_news_moves_nothing);
	tcase_add_test(cases, an_unfinished_snapshot_removes_nothing);
	tcase_add_test(cases, holds_many_and_forgets_them);
	tcase_add_test(cases, churn_does_not_grow);
	tcase_add_test(cases, has_a_limit_of_names);
	tcase_add_test(cases, has_a_limit_of_bytes);
	tcase_add_test(cases, survives_failing_memory);
	tcase_add_test(cases, frees_only_what_no_reader_holds);
	tcase_add_test(cases, frees_in_turns);
	tcase_add_test(cases, readers_see_whole_names_while_the_writer_writes);
	suite_add_tcase(suite, cases);
	return suite_run(suite);
}
