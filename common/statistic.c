#include "statistic.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct statistic_range ranges[STATISTIC_SOURCES] = {
    [STATISTIC_DNSD] = {"dnsd", 0, STATISTIC_DNSD_END},
    [STATISTIC_APID] = {"apid", STATISTIC_DNSD_END, STATISTIC_APID_END - STATISTIC_DNSD_END},
    [STATISTIC_STORE] = {"store", STATISTIC_APID_END, STATISTICS - STATISTIC_APID_END},
};

struct statistic_range
statistic_range(enum statistic_source source)
{
	return ranges[source];
}

struct statistic_counters *
statistic_counters_new(unsigned count)
{
	size_t size = count * sizeof(struct statistic_counters);
	struct statistic_counters *counters =
	    aligned_alloc(alignof(struct statistic_counters), size);

	if (counters != NULL)
		memset(counters, 0, size);
	return counters;
}

void
statistic_sum(const struct statistic_counters *counters, unsigned count, uint64_t sums[STATISTICS])
{
	for (unsigned i = 0; i < count; i++) {
		for (unsigned which = 0; which < STATISTICS; which++)
			sums[which] +=
			    atomic_load_explicit(&counters[i].values[which], memory_order_relaxed);
	}
}

void
statistic_observe(struct statistic_counters *counters, enum statistic first, uint64_t value)
{
	const struct statistic_metric *metric = statistic_describe(first)->metric;
	unsigned bucket = 0;

	while (bucket < metric->bound_count && value > metric->bounds[bucket])
		bucket++;
	statistic_count(counters, first + bucket);
	statistic_add(counters, first + metric->bound_count + 1, value);
}

const char *
statistic_suffix(enum statistic_part part)
{
	static const char *const suffixes[] = {
	    [STATISTIC_VALUE] = "", [STATISTIC_BUCKET] = "_bucket", [STATISTIC_SUM] = "_sum"};

	return suffixes[part];
}

const char *
statistic_sample(
    char text[STATISTIC_SAMPLE], const uint64_t values[STATISTICS], enum statistic which)
{
	const struct statistic_description *row = statistic_describe(which);
	uint64_t value = values[which], scale = row->metric->scale;

	if (row->part == STATISTIC_BUCKET) {
		/* A series ends with its sum, and so the one before it does. */
		for (unsigned i = which;
		    i-- > 0 && statistic_describe(i)->part == STATISTIC_BUCKET;)
			value += values[i];
		scale = 0;
	}
	if (scale > 1)
		(void)snprintf(text, STATISTIC_SAMPLE, "%" PRIu64 ".%06" PRIu64, value / scale,
		    value % scale * (1000000 / scale));
	else
		(void)snprintf(text, STATISTIC_SAMPLE, "%" PRIu64, value);
	return text;
}

size_t
statistic_text(char *text, size_t capacity, enum statistic_source source,
    const uint64_t values[STATISTICS], unsigned *next)
{
	const struct statistic_range *range = &ranges[source];
	const char *key;
	unsigned which;
	size_t length = 0;

	text[0] = '\0';
	for (; *next < range->count; (*next)++) {
		which = range->first + *next;
		key = statistic_describe(which)->key;
		if (values[which] == 0 || key == NULL)
			continue;
		if (capacity - length < STATISTIC_MAX_ITEM)
			break;
		length += (size_t)snprintf(text + length, capacity - length, "%s%s=%" PRIu64,
		    length > 0 ? " " : "", key, values[which]);
	}
	return length;
}
