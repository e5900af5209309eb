/* Group commit on a real LMDB environment in a temporary folder. */
#include "committer.h"
#include "log.h"

#include "suite.h"

#include <lmdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MANY = 600, BIG_VALUES = 70000 };

static char path[64];
static uv_loop_t loop;
static struct database *database;
static struct committer *committer;
static struct statistic_counters counters;
static unsigned done, groups;
static uint64_t last_commit;

static struct slice
slice_of(const char *text)
{
	return (struct slice){(const unsigned char *)text, strlen(text)};
}

static void
on_done(struct change *change)
{
	done++;
	if (change->result == MESSAGE_RESULT_OK) {
		/* Handed back in the order of commits. */
		ck_assert_uint_gt(change->commit, last_commit);
		last_commit = change->commit;
	}
}

static void
on_group_ended(void *context)
{
	(void)context;
	groups++;
}

static const struct record_limits limits = {.values = 2, .text = 43};

static void
open_all(void)
{
	log_init("test", LOG_LEVEL_ERROR, LOG_FORMAT_TEXT);
	ck_assert_int_eq(uv_loop_init(&loop), 0);
	database = database_open(&(struct database_config){.path = path,
	    .uid = getuid(),
	    .gid = getgid(),
	    .map_size = UINT64_C(64) << 20,
	    .map_max = UINT64_C(1) << 40});
	committer = committer_start(&loop, database, &limits, &counters, on_group_ended, NULL);
}

static void
close_all(void)
{
	committer_stop(committer);
	uv_run(&loop, UV_RUN_DEFAULT);
	ck_assert_int_eq(uv_loop_close(&loop), 0);
	database_close(database);
}

static void
make_folder(void)
{
	snprintf(path, sizeof(path), "%s/XXXXXX", suite_folder);
	ck_assert_ptr_nonnull(mkdtemp(path));
}

static uint64_t
commits(void)
{
	return atomic_load(&counters.values[STATISTIC_STORE_COMMITS]);
}

static void
wait_for(unsigned count)
{
	while (done < count)
		uv_run(&loop, UV_RUN_ONCE);
}

static const struct account_record account = {
    .subdomain = {(const unsigned char *)"sub", 3}, .hash = {(const unsigned char *)"hash", 4}};

static struct change
registration(unsigned number, char label[16])
{
	struct change change = {.kind = CHANGE_REGISTER, .account = &account, .done = on_done};

	snprintf(label, 16, "name%u", number);
	memcpy(change.username.bytes, &number, sizeof(number));
	change.label = slice_of(label);
	return change;
}

static void
submit_and_wait(struct change *change)
{
	unsigned before = done;

	change->done = on_done;
	ck_assert_int_eq(committer_submit(committer, change), 0);
	wait_for(before + 1);
}

static void
assert_stored(struct slice label, unsigned count, const char *last)
{
	struct name_record name;

	ck_assert_int_eq(database_begin(database), DATABASE_OK);
	ck_assert_int_eq(database_get_name(database, label, &name), DATABASE_OK);
	ck_assert_uint_eq(name.count, count);
	if (count > 0)
		ck_assert_int_eq(slice_equals(name.values[count - 1].text, last), 1);
	database_abort(database);
}

START_TEST(what_was_handed_back_survives_a_restart)
{
	char label[16];
	struct change first = registration(1, label);
	struct change second = {.kind = CHANGE_SET,
	    .username = first.username,
	    .label = first.label,
	    .text = slice_of("value"),
	    .time = 77};
	struct database_account read;
	struct name_record name;

	make_folder();
	open_all();
	submit_and_wait(&first);
	submit_and_wait(&second);
	ck_assert_int_eq(first.result, MESSAGE_RESULT_OK);
	ck_assert_int_eq(second.result, MESSAGE_RESULT_OK);
	ck_assert_uint_eq(second.commit, first.commit + 1);
	ck_assert_int_eq(name_record_decode(
			     &name, second.label, (struct slice){second.name, second.name_length}),
	    0);
	ck_assert_uint_eq(name.updated, 77);
	close_all();
	last_commit = 0;
	open_all();
	assert_stored(first.label, 1, "value");
	ck_assert_int_eq(database_read_account(database, &first.username, &read), DATABASE_OK);
	ck_assert_int_eq(slice_equals(read.record.hash, "hash"), 1);
	second.text = slice_of("later");
	free(second.name);
	second.name = NULL;
	submit_and_wait(&second);
	/* The sequence goes on where it was. */
	ck_assert_uint_eq(second.commit, first.commit + 2);
	close_all();
	free(first.name);
	free(second.name);
}
END_TEST

