#include "status_view.h"

#include "quantity_text.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { SERIES_COUNTERS = 8, DAY = 24 * 60 * 60, MS = 1000 };

static const struct {
	const char *key, *name;
	int is_bad;
	enum conf_role role;
	unsigned count;
	enum statistic counters[SERIES_COUNTERS];
} series_table[STATUS_SERIES] = {
    [STATUS_DNS_QUERIES] = {"dns_queries", "DNS queries", 0, CONF_ROLE_DNSD, 4,
	{STATISTIC_DNS_UDP4, STATISTIC_DNS_UDP6, STATISTIC_DNS_TCP4, STATISTIC_DNS_TCP6}},
    [STATUS_DNS_LIMITED] = {"dns_rate_limited", "DNS rate-limited", 1, CONF_ROLE_DNSD, 2,
	{STATISTIC_DNS_LIMITED_DROPPED, STATISTIC_DNS_LIMITED_SLIPPED}},
    [STATUS_API_REQUESTS] = {"api_requests", "API requests", 0, CONF_ROLE_APID, 0, {0}},
    [STATUS_UPDATES] = {"updates", "updates", 0, CONF_ROLE_APID, 1, {STATISTIC_HTTP_UPDATE_2XX}},
    [STATUS_REGISTRATIONS] = {"registrations", "registrations", 0, CONF_ROLE_APID, 1,
	{STATISTIC_HTTP_REGISTER_2XX}},
    [STATUS_REFUSED] = {"refused", "refused (4xx)", 1, CONF_ROLE_APID, 5,
	{STATISTIC_HTTP_REGISTER_4XX, STATISTIC_HTTP_UPDATE_4XX, STATISTIC_HTTP_ACCOUNT_4XX,
	    STATISTIC_HTTP_HEALTH_4XX, STATISTIC_HTTP_OTHER_4XX}},
    [STATUS_FAILED] = {"failed", "failed (5xx)", 1, CONF_ROLE_APID, 5,
	{STATISTIC_HTTP_REGISTER_5XX, STATISTIC_HTTP_UPDATE_5XX, STATISTIC_HTTP_ACCOUNT_5XX,
	    STATISTIC_HTTP_HEALTH_5XX, STATISTIC_HTTP_OTHER_5XX}},
    [STATUS_COMMITS] = {"commits", "commits", 0, CONF_ROLE_STORE, 1, {STATISTIC_STORE_COMMITS}},
};

const char *
status_series_key(enum status_series series)
{
	return series_table[series].key;
}

const char *
status_series_name(enum status_series series)
{
	return series_table[series].name;
}

int
status_series_is_bad(enum status_series series)
{
	return series_table[series].is_bad;
}

uint64_t
status_series_count(const struct status_view *view, enum status_series series)
{
	const uint64_t *values = view->answer.values;
	uint64_t sum = 0;

	/* All routes, all classes of status. */
	if (series == STATUS_API_REQUESTS)
		for (unsigned i = STATISTIC_HTTP_REGISTER_2XX; i <= STATISTIC_HTTP_OTHER_5XX; i++)
			sum += values[i];
	for (unsigned i = 0; i < series_table[series].count; i++)
		sum += values[series_table[series].counters[i]];
	return sum;
}

uint64_t
status_view_started(const struct status_view *view, enum conf_role role)
{
	static const enum statistic rows[CONF_ROLES] = {[CONF_ROLE_STORE] = STATISTIC_STORE_STARTED,
	    [CONF_ROLE_DNSD] = STATISTIC_DNS_STARTED,
	    [CONF_ROLE_APID] = STATISTIC_HTTP_STARTED};

	return view->answer.values[rows[role]];
}

/* Milliseconds since the front's last report; 0 for store itself. */
static uint32_t
age_of(const struct status_view *view, enum conf_role role)
{
	if (role == CONF_ROLE_STORE)
		return 0;
	return role == CONF_ROLE_DNSD ? view->answer.dnsd_age : view->answer.apid_age;
}

int
status_view_is_linked(const struct status_view *view, enum conf_role role)
{
	if (role == CONF_ROLE_DNSD)
		return (view->answer.parts & MESSAGE_READY_LINKED) != 0;
	return role == CONF_ROLE_STORE || view->answer.values[STATISTIC_STORE_LINKED_APID] != 0;
}

/*
 * Of when the numbers of a process are. A front reports once a second if anything has changed: as long as it is linked, none
 * within the last second means that nothing has. 0, or -1: there are none.
 */
static int
moment_of(const struct status_view *view, enum conf_role role, double *at)
{
	uint32_t age = age_of(view, role);

	if (!view->has_answer || age == STATUS_MESSAGE_NEVER)
		return -1;
	if (status_view_is_linked(view, role) && age > STATISTIC_REPORT_MS)
		age = STATISTIC_REPORT_MS;
	*at = view->at - (double)age / MS;
	return 0;
}

