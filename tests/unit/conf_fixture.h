/*
 * The configuration in tests: a text is parsed as the file /srv/c.yaml, and its messages are compared.
 * Every suite of a section has a table of mistakes.
 */
#ifndef TESTS_CONF_FIXTURE_H
#define TESTS_CONF_FIXTURE_H

#include "conf.h"
#include "suite.h"

#include <stddef.h>

/* What a configuration needs, without and with the record that saves it the warning. A key of zone can follow; the next line is 3 or 5. */
#define ZONE	"zone:\n  name: auth.example.org\n"
#define RECORDS ZONE "  records:\n    - \"@ NS ns.example.net.\"\n"

/* The number of errors and the messages of a text. */
struct conf_outcome {
	struct conf conf;
	int errors;
	char *messages;
	size_t size;
};

/* As root the users of the text are looked up. The caller frees the outcome. */
void conf_outcome_of(struct conf_outcome *outcome, const char *text, size_t length, int as_root);
void conf_outcome_free(struct conf_outcome *outcome);

struct conf_mistake {
	const char *text;
	const char *messages; /* lines without the "/srv/c.yaml:" in front */
};

/* Expects the messages, and as many errors as are among them. */
void conf_mistake_check(const struct conf_mistake *mistake, int as_root);

/* Tries every prefix of the text: it has no errors, or says one. */
void conf_mistake_check_prefixes(const struct conf_mistake *mistake);

void conf_check_name(const struct name *name, const char *text);

/* Expects that the text is free of mistakes, and that its printed form reads back to the same. */
void conf_check_printing(const char *text);

#endif
