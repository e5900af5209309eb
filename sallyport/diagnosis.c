#include "diagnosis.h"

#include "array.h"
#include "table_print.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum {
	INDENT = 11,	 /* columns in front of a finding's text */
	MIN_TEXT = 30,	 /* columns of it, however narrow the terminal is */
	MAX_WIDTH = 100, /* longer lines are hard to read */
	ID = 64		 /* bytes of an id and what is around it */
};

struct finding {
	enum diagnosis_level level;
	const char *id;
	char *group; /* owned by the first finding of the group; the others borrow it */
	int begins;  /* 1: it is the first one of its group */
	char *text;  /* owned, as are the fixes */
	unsigned fix_count;
	char *fixes[DIAGNOSIS_FIXES];
};

struct diagnosis {
	struct finding *findings; /* owned */
	unsigned count;
	char *group; /* owned until a finding has it; NULL: the last finding's goes on */
	int failed;  /* something was left out */
};

static const char *const level_names[DIAGNOSIS_LEVELS] = {[DIAGNOSIS_OK] = "ok",
    [DIAGNOSIS_UNKNOWN] = "unknown",
    [DIAGNOSIS_WARNING] = "warning",
    [DIAGNOSIS_WRONG] = "wrong"};

struct diagnosis *
diagnosis_new(void)
{
	return calloc(1, sizeof(struct diagnosis));
}

void
diagnosis_free(struct diagnosis *diagnosis)
{
	if (diagnosis == NULL)
		return;
	for (unsigned i = 0; i < diagnosis->count; i++) {
		struct finding *finding = &diagnosis->findings[i];

		if (finding->begins)
			free(finding->group);
		free(finding->text);
		for (unsigned k = 0; k < finding->fix_count; k++)
			free(finding->fixes[k]);
	}
	free(diagnosis->findings);
	free(diagnosis->group);
	free(diagnosis);
}

static char *copy_line(struct diagnosis *diagnosis, const char *format, va_list arguments)
    __attribute__((format(printf, 2, 0)));

