/* The table of counters, the arrays, and the text of log lines. */
#include "statistic.h"

#include "suite.h"

#include <ctype.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { THREADS = 3, ROUNDS = 100000 };

/* Every row has all it needs: one that the table forgot would be all NULL. */
START_TEST(a_row_is_complete)
{
	const struct statistic_description *row = statistic_describe((enum statistic)_i);

	ck_assert_ptr_nonnull(row->metric);
	ck_assert_ptr_nonnull(row->labels);
	ck_assert_uint_gt(strlen(row->metric->help), 0);
	ck_assert_int_eq(strncmp(row->metric->name, "sallyport_", 10), 0);
	for (const char *c = row->metric->name; *c != '\0'; c++)
		ck_assert(islower((unsigned char)*c) || *c == '_');
	if (row->key == NULL)
		return;
	for (const char *c = row->key; *c != '\0'; c++)
		ck_assert(isalnum((unsigned char)*c) || *c == '.' || *c == '_');
	/* "key=18446744073709551615 " */
	ck_assert_uint_le(strlen(row->key) + 22, STATISTIC_MAX_ITEM);
}
END_TEST

/* name="value", with commas between (the text format of Prometheus). */
START_TEST(labels_are_well_formed)
{
	const char *rest = statistic_describe((enum statistic)_i)->labels;
	size_t length;

	while (*rest != '\0') {
		length = strspn(rest, "abcdefghijklmnopqrstuvwxyz_");
		ck_assert_uint_gt(length, 0);
		ck_assert_int_eq(strncmp(rest + length, "=\"", 2), 0);
		rest += length + 2;
		length = strcspn(rest, "\"\\\n");
		ck_assert_uint_gt(length, 0);
		ck_assert_int_eq(rest[length], '"');
		rest += length + 1;
		if (*rest == ',')
			ck_assert_int_ne(*++rest, '\0');
	}
}
END_TEST

START_TEST(no_two_rows_are_the_same)
{
	const struct statistic_description *one, *other;

	for (unsigned i = 0; i < STATISTICS; i++) {
		one = statistic_describe(i);
		for (unsigned j = 0; j < i; j++) {
			other = statistic_describe(j);
			ck_assert(one->metric != other->metric ||
				  strcmp(one->labels, other->labels) != 0);
			/* Rows of one metric stand together. */
			if (one->metric == other->metric)
				ck_assert_ptr_eq(statistic_describe(j + 1)->metric, one->metric);
			else
				ck_assert_str_ne(one->metric->name, other->metric->name);
		}
	}
}
END_TEST

START_TEST(the_sources_share_the_table_out)
{
	unsigned next = 0;

	for (unsigned source = 0; source < STATISTIC_SOURCES; source++) {
		struct statistic_range range = statistic_range(source);

		ck_assert_uint_eq(range.first, next);
		ck_assert_uint_gt(range.count, 0);
		next += range.count;
		for (unsigned i = 0; i < range.count; i++) {
			const char *key = statistic_describe(range.first + i)->key;

			for (unsigned j = 0; j < i && key != NULL; j++) {
				const char *other = statistic_describe(range.first + j)->key;

				ck_assert(other == NULL || strcmp(key, other) != 0);
			}
		}
	}
	ck_assert_uint_eq(next, STATISTICS);
}
END_TEST

START_TEST(adds_arrays_up)
{
	struct statistic_counters *counters = statistic_counters_new(2);
	uint64_t sums[STATISTICS] = {0};

	ck_assert_uint_eq((uintptr_t)counters % alignof(struct statistic_counters), 0);
	/* No line is shared by two threads. */
	ck_assert_uint_eq(sizeof(*counters) % 64, 0);
	statistic_count(&counters[0], STATISTIC_DNS_UDP4);
	statistic_add(&counters[1], STATISTIC_DNS_UDP4, 41);
	statistic_set(&counters[1], STATISTIC_DNS_NAMES, 7);
	statistic_set(&counters[1], STATISTIC_DNS_NAMES, 5);
	sums[STATISTIC_DNS_BYTES] = 3;
	statistic_sum(counters, 2, sums);
	ck_assert_uint_eq(sums[STATISTIC_DNS_UDP4], 42);
	ck_assert_uint_eq(sums[STATISTIC_DNS_NAMES], 5);
	ck_assert_uint_eq(sums[STATISTIC_DNS_BYTES], 3);
	ck_assert_uint_eq(sums[STATISTIC_DNS_UDP6], 0);
	free(counters);
}
END_TEST

