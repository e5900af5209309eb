/* Folders that are made, and names that are given: what is on the disk by then, and what is never replaced. */
#include "folder.h"

#include "suite.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char synced[8][PATH_MAX]; /* the folders, in their order */
static unsigned sync_count;

/* In the place of libc's, which tells nobody. */
int
fsync(int fd)
{
	char link[64];
	ssize_t length;

	ck_assert_uint_lt(sync_count, ROWS(synced));
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	length = readlink(link, synced[sync_count], PATH_MAX - 1);
	ck_assert_int_gt(length, 0);
	synced[sync_count++][length] = '\0';
	return 0;
}

static const char *
place(char path[PATH_MAX], const char *name)
{
	snprintf(path, PATH_MAX, "%s/%s", suite_folder, name);
	return path;
}

START_TEST(new_folders_are_on_the_disk)
{
	char path[PATH_MAX], above[PATH_MAX];
	struct stat status;

	umask(077);
	ck_assert_int_eq(folder_make(place(path, "one/two/three")), 0);
	ck_assert_int_eq(stat(path, &status), 0);
	ck_assert_uint_eq(status.st_mode & 07777, 0755);
	ck_assert_uint_eq(sync_count, 3);
	ck_assert_str_eq(synced[0], suite_folder);
	ck_assert_str_eq(synced[1], place(above, "one"));
	ck_assert_str_eq(synced[2], place(above, "one/two"));
	ck_assert_int_eq(folder_make(path), 0);
	ck_assert_uint_eq(sync_count, 3);
}
END_TEST

START_TEST(a_name_without_a_folder_is_here)
{
	ck_assert_int_eq(chdir(suite_folder), 0);
	folder_sync_name("file");
	folder_sync_name("nowhere/file");
	folder_sync_name("/file");
	ck_assert_uint_eq(sync_count, 2);
	ck_assert_str_eq(synced[0], suite_folder);
	ck_assert_str_eq(synced[1], "/");
}
END_TEST

static void
make_file(const char *path, const char *content)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	ck_assert_int_eq(write(fd, content, 1), 1);
	close(fd);
}

START_TEST(what_has_a_name_is_not_replaced)
{
	char from[PATH_MAX], to[PATH_MAX], byte = 0;
	int fd;

	make_file(place(from, "new"), "n");
	ck_assert_int_eq(folder_add(from, place(to, "there")), 0);
	make_file(from, "m");
	errno = 0;
	ck_assert_int_eq(folder_add(from, to), -1);
	ck_assert_int_eq(errno, EEXIST);
	fd = open(to, O_RDONLY);
	ck_assert_int_eq(read(fd, &byte, 1), 1);
	ck_assert_int_eq(byte, 'n');
	close(fd);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("folder");
	TCase *tests = tcase_create("folder");

	tcase_add_test(tests, new_folders_are_on_the_disk);
	tcase_add_test(tests, a_name_without_a_folder_is_here);
	tcase_add_test(tests, what_has_a_name_is_not_replaced);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
