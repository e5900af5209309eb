/* The messages about a configuration file, and the guesses at what was meant. */
#include "conf_report.h"
#include "array.h"
#include "conf_environment.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { LONGEST_WORD = 40 }; /* no candidate is longer; a longer word resembles none */

void
conf_report_init(struct conf_report *report, const char *path)
{
	memset(report, 0, sizeof(*report));
	report->path = path;
}

void
conf_report_free(struct conf_report *report)
{
	for (size_t i = 0; i < report->count; i++)
		free(report->messages[i].text);
	free(report->messages);
	memset(report, 0, sizeof(*report));
}

static void
add(struct conf_report *report, struct conf_place place, int is_error, const char *text)
{
	struct conf_message *grown = NULL;
	char *copy = NULL;

	if (is_error)
		report->errors++;
	if (report->count == CONF_REPORT_MAX) {
		report->lost++;
		return;
	}
	grown = array_grow(report->messages, report->count, sizeof(*grown));
	if (grown != NULL) {
		report->messages = grown;
		copy = strdup(text);
	}
	if (copy == NULL) {
		conf_report_no_memory(report);
		return;
	}
	report->messages[report->count] = (struct conf_message){
	    .place = place, .order = report->count, .is_error = is_error, .text = copy};
	report->count++;
}

void
conf_report_error(struct conf_report *report, struct conf_place place, const char *format, ...)
{
	char text[CONF_MESSAGE_MAX];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	add(report, place, 1, text);
}

void
conf_report_warning(struct conf_report *report, struct conf_place place, const char *format, ...)
{
	char text[CONF_MESSAGE_MAX];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	add(report, place, 0, text);
}

void
conf_report_no_memory(struct conf_report *report)
{
	report->errors++;
	report->memory_short = 1;
}

static int
compare_numbers(size_t a, size_t b)
{
	return a < b ? -1 : a > b;
}

static int
compare_messages(const void *left, const void *right)
{
	const struct conf_message *a = left, *b = right;
	int order = compare_numbers(a->place.line, b->place.line);

	if (order == 0)
		order = compare_numbers(a->place.column, b->place.column);
	if (order == 0)
		order = compare_numbers(a->order, b->order);
	return order;
}

void
conf_report_print(struct conf_report *report, FILE *out)
{
	if (report->memory_short) {
		fprintf(out, "%s: error: the configuration cannot be read: out of memory\n",
		    report->path);
		return;
	}
	if (report->count > 0)
		qsort(report->messages, report->count, sizeof(*report->messages), compare_messages);
	for (size_t i = 0; i < report->count; i++) {
		const struct conf_message *message = &report->messages[i];
		const char *kind = message->is_error ? "error" : "warning";
		char place[CONF_ENVIRONMENT_PLACE];

		conf_environment_place(place, report->path, message->place);
		fprintf(out, "%s: %s: %s\n", place, kind, message->text);
	}
	if (report->lost > 0)
		fprintf(out, "%s: %s: %zu more messages cannot be shown\n", report->path,
		    report->errors > 0 ? "error" : "warning", report->lost);
}

static char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

static size_t
smallest(size_t a, size_t b, size_t c)
{
	size_t least = a < b ? a : b;

	return least < c ? least : c;
}

/* Edit distance (insert, delete, replace, swap neighbours); both at most LONGEST_WORD bytes. */
static size_t
distance(const char *a, const char *b)
{
	size_t rows[3][LONGEST_WORD + 1]; /* the row before last, the last, the present one */
	size_t *before = rows[0], *last = rows[1], *row = rows[2];
	size_t length_a = strlen(a), length_b = strlen(b);

	for (size_t j = 0; j <= length_b; j++)
		last[j] = j;
	for (size_t i = 1; i <= length_a; i++) {
		size_t *oldest = before;

		row[0] = i;
		for (size_t j = 1; j <= length_b; j++) {
			size_t replaced = lower(a[i - 1]) != lower(b[j - 1]);

			row[j] = smallest(last[j] + 1, row[j - 1] + 1, last[j - 1] + replaced);
			if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) &&
			    lower(a[i - 2]) == lower(b[j - 1]) && before[j - 2] + 1 < row[j])
				row[j] = before[j - 2] + 1;
		}
		before = last;
		last = row;
		row = oldest;
	}
	return last[length_b];
}

const char *
conf_report_suggest(const char *word, const char *const *candidates, size_t count)
{
	size_t length = strlen(word);
	size_t nearest = length / 3 + 1; /* one slip in three letters, and one more */
	const char *best = NULL;

	if (length == 0 || length > LONGEST_WORD)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		size_t candidate = strlen(candidates[i]);
		size_t far = candidate > LONGEST_WORD ? nearest + 1 : distance(word, candidates[i]);

		/* Nothing in common is no resemblance, however short the words. */
		if (far < candidate && (far < nearest || (far == nearest && best == NULL))) {
			nearest = far;
			best = candidates[i];
		}
	}
	return best;
}

/* 1 if a character that must not be repeated starts at `at`. `text` is valid UTF-8. */
static int
is_control(const unsigned char *at, size_t left)
{
	if ((at[0] < ' ' && at[0] != '\t') || at[0] == 0x7f)
		return 1;
	if (left >= 2 && at[0] == 0xc2 && at[1] < 0xa0) /* U+0080 to U+009F */
		return 1;
	if (left < 3)
		return 0;
	return (at[0] == 0xe2 && at[1] == 0x80 && (at[2] == 0xa8 || at[2] == 0xa9)) ||
	       (at[0] == 0xef && at[1] == 0xbb && at[2] == 0xbf) || /* U+FEFF, byte order mark */
	       (at[0] == 0xef && at[1] == 0xbf && at[2] >= 0xbe);   /* U+FFFE, U+FFFF */
}

int
conf_text_is_clean(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		if (is_control((const unsigned char *)text + i, length - i))
			return 0;
	}
	return 1;
}
