/* What one look at the server means, and how it is shown: at any width, to people and to programs. */
#include "status_json.h"
#include "status_screen.h"
#include "suite.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NOW = 1795000000, DAY = 24 * 60 * 60 };

static struct status_view view;
static struct buf text;
static struct status_trouble troubles[STATUS_TROUBLES];

static uint64_t *
value(enum statistic which)
{
	return &view.answer.values[which];
}

/* A server that is well, at its second look. */
static void
set_up(void)
{
	memset(&view, 0, sizeof(view));
	view.version = "1.2.3";
	snprintf(view.zone, sizeof(view.zone), "auth.example.org");
	view.store_path = "/var/lib/sallyport";
	view.time = NOW;
	view.at = 1000;
	view.interval = 2;
	for (unsigned role = 0; role < CONF_ROLES; role++)
		view.processes[role] = (struct status_process){.presence = STATUS_RUNS,
		    .confinement = STATUS_CONFINED,
		    .pid = 100 + (pid_t)role,
		    .uptime = 3 * DAY + 4 * 3600};
	view.has_answer = 1;
	view.answer.parts = MESSAGE_READY_PARTS;
	view.answer.map_max = UINT64_C(1) << 40;
	view.answer.live_bytes = 12 << 20;
	view.answer.reserve = 64 << 20;
	view.answer.dnsd_age = 300;
	view.answer.apid_age = 5000;
	*value(STATISTIC_STORE_LINKED_DNSD) = *value(STATISTIC_STORE_LINKED_APID) = 1;
	*value(STATISTIC_STORE_STARTED) = *value(STATISTIC_DNS_STARTED) = NOW - 1000;
	*value(STATISTIC_HTTP_STARTED) = NOW - 1000;
	*value(STATISTIC_STORE_MAP_BYTES) = 64 << 20;
	*value(STATISTIC_STORE_DISK_FREE_BYTES) = UINT64_C(36) << 20;
	*value(STATISTIC_DNS_UDP4) = 1000;
	buf_init(&text, 1 << 20);
	status_view_add_rates(&view);
	view.at += 2;
	*value(STATISTIC_DNS_UDP4) += 4000;
	*value(STATISTIC_DNS_TCP6) += 400;
	status_view_add_rates(&view);
}

static void
tear_down(void)
{
	buf_free(&text);
}

/* The screen, its NUL included. */
static const char *
draw(unsigned width, unsigned height, int has_graphs)
{
	struct canvas canvas = {.text = &text, .width = width, .height = height};

	buf_clear(&text);
	status_screen_draw(&canvas, &view, has_graphs);
	ck_assert_int_eq(buf_append(&text, "", 1), 0);
	return (const char *)text.data;
}

static void
check_drawn(const char *words)
{
	ck_assert_msg(strstr(draw(80, 0, 0), words) != NULL, "%s\n%s", words, draw(80, 0, 0));
}

START_TEST(all_is_well)
{
	ck_assert_uint_eq(status_view_judge(&view, troubles), 0);
	ck_assert_int_eq(status_troubles_level(troubles, 0), STATUS_WELL);
	check_drawn(
	    "Sallyport 1.2.3  auth.example.org                        2026-11-18 11:06:40 UTC\n"
	    "all is well\n");
	check_drawn(
	    "\ndnsd          101   3 d 4 h     yes       linked, all names: 0, over TCP: 0\n");
	check_drawn("\nDNS queries           2,200        5.4         5,400\n");
	check_drawn(
	    "\nDATABASE     ###....... 25 % of what the disk holds: 12 MiB in a map of 64 MiB\n");
	check_drawn("\nDISK         36 MiB free; registrations stop below 64 MiB\n");
	check_drawn("\nCERTIFICATE  none: the API speaks no TLS\n");
	check_drawn("\nREFUSED      nobody yet\n");
}
END_TEST

START_TEST(map_max_can_be_nearer_than_the_disk)
{
	view.answer.map_max = 120 << 20;
	*value(STATISTIC_STORE_DISK_FREE_BYTES) = UINT64_C(1) << 40;
	check_drawn("\nDATABASE     #......... 10 % of store.map_max: 12 MiB in a map "
		    "of 64 MiB\n");
}
END_TEST

