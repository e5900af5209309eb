/* Backups written, read, damaged and put back, and databases that are not right: on real LMDB environments. */
#include "backup.h"
#include "backup_file.h"
#include "database_environment.h"
#include "database_folder.h"
#include "database_view.h"
#include "restore.h"
#include "verification.h"

#include "suite.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ACCOUNTS = 400, MAP = 64 * 1024 * 1024 };

static char path[64];
static struct database *database;

static struct slice
slice_of(const char *text)
{
	return (struct slice){(const unsigned char *)text, strlen(text)};
}

static void
open_database(void)
{
	database = database_open(&(struct database_config){
	    .path = path, .uid = getuid(), .gid = getgid(), .map_size = MAP, .map_max = MAP});
}

static struct uuid
username_of(unsigned number)
{
	struct uuid username = {{0}};

	username.bytes[0] = (unsigned char)(number >> 8);
	username.bytes[1] = (unsigned char)number;
	username.bytes[15] = 1;
	return username;
}

static void
put_account(unsigned number, const char *label)
{
	struct uuid username = username_of(number);
	struct account_record account = {
	    .subdomain = slice_of(label), .hash = slice_of("$2b$10$hash")};

	ck_assert_int_eq(database_put_account(database, &username, &account), DATABASE_OK);
}

static void
put_name(unsigned owner, const char *label, uint64_t sequence)
{
	struct name_record name = {.owner = username_of(owner), .sequence = sequence};

	name_record_set(&name, slice_of("a value of that name"), 2, sequence, 1);
	ck_assert_int_eq(database_put_name(database, slice_of(label), &name), DATABASE_OK);
}

static void
put_token(const char *name, unsigned char first)
{
	struct token_record token = {.hash = {first}};

	ck_assert_int_eq(database_put_token(database, slice_of(name), &token), DATABASE_OK);
}

static void
make_database(void)
{
	char label[16];

	log_init("test", LOG_LEVEL_ERROR, LOG_FORMAT_TEXT);
	snprintf(path, sizeof(path), "%s/XXXXXX", suite_folder);
	ck_assert_ptr_nonnull(mkdtemp(path));
	open_database();
	ck_assert_int_eq(database_begin(database), DATABASE_OK);
	for (unsigned i = 0; i < ACCOUNTS; i++) {
		snprintf(label, sizeof(label), "name-%u", i);
		put_account(i, label);
		put_name(i, label, database_next_sequence(database));
	}
	put_token("team", 7);
	ck_assert_int_eq(database_commit(database), DATABASE_OK);
}

static void
close_database(void)
{
	database_close(database);
	database = NULL;
}

static char findings[4096];

static void
on_found(void *context, const char *table, const char *where, const char *what)
{
	size_t used = strlen(findings);

	(void)context;
	snprintf(findings + used, sizeof(findings) - used, "%s/%s: %s\n", table, where, what);
}

static void
on_reached(void *context, const char *table, struct slice key)
{
	(void)context;
	(void)table;
	(void)key;
}

static struct verification_totals
verify(MDB_env *environment)
{
	struct verification_config config = {
	    .environment = environment, .found = on_found, .reached = on_reached};
	struct verification_totals totals;

	findings[0] = '\0';
	verification_run(&config, &totals);
	return totals;
}

/* Commits what was put, and compares what is found with what should be. */
static void
expect_findings(const char *expected)
{
	struct verification_totals totals;

	ck_assert_int_eq(database_commit(database), DATABASE_OK);
	totals = verify(database->environment);
	ck_assert_str_eq(findings, expected);
	ck_assert_uint_eq(totals.findings > 0, expected[0] != '\0');
	close_database();
}

START_TEST(what_is_whole_is_counted)
{
	struct verification_totals totals;

	make_database();
	totals = verify(database->environment);
	ck_assert_str_eq(findings, "");
	ck_assert_uint_eq(totals.schema, DATABASE_SCHEMA);
	ck_assert_uint_eq(totals.sequence, ACCOUNTS);
	ck_assert_uint_eq(totals.accounts, ACCOUNTS);
	ck_assert_uint_eq(totals.names, ACCOUNTS);
	ck_assert_uint_eq(totals.values, ACCOUNTS);
	ck_assert_uint_eq(totals.retired, 0);
	ck_assert_uint_eq(totals.tokens, 1);
	close_database();
}
END_TEST

