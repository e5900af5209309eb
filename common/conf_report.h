/*
 * What is wrong with a configuration file: messages with their place, collected while it is
 * read and printed in the order of the file. Pure but for the printing.
 */
#ifndef COMMON_CONF_REPORT_H
#define COMMON_CONF_REPORT_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum {
	CONF_REPORT_MAX = 1000, /* messages kept; further ones are only counted */
	CONF_MESSAGE_MAX = 512, /* bytes of one message, NUL included; a longer one is cut */
	CONF_SHOWN = 100	/* bytes of a value repeated in a message: "%.*s" */
};

/* From here on lines are variables of the environment (conf_environment.h); this one is the environment as a whole. */
#define CONF_LINE_ENVIRONMENT (SIZE_MAX / 2)

/* Counted from 1; the column in characters. Line 0: the file as a whole. */
struct conf_place {
	size_t line;
	size_t column;
};

struct conf_message {
	struct conf_place place;
	size_t order; /* of arrival: keeps messages of one place in order */
	int is_error;
	char *text; /* owned */
};

struct conf_report {
	const char *path;	       /* as the messages name the file; borrowed */
	struct conf_message *messages; /* owned */
	size_t count;
	size_t errors; /* all of them, also those not kept */
	size_t lost;   /* messages not kept: too many */
	int memory_short;
};

void conf_report_init(struct conf_report *report, const char *path);
void conf_report_free(struct conf_report *report);

/* "what is wrong; what was probably meant", without a final dot. Values have passed conf_text_is_clean(). */
void conf_report_error(struct conf_report *report, struct conf_place place, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void conf_report_warning(struct conf_report *report, struct conf_place place, const char *format,
    ...) __attribute__((format(printf, 3, 4)));

/* Memory is short: an error that takes the place of all others, which may be its consequences. */
void conf_report_no_memory(struct conf_report *report);

/* Prints all as FILE:LINE:COLUMN: error|warning: TEXT, sorted by place; "environment NAME" stands for a variable's. */
void conf_report_print(struct conf_report *report, FILE *out);

/*
 * Of `count` candidates the one that `word` was probably meant to be, or NULL if none is near
 * enough. Letter case does not matter.
 */
const char *conf_report_suggest(const char *word, const char *const *candidates, size_t count);

/*
 * 1 if UTF-8 `text` has no control characters but tabs, no line ends, no NUL: it can then stand
 * in a message and in printed YAML.
 */
int conf_text_is_clean(const char *text, size_t length);

#endif
