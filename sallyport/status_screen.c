#include "status_screen.h"

#include "count_text.h"
#include "quantity_text.h"
#include "sparkline.h"
#include "time_text.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
	LABEL = 13,	    /* columns of what stands before most lines */
	SPACED_HEIGHT = 30, /* lines from which on there are blank ones */
	PROCESS_PID = 17,   /* where the columns of processes end or begin */
	PROCESS_UPTIME = 20,
	PROCESS_CONFINED = 32,
	PROCESS_STATE = 42,
	RATE_NOW = 27,
	RATE_PEAK = 36,
	RATE_GRAPH = 38,
	RATE_TOTAL = 52,
	BAR = 10,
	REASONS = 5, /* of refusals, in the line about them */
	GRAPH_LEAST = 8
};

static void
blank(struct canvas *canvas)
{
	if (canvas->height == 0 || canvas->height >= SPACED_HEIGHT)
		canvas_end_line(canvas);
}

static void
draw_head(struct canvas *canvas, const struct status_view *view)
{
	char time[TIME_TEXT];
	size_t length = strlen(time_text(view->time, time));

	canvas_put(canvas, CANVAS_BOLD, "Sallyport %s", view->version);
	canvas_put(canvas, CANVAS_PLAIN, "  %s", view->zone);
	/* Where there is no room for both, the zone is worth more. */
	if (canvas_left(canvas) > length + 1)
		canvas_put_right(canvas, CANVAS_DIM, canvas->width, time);
	canvas_end_line(canvas);
}

static void
draw_troubles(struct canvas *canvas, const struct status_view *view)
{
	static const enum canvas_style styles[] = {[STATUS_WELL] = CANVAS_GOOD,
	    [STATUS_WARNING] = CANVAS_WARNING,
	    [STATUS_FAILURE] = CANVAS_FAILED};
	struct status_trouble troubles[STATUS_TROUBLES];
	unsigned count = status_view_judge(view, troubles);

	if (count == 0) {
		canvas_put(canvas, CANVAS_GOOD, "all is well");
		canvas_end_line(canvas);
	}
	for (unsigned i = 0; i < count; i++) {
		const struct status_trouble *trouble = &troubles[i];

		canvas_put(canvas, styles[trouble->level], "%s",
		    trouble->level == STATUS_FAILURE ? "FAILURE" : "WARNING");
		canvas_go(canvas, 9);
		canvas_wrap(canvas, CANVAS_BOLD, 9, "%s", trouble->what);
		canvas_go(canvas, 9);
		canvas_wrap(canvas, CANVAS_PLAIN, 9, "%s", trouble->remedy);
	}
}

/* What the process is doing, as far as store knows. */
static void
draw_state(struct canvas *canvas, const struct status_view *view, enum conf_role role)
{
	const uint64_t *values = view->answer.values;
	char first[COUNT_TEXT], second[COUNT_TEXT];

	if (!view->has_answer)
		return;
	if (role == CONF_ROLE_STORE) {
		canvas_put(canvas, CANVAS_PLAIN, "accounts: %s, names: %s",
		    count_text(first, values[STATISTIC_STORE_ACCOUNTS]),
		    count_text(second, values[STATISTIC_STORE_NAMES]));
	} else if (role == CONF_ROLE_DNSD && status_view_is_linked(view, role)) {
		canvas_put(canvas, CANVAS_PLAIN, "linked, %s: %s, over TCP: %s",
		    view->answer.parts & MESSAGE_READY_SYNCHRONISED &&
			    values[STATISTIC_STORE_SNAPSHOT_DAMAGED] == 0
			? "all names"
			: "names",
		    count_text(first, values[STATISTIC_DNS_NAMES]),
		    count_text(second, values[STATISTIC_DNS_TCP_OPEN]));
	} else if (role == CONF_ROLE_APID && status_view_is_linked(view, role)) {
		canvas_put(canvas, CANVAS_PLAIN, "linked, connections: %s, waiting: %s",
		    count_text(first, values[STATISTIC_HTTP_OPEN]),
		    count_text(second, values[STATISTIC_HTTP_PENDING]));
	} else {
		canvas_put(canvas, CANVAS_FAILED, "not linked");
	}
}