/* What a disk does that has not written a page, and has the one from before. */
static void
set_sequence_back(void)
{
	static const unsigned char zero[8];
	MDB_val key = {.mv_size = 8, .mv_data = (char[]){"sequence"}};
	MDB_val number = {.mv_size = sizeof(zero)};
	MDB_env *environment;
	MDB_txn *transaction;
	MDB_dbi meta;

	memcpy(&number.mv_data, &(const void *){zero}, sizeof(number.mv_data));
	ck_assert_int_eq(mdb_env_create(&environment), 0);
	ck_assert_int_eq(mdb_env_set_maxdbs(environment, 8), 0);
	ck_assert_int_eq(mdb_env_open(environment, path, 0, 0600), 0);
	ck_assert_int_eq(mdb_txn_begin(environment, NULL, 0, &transaction), 0);
	ck_assert_int_eq(mdb_dbi_open(transaction, "meta", 0, &meta), 0);
	ck_assert_int_eq(mdb_put(transaction, meta, &key, &number, 0), 0);
	ck_assert_int_eq(mdb_txn_commit(transaction), 0);
	mdb_env_close(environment);
}

START_TEST(a_name_from_after_the_last_commit_is_not_changed)
{
	char label[16];
	struct change first = registration(1, label);
	struct change change = {.kind = CHANGE_SET,
	    .username = first.username,
	    .label = first.label,
	    .text = slice_of("value")};

	make_folder();
	open_all();
	submit_and_wait(&first);
	close_all();
	set_sequence_back();
	last_commit = 0;
	open_all();
	submit_and_wait(&change);
	ck_assert_int_eq(change.result, MESSAGE_RESULT_DB_ERROR);
	close_all();
	free(first.name);
}
END_TEST

START_TEST(only_the_owner_changes_a_name)
{
	char label[16];
	struct change first = registration(1, label);
	struct change thief = {.kind = CHANGE_SET,
	    .username = {{9}},
	    .label = first.label,
	    .text = slice_of("stolen")};
	struct change lost = {.kind = CHANGE_SET,
	    .username = first.username,
	    .label = slice_of("nowhere"),
	    .text = slice_of("lost")};

	make_folder();
	open_all();
	submit_and_wait(&first);
	submit_and_wait(&thief);
	ck_assert_int_eq(thief.result, MESSAGE_RESULT_FORBIDDEN);
	submit_and_wait(&lost);
	ck_assert_int_eq(lost.result, MESSAGE_RESULT_FORBIDDEN);
	assert_stored(first.label, 0, NULL);
	close_all();
	free(first.name);
}
END_TEST

START_TEST(values_are_set_and_cleared)
{
	char label[16];
	struct change first = registration(1, label);
	struct change change = {
	    .kind = CHANGE_SET, .username = first.username, .label = first.label};
	static const char *const texts[] = {"a", "b", "c"};

	make_folder();
	open_all();
	submit_and_wait(&first);
	for (unsigned i = 0; i < 3; i++) {
		change.text = slice_of(texts[i]);
		submit_and_wait(&change);
	}
	assert_stored(first.label, 2, "c");
	change.kind = CHANGE_CLEAR;
	submit_and_wait(&change);
	assert_stored(first.label, 0, NULL);
	ck_assert_uint_eq(commits(), 5);
	close_all();
	free(first.name);
	free(change.name);
}
END_TEST

static struct change many[MANY];
static char many_labels[MANY][16];

static void
submit_many(unsigned number)
{
	many[number] = registration(number, many_labels[number]);
	ck_assert_int_eq(committer_submit(committer, &many[number]), 0);
}

static void
wait_for_many(void)
{
	wait_for(MANY);
	for (unsigned i = 0; i < MANY; i++) {
		ck_assert_int_eq(many[i].result, MESSAGE_RESULT_OK);
		free(many[i].name);
	}
	/* The loop may hear of several at once. */
	ck_assert_uint_ge(commits(), groups);
	close_all();
}

/* The thread is idle, and yet it does not begin with the first of them alone. */
START_TEST(a_turn_of_the_loop_is_one_group)
{
	make_folder();
	open_all();
	for (unsigned i = 0; i < MANY; i++)
		submit_many(i);
	wait_for_many();
	ck_assert_uint_eq(commits(), 1);
}
END_TEST

/* While one group syncs the next one gathers: far fewer groups than turns. */
START_TEST(turns_gather_into_groups)
{
	make_folder();
	open_all();
	for (unsigned i = 0; i < MANY; i++) {
		submit_many(i);
		uv_run(&loop, UV_RUN_NOWAIT);
	}
	wait_for_many();
	ck_assert_uint_lt(commits(), MANY);
}
END_TEST