void
status_view_add_rates(struct status_view *view)
{
	for (unsigned i = 0; i < STATUS_SERIES; i++) {
		enum conf_role role = series_table[i].role;
		struct rate_sample sample = {.started = status_view_started(view, role),
		    .count = status_series_count(view, (enum status_series)i)};

		rate_add(&view->rates[i], moment_of(view, role, &sample.at) == 0 ? &sample : NULL);
	}
}

double
status_series_average(const struct status_view *view, enum status_series series)
{
	enum conf_role role = series_table[series].role;
	uint64_t started = status_view_started(view, role);
	double at;

	if (moment_of(view, role, &at) != 0 || started == 0 || view->time <= started)
		return NAN;
	return (double)status_series_count(view, series) / (double)(view->time - started);
}

/* The troubles being written. */
struct list {
	struct status_trouble *troubles;
	unsigned count;
};

static void add(struct list *list, enum status_level level, const char *remedy, const char *format,
    ...) __attribute__((format(printf, 4, 5)));

static void
add(struct list *list, enum status_level level, const char *remedy, const char *format, ...)
{
	struct status_trouble *trouble = &list->troubles[list->count];
	va_list arguments;

	if (list->count == STATUS_TROUBLES)
		return;
	trouble->level = level;
	va_start(arguments, format);
	(void)vsnprintf(trouble->what, sizeof(trouble->what), format, arguments);
	va_end(arguments);
	(void)snprintf(trouble->remedy, sizeof(trouble->remedy), "%s", remedy);
	list->count++;
}

static void
judge_presence(const struct status_view *view, struct list *list)
{
	static const char *const losses[CONF_ROLES] = {
	    [CONF_ROLE_STORE] = "nobody can update or register; DNS goes on with what dnsd knows",
	    [CONF_ROLE_DNSD] = "no DNS query is answered",
	    [CONF_ROLE_APID] = "the API does not answer"};
	char remedy[STATUS_VIEW_WHY];
	unsigned down = 0;

	for (unsigned role = 0; role < CONF_ROLES; role++)
		down += view->processes[role].presence == STATUS_DOWN;
	if (down == CONF_ROLES) {
		add(list, STATUS_FAILURE,
		    "start it: systemctl start sallyport.target, or sallyport run",
		    "no server runs");
		return;
	}
	for (unsigned role = 0; role < CONF_ROLES; role++) {
		const struct status_process *process = &view->processes[role];
		const char *name = conf_role_name((enum conf_role)role);

		if (process->presence == STATUS_DOWN) {
			(void)snprintf(remedy, sizeof(remedy),
			    "its log says why: journalctl -u sallyport-%s; systemctl start "
			    "sallyport-%s (under \"sallyport run\" it is started again by itself)",
			    name, name);
			add(list, STATUS_FAILURE, remedy, "%s does not run: %s", name,
			    losses[role]);
		} else if (process->presence == STATUS_STOPPED) {
			(void)snprintf(remedy, sizeof(remedy), "let it go on: kill -CONT %ld",
			    (long)process->pid);
			add(list, STATUS_FAILURE, remedy,
			    "%s stands still, stopped by a signal: %s", name, losses[role]);
		} else if (process->presence == STATUS_STALLED) {
			(void)snprintf(remedy, sizeof(remedy),
			    "is it stopped by a signal? its log may say more: journalctl -u "
			    "sallyport-%s",
			    name);
			add(list, STATUS_FAILURE, remedy,
			    "%s stands still, it takes no connection: %s", name, losses[role]);
		}
	}
}

static void
judge_links(const struct status_view *view, struct list *list)
{
	const uint64_t *values = view->answer.values;
	char time[QUANTITY_TEXT];

	if (!status_view_is_linked(view, CONF_ROLE_APID) &&
	    view->processes[CONF_ROLE_APID].presence != STATUS_DOWN)
		add(list, STATUS_FAILURE,
		    "store dials again by itself; if that does not help, both logs say why",
		    "apid is not linked to store: updates and registrations get 503");
	if (!status_view_is_linked(view, CONF_ROLE_DNSD)) {
		if (view->processes[CONF_ROLE_DNSD].presence != STATUS_DOWN)
			add(list, STATUS_FAILURE,
			    "store dials again by itself; if that does not help, both logs say why",
			    "dnsd is not linked to store: new values are not served");
	} else if ((view->answer.parts & MESSAGE_READY_SYNCHRONISED) == 0) {
		add(list, STATUS_FAILURE, "it is being sent them; wait, or see the log of store",
		    "dnsd does not have all names yet: %" PRIu64 " of %" PRIu64,
		    values[STATISTIC_DNS_NAMES], values[STATISTIC_STORE_NAMES]);
	} else if (values[STATISTIC_STORE_DELTA_LAG] >= STATUS_LAG_WARNING_US) {
		add(list, STATUS_WARNING, "is the machine out of CPU, or dnsd flooded?",
		    "dnsd has not served a change for %s; updates are answered without it",
		    quantity_time(time, values[STATISTIC_STORE_DELTA_LAG]));
	}
}

