/* When a front process reports its statistics to store, over a real link and loop. */
#include "report.h"

#include "log.h"
#include "suite.h"

#include <sys/socket.h>
#include <unistd.h>

static uv_loop_t loop;
static struct report *report;
static struct link *link_under_test;
static int peer;
static uint64_t counted;

static void
collect(void *context, uint64_t values[STATISTICS])
{
	ck_assert_ptr_eq(context, &counted);
	values[STATISTIC_HTTP_OPENED] += counted;
}

static void
on_closed(void *context, enum link_end end)
{
	(void)context;
	(void)end;
}

static void
open_link(void)
{
	const struct link_config config = {
	    .peer = "test", .queue_maximum = 100, .closed = on_closed};
	int pair[2];

	ck_assert_int_eq(
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair), 0);
	peer = pair[1];
	link_under_test = link_open(&loop, pair[0], &config);
	ck_assert_ptr_nonnull(link_under_test);
}

static void
close_link(void)
{
	link_close(link_under_test);
	link_under_test = NULL;
	close(peer);
}

static void
set_up(void)
{
	log_init("test", LOG_LEVEL_ERROR, LOG_FORMAT_TEXT);
	ck_assert_int_eq(uv_loop_init(&loop), 0);
	report = report_new(&loop, STATISTIC_APID, collect, &counted);
	ck_assert_ptr_nonnull(report);
	open_link();
}

static void
tear_down(void)
{
	report_close(report);
	close_link();
	ck_assert_int_eq(uv_run(&loop, UV_RUN_DEFAULT), 0);
	ck_assert_int_eq(uv_loop_close(&loop), 0);
}

/* The value in the next report that the peer has; -1: there is none. */
static int64_t
received(void)
{
	unsigned char bytes[MESSAGE_MAX];
	ssize_t length = recv(peer, bytes, sizeof(bytes), MSG_DONTWAIT);
	uint64_t values[STATISTICS] = {0};
	struct reader reader;

	if (length < 0)
		return -1;
	ck_assert_int_eq(bytes[0] << 8 | bytes[1], MESSAGE_STATISTICS);
	reader_init(&reader, bytes + MESSAGE_HEADER, (size_t)length - MESSAGE_HEADER);
	ck_assert_int_eq(message_get_statistics(&reader, STATISTIC_APID, values), 0);
	return (int64_t)values[STATISTIC_HTTP_OPENED];
}

START_TEST(says_only_what_is_new)
{
	report_use(report, link_under_test);
	ck_assert_int_eq(received(), -1);
	report_flush(report);
	ck_assert_int_eq(received(), 0); /* once, even with nothing counted */
	report_flush(report);
	ck_assert_int_eq(received(), -1);
	counted = 7;
	report_flush(report);
	report_flush(report);
	ck_assert_int_eq(received(), 7);
	ck_assert_int_eq(received(), -1);
}
END_TEST

START_TEST(comes_by_itself)
{
	int64_t value = -1;

	counted = 3;
	report_use(report, link_under_test);
	while (value < 0) {
		uv_run(&loop, UV_RUN_ONCE);
		value = received();
	}
	ck_assert_int_eq(value, 3);
}
END_TEST

START_TEST(says_all_again_to_a_new_link)
{
	counted = 5;
	report_use(report, link_under_test);
	report_flush(report);
	ck_assert_int_eq(received(), 5);
	report_use(report, NULL);
	report_flush(report);
	ck_assert_int_eq(received(), -1);
	close_link();
	open_link();
	report_use(report, link_under_test);
	report_flush(report);
	ck_assert_int_eq(received(), 5);
}
END_TEST

/* What the link does not take is not waited for, and not lost either: the next report has it. */
START_TEST(a_full_link_is_told_later)
{
	unsigned sent = 0;

	report_use(report, link_under_test);
	/* The bound of the queue is below a report, so that only the socket holds any. */
	for (unsigned i = 0; i < 10000; i++) {
		counted++;
		report_flush(report);
	}
	while (received() > 0)
		sent++;
	ck_assert_uint_gt(sent, 0);
	ck_assert_uint_lt(sent, 10000);
	report_flush(report);
	ck_assert_int_eq(received(), 10000);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("report");
	TCase *tests = tcase_create("report");

	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, says_only_what_is_new);
	tcase_add_test(tests, comes_by_itself);
	tcase_add_test(tests, says_all_again_to_a_new_link);
	tcase_add_test(tests, a_full_link_is_told_later);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
