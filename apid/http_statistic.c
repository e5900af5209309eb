#include "http_statistic.h"

/* What a route counts: the first of three classes, and how long it takes. */
struct first {
	enum statistic status, time;
};

static struct first
first_of(enum route route)
{
	switch (route) {
	case ROUTE_REGISTER:
		return (struct first){STATISTIC_HTTP_REGISTER_2XX, STATISTIC_HTTP_REGISTER_TIME};
	case ROUTE_UPDATE:
		return (struct first){STATISTIC_HTTP_UPDATE_2XX, STATISTIC_HTTP_UPDATE_TIME};
	case ROUTE_HEALTH:
	case ROUTE_READY:
		return (struct first){STATISTIC_HTTP_HEALTH_2XX, STATISTIC_HTTP_HEALTH_TIME};
	case ROUTE_ACCOUNT:
	case ROUTE_ACCOUNT_KEY:
	case ROUTE_ACCOUNT_VALUES:
	case ROUTE_CHANGE:
	case ROUTE_CLEAN:
	case ROUTE_DEREGISTER:
		return (struct first){STATISTIC_HTTP_ACCOUNT_2XX, STATISTIC_HTTP_ACCOUNT_TIME};
	default:
		return (struct first){STATISTIC_HTTP_OTHER_2XX, STATISTIC_HTTP_OTHER_TIME};
	}
}

void
http_statistic_count(
    struct statistic_counters *counters, enum route route, const struct response *response)
{
	unsigned class = 0;

	if (response->status >= 500)
		class = 2;
	else if (response->status >= 400)
		class = 1;
	statistic_count(counters, first_of(route).status + class);
	if (response->error != RESPONSE_ERROR_NONE)
		statistic_count(counters, STATISTIC_HTTP_ERROR_BAD_REQUEST +
					      (response->error - RESPONSE_ERROR_BAD_REQUEST));
}

void
http_statistic_time(struct statistic_counters *counters, enum route route, uint64_t microseconds)
{
	statistic_observe(counters, first_of(route).time, microseconds);
}
