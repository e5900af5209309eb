/* An older database becomes a newer one, by steps that only this test knows: nothing was released before schema 1. */
#include "backup_file.h"
#include "database_environment.h"
#include "database_view.h"
#include "schema.h"

#include "suite.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NAMES = 500, MIB = 1024 * 1024 };

static char path[64];

static struct slice
slice_of(const char *text)
{
	return (struct slice){(const unsigned char *)text, strlen(text)};
}

/* Every name's record becomes longer, so that the map has to grow. */
static int
lengthen(MDB_txn *transaction)
{
	static unsigned char bytes[8192];
	MDB_cursor *cursor;
	MDB_val key, value;
	MDB_dbi names;
	int code = mdb_dbi_open(transaction, "names", 0, &names);

	if (code != 0 || (code = mdb_cursor_open(transaction, names, &cursor)) != 0)
		return code;
	while ((code = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == 0) {
		MDB_val longer = database_value(bytes, sizeof(bytes));
		unsigned char copy[64];

		/* Not on the page, which changes. */
		memcpy(copy, key.mv_data, key.mv_size);
		key = database_value(copy, key.mv_size);
		code = mdb_cursor_put(cursor, &key, &longer, MDB_CURRENT);
		if (code != 0)
			break;
	}
	mdb_cursor_close(cursor);
	return code == MDB_NOTFOUND ? 0 : code;
}

/* A second step, which finds what the first one has done. */
static int
count_long(MDB_txn *transaction)
{
	MDB_val key = database_value("name-7", 6), value;
	MDB_dbi names;
	int code = mdb_dbi_open(transaction, "names", 0, &names);

	if (code == 0)
		code = mdb_get(transaction, names, &key, &value);
	return code == 0 && value.mv_size != 8192 ? MDB_CORRUPTED : code;
}

static int
destroy(MDB_txn *transaction)
{
	MDB_dbi names;

	if (mdb_dbi_open(transaction, "names", 0, &names) == 0)
		(void)mdb_drop(transaction, names, 0);
	return MDB_CORRUPTED;
}

static const struct schema_step steps[] = {
    {.from = 1, .what = "makes records longer", .change = lengthen},
    {.from = 2, .what = "looks at them", .change = count_long}};
static const struct schema_step failing[] = {
    {.from = 1, .what = "makes records longer", .change = lengthen},
    {.from = 2, .what = "fails", .change = destroy}};
static const struct schema_plan to_1 = {.target = 1};
static const struct schema_plan to_2 = {.target = 2, .steps = steps, .count = 1};
static const struct schema_plan to_3 = {.target = 3, .steps = steps, .count = 2};
static const struct schema_plan to_fail = {.target = 3, .steps = failing, .count = 2};
static const struct schema_plan with_a_gap = {.target = 3, .steps = &steps[1], .count = 1};

static struct database *
open_as(const struct schema_plan *plan)
{
	return database_open(&(struct database_config){.path = path,
	    .uid = getuid(),
	    .gid = getgid(),
	    .map_size = MIB,
	    .map_max = 64 * (uint64_t)MIB,
	    .plan = plan});
}

static void
make_database(void)
{
	struct database *database;

	log_init("test", LOG_LEVEL_ERROR, LOG_FORMAT_TEXT);
	snprintf(path, sizeof(path), "%s/XXXXXX", suite_folder);
	ck_assert_ptr_nonnull(mkdtemp(path));
	database = open_as(NULL);
	ck_assert_int_eq(database_begin(database), DATABASE_OK);
	for (unsigned i = 0; i < NAMES; i++) {
		struct name_record name = {.sequence = database_next_sequence(database)};
		char label[16];

		snprintf(label, sizeof(label), "name-%u", i);
		ck_assert_int_eq(database_put_name(database, slice_of(label), &name), DATABASE_OK);
	}
	ck_assert_int_eq(database_commit(database), DATABASE_OK);
	database_close(database);
}

static const char *
file_of(const char *name)
{
	static char file[256];

	snprintf(file, sizeof(file), "%s/%s", path, name);
	return file;
}

static uint32_t
schema_of(struct database *database)
{
	uint64_t sequence;
	uint32_t schema;

	database_view_state(database->environment, &schema, &sequence);
	ck_assert_uint_eq(sequence, NAMES);
	return schema;
}

START_TEST(an_older_database_is_copied_and_changed)
{
	struct backup_trailer trailer;
	struct database *database;
	uint64_t count;
	char why[128];
	struct stat status;
	int fd;

	make_database();
	database = open_as(&to_3);
	ck_assert_uint_eq(schema_of(database), 3);
	ck_assert_int_eq(database_count_names(database, &count), DATABASE_OK);
	ck_assert_uint_eq(count, NAMES);
	database_close(database);
	fd = open(file_of("data.mdb.schema-1.backup"), O_RDONLY);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(fstat(fd, &status), 0);
	ck_assert_uint_eq(status.st_mode & 07777, 0600);
	ck_assert_int_eq(backup_file_read(fd, -1, &trailer, why, sizeof(why)), 0);
	ck_assert_uint_eq(trailer.schema, 1);
	ck_assert_uint_eq(trailer.sequence, NAMES);
	close(fd);
	ck_assert_int_ne(access(file_of("data.mdb.schema-1.part"), F_OK), 0);
	ck_assert_int_ne(access(file_of("data.mdb.schema-2.backup"), F_OK), 0);
	/* The next start has nothing to do. */
	ck_assert_int_eq(unlink(file_of("data.mdb.schema-1.backup")), 0);
	database = open_as(&to_3);
	database_close(database);
	ck_assert_int_ne(access(file_of("data.mdb.schema-1.backup"), F_OK), 0);
}
END_TEST

START_TEST(a_newer_database_is_refused)
{
	make_database();
	database_close(open_as(&to_2));
	open_as(&to_1);
}
END_TEST

START_TEST(a_schema_without_a_step_is_refused)
{
	make_database();
	open_as(&with_a_gap);
}
END_TEST

START_TEST(a_step_that_fails_changes_nothing)
{
	make_database();
	open_as(&to_fail);
}
END_TEST

/* The step before it stays, and the next program goes on from there. */
START_TEST(a_failed_step_is_done_again)
{
	struct database *database;
	uint64_t count;
	pid_t child;

	make_database();
	child = fork();
	if (child == 0) {
		open_as(&to_fail);
		_exit(0);
	}
	database = NULL;
	ck_assert_int_eq(waitpid(child, &(int){0}, 0), child);
	database = open_as(&to_2);
	ck_assert_uint_eq(schema_of(database), 2);
	database_close(database);
	database = open_as(&to_3);
	ck_assert_uint_eq(schema_of(database), 3);
	ck_assert_int_eq(database_count_names(database, &count), DATABASE_OK);
	ck_assert_uint_eq(count, NAMES);
	ck_assert_int_eq(access(file_of("data.mdb.schema-2.backup"), F_OK), 0);
	database_close(database);
}
END_TEST

START_TEST(a_disk_without_room_for_the_copy_changes_nothing)
{
	make_database();
	database_open(&(struct database_config){.path = path,
	    .uid = getuid(),
	    .gid = getgid(),
	    .map_size = MIB,
	    .map_max = 64 * (uint64_t)MIB,
	    .reserve = UINT64_C(1) << 60,
	    .plan = &to_2});
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("schema");
	TCase *tests = tcase_create("schema");

	tcase_add_test(tests, an_older_database_is_copied_and_changed);
	tcase_add_exit_test(tests, a_newer_database_is_refused, 1);
	tcase_add_exit_test(tests, a_schema_without_a_step_is_refused, 1);
	tcase_add_exit_test(tests, a_step_that_fails_changes_nothing, 1);
	tcase_add_test(tests, a_failed_step_is_done_again);
	tcase_add_exit_test(tests, a_disk_without_room_for_the_copy_changes_nothing, 1);
	tcase_set_timeout(tests, 300);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
