#include "statistics.h"

#include "control_client.h"
#include "statistic.h"
#include "table_print.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

enum { LABEL = 64, NAME = 96 };

static const struct table_column columns[] = {{.title = "PROCESS"}, {.title = "METRIC"},
    {.title = "LABELS"}, {.title = "VALUE", .is_number = 1}};

enum { COLUMNS = sizeof(columns) / sizeof(columns[0]) };

/* transport="udp",family="4" as an object. */
static json_t *
labels_object(const char *labels)
{
	json_t *object = json_object();

	while (*labels != '\0') {
		size_t name = strcspn(labels, "="), value = strcspn(labels + name + 2, "\"");
		char text[LABEL];

		(void)snprintf(text, sizeof(text), "%.*s", (int)name, labels);
		json_object_set_new(object, text, json_stringn(labels + name + 2, value));
		labels += name + 2 + value + 1;
		labels += *labels == ',';
	}
	return object;
}

static int
print_json(const char *process, const char *name, const char *labels, const char *sample)
{
	json_t *value = strchr(sample, '.') != NULL
			    ? json_real(strtod(sample, NULL))
			    : json_integer((json_int_t)strtoull(sample, NULL, 10));
	json_t *object = json_pack("{s:s, s:s, s:o, s:o}", "process", process, "name", name,
	    "labels", labels_object(labels), "value", value);
	int failed = object == NULL || json_dumpf(object, stdout, JSON_COMPACT) != 0 ||
		     fputc('\n', stdout) == EOF;

	json_decref(object);
	return failed ? -1 : 0;
}

static int
print_row(struct table_print *table, const char *process, const char *name, const char *labels,
    const char *sample)
{
	const char *cells[COLUMNS] = {process, name, labels, sample};

	return table_print_row(table, cells);
}

/* People see what there is to see, programs everything. */
static int
print(const uint64_t values[STATISTICS], int as_json)
{
	struct table_print *table = as_json ? NULL : table_print_new(stdout, columns, COLUMNS);
	int failed = !as_json && table == NULL;

	for (unsigned source = 0; source < STATISTIC_SOURCES && !failed; source++) {
		struct statistic_range range = statistic_range(source);

		for (unsigned i = range.first; i < range.first + range.count && !failed; i++) {
			const struct statistic_description *row = statistic_describe(i);
			char name[NAME], text[STATISTIC_SAMPLE];

			(void)snprintf(name, sizeof(name), "%s%s", row->metric->name,
			    statistic_suffix(row->part));
			(void)statistic_sample(text, values, i);
			if (as_json)
				failed = print_json(range.source, name, row->labels, text) != 0;
			else if (values[i] != 0)
				failed =
				    print_row(table, range.source, name, row->labels, text) != 0;
		}
	}
	if (table_print_end(table) != 0 || fflush(stdout) != 0)
		failed = 1;
	if (failed)
		perror("sallyport: standard output");
	return failed ? 1 : 0;
}

int
statistics_show(const struct invocation *invocation)
{
	struct control_client *client;
	uint64_t values[STATISTICS];
	struct writer writer;
	struct reader answer;
	int code = control_client_open(&client, invocation->config, 1);

	if (code != 0)
		return code;
	control_client_begin(client, &writer, MESSAGE_ALL_STATISTICS);
	if (control_client_ask(client, &writer, &answer) != 0)
		code = 1;
	else if (message_get_all_statistics(&answer, values) != 0)
		code = control_client_puzzled(client) != 0;
	control_client_close(client);
	return code != 0 ? code : print(values, invocation_has(invocation, "json"));
}