static void *
count(void *counters)
{
	for (unsigned i = 0; i < ROUNDS; i++)
		statistic_count(counters, STATISTIC_DNS_TYPE_TXT);
	return NULL;
}

/* Sums taken meanwhile never go back; what is left at the end is exact. */
START_TEST(threads_count_while_sums_are_taken)
{
	struct statistic_counters *counters = statistic_counters_new(THREADS);
	uint64_t last = 0;
	pthread_t threads[THREADS];

	for (unsigned i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, count, &counters[i]), 0);
	while (last < THREADS * ROUNDS) {
		uint64_t sums[STATISTICS] = {0};

		statistic_sum(counters, THREADS, sums);
		ck_assert_uint_ge(sums[STATISTIC_DNS_TYPE_TXT], last);
		last = sums[STATISTIC_DNS_TYPE_TXT];
	}
	ck_assert_uint_eq(last, THREADS * ROUNDS);
	for (unsigned i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	free(counters);
}
END_TEST

/* From its first bucket to its sum: ascending bounds, and labels that say the same. */
START_TEST(a_histogram_is_whole)
{
	const struct statistic_description *row = statistic_describe((enum statistic)_i);
	const struct statistic_metric *metric = row->metric;
	double scale = metric->scale > 0 ? (double)metric->scale : 1;
	uint64_t last = 0;

	if (row->part != STATISTIC_BUCKET || (_i > 0 && row[-1].part == STATISTIC_BUCKET))
		return;
	for (unsigned i = 0; i < metric->bound_count; i++, row++) {
		ck_assert_ptr_eq(row->metric, metric);
		ck_assert_int_eq(row->part, STATISTIC_BUCKET);
		ck_assert_uint_gt(metric->bounds[i], last);
		last = metric->bounds[i];
		ck_assert_int_eq(strncmp(row->labels, "le=\"", 4), 0);
		ck_assert_double_eq_tol(strtod(row->labels + 4, NULL), (double)last / scale, 1e-9);
	}
	ck_assert_int_eq(row->part, STATISTIC_BUCKET);
	ck_assert_int_eq(strncmp(row->labels, "le=\"+Inf\"", 9), 0);
	ck_assert_int_eq(row[1].part, STATISTIC_SUM);
	ck_assert_ptr_eq(row[1].metric, metric);
	ck_assert_ptr_null(strstr(row[1].labels, "le="));
}
END_TEST

static const char *
sample(const struct statistic_counters *counters, unsigned which)
{
	static char text[STATISTIC_SAMPLE];
	uint64_t sums[STATISTICS] = {0};

	statistic_sum(counters, 1, sums);
	return statistic_sample(text, sums, which);
}

