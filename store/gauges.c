#include "gauges.h"

static void
look(void *context)
{
	const struct gauges *gauges = context;
	struct statistic_counters *counters = summary_counters(gauges->summary, SUMMARY_LOOP);
	struct database_size size;

	if (gauges->accounts != NULL)
		accounts_sample(gauges->accounts);
	/* What cannot be read is in the log, and stays what it was here. */
	if (database_measure(gauges->database, &size) != DATABASE_OK)
		return;
	statistic_set(counters, STATISTIC_STORE_ACCOUNTS, size.accounts);
	statistic_set(counters, STATISTIC_STORE_NAMES, size.names);
	statistic_set(counters, STATISTIC_STORE_TOKENS, size.tokens);
	statistic_set(counters, STATISTIC_STORE_MAP_BYTES, size.map_bytes);
	statistic_set(counters, STATISTIC_STORE_MAP_USED_BYTES, size.used_bytes);
	statistic_set(counters, STATISTIC_STORE_DISK_FREE_BYTES, size.disk_free_bytes);
}

void
gauges_start(struct gauges *gauges)
{
	summary_sample_by(gauges->summary, look, gauges);
}
