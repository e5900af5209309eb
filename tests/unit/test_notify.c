/* What systemd hears, over real sockets of both kinds and with a real loop. */
#include "count_text.h"
#include "log.h"
#include "notify.h"

#include "suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static uv_loop_t loop;
static uv_timer_t end; /* keeps the loop alive, as a daemon's service does */
static int systemd;
static const char *line = "";
static unsigned calls;
static int silent;
static struct notify *held; /* whose call is not answered yet */

/* systemd's end; NOTIFY_SOCKET names it. */
static void
listen_at(const char *name)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	const struct timeval patience = {.tv_sec = 120};
	size_t length = strlen(name);

	systemd = socket(AF_UNIX, SOCK_DGRAM, 0);
	memcpy(address.sun_path, name, length);
	if (name[0] == '@')
		address.sun_path[0] = '\0';
	ck_assert_int_eq(bind(systemd, (struct sockaddr *)&address,
			     (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length)),
	    0);
	ck_assert_int_eq(
	    setsockopt(systemd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)), 0);
	setenv("NOTIFY_SOCKET", name, 1);
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
}

static void
listen_anywhere(void)
{
	char path[96];

	snprintf(path, sizeof(path), "%s/notify", suite_folder);
	unlink(path);
	listen_at(path);
}

static void
expect(const char *message)
{
	char text[512];
	ssize_t length = recv(systemd, text, sizeof(text) - 1, 0);

	ck_assert_int_ge(length, 0);
	text[length] = '\0';
	ck_assert_str_eq(text, message);
}

static int
has_more(void)
{
	char text[512];

	return recv(systemd, text, sizeof(text), MSG_DONTWAIT) >= 0;
}

static void
describe(void *context, char *text, size_t capacity)
{
	(void)context;
	snprintf(text, capacity, "%s", line);
}

static unsigned
call(void *context, struct notify *notify)
{
	(void)context;
	calls++;
	if (silent)
		held = notify;
	else
		notify_answer(notify);
	return 1;
}

static void
on_end(uv_timer_t *timer)
{
	uv_stop(timer->loop);
}

static void
turn(uint64_t milliseconds)
{
	uv_timer_start(&end, on_end, milliseconds, 0);
	uv_run(&loop, UV_RUN_DEFAULT);
}

/* Turns until systemd has something to read. */
static void
turn_until_told(void)
{
	char byte;

	for (unsigned i = 0; i < 12000; i++) {
		if (recv(systemd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) >= 0)
			return;
		turn(10);
	}
	ck_abort_msg("systemd was told nothing in two minutes");
}

static const struct notify_config config = {.describe = describe, .call = call};

static struct notify *
start(void)
{
	struct notify *notify;

	log_init("test", LOG_LEVEL_ERROR, LOG_FORMAT_TEXT);
	ck_assert_int_eq(uv_loop_init(&loop), 0);
	uv_timer_init(&loop, &end);
	notify = notify_open();
	notify_start(notify, &loop, &config);
	return notify;
}

START_TEST(nobody_listens)
{
	struct notify *notify;

	unsetenv("NOTIFY_SOCKET");
	notify = start();
	ck_assert_ptr_null(notify);
	ck_assert_int_eq(notify_fd(notify), -1);
	notify_reloading(notify);
	notify_reloaded(notify);
	notify_answer(notify);
	notify_stopping(notify);
	notify_close(notify);
}
END_TEST

static const char *const names[] = {NULL, "@sallyport-test-notify-"};

START_TEST(is_told_what_happens)
{
	char name[64], message[64];
	static const char reloading[] = "RELOADING=1\nMONOTONIC_USEC=";
	unsigned long long monotonic;
	struct notify *notify;
	ssize_t length;

	/* One that no other run of this test has. */
	snprintf(name, sizeof(name), "%s%d", names[_i] != NULL ? names[_i] : "", (int)getpid());
	if (names[_i] == NULL)
		listen_anywhere();
	else
		listen_at(name);
	line = "answering";
	notify = start();
	expect("READY=1");
	expect("STATUS=answering");
	notify_reloading(notify);
	length = recv(systemd, message, sizeof(message) - 1, 0);
	ck_assert_int_gt(length, 0);
	message[length] = '\0';
	ck_assert_int_eq(strncmp(message, reloading, sizeof(reloading) - 1), 0);
	monotonic = strtoull(message + sizeof(reloading) - 1, NULL, 10);
	ck_assert_uint_gt(monotonic, 0);
	ck_assert_uint_le(monotonic, uv_hrtime() / 1000);
	notify_reloaded(notify);
	expect("READY=1");
	notify_stopping(notify);
	expect("STOPPING=1\nSTATUS=stopping");
	ck_assert(!has_more());
	notify_close(notify);
}
END_TEST