START_TEST(observes_in_buckets)
{
	struct statistic_counters *counters = statistic_counters_new(1);
	const enum statistic first = STATISTIC_HTTP_UPDATE_TIME;

	statistic_observe(counters, first, 0);
	statistic_observe(counters, first, 500);
	statistic_observe(counters, first, 501);
	statistic_observe(counters, first, 10000000);
	statistic_observe(counters, first, 10000001);
	ck_assert_str_eq(sample(counters, first), "2");
	ck_assert_str_eq(sample(counters, first + 1), "3");
	ck_assert_str_eq(sample(counters, first + STATISTIC_TIME_BUCKETS - 2), "4");
	ck_assert_str_eq(sample(counters, first + STATISTIC_TIME_BUCKETS - 1), "5");
	ck_assert_str_eq(sample(counters, STATISTIC_HTTP_UPDATE_TIME_SUM), "20.001002");
	/* Its neighbours have nothing of it. */
	ck_assert_str_eq(sample(counters, STATISTIC_HTTP_REGISTER_TIME_SUM), "0.000000");
	ck_assert_str_eq(
	    sample(counters, STATISTIC_HTTP_ACCOUNT_TIME + STATISTIC_TIME_BUCKETS - 1), "0");
	statistic_observe(counters, STATISTIC_STORE_GROUP_SIZE, 1025);
	ck_assert_str_eq(
	    sample(counters, STATISTIC_STORE_GROUP_SIZE + STATISTIC_SIZE_BUCKETS - 2), "0");
	ck_assert_str_eq(
	    sample(counters, STATISTIC_STORE_GROUP_SIZE + STATISTIC_SIZE_BUCKETS - 1), "1");
	ck_assert_str_eq(sample(counters, STATISTIC_STORE_GROUP_SIZE_SUM), "1025");
	free(counters);
}
END_TEST

START_TEST(writes_what_is_not_zero)
{
	uint64_t values[STATISTICS] = {0};
	char text[256];
	unsigned next = 0;

	values[STATISTIC_DNS_UDP4] = 12;
	values[STATISTIC_DNS_TYPE_TXT] = UINT64_MAX;
	values[STATISTIC_HTTP_OPEN] = 1;
	ck_assert_uint_eq(statistic_text(text, sizeof(text), STATISTIC_DNSD, values, &next), 31);
	ck_assert_str_eq(text, "udp=12 TXT=18446744073709551615");
	ck_assert_uint_eq(next, statistic_range(STATISTIC_DNSD).count);
	next = 0;
	ck_assert_uint_eq(statistic_text(text, sizeof(text), STATISTIC_STORE, values, &next), 0);
	ck_assert_str_eq(text, "");
}
END_TEST

/* In pieces of any size: the same items, whole, in the same order. */
START_TEST(goes_on_where_the_room_ended)
{
	uint64_t values[STATISTICS];
	char whole[8192] = "", pieces[8192] = "";
	unsigned next = 0;

	for (unsigned i = 0; i < STATISTICS; i++)
		values[i] = UINT64_MAX;
	(void)statistic_text(whole, sizeof(whole), STATISTIC_DNSD, values, &next);
	for (next = 0; next < statistic_range(STATISTIC_DNSD).count;) {
		size_t capacity = (size_t)_i, length;
		char *text = malloc(capacity);

		length = statistic_text(text, capacity, STATISTIC_DNSD, values, &next);
		ck_assert_uint_gt(length, 0);
		ck_assert_uint_lt(length, capacity);
		snprintf(pieces + strlen(pieces), sizeof(pieces) - strlen(pieces), "%s%s",
		    pieces[0] == '\0' ? "" : " ", text);
		free(text);
	}
	ck_assert_str_eq(pieces, whole);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("statistic");
	TCase *tests = tcase_create("statistic");

	tcase_add_loop_test(tests, a_row_is_complete, 0, STATISTICS);
	tcase_add_loop_test(tests, labels_are_well_formed, 0, STATISTICS);
	tcase_add_loop_test(tests, a_histogram_is_whole, 0, STATISTICS);
	tcase_add_test(tests, observes_in_buckets);
	tcase_add_test(tests, no_two_rows_are_the_same);
	tcase_add_test(tests, the_sources_share_the_table_out);
	tcase_add_test(tests, adds_arrays_up);
	tcase_add_test(tests, threads_count_while_sums_are_taken);
	tcase_add_test(tests, writes_what_is_not_zero);
	tcase_add_loop_test(
	    tests, goes_on_where_the_room_ended, STATISTIC_MAX_ITEM, STATISTIC_MAX_ITEM + 120);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