/* One thing that is not as it should be. */
static void
store_down(void)
{
	view.processes[CONF_ROLE_STORE].presence = STATUS_DOWN;
	view.has_answer = 0;
}

static void
dnsd_down(void)
{
	view.processes[CONF_ROLE_DNSD].presence = STATUS_DOWN;
	view.answer.parts = MESSAGE_READY_ROOM;
}

static void
apid_stopped(void)
{
	view.processes[CONF_ROLE_APID].presence = STATUS_STOPPED;
}

static void
dnsd_stalled(void)
{
	view.processes[CONF_ROLE_DNSD] = (struct status_process){.presence = STATUS_STALLED};
}

static void
store_mute(void)
{
	view.has_answer = 0;
	snprintf(view.why, sizeof(view.why), "no reason");
}

static void
apid_unlinked(void)
{
	*value(STATISTIC_STORE_LINKED_APID) = 0;
}

static void
dnsd_unlinked(void)
{
	view.answer.parts = MESSAGE_READY_ROOM;
}

static void
names_missing(void)
{
	view.answer.parts = MESSAGE_READY_ROOM | MESSAGE_READY_LINKED;
	*value(STATISTIC_DNS_NAMES) = 5;
	*value(STATISTIC_STORE_NAMES) = 9;
}

static void
behind(void)
{
	*value(STATISTIC_STORE_DELTA_LAG) = 2500000;
}

static void
a_bit_behind(void)
{
	*value(STATISTIC_STORE_DELTA_LAG) = 999999;
}

static void
no_room(void)
{
	view.answer.parts &= ~(unsigned)MESSAGE_READY_ROOM;
}

static void
full(void)
{
	view.answer.live_bytes = view.answer.map_max / 100 * 81;
}

static void
table_full(void)
{
	*value(STATISTIC_DNS_FULL) = 1;
}

static void
expired(void)
{
	*value(STATISTIC_TLS_CERTIFICATE_END) = NOW;
}

static void
expires(void)
{
	*value(STATISTIC_TLS_CERTIFICATE_END) = NOW + 2 * DAY - 1;
}

static void
expires_later(void)
{
	*value(STATISTIC_TLS_CERTIFICATE_END) = NOW + 21 * DAY;
}

static void
one_weaker(void)
{
	view.processes[CONF_ROLE_APID].confinement = STATUS_WEAKER;
}

static void
two_weaker(void)
{
	one_weaker();
	view.processes[CONF_ROLE_STORE].confinement = STATUS_WEAKER;
}

static void
damaged(void)
{
	*value(STATISTIC_STORE_SNAPSHOT_DAMAGED) = 1;
}

static void
all_weaker(void)
{
	two_weaker();
	view.processes[CONF_ROLE_DNSD].confinement = STATUS_WEAKER;
}

static void
unseen(void)
{
	for (unsigned role = 0; role < CONF_ROLES; role++)
		view.processes[role] = (struct status_process){
		    .presence = STATUS_HIDDEN, .confinement = STATUS_UNSEEN};
}