START_TEST(status_is_told_when_it_changes)
{
	struct notify *notify;

	listen_anywhere();
	line = "one";
	notify = start();
	expect("READY=1");
	expect("STATUS=one");
	turn(2 * NOTIFY_STATUS_MS + NOTIFY_STATUS_MS / 2);
	ck_assert(!has_more());
	line = "two";
	turn_until_told();
	expect("STATUS=two");
	/* Nothing is said of what systemd knows to end. */
	notify_stopping(notify);
	expect("STOPPING=1\nSTATUS=stopping");
	line = "three";
	turn(2 * NOTIFY_STATUS_MS);
	ck_assert(!has_more());
	notify_close(notify);
}
END_TEST

/* systemd that does not read for a while gets what it must know, and the last status. */
START_TEST(what_was_not_taken_is_told_again)
{
	struct notify *notify;
	char text[512];
	ssize_t length;

	listen_anywhere();
	line = "one";
	notify = start();
	while (send(notify_fd(notify), "FILL", 4, MSG_DONTWAIT) == 4)
		;
	line = "two";
	notify_reloaded(notify);
	turn(2 * NOTIFY_STATUS_MS);
	expect("READY=1");
	expect("STATUS=one");
	while ((length = recv(systemd, text, sizeof(text), MSG_DONTWAIT)) == 4)
		;
	ck_assert_int_lt(length, 0);
	turn_until_told();
	expect("READY=1");
	turn_until_told();
	expect("STATUS=two");
	notify_close(notify);
}
END_TEST

START_TEST(watchdog_hears_while_all_turn)
{
	struct notify *notify;
	char pid[16];

	listen_anywhere();
	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	setenv("WATCHDOG_PID", pid, 1);
	setenv("WATCHDOG_USEC", "100000", 1);
	line = "";
	notify = start();
	expect("READY=1");
	for (unsigned i = 0; i < 3; i++) {
		turn_until_told();
		expect("WATCHDOG=1");
	}
	ck_assert_uint_ge(calls, 3);
	/* One thread stands still: the loop may turn as it likes. */
	silent = 1;
	while (held == NULL)
		turn(10);
	while (has_more())
		;
	calls = 0;
	turn(500);
	ck_assert(!has_more());
	ck_assert_uint_eq(calls, 0);
	/* And goes on. */
	silent = 0;
	notify_answer(held);
	turn_until_told();
	expect("WATCHDOG=1");
	notify_close(notify);
}
END_TEST

static const struct {
	const char *interval, *pid;
} unwatched[] = {{NULL, NULL}, {"0", NULL}, {"100000", "1"}};

START_TEST(nobody_watches)
{
	struct notify *notify;

	listen_anywhere();
	if (unwatched[_i].interval != NULL)
		setenv("WATCHDOG_USEC", unwatched[_i].interval, 1);
	if (unwatched[_i].pid != NULL)
		setenv("WATCHDOG_PID", unwatched[_i].pid, 1);
	line = "";
	notify = start();
	expect("READY=1");
	turn(300);
	ck_assert(!has_more());
	ck_assert_uint_eq(calls, 0);
	notify_close(notify);
}
END_TEST

static const char *const no_intervals[] = {"", "x", "1s", "-1", "99999999999999999999"};

START_TEST(an_interval_that_is_none_is_fatal)
{
	listen_anywhere();
	setenv("WATCHDOG_USEC", no_intervals[_i], 1);
	(void)start();
}
END_TEST

START_TEST(a_socket_that_is_none_is_fatal)
{
	listen_anywhere();
	close(systemd);
	(void)start();
}
END_TEST

static const struct {
	uint64_t count;
	const char *text;
} counts[] = {
    {0, "0"},
    {7, "7"},
    {999, "999"},
    {1000, "1,000"},
    {1204, "1,204"},
    {123456, "123,456"},
    {20000000, "20,000,000"},
    {UINT64_MAX, "18,446,744,073,709,551,615"},
};

START_TEST(counts_are_grouped)
{
	char text[COUNT_TEXT];

	ck_assert_str_eq(count_text(text, counts[_i].count), counts[_i].text);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("notify");
	TCase *tests = tcase_create("notify");

	tcase_set_timeout(tests, 300);
	tcase_add_test(tests, nobody_listens);
	tcase_add_loop_test(tests, is_told_what_happens, 0, ROWS(names));
	tcase_add_test(tests, status_is_told_when_it_changes);
	tcase_add_test(tests, what_was_not_taken_is_told_again);
	tcase_add_test(tests, watchdog_hears_while_all_turn);
	tcase_add_loop_test(tests, nobody_watches, 0, ROWS(unwatched));
	tcase_add_loop_exit_test(
	    tests, an_interval_that_is_none_is_fatal, 1, 0, ROWS(no_intervals));
	tcase_add_exit_test(tests, a_socket_that_is_none_is_fatal, 1);
	tcase_add_loop_test(tests, counts_are_grouped, 0, ROWS(counts));
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