static void
judge_database(const struct status_view *view, struct list *list)
{
	if (view->answer.values[STATISTIC_STORE_SNAPSHOT_DAMAGED] != 0)
		add(list, STATUS_FAILURE,
		    "sallyport verify says what is damaged; sallyport restore --force puts a "
		    "backup in "
		    "its place",
		    "the database is damaged: names that cannot be read, or do not exist, get "
		    "SERVFAIL");
}

static void
judge_room(const struct status_view *view, struct list *list)
{
	const struct status_message *answer = &view->answer;
	char remedy[STATUS_VIEW_WHY], reserve[QUANTITY_TEXT];
	uint64_t percent =
	    answer->map_max > 0 ? answer->live_bytes / (answer->map_max / 100 + 1) : 0;

	if ((answer->parts & MESSAGE_READY_ROOM) == 0) {
		(void)snprintf(remedy, sizeof(remedy),
		    "make room on the disk of %.100s, or raise store.map_max", view->store_path);
		add(list, STATUS_FAILURE, remedy,
		    "less than store.reserve (%s) is left: nobody can register; updates go on",
		    quantity_bytes(reserve, answer->reserve));
	}
	if (percent >= STATUS_FILL_WARNING)
		add(list, STATUS_WARNING, "raise store.map_max, and restart store",
		    "the database has %" PRIu64 " %% of store.map_max", percent);
	if (answer->values[STATISTIC_DNS_FULL] > 0)
		add(list, STATUS_WARNING, "delete accounts that nobody uses",
		    "dnsd's table is full: names that it has no room for get SERVFAIL");
}

static void
judge_certificate(const struct status_view *view, struct list *list)
{
	static const char remedy[] = "renew it, then: sallyport reload";
	uint64_t end = view->answer.values[STATISTIC_TLS_CERTIFICATE_END];
	uint64_t days = status_days_left(end, view->time);

	if (end == 0)
		return;
	if (end <= view->time)
		add(list, STATUS_FAILURE, remedy,
		    "the API's certificate has expired: clients refuse to talk to it");
	else if (days < STATUS_CERTIFICATE_WARNING_DAYS)
		add(list, STATUS_WARNING, remedy, "the API's certificate ends in %" PRIu64 " day%s",
		    days, days == 1 ? "" : "s");
}

static void
judge_confinement(const struct status_view *view, struct list *list)
{
	const char *names[CONF_ROLES];
	unsigned weak = 0;

	for (unsigned role = 0; role < CONF_ROLES; role++)
		if (view->processes[role].presence == STATUS_RUNS &&
		    view->processes[role].confinement == STATUS_WEAKER)
			names[weak++] = conf_role_name((enum conf_role)role);
	if (weak == 0)
		return;
	add(list, STATUS_WARNING, "sallyport doctor --sandbox says what is weaker, and why",
	    "%s%s%s%s%s %s confined less than %s should be", names[0], weak == 3 ? ", " : "",
	    weak == 3 ? names[1] : "", weak > 1 ? " and " : "", weak > 1 ? names[weak - 1] : "",
	    weak > 1 ? "are" : "is", weak > 1 ? "they" : "it");
}

unsigned
status_view_judge(const struct status_view *view, struct status_trouble troubles[STATUS_TROUBLES])
{
	struct list list = {.troubles = troubles};
	struct status_trouble moved;
	unsigned failures = 0;

	judge_presence(view, &list);
	if (view->has_answer) {
		judge_links(view, &list);
		judge_database(view, &list);
		judge_room(view, &list);
		judge_certificate(view, &list);
	} else if (view->processes[CONF_ROLE_STORE].presence == STATUS_RUNS ||
		   view->processes[CONF_ROLE_STORE].presence == STATUS_HIDDEN) {
		add(&list, STATUS_FAILURE, "its log may say why: journalctl -u sallyport-store",
		    "store cannot be asked: %s", view->why);
	}
	judge_confinement(view, &list);
	/* Failures first, each kind in the order in which it was found. */
	for (unsigned i = 0; i < list.count; i++) {
		if (troubles[i].level != STATUS_FAILURE)
			continue;
		moved = troubles[i];
		memmove(
		    &troubles[failures + 1], &troubles[failures], (i - failures) * sizeof(moved));
		troubles[failures++] = moved;
	}
	return list.count;
}

enum status_level
status_troubles_level(const struct status_trouble *troubles, unsigned count)
{
	/* The worst comes first. */
	return count > 0 ? troubles[0].level : STATUS_WELL;
}

uint64_t
status_days_left(uint64_t end, uint64_t now)
{
	return end > now ? (end - now) / DAY : 0;
}

uint64_t
status_time_of(const struct status_view *view, enum statistic first, unsigned percent)
{
	const uint64_t *values = view->answer.values + first;
	const struct statistic_metric *metric = statistic_describe(first)->metric;
	uint64_t all = 0, seen = 0;

	for (unsigned i = 0; i <= metric->bound_count; i++)
		all += values[i];
	if (all == 0)
		return 0;
	for (unsigned i = 0; i < metric->bound_count; i++) {
		seen += values[i];
		if ((double)seen * 100 >= (double)all * percent)
			return metric->bounds[i];
	}
	return UINT64_MAX;
}
