/* What a log line may contain, and how many a peer can cause. */
#include "log.h"

#include "suite.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct {
	const char *bytes;
	size_t length, capacity;
	const char *shown;
} rows[] = {
    {"plain text", 10, 64, "plain text"},
    {"a\nb\0c", 5, 64, "a\\x0ab\\x00c"},
    {"\"'`\\", 4, 64, "\\x22\\x27\\x60\\x5c"},
    {"\x1b[31m\xff", 6, 64, "\\x1b[31m\\xff"},
    {"12345678", 8, 8, "1234..."},
    {"1234567", 7, 8, "1234567"},
    {"\n\n\n", 3, 12, "\\x0a\\x0a..."},
    {"", 0, 8, ""},
};

START_TEST(peers_bytes_are_made_harmless)
{
	char text[64];

	memset(text, '#', sizeof(text));
	log_safe(text, rows[_i].capacity, rows[_i].bytes, rows[_i].length);
	ck_assert_str_eq(text, rows[_i].shown);
	ck_assert_int_eq(text[rows[_i].capacity < 64 ? rows[_i].capacity : 63], '#');
}
END_TEST

START_TEST(a_kind_of_event_has_a_budget)
{
	struct log_limit limit = {0};
	unsigned lines = 0;

	for (int i = 0; i < 1000; i++)
		lines += (unsigned)log_allowed(&limit);
	ck_assert_uint_eq(lines, 10);
	ck_assert_uint_eq(limit.suppressed, 990);
}
END_TEST

/* Runs `write_lines` with standard error in a file and returns what it wrote. */
static const char *
captured(void (*write_lines)(void))
{
	static char text[4096];
	int file = open(suite_folder, O_TMPFILE | O_RDWR, 0600), before = dup(STDERR_FILENO);
	ssize_t length;

	ck_assert_int_ge(file, 0);
	dup2(file, STDERR_FILENO);
	write_lines();
	dup2(before, STDERR_FILENO);
	length = pread(file, text, sizeof(text) - 1, 0);
	ck_assert_int_ge((int)length, 0);
	text[length] = '\0';
	close(file);
	close(before);
	return text;
}

static void
write_text(void)
{
	unsetenv("JOURNAL_STREAM");
	log_init("test", LOG_LEVEL_WARNING, LOG_FORMAT_TEXT);
	log_warning("seen %d", 1);
	log_info("not seen");
}

/* Inherited, but standard error has gone elsewhere since. */
static void
write_elsewhere(void)
{
	setenv("JOURNAL_STREAM", "1:2", 1);
	log_init("test", LOG_LEVEL_DEBUG, LOG_FORMAT_TEXT);
	log_error("one");
	unsetenv("JOURNAL_STREAM");
}

static void
write_event(void)
{
	const struct log_field fields[] = {{"event", "updated"}, {"client", "192.0.2.1"},
	    {"account", NULL}, {"reason", "two words"}};

	log_init("test", LOG_LEVEL_INFO, LOG_FORMAT_TEXT);
	log_event(LOG_LEVEL_INFO, fields, 4);
	log_event(LOG_LEVEL_DEBUG, fields, 4);
}

static void
write_json(void)
{
	unsetenv("JOURNAL_STREAM");
	log_init("test", LOG_LEVEL_INFO, LOG_FORMAT_JSON);
	log_info("a \"quoted\" \\ word");
}

static void
write_long(void)
{
	char text[3000];

	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	unsetenv("JOURNAL_STREAM");
	log_init("test", LOG_LEVEL_INFO, LOG_FORMAT_TEXT);
	log_info("%s", text);
}

START_TEST(writes_lines_in_each_form)
{
	const char *text = captured(write_text);

	ck_assert_ptr_nonnull(strstr(text, "Z warning test: seen 1\n"));
	ck_assert_ptr_null(strstr(text, "not seen"));
	ck_assert_ptr_nonnull(strstr(captured(write_elsewhere), "Z error   test: one\n"));
	text = captured(write_event);
	ck_assert_str_eq(strchr(text, 'Z'), "Z info    test: event=updated client=192.0.2.1 "
					    "reason=\"two words\"\n");
	text = captured(write_json);
	ck_assert_ptr_nonnull(strstr(text, "\"level\":\"info\",\"process\":\"test\",\"message\":"
					   "\"a \\\"quoted\\\" \\\\ word\"}\n"));
	text = captured(write_long);
	ck_assert_uint_le(strlen(text), LOG_MAX_LINE);
	ck_assert_int_eq(text[strlen(text) - 1], '\n');
}
END_TEST

static int journal_peer;

/* The journal's socket (--wrap): one end of a pair. */
int __wrap_journal_open(void);

int
__wrap_journal_open(void)
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, ends) != 0)
		return -1;
	journal_peer = ends[1];
	return ends[0];
}

/* Standard error is the journal's stream. */
static void
write_to_journal(void)
{
	char stream[64];
	struct stat status;

	fstat(STDERR_FILENO, &status);
	snprintf(
	    stream, sizeof(stream), "%ju:%ju", (uintmax_t)status.st_dev, (uintmax_t)status.st_ino);
	setenv("JOURNAL_STREAM", stream, 1);
	log_init("test", LOG_LEVEL_INFO, LOG_FORMAT_TEXT);
	log_error("one");
	close(journal_peer);
	log_warning("two");
	unsetenv("JOURNAL_STREAM");
}

START_TEST(what_the_journals_socket_refuses_keeps_its_level)
{
	ck_assert_str_eq(captured(write_to_journal), "<4>test: two\n");
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("log");
	TCase *tests = tcase_create("log");

	tcase_add_loop_test(tests, peers_bytes_are_made_harmless, 0, ROWS(rows));
	tcase_add_test(tests, a_kind_of_event_has_a_budget);
	tcase_add_test(tests, writes_lines_in_each_form);
	tcase_add_test(tests, what_the_journals_socket_refuses_keeps_its_level);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
