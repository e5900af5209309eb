/* The text that Prometheus reads. */
#include "metrics_text.h"

#include "suite.h"

#include <string.h>

static struct buf out;
static uint64_t values[STATISTICS];

static void
set_up(void)
{
	buf_init(&out, 64 * 1024);
	memset(values, 0, sizeof(values));
}

static void
tear_down(void)
{
	buf_free(&out);
}

static int
has(const char *lines)
{
	return memmem(out.data, out.length, lines, strlen(lines)) != NULL;
}

START_TEST(writes_counters_and_gauges)
{
	values[STATISTIC_DNS_TCP6] = UINT64_MAX;
	values[STATISTIC_DNS_NAMES] = 7;
	metrics_text_write(&out, STATISTIC_DNSD, values);
	ck_assert(has("# HELP sallyport_dns_queries_total Queries by the transport they came "
		      "over.\n# TYPE sallyport_dns_queries_total counter\n"
		      "sallyport_dns_queries_total{transport=\"udp\",family=\"4\"} 0\n"));
	ck_assert(has("{transport=\"tcp\",family=\"6\"} 18446744073709551615\n# HELP"));
	ck_assert(has("# TYPE sallyport_dns_names gauge\nsallyport_dns_names 7\n"));
	ck_assert(!has("sallyport_http"));
}
END_TEST

/* Buckets add up, and the count is that of the last one. */
START_TEST(writes_histograms)
{
	values[STATISTIC_STORE_COMMIT_TIME] = 2;
	values[STATISTIC_STORE_COMMIT_TIME + 1] = 3;
	values[STATISTIC_STORE_COMMIT_TIME_SUM] = 1250001;
	values[STATISTIC_HTTP_HEALTH_TIME + STATISTIC_TIME_BUCKETS - 1] = 4;
	metrics_text_write(&out, STATISTIC_STORE, values);
	ck_assert(has("# TYPE sallyport_store_commit_duration_seconds histogram\n"
		      "sallyport_store_commit_duration_seconds_bucket{le=\"0.0005\"} 2\n"
		      "sallyport_store_commit_duration_seconds_bucket{le=\"0.001\"} 5\n"));
	ck_assert(has("_bucket{le=\"+Inf\"} 5\n"
		      "sallyport_store_commit_duration_seconds_sum 1.250001\n"
		      "sallyport_store_commit_duration_seconds_count 5\n# HELP"));
	metrics_text_write(&out, STATISTIC_APID, values);
	ck_assert(has("_bucket{le=\"10\",route=\"health\"} 0\n"
		      "sallyport_http_request_duration_seconds_bucket{le=\"+Inf\",route="
		      "\"health\"} 4\n"
		      "sallyport_http_request_duration_seconds_sum{route=\"health\"} 0.000000\n"
		      "sallyport_http_request_duration_seconds_count{route=\"health\"} 4\n"));
}
END_TEST

START_TEST(says_what_is_running)
{
	metrics_text_write_build(&out, "1.2.3", "0123abc");
	ck_assert(has("# TYPE sallyport_build_info gauge\n"
		      "sallyport_build_info{version=\"1.2.3\",commit=\"0123abc\"} 1\n"));
}
END_TEST

/* The largest numbers fit into an answer of the API. */
START_TEST(fits_an_answer)
{
	memset(values, 0xff, sizeof(values));
	metrics_text_write_build(&out, "1.2.3", "0123456789abcdef0123456789abcdef01234567");
	for (unsigned source = 0; source < STATISTIC_SOURCES; source++)
		metrics_text_write(&out, source, values);
	ck_assert_int_eq(out.failed, 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("metrics_text");
	TCase *tests = tcase_create("metrics_text");

	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, writes_counters_and_gauges);
	tcase_add_test(tests, writes_histograms);
	tcase_add_test(tests, says_what_is_running);
	tcase_add_test(tests, fits_an_answer);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
