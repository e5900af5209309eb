/* A database that is there is found and used, or nothing happens: whatever keeps store from looking at it, none is put in its place. */
#include "database.h"
#include "log.h"

#include "suite.h"

#include <cap-ng.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MAP = 64 * 1024 * 1024, STORE_UID = 64999 };

static char path[64];

static struct database *
open_database(void)
{
	uid_t uid = geteuid() == 0 ? STORE_UID : geteuid();
	gid_t gid = geteuid() == 0 ? STORE_UID : getegid();

	return database_open(&(struct database_config){
	    .path = path, .uid = uid, .gid = gid, .map_size = MAP, .map_max = MAP});
}

static void
commit_once(struct database *database)
{
	ck_assert_int_eq(database_begin(database), DATABASE_OK);
	ck_assert_uint_gt(database_next_sequence(database), 0);
	ck_assert_int_eq(database_commit(database), DATABASE_OK);
}

static void
prepare(const char *name)
{
	log_init("test", LOG_LEVEL_ERROR, LOG_FORMAT_TEXT);
	snprintf(path, sizeof(path), "%s/%s", suite_folder, name);
	/* Its user has to get through. */
	ck_assert_int_eq(chmod(suite_folder, 0711), 0);
}

/* Root of a container: it may become store's user, and may not look into that user's folder as itself. */
START_TEST(root_without_its_capabilities_finds_it)
{
	struct database *database;

	prepare("own");
	database = open_database();
	commit_once(database);
	database_close(database);
	ck_assert_int_eq(capng_get_caps_process(), 0);
	ck_assert_int_eq(
	    capng_updatev(CAPNG_DROP, (capng_type_t)(CAPNG_EFFECTIVE | CAPNG_PERMITTED),
		CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, -1),
	    0);
	ck_assert_int_eq(capng_apply(CAPNG_SELECT_CAPS), 0);
	database = open_database();
	ck_assert_int_eq(database_begin(database), DATABASE_OK);
	ck_assert_uint_eq(database_next_sequence(database), 2);
	database_close(database);
}
END_TEST

/* A name that leads nowhere is not the same as no name. */
START_TEST(what_cannot_be_looked_at_is_not_replaced)
{
	char file[128], to[16];
	int status;
	pid_t child;

	prepare("loop");
	ck_assert_int_eq(mkdir(path, 0700), 0);
	snprintf(file, sizeof(file), "%s/data.mdb", path);
	ck_assert_int_eq(symlink("data.mdb", file), 0);
	ck_assert_int_eq(lchown(path, geteuid() == 0 ? STORE_UID : geteuid(),
			     geteuid() == 0 ? STORE_UID : getegid()),
	    0);
	child = fork();
	if (child == 0) {
		open_database();
		_exit(0);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 1);
	ck_assert_int_eq(readlink(file, to, sizeof(to)), 8);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("database_folder");
	TCase *tests = tcase_create("database_folder");

	tcase_add_test(tests, root_without_its_capabilities_finds_it);
	tcase_add_test(tests, what_cannot_be_looked_at_is_not_replaced);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
