#include "status_json.h"

#include <jansson.h>
#include <math.h>

static const char *const levels[] = {
    [STATUS_WELL] = "well", [STATUS_WARNING] = "warning", [STATUS_FAILURE] = "failure"};

static json_t *
number(uint64_t value)
{
	return json_integer((json_int_t)value);
}

static json_t *
number_or_null(double value)
{
	return isnan(value) ? json_null() : json_real(value);
}

static json_t *
processes_object(const struct status_view *view)
{
	static const char *const confinements[] = {
	    [STATUS_CONFINED] = "full", [STATUS_WEAKER] = "weaker", [STATUS_UNSEEN] = NULL};
	static const char *const presences[] = {[STATUS_RUNS] = "running",
	    [STATUS_DOWN] = "down",
	    [STATUS_STOPPED] = "stopped",
	    [STATUS_STALLED] = "stalled",
	    [STATUS_HIDDEN] = NULL};
	json_t *object = json_object();

	for (unsigned role = 0; role < CONF_ROLES; role++) {
		const struct status_process *process = &view->processes[role];
		int is_down = process->presence == STATUS_DOWN;
		json_t *linked = json_null();

		if (view->has_answer && role != CONF_ROLE_STORE)
			linked = json_boolean(status_view_is_linked(view, (enum conf_role)role));
		json_object_set_new(object, conf_role_name((enum conf_role)role),
		    json_pack("{s:s?, s:o, s:o, s:s?, s:o}", "state", presences[process->presence],
			"pid",
			process->pid != 0 && !is_down ? number((uint64_t)process->pid)
						      : json_null(),
			"uptime_seconds",
			is_down || (process->pid == 0 && process->uptime == 0)
			    ? json_null()
			    : number(process->uptime),
			"confinement", is_down ? NULL : confinements[process->confinement],
			"linked", linked));
	}
	return object;
}

static json_t *
rates_object(const struct status_view *view)
{
	json_t *object = json_object();

	for (unsigned i = 0; i < STATUS_SERIES; i++) {
		enum status_series series = (enum status_series)i;

		json_object_set_new(object, status_series_key(series),
		    json_pack("{s:o, s:o, s:o}", "per_second",
			number_or_null(rate_now(&view->rates[i])), "average",
			number_or_null(status_series_average(view, series)), "total",
			view->has_answer ? number(status_series_count(view, series))
					 : json_null()));
	}
	return object;
}

static json_t *
troubles_array(const struct status_trouble *troubles, unsigned count)
{
	json_t *array = json_array();

	for (unsigned i = 0; i < count; i++)
		json_array_append_new(
		    array, json_pack("{s:s, s:s, s:s}", "level", levels[troubles[i].level], "what",
			       troubles[i].what, "remedy", troubles[i].remedy));
	return array;
}

static json_t *
refusals_object(const struct status_view *view)
{
	const struct status_message *answer = &view->answer;
	json_t *array = json_array();

	for (unsigned i = 0; i < answer->refusal_count; i++) {
		const struct refusal *refusal = &answer->refusals[i];
		char client[INET6_ADDRSTRLEN];

		client_address_to_text(&refusal->client, client);
		json_array_append_new(
		    array, json_pack("{s:s?, s:s, s:o, s:o}", "client",
			       client_address_is_unknown(&refusal->client) ? NULL : client,
			       "reason", refusal->reason, "count", number(refusal->count),
			       "seconds_ago", number(refusal->last)));
	}
	return json_pack("{s:o, s:o}", "within_seconds", number(answer->span), "clients", array);
}

/* A time that is 0 where there is none. */
static json_t *
certificate_object(const struct status_view *view)
{
	uint64_t end = view->answer.values[STATISTIC_TLS_CERTIFICATE_END];

	if (end == 0)
		return json_null();
	return json_pack("{s:o, s:o}", "end", number(end), "days_left",
	    number(status_days_left(end, view->time)));
}

static int
add_numbers(json_t *object, const struct status_view *view)
{
	const struct status_message *answer = &view->answer;
	const uint64_t *values = answer->values;

	return json_object_set_new(object, "lag",
		   json_pack("{s:o, s:f, s:f, s:o, s:o}", "synchronised",
		       json_boolean(answer->parts & MESSAGE_READY_SYNCHRONISED), "delta_seconds",
		       (double)values[STATISTIC_STORE_DELTA_LAG] / 1e6, "snapshot_seconds",
		       (double)values[STATISTIC_STORE_SNAPSHOT_TIME] / 1e6, "names_in_dnsd",
		       number(values[STATISTIC_DNS_NAMES]), "names_in_store",
		       number(values[STATISTIC_STORE_NAMES]))) |
	       json_object_set_new(object, "certificate", certificate_object(view)) |
	       json_object_set_new(object, "disk",
		   json_pack("{s:o, s:o, s:o, s:o, s:o, s:b, s:b}", "database_bytes",
		       number(answer->live_bytes), "map_bytes",
		       number(values[STATISTIC_STORE_MAP_BYTES]), "map_max_bytes",
		       number(answer->map_max), "free_bytes",
		       number(values[STATISTIC_STORE_DISK_FREE_BYTES]), "reserve_bytes",
		       number(answer->reserve), "reserve_is_reached",
		       (answer->parts & MESSAGE_READY_ROOM) == 0, "is_damaged",
		       values[STATISTIC_STORE_SNAPSHOT_DAMAGED] != 0)) |
	       json_object_set_new(object, "accounts", number(values[STATISTIC_STORE_ACCOUNTS])) |
	       json_object_set_new(object, "refused", refusals_object(view));
}

int
status_json_print(FILE *out, const struct status_view *view)
{
	struct status_trouble troubles[STATUS_TROUBLES];
	unsigned count = status_view_judge(view, troubles);
	json_t *object = json_pack("{s:s, s:s, s:s, s:o, s:f, s:o, s:o, s:o}", "version",
	    view->version, "zone", view->zone, "level",
	    levels[status_troubles_level(troubles, count)], "time", number(view->time),
	    "interval_seconds", view->interval, "troubles", troubles_array(troubles, count),
	    "processes", processes_object(view), "rates", rates_object(view));
	int failed = object == NULL || (view->has_answer && add_numbers(object, view) != 0) ||
		     json_dumpf(object, out, JSON_COMPACT | JSON_REAL_PRECISION(9)) != 0 ||
		     fputc('\n', out) == EOF || fflush(out) != 0;

	json_decref(object);
	return failed ? -1 : 0;
}
