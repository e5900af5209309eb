/* What each answer is counted as. */
#include "http_statistic.h"

#include "suite.h"

#include <stdio.h>
#include <stdlib.h>

static struct statistic_counters counters;

static uint64_t
value(enum statistic which)
{
	return atomic_load(&counters.values[which]);
}

static const struct {
	enum route route;
	unsigned status;
	enum statistic counted;
} answers[] = {
    {ROUTE_REGISTER, 201, STATISTIC_HTTP_REGISTER_2XX},
    {ROUTE_REGISTER, 400, STATISTIC_HTTP_REGISTER_4XX},
    {ROUTE_REGISTER, 503, STATISTIC_HTTP_REGISTER_5XX},
    {ROUTE_UPDATE, 200, STATISTIC_HTTP_UPDATE_2XX},
    {ROUTE_UPDATE, 401, STATISTIC_HTTP_UPDATE_4XX},
    {ROUTE_UPDATE, 500, STATISTIC_HTTP_UPDATE_5XX},
    {ROUTE_ACCOUNT, 200, STATISTIC_HTTP_ACCOUNT_2XX},
    {ROUTE_ACCOUNT_KEY, 401, STATISTIC_HTTP_ACCOUNT_4XX},
    {ROUTE_ACCOUNT_VALUES, 503, STATISTIC_HTTP_ACCOUNT_5XX},
    {ROUTE_CHANGE, 200, STATISTIC_HTTP_ACCOUNT_2XX},
    {ROUTE_CLEAN, 400, STATISTIC_HTTP_ACCOUNT_4XX},
    {ROUTE_DEREGISTER, 500, STATISTIC_HTTP_ACCOUNT_5XX},
    {ROUTE_HEALTH, 200, STATISTIC_HTTP_HEALTH_2XX},
    {ROUTE_HEALTH, 405, STATISTIC_HTTP_HEALTH_4XX},
    {ROUTE_HEALTH, 599, STATISTIC_HTTP_HEALTH_5XX},
    {ROUTE_NONE, 404, STATISTIC_HTTP_OTHER_4XX},
    {ROUTE_NONE, 499, STATISTIC_HTTP_OTHER_4XX},
    {ROUTE_SERVER, 204, STATISTIC_HTTP_OTHER_2XX},
    {ROUTE_SERVER, 505, STATISTIC_HTTP_OTHER_5XX},
};

START_TEST(counts_route_and_class)
{
	struct response response;

	response_init(&response, answers[_i].status);
	http_statistic_count(&counters, answers[_i].route, &response);
	for (unsigned i = 0; i < STATISTICS; i++)
		ck_assert_uint_eq(value(i), i == answers[_i].counted);
	response_free(&response);
}
END_TEST

/* The label of the counter is the word that the client read. */
START_TEST(counts_errors_by_their_word)
{
	enum response_error error = (enum response_error)_i;
	char labels[128];
	struct response response;
	unsigned errors = 0;

	response_init(&response, 0);
	response_set_error(&response, error);
	http_statistic_count(&counters, ROUTE_UPDATE, &response);
	(void)snprintf(labels, sizeof(labels), "error=\"%s\"", response_error_word(error));
	for (unsigned i = STATISTIC_HTTP_ERROR_BAD_REQUEST;
	    i <= STATISTIC_HTTP_ERROR_HTTPS_REQUIRED; i++) {
		errors += value(i) != 0;
		if (value(i) != 0)
			ck_assert_str_eq(statistic_describe(i)->labels, labels);
	}
	ck_assert_uint_eq(errors, 1);
	ck_assert_uint_eq(value(STATISTIC_HTTP_UPDATE_4XX) + value(STATISTIC_HTTP_UPDATE_5XX), 1);
	response_free(&response);
}
END_TEST

/* Requests of a route are timed where they are counted. */
START_TEST(times_by_route)
{
	http_statistic_time(&counters, ROUTE_REGISTER, 1);
	http_statistic_time(&counters, ROUTE_UPDATE, 2);
	http_statistic_time(&counters, ROUTE_CHANGE, 3);
	http_statistic_time(&counters, ROUTE_HEALTH, 4);
	http_statistic_time(&counters, ROUTE_NONE, 5);
	ck_assert_uint_eq(value(STATISTIC_HTTP_REGISTER_TIME_SUM), 1);
	ck_assert_uint_eq(value(STATISTIC_HTTP_UPDATE_TIME_SUM), 2);
	ck_assert_uint_eq(value(STATISTIC_HTTP_ACCOUNT_TIME_SUM), 3);
	ck_assert_uint_eq(value(STATISTIC_HTTP_HEALTH_TIME_SUM), 4);
	ck_assert_uint_eq(value(STATISTIC_HTTP_OTHER_TIME_SUM), 5);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("http_statistic");
	TCase *tests = tcase_create("http_statistic");

	tcase_add_loop_test(tests, counts_route_and_class, 0, ROWS(answers));
	tcase_add_test(tests, times_by_route);
	tcase_add_loop_test(
	    tests, counts_errors_by_their_word, RESPONSE_ERROR_NONE + 1, RESPONSE_ERRORS);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
