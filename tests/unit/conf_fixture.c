#include "conf_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
conf_outcome_of(struct conf_outcome *outcome, const char *text, size_t length, int as_root)
{
	FILE *stream = open_memstream(&outcome->messages, &outcome->size);

	ck_assert_ptr_nonnull(stream);
	outcome->errors = conf_parse(&outcome->conf, text, length, "/srv/c.yaml", as_root, stream);
	ck_assert_int_eq(fclose(stream), 0);
}

void
conf_outcome_free(struct conf_outcome *outcome)
{
	if (outcome->errors == 0)
		conf_free(&outcome->conf);
	free(outcome->messages);
}

void
conf_mistake_check(const struct conf_mistake *mistake, int as_root)
{
	const char *messages = mistake->messages;
	struct conf_outcome outcome;
	char expected[4096] = "";
	size_t errors = 0;

	while (*messages != '\0') {
		size_t length = strcspn(messages, "\n") + 1;
		size_t used = strlen(expected);

		snprintf(expected + used, sizeof(expected) - used, "/srv/c.yaml:%.*s", (int)length,
		    messages);
		errors += strstr(expected + used, ": error: ") != NULL;
		messages += length;
	}
	conf_outcome_of(&outcome, mistake->text, strlen(mistake->text), as_root);
	ck_assert_str_eq(outcome.messages, expected);
	ck_assert_int_eq(outcome.errors, (int)errors);
	conf_outcome_free(&outcome);
}

void
conf_mistake_check_prefixes(const struct conf_mistake *mistake)
{
	for (size_t length = 0; length < strlen(mistake->text); length++) {
		char *prefix = malloc(length > 0 ? length : 1); /* exact size, for the sanitizer */
		struct conf_outcome outcome;

		ck_assert_ptr_nonnull(prefix);
		memcpy(prefix, mistake->text, length);
		conf_outcome_of(&outcome, prefix, length, 0);
		free(prefix);
		ck_assert(outcome.errors == 0 || strstr(outcome.messages, "error: ") != NULL);
		conf_outcome_free(&outcome);
	}
}

void
conf_check_name(const struct name *name, const char *text)
{
	char written[NAME_MAX_TEXT];

	name_to_text(name, written);
	ck_assert_str_eq(written, text);
}

static char *
printed(const struct conf *conf)
{
	char *text = NULL;
	size_t size = 0;
	FILE *stream = open_memstream(&text, &size);

	ck_assert_ptr_nonnull(stream);
	conf_print(conf, stream);
	ck_assert_int_eq(fclose(stream), 0);
	return text;
}

void
conf_check_printing(const char *text)
{
	struct conf_outcome first, second;
	char *once, *twice;

	conf_outcome_of(&first, text, strlen(text), 0);
	ck_assert_int_eq(first.errors, 0);
	once = printed(&first.conf);
	conf_outcome_of(&second, once, strlen(once), 0);
	ck_assert_msg(second.errors == 0, "%s%s", once, second.messages);
	twice = printed(&second.conf);
	ck_assert_str_eq(once, twice);
	ck_assert_uint_eq(first.conf.zone.records.count, second.conf.zone.records.count);
	ck_assert_str_eq(first.conf.store.path, second.conf.store.path);
	free(once);
	free(twice);
	conf_outcome_free(&first);
	conf_outcome_free(&second);
}