static void
draw_process(struct canvas *canvas, const struct status_view *view, enum conf_role role)
{
	static const struct {
		const char *word;
		enum canvas_style style;
	} confinements[] = {[STATUS_CONFINED] = {"yes", CANVAS_GOOD},
	    [STATUS_WEAKER] = {"weaker", CANVAS_WARNING},
	    [STATUS_UNSEEN] = {"?", CANVAS_DIM}};
	const struct status_process *process = &view->processes[role];
	char text[QUANTITY_TEXT] = "?";

	canvas_put(canvas, CANVAS_PLAIN, "%s", conf_role_name(role));
	if (process->presence == STATUS_DOWN) {
		canvas_go(canvas, PROCESS_UPTIME);
		canvas_put(canvas, CANVAS_FAILED, "does not run");
		canvas_end_line(canvas);
		return;
	}
	if (process->pid != 0)
		(void)snprintf(text, sizeof(text), "%ld", (long)process->pid);
	canvas_put_right(canvas, CANVAS_PLAIN, PROCESS_PID, text);
	canvas_go(canvas, PROCESS_UPTIME);
	canvas_put(canvas, CANVAS_PLAIN, "%s",
	    process->pid == 0 && process->uptime == 0 ? "?"
						      : quantity_duration(text, process->uptime));
	canvas_go(canvas, PROCESS_CONFINED);
	canvas_put(canvas, confinements[process->confinement].style, "%s",
	    confinements[process->confinement].word);
	canvas_go(canvas, PROCESS_STATE);
	if (process->presence == STATUS_STOPPED || process->presence == STATUS_STALLED)
		canvas_put(canvas, CANVAS_FAILED, "stands still");
	else
		draw_state(canvas, view, role);
	canvas_end_line(canvas);
}

static void
draw_processes(struct canvas *canvas, const struct status_view *view)
{
	canvas_put(canvas, CANVAS_BOLD, "PROCESS");
	canvas_put_right(canvas, CANVAS_BOLD, PROCESS_PID, "PID");
	canvas_go(canvas, PROCESS_UPTIME);
	canvas_put(canvas, CANVAS_BOLD, "RUNS FOR");
	canvas_go(canvas, PROCESS_CONFINED);
	canvas_put(canvas, CANVAS_BOLD, "CONFINED");
	canvas_go(canvas, PROCESS_STATE);
	canvas_put(canvas, CANVAS_BOLD, "STATE");
	canvas_end_line(canvas);
	for (unsigned role = 0; role < CONF_ROLES; role++)
		draw_process(canvas, view, (enum conf_role)role);
}

/* Columns that a graph has; 0: there is no room for one. */
static unsigned
graph_width(const struct canvas *canvas)
{
	unsigned left = canvas->width > RATE_GRAPH ? canvas->width - RATE_GRAPH : 0;

	if (left < GRAPH_LEAST)
		return 0;
	return left < RATE_POINTS ? left : RATE_POINTS;
}

static void
draw_rate_head(struct canvas *canvas, const struct status_view *view, int has_graphs)
{
	char span[QUANTITY_TEXT], seconds[QUANTITY_TEXT];
	unsigned width = graph_width(canvas);

	canvas_put(canvas, CANVAS_BOLD, "PER SECOND");
	canvas_put_right(canvas, CANVAS_BOLD, RATE_NOW, "NOW");
	if (has_graphs) {
		canvas_put_right(canvas, CANVAS_BOLD, RATE_PEAK, "PEAK");
		canvas_go(canvas, RATE_GRAPH);
		if (width > 0)
			canvas_put(canvas, CANVAS_BOLD, "LAST %s",
			    quantity_duration(span, (uint64_t)(width * view->interval)));
	} else {
		canvas_put_right(canvas, CANVAS_BOLD, RATE_PEAK + 2, "AVERAGE");
		canvas_put_right(canvas, CANVAS_BOLD, RATE_TOTAL, "TOTAL");
		(void)snprintf(seconds, sizeof(seconds), "%.1f", view->interval);
		canvas_go(canvas, RATE_TOTAL + 2);
		canvas_put(canvas, CANVAS_DIM, "now: in %s s", seconds);
	}
	canvas_end_line(canvas);
}

static void
draw_rate(struct canvas *canvas, const struct status_view *view, enum status_series series,
    int has_graphs)
{
	const struct rate *rate = &view->rates[series];
	unsigned width = graph_width(canvas);
	double now = rate_now(rate), peak = rate_peak(rate, width > 0 ? width : RATE_POINTS);
	char text[QUANTITY_TEXT], graph[SPARKLINE_TEXT];
	int is_bad = status_series_is_bad(series);
	enum canvas_style graph_style = is_bad ? CANVAS_WARNING : CANVAS_GRAPH;

	canvas_put(canvas, CANVAS_PLAIN, "%s", status_series_name(series));
	canvas_put_right(canvas, is_bad && now > 0 ? CANVAS_WARNING : CANVAS_PLAIN, RATE_NOW,
	    quantity_rate(text, now));
	if (has_graphs) {
		canvas_put_right(canvas, CANVAS_PLAIN, RATE_PEAK, quantity_rate(text, peak));
		canvas_go(canvas, RATE_GRAPH);
		canvas_put(canvas, peak > 0 ? graph_style : CANVAS_DIM, "%s",
		    sparkline(graph, rate, width, canvas->is_unicode));
	} else {
		canvas_put_right(canvas, CANVAS_PLAIN, RATE_PEAK + 2,
		    quantity_rate(text, status_series_average(view, series)));
		canvas_put_right(canvas, CANVAS_PLAIN, RATE_TOTAL,
		    view->has_answer ? count_text(text, status_series_count(view, series)) : "-");
	}
	canvas_end_line(canvas);
}