/* A line that is harmless on a terminal: it may have names in it that others have made. */
static char *
copy_line(struct diagnosis *diagnosis, const char *format, va_list arguments)
{
	char line[DIAGNOSIS_LINE];
	char *copy;

	(void)vsnprintf(line, sizeof(line), format, arguments);
	for (char *c = line; *c != '\0'; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
	copy = strdup(line);
	if (copy == NULL)
		diagnosis->failed = 1;
	return copy;
}

void
diagnosis_begin(struct diagnosis *diagnosis, const char *title)
{
	free(diagnosis->group);
	diagnosis->group = strdup(title);
	if (diagnosis->group == NULL)
		diagnosis->failed = 1;
}

void
diagnosis_add(struct diagnosis *diagnosis, enum diagnosis_level level, const char *id,
    const char *format, ...)
{
	struct finding *grown = NULL, *finding;
	va_list arguments;

	if (diagnosis->count < DIAGNOSIS_FINDINGS)
		grown = array_grow(diagnosis->findings, diagnosis->count, sizeof(*grown));
	if (grown == NULL) {
		diagnosis->failed = 1;
		return;
	}
	diagnosis->findings = grown;
	finding = &grown[diagnosis->count];
	*finding = (struct finding){.level = level, .id = id};
	va_start(arguments, format);
	finding->text = copy_line(diagnosis, format, arguments);
	va_end(arguments);
	if (finding->text == NULL)
		return;
	finding->begins = diagnosis->group != NULL;
	finding->group = diagnosis->count > 0 ? grown[diagnosis->count - 1].group : NULL;
	if (finding->begins)
		finding->group = diagnosis->group;
	diagnosis->group = NULL;
	diagnosis->count++;
}

void
diagnosis_fix(struct diagnosis *diagnosis, const char *format, ...)
{
	struct finding *finding;
	va_list arguments;
	char *line;

	if (diagnosis->count == 0)
		return;
	finding = &diagnosis->findings[diagnosis->count - 1];
	if (finding->fix_count == DIAGNOSIS_FIXES)
		return;
	va_start(arguments, format);
	line = copy_line(diagnosis, format, arguments);
	va_end(arguments);
	if (line != NULL)
		finding->fixes[finding->fix_count++] = line;
}

unsigned
diagnosis_count(const struct diagnosis *diagnosis, enum diagnosis_level level)
{
	unsigned count = 0;

	for (unsigned i = 0; i < diagnosis->count; i++)
		count += diagnosis->findings[i].level == level;
	return count;
}

int
diagnosis_has(const struct diagnosis *diagnosis, const char *id)
{
	for (unsigned i = 0; i < diagnosis->count; i++)
		if (strcmp(diagnosis->findings[i].id, id) == 0)
			return 1;
	return 0;
}

static void
print_level(FILE *out, enum diagnosis_level level, int colour)
{
	static const char *const colours[DIAGNOSIS_LEVELS] = {[DIAGNOSIS_OK] = "\033[32m",
	    [DIAGNOSIS_UNKNOWN] = "\033[36m",
	    [DIAGNOSIS_WARNING] = "\033[33m",
	    [DIAGNOSIS_WRONG] = "\033[1;31m"};

	(void)fprintf(out, "  %s%-*s%s", colour ? colours[level] : "", INDENT - 2,
	    level_names[level], colour ? "\033[0m" : "");
}

/* Breaks it at blanks, where it has some. */
static void
print_text(FILE *out, const char *text, unsigned width)
{
	while (strlen(text) > width) {
		size_t length = width;

		while (length > 0 && text[length] != ' ')
			length--;
		if (length == 0)
			break;
		(void)fprintf(out, "%.*s\n%*s", (int)length, text, INDENT, "");
		text += length + 1;
	}
	(void)fprintf(out, "%s\n", text);
}

static void
print_finding(FILE *out, const struct finding *finding, unsigned width, int colour)
{
	char text[DIAGNOSIS_LINE + ID];

	/* Its name is for looking it up. What is well needs none. */
	if (finding->level == DIAGNOSIS_OK)
		(void)snprintf(text, sizeof(text), "%s", finding->text);
	else
		(void)snprintf(text, sizeof(text), "%s [%.*s]", finding->text, ID - 4, finding->id);
	print_level(out, finding->level, colour);
	print_text(out, text, width);
	for (unsigned i = 0; i < finding->fix_count; i++)
		(void)fprintf(out, "%*s    %s\n", INDENT, "", finding->fixes[i]);
}

static void
print_counts(const struct diagnosis *diagnosis, FILE *out)
{
	unsigned wrong = diagnosis_count(diagnosis, DIAGNOSIS_WRONG);
	unsigned warnings = diagnosis_count(diagnosis, DIAGNOSIS_WARNING);
	unsigned unknown = diagnosis_count(diagnosis, DIAGNOSIS_UNKNOWN);

	if (wrong == 0)
		(void)fprintf(out, "\nNothing is wrong");
	else
		(void)fprintf(out, "\n%u thing%s wrong", wrong, wrong == 1 ? " is" : "s are");
	if (warnings > 0)
		(void)fprintf(out, ", %u warning%s", warnings, warnings == 1 ? "" : "s");
	if (unknown > 0)
		(void)fprintf(out, ", %u could not be seen from here", unknown);
	(void)fprintf(out, ".\n");
}

int
diagnosis_print(const struct diagnosis *diagnosis, unsigned columns, FILE *out)
{
	int colour = table_print_may_colour(out);
	unsigned width = (columns < MAX_WIDTH ? columns : MAX_WIDTH);

	width = width > INDENT + MIN_TEXT ? width - INDENT : MIN_TEXT;

	for (unsigned i = 0; i < diagnosis->count; i++) {
		const struct finding *finding = &diagnosis->findings[i];

		if (finding->begins)
			(void)fprintf(out, "%s%s%s%s\n", i > 0 ? "\n" : "", colour ? "\033[1m" : "",
			    finding->group, colour ? "\033[0m" : "");
		print_finding(out, finding, width, colour);
	}
	print_counts(diagnosis, out);
	return fflush(out) != 0 || ferror(out) || diagnosis->failed ? -1 : 0;
}

static int
print_object(const struct finding *finding, FILE *out)
{
	json_t *fixes = json_array();
	json_t *object = json_pack("{s:s, s:s, s:s, s:s, s:o}", "level",
	    level_names[finding->level], "id", finding->id, "about",
	    finding->group != NULL ? finding->group : "", "text", finding->text, "fix", fixes);
	int failed = object == NULL;

	for (unsigned i = 0; i < finding->fix_count && !failed; i++)
		failed = json_array_append_new(fixes, json_string(finding->fixes[i])) != 0;
	failed = failed || json_dumpf(object, out, JSON_COMPACT) != 0 || fputc('\n', out) == EOF;
	json_decref(object);
	return failed ? -1 : 0;
}

int
diagnosis_print_json(const struct diagnosis *diagnosis, FILE *out)
{
	for (unsigned i = 0; i < diagnosis->count; i++)
		if (print_object(&diagnosis->findings[i], out) != 0)
			return -1;
	return fflush(out) != 0 || ferror(out) || diagnosis->failed ? -1 : 0;
}
