#include "table_print.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct table_print {
	FILE *out;
	const struct table_column *columns;
	unsigned column_count;
	size_t widths[TABLE_COLUMNS];
	char *cells[TABLE_BATCH][TABLE_COLUMNS]; /* owned */
	unsigned row_count;
	int has_head; /* it is printed */
	int colour;
};

int
table_print_may_colour(FILE *out)
{
	const char *no_colour = getenv("NO_COLOR"), *terminal = getenv("TERM");

	if (no_colour != NULL && no_colour[0] != '\0')
		return 0;
	return isatty(fileno(out)) && terminal != NULL && strcmp(terminal, "dumb") != 0;
}

struct table_print *
table_print_new(FILE *out, const struct table_column *columns, unsigned count)
{
	struct table_print *table = calloc(1, sizeof(*table));

	if (table == NULL)
		return NULL;
	table->out = out;
	table->columns = columns;
	table->column_count = count;
	table->colour = table_print_may_colour(out);
	for (unsigned i = 0; i < count; i++)
		table->widths[i] = strlen(columns[i].title);
	return table;
}

/* The last column ends where its text does. */
static void
print_line(const struct table_print *table, const char *const *cells)
{
	for (unsigned i = 0; i < table->column_count; i++) {
		int is_last = i + 1 == table->column_count;
		int width = (int)table->widths[i];

		if (table->columns[i].is_number)
			(void)fprintf(table->out, "%*s", width, cells[i]);
		else
			(void)fprintf(table->out, "%-*s", is_last ? 0 : width, cells[i]);
		(void)fprintf(table->out, "%*s", is_last ? 0 : TABLE_GAP, "");
	}
}

static void
print_head(struct table_print *table)
{
	const char *titles[TABLE_COLUMNS];

	for (unsigned i = 0; i < table->column_count; i++)
		titles[i] = table->columns[i].title;
	fputs(table->colour ? "\033[1m" : "", table->out);
	print_line(table, titles);
	fputs(table->colour ? "\033[0m\n" : "\n", table->out);
	table->has_head = 1;
}

static void
print_batch(struct table_print *table)
{
	if (!table->has_head)
		print_head(table);
	for (unsigned i = 0; i < table->row_count; i++) {
		print_line(table, (const char *const *)table->cells[i]);
		fputc('\n', table->out);
	}
}

static void
forget_batch(struct table_print *table)
{
	for (unsigned i = 0; i < table->row_count; i++)
		for (unsigned k = 0; k < table->column_count; k++)
			free(table->cells[i][k]);
	table->row_count = 0;
}

/* A copy that is harmless on a terminal. */
static char *
copy_cell(const char *text)
{
	char *copy = strdup(text);

	for (char *c = copy; c != NULL && *c != '\0'; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
	return copy;
}

int
table_print_row(struct table_print *table, const char *const *cells)
{
	char **row = table->cells[table->row_count];

	for (unsigned i = 0; i < table->column_count; i++) {
		size_t width = strlen(cells[i]);

		row[i] = copy_cell(cells[i]);
		if (row[i] == NULL) {
			while (i-- > 0)
				free(row[i]);
			return -1;
		}
		if (width > table->widths[i])
			table->widths[i] = width;
	}
	if (++table->row_count < TABLE_BATCH)
		return 0;
	print_batch(table);
	forget_batch(table);
	return ferror(table->out) ? -1 : 0;
}

int
table_print_end(struct table_print *table)
{
	int failed;

	if (table == NULL)
		return 0;
	print_batch(table);
	forget_batch(table);
	failed = fflush(table->out) != 0 || ferror(table->out);
	free(table);
	return failed ? -1 : 0;
}