static const struct {
	void (*happen)(void);
	enum status_level level;
	const char *what, *remedy;
} cases[] = {
    {store_down, STATUS_FAILURE, "store does not run: nobody can update",
	"systemctl start sallyport-store"},
    {dnsd_down, STATUS_FAILURE, "dnsd does not run: no DNS query", "journalctl -u sallyport-dnsd"},
    {apid_stopped, STATUS_FAILURE, "apid stands still, stopped", "kill -CONT 102"},
    {dnsd_stalled, STATUS_FAILURE, "dnsd stands still, it takes no", "is it stopped"},
    {store_mute, STATUS_FAILURE, "store cannot be asked: no reason", "log"},
    {apid_unlinked, STATUS_FAILURE, "apid is not linked", "logs"},
    {dnsd_unlinked, STATUS_FAILURE, "dnsd is not linked", "logs"},
    {names_missing, STATUS_FAILURE, "5 of 9", "wait"},
    {behind, STATUS_WARNING, "for 2.5 s", "CPU"},
    {a_bit_behind, STATUS_WELL, NULL, NULL},
    {damaged, STATUS_FAILURE, "the database is damaged", "sallyport restore --force"},
    {no_room, STATUS_FAILURE, "store.reserve (64 MiB)", "disk of /var/lib/sallyport"},
    {full, STATUS_WARNING, "80 % of store.map_max", "raise store.map_max"},
    {table_full, STATUS_WARNING, "table is full", "delete"},
    {expired, STATUS_FAILURE, "has expired", "sallyport reload"},
    {expires, STATUS_WARNING, "ends in 1 day", "sallyport reload"},
    {expires_later, STATUS_WELL, NULL, NULL},
    {one_weaker, STATUS_WARNING, "apid is confined less than it should", "doctor --sandbox"},
    {two_weaker, STATUS_WARNING, "store and apid are confined less than they should", "doctor"},
    {all_weaker, STATUS_WARNING, "store, dnsd and apid are confined", "doctor"},
    {unseen, STATUS_WELL, NULL, NULL},
};

START_TEST(one_thing_is_wrong)
{
	unsigned count;

	cases[_i].happen();
	count = status_view_judge(&view, troubles);
	ck_assert_uint_eq(count, cases[_i].what != NULL);
	ck_assert_int_eq(status_troubles_level(troubles, count), cases[_i].level);
	if (count == 0)
		return;
	ck_assert_msg(strstr(troubles[0].what, cases[_i].what) != NULL, "%s", troubles[0].what);
	ck_assert_msg(
	    strstr(troubles[0].remedy, cases[_i].remedy) != NULL, "%s", troubles[0].remedy);
	check_drawn(cases[_i].level == STATUS_FAILURE ? "\nFAILURE  " : "\nWARNING  ");
	if (cases[_i].happen == damaged)
		check_drawn("linked, names: ");
	ck_assert_ptr_null(strstr(draw(80, 0, 0), "all is well"));
}
END_TEST

START_TEST(failures_come_first)
{
	all_weaker();
	expires();
	no_room();
	apid_unlinked();
	ck_assert_uint_eq(status_view_judge(&view, troubles), 4);
	ck_assert_ptr_nonnull(strstr(troubles[0].what, "apid is not linked"));
	ck_assert_ptr_nonnull(strstr(troubles[1].what, "store.reserve"));
	ck_assert_ptr_nonnull(strstr(troubles[2].what, "certificate"));
	ck_assert_ptr_nonnull(strstr(troubles[3].what, "confined"));
}
END_TEST

START_TEST(no_server_is_one_thing)
{
	for (unsigned role = 0; role < CONF_ROLES; role++)
		view.processes[role].presence = STATUS_DOWN;
	view.has_answer = 0;
	ck_assert_uint_eq(status_view_judge(&view, troubles), 1);
	ck_assert_str_eq(troubles[0].what, "no server runs");
	ck_assert_ptr_null(strstr(draw(80, 0, 0), "PER SECOND"));
	ck_assert_ptr_nonnull(strstr(draw(80, 0, 1), "PER SECOND"));
}
END_TEST

/* Everything that can make a line long. */
static void
make_it_busy(void)
{
	all_weaker();
	no_room();
	behind();
	expires();
	for (unsigned i = 0; i < STATISTICS; i++)
		if (view.answer.values[i] == 0)
			view.answer.values[i] = UINT64_MAX - i;
	view.answer.refusal_count = STATUS_MESSAGE_REFUSALS;
	for (unsigned i = 0; i < STATUS_MESSAGE_REFUSALS; i++) {
		view.answer.refusals[i] = (struct refusal){.count = UINT64_MAX, .last = UINT32_MAX};
		memset(view.answer.refusals[i].client.bytes, 0xab, 16);
		memset(view.answer.refusals[i].reason, 'x', REFUSAL_REASON - 1);
	}
}