static void
draw_rates(struct canvas *canvas, const struct status_view *view, int has_graphs)
{
	blank(canvas);
	draw_rate_head(canvas, view, has_graphs);
	for (unsigned i = 0; i < STATUS_SERIES; i++)
		draw_rate(canvas, view, (enum status_series)i, has_graphs);
}

static void
label(struct canvas *canvas, const char *text)
{
	canvas_put(canvas, CANVAS_BOLD, "%s", text);
	canvas_go(canvas, LABEL);
}

static void
draw_lag(struct canvas *canvas, const struct status_view *view)
{
	const uint64_t *values = view->answer.values;
	uint64_t lag = values[STATISTIC_STORE_DELTA_LAG];
	uint64_t most = status_time_of(view, STATISTIC_STORE_DELTA_TIME, 99);
	char first[QUANTITY_TEXT], text[STATUS_VIEW_WHY];
	int length;

	label(canvas, "LAG");
	if (lag > 0)
		length =
		    snprintf(text, sizeof(text), "dnsd is %s behind", quantity_time(first, lag));
	else
		length = snprintf(text, sizeof(text), "dnsd serves every change");
	if (most > 0 && most < UINT64_MAX)
		length += snprintf(text + length, sizeof(text) - (size_t)length,
		    "; 99 %% within %s", quantity_time(first, most));
	if (values[STATISTIC_STORE_SNAPSHOT_TIME] > 0)
		(void)snprintf(text + length, sizeof(text) - (size_t)length, "; last snapshot %s",
		    quantity_time(first, values[STATISTIC_STORE_SNAPSHOT_TIME]));
	canvas_wrap(canvas, lag >= STATUS_LAG_WARNING_US ? CANVAS_WARNING : CANVAS_PLAIN, LABEL,
	    "%s", text);
}

static void
draw_certificate(struct canvas *canvas, const struct status_view *view)
{
	uint64_t end = view->answer.values[STATISTIC_TLS_CERTIFICATE_END];
	uint64_t days = status_days_left(end, view->time);
	char time[TIME_TEXT];

	label(canvas, "CERTIFICATE");
	if (end == 0)
		canvas_wrap(canvas, CANVAS_PLAIN, LABEL, "none: the API speaks no TLS");
	else if (end <= view->time)
		canvas_wrap(canvas, CANVAS_FAILED, LABEL, "expired at %s", time_text(end, time));
	else
		canvas_wrap(canvas,
		    days < STATUS_CERTIFICATE_WARNING_DAYS ? CANVAS_WARNING : CANVAS_PLAIN, LABEL,
		    "%" PRIu64 " day%s left, until %s", days, days == 1 ? "" : "s",
		    time_text(end, time));
}

static void
draw_bar(struct canvas *canvas, double part, enum canvas_style style)
{
	unsigned full = (unsigned)(part * BAR + 0.5);

	for (unsigned i = 0; i < BAR; i++)
		canvas_put(canvas, i < full ? style : CANVAS_DIM, "%s",
		    canvas->is_unicode ? i < full ? "\u2588" : "\u2591"
		    : i < full	       ? "#"
				       : ".");
}

