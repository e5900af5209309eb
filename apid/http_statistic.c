#include "http_statistic.h"

/* The first of the three classes of a route. */
static enum statistic
first_of(enum route route)
{
	switch (route) {
	case ROUTE_REGISTER:
		return STATISTIC_HTTP_REGISTER_2XX;
	case ROUTE_UPDATE:
		return STATISTIC_HTTP_UPDATE_2XX;
	case ROUTE_HEALTH:
		return STATISTIC_HTTP_HEALTH_2XX;
	case ROUTE_ACCOUNT:
	case ROUTE_ACCOUNT_KEY:
	case ROUTE_ACCOUNT_VALUES:
	case ROUTE_CHANGE:
	case ROUTE_CLEAN:
	case ROUTE_DEREGISTER:
		return STATISTIC_HTTP_ACCOUNT_2XX;
	default:
		return STATISTIC_HTTP_OTHER_2XX;
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
	statistic_count(counters, first_of(route) + class);
	if (response->error != RESPONSE_ERROR_NONE)
		statistic_count(counters, STATISTIC_HTTP_ERROR_BAD_REQUEST +
					      (response->error - RESPONSE_ERROR_BAD_REQUEST));
}