/* No line is wider than the screen, and there are no more of them than it has. */
static void
check_size(unsigned width, unsigned height, int has_graphs)
{
	const char *line = draw(width, height, has_graphs), *end;
	unsigned lines = 0;

	for (; *line != '\0'; line = end + 1, lines++) {
		end = strchr(line, '\n');
		ck_assert_ptr_nonnull(end);
		ck_assert_msg(
		    (size_t)(end - line) <= width, "%u: %.*s", width, (int)(end - line), line);
	}
	ck_assert(height == 0 || lines <= height);
	ck_assert_uint_gt(lines, 0);
}

START_TEST(it_fits_any_screen)
{
	static const unsigned heights[] = {0, 1, 2, 10, 24, 30, 100};

	if (_i % 2 == 1)
		make_it_busy();
	for (unsigned width = 1; width <= 260; width++)
		for (unsigned i = 0; i < ROWS(heights); i++)
			check_size(width, heights[i], _i / 2);
}
END_TEST

/* At 80 columns and 24 lines all of a quiet server is seen. */
START_TEST(a_usual_screen_is_enough)
{
	ck_assert_ptr_null(strstr(draw(80, 24, 1), "more lines"));
	ck_assert_ptr_nonnull(strstr(draw(80, 24, 1), "LAST 1 min 24 s"));
	ck_assert_ptr_nonnull(strstr(draw(80, 24, 1), "REFUSED"));
}
END_TEST

START_TEST(a_restart_gives_no_nonsense)
{
	/* Another dnsd has counted further than the one before it. */
	view.at += 2;
	*value(STATISTIC_DNS_STARTED) = NOW - 1;
	*value(STATISTIC_DNS_UDP4) = 1000000;
	status_view_add_rates(&view);
	ck_assert(isnan(rate_now(&view.rates[STATUS_DNS_QUERIES])));
	ck_assert_double_eq(rate_now(&view.rates[STATUS_UPDATES]), 0);
	check_drawn("\nDNS queries               -  1,000,400     1,000,400\n");
}
END_TEST

/* The age of a report is no part of the time between two of them. */
START_TEST(reports_have_an_age)
{
	view.at += 2;
	view.answer.dnsd_age = 800;
	*value(STATISTIC_DNS_UDP4) += 1500;
	status_view_add_rates(&view);
	ck_assert_double_eq_tol(rate_now(&view.rates[STATUS_DNS_QUERIES]), 1000, 0.001);
	/* A linked front that has not reported for long has nothing to report. */
	ck_assert_double_eq(rate_now(&view.rates[STATUS_UPDATES]), 0);
	/* One that is not linked may have. */
	view.at += 2;
	apid_unlinked();
	view.answer.apid_age = 9000;
	status_view_add_rates(&view);
	ck_assert(isnan(rate_now(&view.rates[STATUS_UPDATES])));
	view.answer.dnsd_age = STATUS_MESSAGE_NEVER;
	view.at += 2;
	status_view_add_rates(&view);
	ck_assert(isnan(rate_now(&view.rates[STATUS_DNS_QUERIES])));
	ck_assert(isnan(status_series_average(&view, STATUS_DNS_QUERIES)));
}
END_TEST

START_TEST(times_of_a_histogram)
{
	ck_assert_uint_eq(status_time_of(&view, STATISTIC_STORE_DELTA_TIME, 99), 0);
	*value(STATISTIC_STORE_DELTA_TIME) = 99;
	*value(STATISTIC_STORE_DELTA_TIME + 3) = 1;
	ck_assert_uint_eq(status_time_of(&view, STATISTIC_STORE_DELTA_TIME, 99), 500);
	*value(STATISTIC_STORE_DELTA_TIME + 3) = 2;
	ck_assert_uint_eq(status_time_of(&view, STATISTIC_STORE_DELTA_TIME, 99), 5000);
	*value(STATISTIC_STORE_DELTA_TIME + STATISTIC_TIME_BUCKETS - 1) = 2000;
	ck_assert_uint_eq(status_time_of(&view, STATISTIC_STORE_DELTA_TIME, 99), UINT64_MAX);
}
END_TEST