static void
draw_room(struct canvas *canvas, const struct status_view *view)
{
	const struct status_message *answer = &view->answer;
	const uint64_t *values = answer->values;
	char first[QUANTITY_TEXT], second[QUANTITY_TEXT];
	uint64_t below_max =
	    answer->map_max > answer->live_bytes ? answer->map_max - answer->live_bytes : 0;
	int is_disk = values[STATISTIC_STORE_DISK_FREE_BYTES] < below_max;
	uint64_t left = is_disk ? values[STATISTIC_STORE_DISK_FREE_BYTES] : below_max;
	double all = (double)answer->live_bytes + (double)left;
	double part = all > 0 ? (double)answer->live_bytes / all : 0;

	label(canvas, "DATABASE");
	draw_bar(canvas, part, part * 100 >= STATUS_FILL_WARNING ? CANVAS_WARNING : CANVAS_GOOD);
	canvas_wrap(canvas, CANVAS_PLAIN, LABEL, " %.0f %% of %s: %s in a map of %s",
	    floor(part * 100), is_disk ? "what the disk holds" : "store.map_max",
	    quantity_bytes(first, answer->live_bytes),
	    quantity_bytes(second, values[STATISTIC_STORE_MAP_BYTES]));
	label(canvas, "DISK");
	canvas_wrap(canvas, answer->parts & MESSAGE_READY_ROOM ? CANVAS_PLAIN : CANVAS_FAILED,
	    LABEL, "%s free%s%s", quantity_bytes(first, values[STATISTIC_STORE_DISK_FREE_BYTES]),
	    answer->reserve > 0 ? "; registrations stop below " : "",
	    answer->reserve > 0 ? quantity_bytes(second, answer->reserve) : "");
}

/* The row of the errors that was counted most, behind those that were told already; 0: there is none. */
static unsigned
next_reason(const uint64_t *values, uint64_t below, unsigned last)
{
	unsigned most = 0;

	for (unsigned i = STATISTIC_HTTP_ERROR_BAD_REQUEST;
	    i <= STATISTIC_HTTP_ERROR_HTTPS_REQUIRED; i++) {
		int is_next = values[i] < below || (values[i] == below && i > last);

		if (values[i] > 0 && is_next && (most == 0 || values[i] > values[most]))
			most = i;
	}
	return most;
}

/* The words most often given to clients as an error, most first. */
static void
draw_reasons(struct canvas *canvas, const struct status_view *view)
{
	const uint64_t *values = view->answer.values;
	char text[STATUS_VIEW_WHY + REASONS * COUNT_TEXT] = "", count[COUNT_TEXT];
	uint64_t below = UINT64_MAX;
	unsigned last = 0;
	size_t length = 0;

	for (unsigned place = 0; place < REASONS; place++) {
		const char *word;

		last = next_reason(values, below, last);
		if (last == 0)
			break;
		below = values[last];
		/* error="forbidden" */
		word = strchr(statistic_describe(last)->labels, '"') + 1;
		length += (size_t)snprintf(text + length, sizeof(text) - length, "%s%.*s %s",
		    place > 0 ? ", " : "since apid's start: ", (int)strcspn(word, "\""), word,
		    count_text(count, below));
	}
	label(canvas, "REFUSED");
	canvas_wrap(canvas, CANVAS_PLAIN, LABEL, "%s", length > 0 ? text : "nobody yet");
}

static void
draw_refusals(struct canvas *canvas, const struct status_view *view)
{
	const struct status_message *answer = &view->answer;
	char text[QUANTITY_TEXT], client[INET6_ADDRSTRLEN];

	draw_reasons(canvas, view);
	for (unsigned i = 0; i < answer->refusal_count; i++) {
		const struct refusal *refusal = &answer->refusals[i];

		if (i == 0) {
			canvas_go(canvas, LABEL);
			canvas_put(canvas, CANVAS_DIM,
			    "by store, within the last %s:", quantity_duration(text, answer->span));
			canvas_end_line(canvas);
		}
		canvas_put_right(canvas, CANVAS_PLAIN, LABEL - 2, count_text(text, refusal->count));
		canvas_go(canvas, LABEL);
		if (client_address_is_unknown(&refusal->client))
			(void)snprintf(client, sizeof(client), "(Unix socket)");
		else
			client_address_to_text(&refusal->client, client);
		canvas_put(canvas, CANVAS_PLAIN, "%s", client);
		canvas_go(canvas, PROCESS_STATE - 6);
		canvas_put(canvas, CANVAS_PLAIN, "%s", refusal->reason);
		canvas_put(
		    canvas, CANVAS_DIM, ", last %s ago", quantity_duration(text, refusal->last));
		canvas_end_line(canvas);
	}
}

void
status_screen_draw(struct canvas *canvas, const struct status_view *view, int has_graphs)
{
	draw_head(canvas, view);
	draw_troubles(canvas, view);
	blank(canvas);
	draw_processes(canvas, view);
	/* Graphs tell how it was before. */
	if (view->has_answer || has_graphs)
		draw_rates(canvas, view, has_graphs);
	if (view->has_answer) {
		blank(canvas);
		draw_lag(canvas, view);
		draw_certificate(canvas, view);
		draw_room(canvas, view);
		blank(canvas);
		draw_refusals(canvas, view);
	}
	canvas_finish(canvas);
}
