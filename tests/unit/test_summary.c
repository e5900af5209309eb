/* What store keeps of the reports of the fronts. */
#include "summary.h"

#include "log.h"
#include "message.h"
#include "suite.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static uv_loop_t loop;
static struct summary *summary;

static void
set_up(void)
{
	log_init("test", LOG_LEVEL_INFO, LOG_FORMAT_TEXT);
	ck_assert_int_eq(uv_loop_init(&loop), 0);
	summary = summary_start(&loop);
}

static void
tear_down(void)
{
	/* Its timer is no work that the loop would wait for. */
	ck_assert_int_eq(uv_run(&loop, UV_RUN_DEFAULT), 0);
	summary_free(summary);
}

/* A report of a front in which every value is `value`, `bytes` longer than it should be. */
static int
take(enum statistic_source front, uint64_t value, int bytes)
{
	unsigned char body[2048] = {0};
	uint64_t values[STATISTICS];
	struct writer writer;
	struct reader reader;

	for (unsigned i = 0; i < STATISTICS; i++)
		values[i] = value;
	writer_init(&writer, body, sizeof(body));
	message_put_statistics(&writer, front, values);
	reader_init(&reader, body, (size_t)((long)writer.length + bytes));
	return summary_take(summary, front, &reader);
}

START_TEST(keeps_the_last_report_of_each_front)
{
	uint64_t values[STATISTICS];

	ck_assert_int_eq(take(STATISTIC_DNSD, 5, 0), 0);
	ck_assert_int_eq(take(STATISTIC_APID, 6, 0), 0);
	ck_assert_int_eq(take(STATISTIC_DNSD, 3, 0), 0); /* a new process */
	ck_assert_int_eq(take(STATISTIC_DNSD, 9, -1), -1);
	ck_assert_int_eq(take(STATISTIC_APID, 9, 1), -1);
	summary_read(summary, values);
	ck_assert_uint_eq(values[STATISTIC_DNS_UDP4], 3);
	ck_assert_uint_eq(values[STATISTIC_DNS_BYTES], 3);
	ck_assert_uint_eq(values[STATISTIC_HTTP_REGISTER_2XX], 6);
	ck_assert_uint_eq(values[STATISTIC_HTTP_OPEN], 6);
	ck_assert_uint_eq(values[STATISTIC_STORE_COMMITS], 0);
}
END_TEST

START_TEST(knows_who_has_reported_at_all)
{
	ck_assert_int_eq(take(STATISTIC_DNSD, 9, -1), -1);
	ck_assert_uint_eq(summary_age(summary, STATISTIC_DNSD), UINT32_MAX);
	ck_assert_int_eq(take(STATISTIC_DNSD, 5, 0), 0);
	ck_assert_uint_lt(summary_age(summary, STATISTIC_DNSD), UINT32_MAX);
	ck_assert_uint_eq(summary_age(summary, STATISTIC_APID), UINT32_MAX);
}
END_TEST

START_TEST(adds_what_its_own_threads_count)
{
	uint64_t values[STATISTICS];

	statistic_count(summary_counters(summary, SUMMARY_LOOP), STATISTIC_STORE_REMEMBERED);
	statistic_count(summary_counters(summary, SUMMARY_COMMITTER), STATISTIC_STORE_COMMITS);
	summary_read(summary, values);
	ck_assert_uint_eq(values[STATISTIC_STORE_REMEMBERED], 1);
	ck_assert_uint_eq(values[STATISTIC_STORE_COMMITS], 1);
}
END_TEST

/* What summary_log() writes, in `text`. */
static void
read_log(char *text, size_t capacity)
{
	char path[128];
	ssize_t length;
	int fd, old = dup(STDERR_FILENO);

	snprintf(path, sizeof(path), "%s/log", suite_folder);
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_ge(dup2(fd, STDERR_FILENO), 0);
	summary_log(summary);
	ck_assert_int_ge(dup2(old, STDERR_FILENO), 0);
	close(old);
	length = pread(fd, text, capacity - 1, 0);
	ck_assert_int_ge(length, 0);
	text[length] = '\0';
	close(fd);
}

START_TEST(logs_who_counted_what)
{
	char text[4096];

	read_log(text, sizeof(text));
	ck_assert_str_eq(text, "");
	statistic_add(summary_counters(summary, SUMMARY_LOOP), STATISTIC_STORE_VALUES_SET, 4);
	ck_assert_int_eq(take(STATISTIC_APID, 6, 0), 0);
	read_log(text, sizeof(text));
	ck_assert_ptr_nonnull(strstr(text, "statistics of apid: register.2xx=6 "));
	ck_assert_ptr_nonnull(strstr(text, " open=6 "));
	ck_assert_ptr_nonnull(strstr(text, "statistics of store: values.set=4\n"));
	ck_assert_ptr_null(strstr(text, "of dnsd"));
}
END_TEST

/* A front that lies makes its lines longer, but none is cut. */
START_TEST(no_line_is_cut)
{
	char text[16384], *line, *end;
	unsigned lines = 0;

	ck_assert_int_eq(take(STATISTIC_DNSD, UINT64_MAX, 0), 0);
	ck_assert_int_eq(take(STATISTIC_APID, UINT64_MAX, 0), 0);
	read_log(text, sizeof(text));
	for (line = text; *line != '\0'; line = end + 1) {
		end = strchr(line, '\n');
		ck_assert_ptr_nonnull(end);
		ck_assert_int_lt(end - line, LOG_MAX_LINE);
		ck_assert_int_eq(memcmp(end - 21, "=18446744073709551615", 21), 0);
		lines++;
	}
	ck_assert_uint_gt(lines, 2);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("summary");
	TCase *tests = tcase_create("summary");

	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, keeps_the_last_report_of_each_front);
	tcase_add_test(tests, knows_who_has_reported_at_all);
	tcase_add_test(tests, adds_what_its_own_threads_count);
	tcase_add_test(tests, logs_who_counted_what);
	tcase_add_test(tests, no_line_is_cut);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