START_TEST(refusals_are_listed)
{
	*value(STATISTIC_HTTP_ERROR_FORBIDDEN) = 1204;
	*value(STATISTIC_HTTP_ERROR_BAD_TXT) = 7;
	*value(STATISTIC_HTTP_ERROR_MALFORMED_JSON) = 7;
	*value(STATISTIC_HTTP_ERROR_HTTPS_REQUIRED) = 9;
	view.answer.span = 640;
	view.answer.refusal_count = 2;
	view.answer.refusals[0] = (struct refusal){.client = {{[10] = 0xff, 0xff, 192, 0, 2, 7}},
	    .reason = "wrong key",
	    .count = 1200,
	    .last = 3};
	view.answer.refusals[1] = (struct refusal){.reason = "bad value", .count = 4, .last = 61};
	check_drawn("\nREFUSED      since apid's start: forbidden 1,204, https_required 9,\n"
		    "             malformed_json_payload 7, bad_txt 7\n");
	check_drawn("             by store, within the last 10 min 40 s:\n"
		    "      1,200  192.0.2.7              wrong key, last 3 s ago\n"
		    "          4  (Unix socket)          bad value, last 1 min 1 s ago\n");
}
END_TEST

static json_t *
print_json(void)
{
	char *printed = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&printed, &length);
	json_t *object;

	ck_assert_ptr_nonnull(out);
	ck_assert_int_eq(status_json_print(out, &view), 0);
	(void)fclose(out);
	ck_assert_ptr_nonnull(strchr(printed, '\n'));
	ck_assert_uint_eq((size_t)(strchr(printed, '\n') - printed), length - 1);
	object = json_loads(printed, JSON_REJECT_DUPLICATES, NULL);
	ck_assert_ptr_nonnull(object);
	free(printed);
	return object;
}

START_TEST(as_json)
{
	json_t *object = print_json(), *rates = json_object_get(object, "rates");
	json_t *queries = json_object_get(rates, "dns_queries");

	ck_assert_str_eq(json_string_value(json_object_get(object, "level")), "well");
	ck_assert_uint_eq(json_object_size(rates), STATUS_SERIES);
	ck_assert_double_eq(json_real_value(json_object_get(queries, "per_second")), 2200);
	ck_assert_int_eq(json_integer_value(json_object_get(queries, "total")), 5400);
	ck_assert(json_is_null(json_object_get(object, "certificate")));
	json_decref(object);
	store_down();
	view.at += 2;
	status_view_add_rates(&view);
	object = print_json();
	queries = json_object_get(json_object_get(object, "rates"), "dns_queries");
	ck_assert_str_eq(json_string_value(json_object_get(object, "level")), "failure");
	ck_assert(json_is_null(json_object_get(queries, "per_second")));
	ck_assert(json_is_null(json_object_get(queries, "total")));
	ck_assert_ptr_null(json_object_get(object, "lag"));
	json_decref(object);
}
END_TEST

START_TEST(json_that_nobody_takes)
{
	FILE *out = fopen("/dev/full", "w");

	ck_assert_ptr_nonnull(out);
	ck_assert_int_eq(status_json_print(out, &view), -1);
	(void)fclose(out);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("status_screen");
	TCase *tests = tcase_create("status_screen");

	tcase_set_timeout(tests, 600);
	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, all_is_well);
	tcase_add_test(tests, map_max_can_be_nearer_than_the_disk);
	tcase_add_loop_test(tests, one_thing_is_wrong, 0, ROWS(cases));
	tcase_add_test(tests, failures_come_first);
	tcase_add_test(tests, no_server_is_one_thing);
	tcase_add_loop_test(tests, it_fits_any_screen, 0, 4);
	tcase_add_test(tests, a_usual_screen_is_enough);
	tcase_add_test(tests, a_restart_gives_no_nonsense);
	tcase_add_test(tests, reports_have_an_age);
	tcase_add_test(tests, times_of_a_histogram);
	tcase_add_test(tests, refusals_are_listed);
	tcase_add_test(tests, as_json);
	tcase_add_test(tests, json_that_nobody_takes);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
