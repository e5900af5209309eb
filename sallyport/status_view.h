/* What one look at the running server has shown, and what of it needs somebody. Pure. */
#ifndef SALLYPORT_STATUS_VIEW_H
#define SALLYPORT_STATUS_VIEW_H

#include "conf.h"
#include "rate.h"
#include "status_message.h"

#include <sys/types.h>

enum { STATUS_VIEW_WHY = 200 };

enum status_confinement { STATUS_CONFINED, STATUS_WEAKER, STATUS_UNSEEN };

enum status_presence {
	STATUS_RUNS,
	STATUS_DOWN,
	STATUS_STOPPED, /* by a signal */
	STATUS_STALLED, /* it takes no connection; its pid is not known */
	STATUS_HIDDEN	/* who asks may not look */
};

struct status_process {
	enum status_presence presence;
	enum status_confinement confinement;
	pid_t pid;	 /* 0: not known */
	uint64_t uptime; /* seconds, where it is not down */
};

/* What rates there are, each the sum of counters of one process. */
enum status_series {
	STATUS_DNS_QUERIES,
	STATUS_DNS_LIMITED, /* answers that the rate limit kept back or cut */
	STATUS_API_REQUESTS,
	STATUS_UPDATES, /* done */
	STATUS_REGISTRATIONS,
	STATUS_REFUSED, /* requests answered 4xx */
	STATUS_FAILED,	/* requests answered 5xx */
	STATUS_COMMITS,
	STATUS_SERIES
};

struct status_view {
	const char *version;
	char zone[NAME_MAX_TEXT]; /* printable */
	const char *store_path;
	uint64_t time;	 /* seconds since 1970 */
	double at;	 /* seconds of a clock that does not go back */
	double interval; /* seconds between two looks */
	struct status_process processes[CONF_ROLES];
	int has_answer;		   /* of store: `answer` holds */
	char why[STATUS_VIEW_WHY]; /* otherwise: why not */
	struct status_message answer;
	struct rate rates[STATUS_SERIES];
};

enum status_level { STATUS_WELL, STATUS_WARNING, STATUS_FAILURE };

struct status_trouble {
	enum status_level level;
	char what[STATUS_VIEW_WHY];
	char remedy[STATUS_VIEW_WHY];
};

enum {
	STATUS_TROUBLES = 16,
	/* Exit codes, for monitors; 1 also where nothing could be asked. */
	STATUS_EXIT_FAILURE = 1,
	STATUS_EXIT_WARNING = 3,
	STATUS_FILL_WARNING = 80, /* percent of store.map_max, as in store's log */
	STATUS_LAG_WARNING_US =
	    1000 * 1000, /* from then on updates are answered before dnsd has them */
	STATUS_CERTIFICATE_WARNING_DAYS = 21 /* as in the log */
};

/* "dns_queries", for programs; what people read; whether more than 0 of it is bad. */
const char *status_series_key(enum status_series series);
const char *status_series_name(enum status_series series);
int status_series_is_bad(enum status_series series);

/* What the series counts since its process began. */
uint64_t status_series_count(const struct status_view *view, enum status_series series);

/* When the process was started, as store was told: seconds since 1970; 0: it was not. */
uint64_t status_view_started(const struct status_view *view, enum conf_role role);

/* 1 if store is linked to the front, or the role is store's own. */
int status_view_is_linked(const struct status_view *view, enum conf_role role);

/* After each look: adds the points since the last one. */
void status_view_add_rates(struct status_view *view);

/* Since the process started, per second; NAN where that is not known. */
double status_series_average(const struct status_view *view, enum status_series series);

/* Writes what needs somebody, what is worst first. Returns how many there are. */
unsigned status_view_judge(
    const struct status_view *view, struct status_trouble troubles[STATUS_TROUBLES]);

/* The worst of them. */
enum status_level status_troubles_level(const struct status_trouble *troubles, unsigned count);

/* Days until a moment, rounded down, and 0 for what is past. */
uint64_t status_days_left(uint64_t end, uint64_t now);

/* Upper bound of the time, in microseconds, within which `percent` of what the histogram counted came; 0: nothing was counted. */
uint64_t status_time_of(const struct status_view *view, enum statistic first, unsigned percent);

#endif