#define UUID_OF_900 "03840000-0000-0000-0000-000000000001"
#define UUID_OF_0   "00000000-0000-0000-0000-000000000001"

START_TEST(an_account_without_its_name_is_found)
{
	make_database();
	ck_assert_int_eq(database_begin(database), DATABASE_OK);
	put_account(900, "nowhere");
	expect_findings("accounts/" UUID_OF_900 ": its name is missing\n");
}
END_TEST

START_TEST(a_name_without_its_account_is_found)
{
	make_database();
	ck_assert_int_eq(database_begin(database), DATABASE_OK);
	put_name(900, "orphan", database_next_sequence(database));
	expect_findings("names/orphan: its account is missing\n");
}
END_TEST

START_TEST(two_accounts_of_one_name_are_found)
{
	make_database();
	ck_assert_int_eq(database_begin(database), DATABASE_OK);
	put_account(900, "name-0");
	expect_findings("accounts/" UUID_OF_900 ": its name belongs to somebody else\n");
}
END_TEST

START_TEST(two_names_of_one_account_are_found)
{
	make_database();
	ck_assert_int_eq(database_begin(database), DATABASE_OK);
	put_name(0, "second", database_next_sequence(database));
	expect_findings("names/second: its account has another name\n");
}
END_TEST

START_TEST(a_retired_name_of_an_account_is_found)
{
	struct name_record name = {.owner = username_of(0), .retired = 1};

	make_database();
	ck_assert_int_eq(database_begin(database), DATABASE_OK);
	name.sequence = database_next_sequence(database);
	ck_assert_int_eq(database_put_name(database, slice_of("name-0"), &name), DATABASE_OK);
	expect_findings("accounts/" UUID_OF_0 ": its name belongs to somebody else\n");
}
END_TEST

START_TEST(a_retired_name_needs_no_account)
{
	struct name_record name = {.owner = username_of(900), .retired = 1};

	make_database();
	ck_assert_int_eq(database_begin(database), DATABASE_OK);
	name.sequence = database_next_sequence(database);
	ck_assert_int_eq(database_put_name(database, slice_of("gone"), &name), DATABASE_OK);
	expect_findings("");
}
END_TEST

START_TEST(a_commit_of_the_future_is_found)
{
	make_database();
	ck_assert_int_eq(database_begin(database), DATABASE_OK);
	put_name(5, "name-5", ACCOUNTS + 1);
	expect_findings("names/name-5: it is of a commit that there was not yet\n");
}
END_TEST

START_TEST(a_value_newer_than_its_name_is_found)
{
	struct name_record name = {.owner = username_of(5)};

	make_database();
	ck_assert_int_eq(database_begin(database), DATABASE_OK);
	name_record_set(&name, slice_of("value"), 2, 7, 1);
	name.sequence = 6;
	ck_assert_int_eq(database_put_name(database, slice_of("name-5"), &name), DATABASE_OK);
	expect_findings("names/name-5: a value is newer than its name\n");
}
END_TEST

/* Past database.h, which has no way to say such things. */
static void
put_raw(MDB_dbi table, struct slice key, struct slice value)
{
	MDB_val name = database_value(key.data, key.length);
	MDB_val bytes = database_value(value.data, value.length);

	ck_assert_int_eq(mdb_put(database->transaction, table, &name, &bytes, 0), 0);
}

START_TEST(a_hash_without_its_token_is_found)
{
	unsigned char hash[RECORD_TOKEN_HASH];

	memset(hash, 'x', sizeof(hash));
	make_database();
	ck_assert_int_eq(database_begin(database), DATABASE_OK);
	put_raw(database->token_hashes, (struct slice){hash, sizeof(hash)}, slice_of("nobody"));
	expect_findings("token_hashes/xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx: its token is missing\n");
}
END_TEST

START_TEST(a_hash_of_another_token_is_found)
{
	unsigned char hash[RECORD_TOKEN_HASH] = {9};

	make_database();
	ck_assert_int_eq(database_begin(database), DATABASE_OK);
	put_token("crew", 9);
	put_raw(database->token_hashes, (struct slice){hash, sizeof(hash)}, slice_of("team"));
	ck_assert_int_eq(database_commit(database), DATABASE_OK);
	verify(database->environment);
	ck_assert_ptr_nonnull(strstr(findings, "tokens/crew: its hash belongs to another token\n"));
	ck_assert_ptr_nonnull(strstr(findings, ": its token has another hash\n"));
	close_database();
}
END_TEST