START_TEST(the_queue_has_a_bound)
{
	static struct change changes[COMMITTER_QUEUE + 1];
	static char labels[COMMITTER_QUEUE + 1][16];

	make_folder();
	open_all();
	for (unsigned i = 0; i < COMMITTER_QUEUE; i++) {
		changes[i] = registration(i, labels[i]);
		ck_assert_int_eq(committer_submit(committer, &changes[i]), 0);
	}
	/* None has been handed back: that takes a turn of the loop. */
	changes[COMMITTER_QUEUE] = registration(COMMITTER_QUEUE, labels[COMMITTER_QUEUE]);
	ck_assert_int_eq(committer_submit(committer, &changes[COMMITTER_QUEUE]), -1);
	wait_for(COMMITTER_QUEUE);
	for (unsigned i = 0; i < COMMITTER_QUEUE; i++)
		free(changes[i].name);
	close_all();
}
END_TEST

static unsigned visited;

static int
count_names(void *context, struct slice label, const struct name_record *name)
{
	unsigned limit = *(unsigned *)context;

	(void)label;
	(void)name;
	if (visited == limit)
		return 1;
	visited++;
	return 0;
}

START_TEST(names_are_walked_in_parts)
{
	static struct change changes[100];
	static char labels[100][16];
	struct database_place place = {.length = 0};
	unsigned limit = 60;
	uint64_t count;

	make_folder();
	open_all();
	for (unsigned i = 0; i < 100; i++) {
		changes[i] = registration(i, labels[i]);
		submit_and_wait(&changes[i]);
		free(changes[i].name);
	}
	ck_assert_int_eq(database_count_names(database, &count), DATABASE_OK);
	ck_assert_uint_eq(count, 100);
	ck_assert_int_eq(database_walk_names(database, &place, count_names, &limit), DATABASE_OK);
	ck_assert_uint_eq(visited, 60);
	limit = 1000;
	ck_assert_int_eq(
	    database_walk_names(database, &place, count_names, &limit), DATABASE_MISSING);
	ck_assert_uint_eq(visited, 100);
	ck_assert_int_eq(place.damaged, 0);
	close_all();
}
END_TEST

/* More than the first map holds: it grows, and nothing is refused or lost. */
START_TEST(the_map_grows_by_itself)
{
	static unsigned char text[MESSAGE_MAX_TXT];
	struct stat status;
	char file[128];
	unsigned total = 0;
	uint64_t count;

	make_folder();
	open_all();
	memset(text, 'x', sizeof(text));
	while (total < BIG_VALUES) {
		static struct change changes[1000];
		static char labels[1000][16];
		unsigned before = done;

		for (unsigned i = 0; i < 1000; i++) {
			changes[i] = registration(total + i, labels[i]);
			ck_assert_int_eq(committer_submit(committer, &changes[i]), 0);
		}
		wait_for(before + 1000);
		before = done;
		for (unsigned i = 0; i < 1000; i++) {
			ck_assert_int_eq(changes[i].result, MESSAGE_RESULT_OK);
			changes[i].kind = CHANGE_SET;
			changes[i].text = (struct slice){text, sizeof(text)};
			ck_assert_int_eq(committer_submit(committer, &changes[i]), 0);
		}
		wait_for(before + 1000);
		for (unsigned i = 0; i < 1000; i++) {
			ck_assert_int_eq(changes[i].result, MESSAGE_RESULT_OK);
			free(changes[i].name);
		}
		total += 1000;
	}
	close_all();
	snprintf(file, sizeof(file), "%s/data.mdb", path);
	ck_assert_int_eq(stat(file, &status), 0);
	ck_assert_int_gt(status.st_size, 64 * 1024 * 1024);
	open_all();
	ck_assert_int_eq(database_count_names(database, &count), DATABASE_OK);
	ck_assert_uint_eq(count, total);
	close_all();
}
END_TEST

START_TEST(a_second_store_is_refused)
{
	make_folder();
	open_all();
	database_open(&(struct database_config){.path = path,
	    .uid = getuid(),
	    .gid = getgid(),
	    .map_size = UINT64_C(64) << 20,
	    .map_max = UINT64_C(1) << 40});
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("committer");
	TCase *tests = tcase_create("committer");

	tcase_add_test(tests, what_was_handed_back_survives_a_restart);
	tcase_add_test(tests, a_name_from_after_the_last_commit_is_not_changed);
	tcase_add_test(tests, only_the_owner_changes_a_name);
	tcase_add_test(tests, values_are_set_and_cleared);
	tcase_add_test(tests, a_turn_of_the_loop_is_one_group);
	tcase_add_test(tests, turns_gather_into_groups);
	tcase_add_test(tests, the_queue_has_a_bound);
	tcase_add_test(tests, names_are_walked_in_parts);
	tcase_add_test(tests, the_map_grows_by_itself);
	tcase_add_exit_test(tests, a_second_store_is_refused, 1);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
