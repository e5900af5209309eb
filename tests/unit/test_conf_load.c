/* The configuration as a file: which are read, and where their paths begin. */
#include "conf_fixture.h"
#include "failing_malloc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void
write_file(const char *path, const char *text, size_t length)
{
	FILE *file = fopen(path, "w");

	ck_assert_ptr_nonnull(file);
	ck_assert_uint_eq(fwrite(text, 1, length, file), length);
	ck_assert_int_eq(fclose(file), 0);
}

/* conf_load() of the path, which must give these errors and messages. */
static void
expect_load(struct conf *conf, const char *path, int errors, const char *messages)
{
	char *text = NULL;
	size_t size = 0;
	FILE *stream = open_memstream(&text, &size);

	ck_assert_ptr_nonnull(stream);
	ck_assert_int_eq(conf_load(conf, path, 0, stream), errors);
	ck_assert_int_eq(fclose(stream), 0);
	ck_assert_str_eq(text, messages);
	free(text);
}

static void
enter_new_folder(char folder[64])
{
	snprintf(folder, 64, "/tmp/test_conf.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	ck_assert_int_eq(chdir(folder), 0);
}

static void
remove_folder(const char *folder)
{
	ck_assert_int_eq(chdir("/"), 0);
	ck_assert_int_eq(rmdir(folder), 0);
}

START_TEST(paths_begin_at_the_file)
{
	struct conf conf;
	char folder[64], expected[128];

	enter_new_folder(folder);
	ck_assert_int_eq(mkdir("etc", 0700), 0);
	ck_assert_int_eq(symlink("etc", "link"), 0);
	write_file("etc/c.yaml", RECORDS "store: {path: ../var/lib}\n",
	    sizeof(RECORDS "store: {path: ../var/lib}\n") - 1);
	snprintf(expected, sizeof(expected), "%s/var/lib", folder);
	expect_load(&conf, "etc/c.yaml", 0, "");
	ck_assert_str_eq(conf.store.path, expected);
	conf_free(&conf);
	expect_load(&conf, "link/c.yaml", 0, "");
	ck_assert_str_eq(conf.store.path, expected);
	conf_free(&conf);
	ck_assert_int_eq(chdir("etc"), 0);
	expect_load(&conf, "c.yaml", 0, "");
	ck_assert_str_eq(conf.store.path, expected);
	conf_free(&conf);
	ck_assert_int_eq(unlink("c.yaml"), 0);
	ck_assert_int_eq(chdir(folder), 0);
	ck_assert_int_eq(unlink("link"), 0);
	ck_assert_int_eq(rmdir("etc"), 0);
	remove_folder(folder);
}
END_TEST

START_TEST(unreadable_files_are_one_error)
{
	struct conf conf;
	char folder[64];

	enter_new_folder(folder);
	expect_load(&conf, "missing.yaml", 1,
	    "missing.yaml: error: the configuration cannot be read: No such file or directory\n");
	expect_load(&conf, "/", 1, "/: error: the configuration cannot be read: it is a folder\n");
	ck_assert_int_eq(mkfifo("fifo", 0600), 0);
	expect_load(&conf, "fifo", 1,
	    "fifo: error: the configuration cannot be read: it is not a regular file\n");
	ck_assert_int_eq(unlink("fifo"), 0);
	ck_assert_int_eq(symlink("loop", "loop"), 0);
	expect_load(&conf, "loop", 1,
	    "loop: error: the configuration cannot be read: Too many levels of symbolic links\n");
	ck_assert_int_eq(unlink("loop"), 0);
	write_file("empty.yaml", "", 0);
	expect_load(&conf, "empty.yaml", 1,
	    "empty.yaml:1:1: error: the file is empty; it needs at least \"zone: {name: "
	    "auth.example.org}\"\n");
	ck_assert_int_eq(unlink("empty.yaml"), 0);
	remove_folder(folder);
}
END_TEST

START_TEST(a_file_has_an_end)
{
	struct conf conf;
	char folder[64];
	char *text = malloc(CONF_MAX_FILE + 1);

	ck_assert_ptr_nonnull(text);
	memset(text, '#', CONF_MAX_FILE + 1);
	memcpy(text, RECORDS, sizeof(RECORDS) - 1);
	enter_new_folder(folder);
	write_file("c.yaml", text, CONF_MAX_FILE);
	expect_load(&conf, "c.yaml", 0, "");
	conf_free(&conf);
	write_file("c.yaml", text, CONF_MAX_FILE + 1);
	expect_load(&conf, "c.yaml", 1,
	    "c.yaml: error: the file is larger than 1048576 bytes; is it the right one?\n");
	ck_assert_int_eq(unlink("c.yaml"), 0);
	remove_folder(folder);
	free(text);
}
END_TEST

START_TEST(loading_survives_a_failing_allocation)
{
	struct conf conf;
	char *text = NULL;
	size_t size = 0;
	FILE *stream = open_memstream(&text, &size);
	int errors;

	ck_assert_ptr_nonnull(stream);
	failing_malloc_at(1); /* nothing in between: the test library allocates, too */
	errors = conf_load(&conf, "/", 0, stream);
	ck_assert_int_eq(failing_malloc_happened(), 1);
	ck_assert_int_eq(errors, 1);
	ck_assert_int_eq(fclose(stream), 0);
	ck_assert_str_eq(text, "/: error: the configuration cannot be read: out of memory\n");
	/* Not the code by which systemd takes the file for wrong, and does not try again. */
	ck_assert_int_eq(conf_exit_code(&conf), 1);
	free(text);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("conf_load");
	TCase *cases = tcase_create("conf_load");

	tcase_add_test(cases, paths_begin_at_the_file);
	tcase_add_test(cases, unreadable_files_are_one_error);
	tcase_add_test(cases, a_file_has_an_end);
	tcase_add_test(cases, loading_survives_a_failing_allocation);
	suite_add_tcase(suite, cases);
	return suite_run(suite);
}