START_TEST(records_that_are_none_are_found)
{
	make_database();
	ck_assert_int_eq(database_begin(database), DATABASE_OK);
	put_raw(database->accounts, slice_of("short"), slice_of("x"));
	put_raw(database->names, slice_of("a\nb"), slice_of("x"));
	put_raw(database->tokens, slice_of("t"), slice_of("x"));
	put_raw(database->token_hashes, slice_of("h"), slice_of("x"));
	put_raw(database->meta, slice_of("schema"), slice_of("x"));
	expect_findings("meta/schema: it is not a number\n"
			"accounts/short: the key is not a user name\n"
			"names/a\\x0ab: the record is damaged\n"
			"tokens/t: the record is damaged\n"
			"token_hashes/h: the key is not a hash\n");
}
END_TEST

/* --- backups --- */

static int
make_backup(const char *name)
{
	struct backup_source source = {
	    .environment = database->environment, .schema = DATABASE_SCHEMA};
	char file[128];
	int fd;

	snprintf(file, sizeof(file), "%s/%s", suite_folder, name);
	fd = open(file, O_RDWR | O_CREAT | O_TRUNC, 0600);
	ck_assert_int_ge(fd, 0);
	database_view_state(source.environment, &source.schema, &source.sequence);
	ck_assert_uint_eq(backup_write(&source, fd), (uint64_t)lseek(fd, 0, SEEK_END));
	return fd;
}

static int
read_backup(int fd, struct backup_trailer *trailer)
{
	char why[128] = "";
	int result = backup_file_read(fd, -1, trailer, why, sizeof(why));

	ck_assert_int_eq(result == 0, why[0] == '\0');
	return result;
}

START_TEST(a_backup_is_what_was_there)
{
	struct verification_totals totals;
	struct backup_trailer trailer;
	MDB_env *image;
	int fd;

	make_database();
	fd = make_backup("whole");
	ck_assert_int_eq(read_backup(fd, &trailer), 0);
	ck_assert_uint_eq(trailer.schema, DATABASE_SCHEMA);
	ck_assert_uint_eq(trailer.sequence, ACCOUNTS);
	ck_assert_uint_gt(trailer.created, 1700000000);
	image = database_view_open_image(fd, trailer.length);
	totals = verify(image);
	ck_assert_str_eq(findings, "");
	ck_assert_uint_eq(totals.accounts, ACCOUNTS);
	ck_assert_uint_eq(totals.sequence, ACCOUNTS);
	mdb_env_close(image);
	close(fd);
	close_database();
}
END_TEST

START_TEST(every_flipped_byte_is_found)
{
	struct backup_trailer trailer;
	unsigned char byte;
	off_t size;
	int fd;

	make_database();
	fd = make_backup("flipped");
	size = lseek(fd, 0, SEEK_END);
	/* The trailer whole, and the image in steps that meet every page. */
	for (off_t at = 0; at < size; at += at < size - BACKUP_TRAILER - 999 ? 997 : 1) {
		ck_assert_int_eq(pread(fd, &byte, 1, at), 1);
		byte ^= 0x10;
		ck_assert_int_eq(pwrite(fd, &byte, 1, at), 1);
		ck_assert_int_eq(read_backup(fd, &trailer), -1);
		byte ^= 0x10;
		ck_assert_int_eq(pwrite(fd, &byte, 1, at), 1);
	}
	ck_assert_int_eq(read_backup(fd, &trailer), 0);
	close(fd);
	close_database();
}
END_TEST

START_TEST(a_backup_with_another_end_is_refused)
{
	struct backup_trailer trailer;
	off_t size;
	int fd;

	make_database();
	fd = make_backup("cut");
	size = lseek(fd, 0, SEEK_END);
	ck_assert_int_eq(pwrite(fd, "x", 1, size), 1);
	ck_assert_int_eq(read_backup(fd, &trailer), -1);
	for (off_t left = size - 1; left > 0; left -= left > size - 100 ? 1 : 4096) {
		ck_assert_int_eq(ftruncate(fd, left), 0);
		ck_assert_int_eq(read_backup(fd, &trailer), -1);
	}
	ck_assert_int_eq(ftruncate(fd, 0), 0);
	ck_assert_int_eq(read_backup(fd, &trailer), -1);
	close(fd);
	close_database();
}
END_TEST

