#include "metrics_text.h"

#include <string.h>

static const char *
type_of(const struct statistic_metric *metric)
{
	size_t length = strlen(metric->name);

	if (metric->bounds != NULL)
		return "histogram";
	return length > 6 && strcmp(metric->name + length - 6, "_total") == 0 ? "counter" : "gauge";
}

static void
write_head(struct buf *out, const char *name, const char *help, const char *type)
{
	buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void
write_sample(
    struct buf *out, const struct statistic_description *row, const char *suffix, const char *value)
{
	const char *open = row->labels[0] != '\0' ? "{" : "", *close = *open != '\0' ? "}" : "";

	buf_printf(
	    out, "%s%s%s%s%s %s\n", row->metric->name, suffix, open, row->labels, close, value);
}

void
metrics_text_write(struct buf *out, enum statistic_source source, const uint64_t values[STATISTICS])
{
	struct statistic_range range = statistic_range(source);
	const struct statistic_metric *metric = NULL;
	char text[STATISTIC_SAMPLE];

	for (unsigned i = range.first; i < range.first + range.count; i++) {
		const struct statistic_description *row = statistic_describe(i);

		if (i == range.first || row->metric != metric)
			write_head(out, row->metric->name, row->metric->help, type_of(row->metric));
		metric = row->metric;
		write_sample(
		    out, row, statistic_suffix(row->part), statistic_sample(text, values, i));
		/* As many as are in the last bucket, which has no bound. */
		if (row->part == STATISTIC_SUM)
			write_sample(out, row, "_count", statistic_sample(text, values, i - 1));
	}
}

void
metrics_text_write_build(struct buf *out, const char *version, const char *commit)
{
	write_head(out, "sallyport_build_info", "The program that runs; always 1.", "gauge");
	buf_printf(out, "sallyport_build_info{version=\"%s\",commit=\"%s\"} 1\n", version, commit);
}