START_TEST(a_newer_format_is_named)
{
	struct backup_trailer trailer = {.schema = 3, .created = 5, .sequence = 6, .length = 0};
	unsigned char bytes[BACKUP_TRAILER];
	struct backup_trailer read;

	backup_trailer_encode(&trailer, bytes);
	ck_assert_int_eq(backup_trailer_decode(&read, bytes), BACKUP_TRAILER_OK);
	ck_assert_uint_eq(read.schema, 3);
	ck_assert_uint_eq(read.created, 5);
	ck_assert_uint_eq(read.sequence, 6);
	bytes[19]++;
	ck_assert_int_eq(backup_trailer_decode(&read, bytes), BACKUP_TRAILER_NEWER);
	bytes[0]++;
	ck_assert_int_eq(backup_trailer_decode(&read, bytes), BACKUP_TRAILER_FOREIGN);
}
END_TEST

static void
restore_from(int fd, int over)
{
	struct database_folder folder;

	ck_assert_int_eq(lseek(fd, 0, SEEK_SET), 0);
	database_folder_enter(&folder, path, getuid(), getgid(), 1);
	restore_run(&folder, fd, over);
	database_folder_leave(&folder);
}

START_TEST(a_backup_is_put_back)
{
	char file[128];
	uint64_t count;
	struct stat status;
	int fd;

	make_database();
	fd = make_backup("kept");
	close_database();
	snprintf(path, sizeof(path), "%s/new/folder", suite_folder);
	restore_from(fd, 0);
	snprintf(file, sizeof(file), "%s/data.mdb", path);
	ck_assert_int_eq(stat(file, &status), 0);
	ck_assert_uint_eq(status.st_mode & 07777, 0600);
	open_database();
	ck_assert_int_eq(database_count_accounts(database, &count), DATABASE_OK);
	ck_assert_uint_eq(count, ACCOUNTS);
	/* And can be written to, where it was left off. */
	ck_assert_int_eq(database_begin(database), DATABASE_OK);
	ck_assert_uint_eq(database_next_sequence(database), ACCOUNTS + 1);
	put_account(900, "more");
	put_name(900, "more", ACCOUNTS + 1);
	expect_findings("");
	restore_from(fd, 1);
	open_database();
	ck_assert_int_eq(database_count_accounts(database, &count), DATABASE_OK);
	ck_assert_uint_eq(count, ACCOUNTS);
	close_database();
	close(fd);
}
END_TEST

START_TEST(a_database_is_not_overwritten)
{
	make_database();
	close_database();
	restore_from(open("/dev/null", O_RDONLY), 0);
}
END_TEST

START_TEST(a_database_in_use_is_not_overwritten)
{
	make_database();
	restore_from(make_backup("used"), 1);
}
END_TEST

START_TEST(what_is_no_backup_is_not_put_back)
{
	int fd;

	make_database();
	fd = make_backup("bad");
	close_database();
	ck_assert_int_eq(pwrite(fd, "x", 1, 5000), 1);
	restore_from(fd, 1);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("backup");
	TCase *tests = tcase_create("backup");

	tcase_add_test(tests, what_is_whole_is_counted);
	tcase_add_test(tests, an_account_without_its_name_is_found);
	tcase_add_test(tests, a_name_without_its_account_is_found);
	tcase_add_test(tests, two_accounts_of_one_name_are_found);
	tcase_add_test(tests, two_names_of_one_account_are_found);
	tcase_add_test(tests, a_retired_name_of_an_account_is_found);
	tcase_add_test(tests, a_retired_name_needs_no_account);
	tcase_add_test(tests, a_commit_of_the_future_is_found);
	tcase_add_test(tests, a_value_newer_than_its_name_is_found);
	tcase_add_test(tests, a_hash_without_its_token_is_found);
	tcase_add_test(tests, a_hash_of_another_token_is_found);
	tcase_add_test(tests, records_that_are_none_are_found);
	tcase_add_test(tests, a_backup_is_what_was_there);
	tcase_add_test(tests, every_flipped_byte_is_found);
	tcase_add_test(tests, a_backup_with_another_end_is_refused);
	tcase_add_test(tests, a_newer_format_is_named);
	tcase_add_test(tests, a_backup_is_put_back);
	tcase_add_exit_test(tests, a_database_is_not_overwritten, 1);
	tcase_add_exit_test(tests, a_database_in_use_is_not_overwritten, 1);
	tcase_add_exit_test(tests, what_is_no_backup_is_not_put_back, 1);
	tcase_set_timeout(tests, 300);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
