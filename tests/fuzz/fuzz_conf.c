/* Any bytes as a configuration file: what is accepted prints to a form that reads back to the same. */
#include "conf.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Reads, with the messages in memory. The file need not exist. */
static int
parse(struct conf *conf, const char *text, size_t size)
{
	char *messages = NULL;
	size_t length = 0;
	FILE *stream = open_memstream(&messages, &length);
	int errors;

	if (stream == NULL)
		abort();
	errors = conf_parse(conf, text, size, "/srv/c.yaml", 0, stream);
	if (fclose(stream) != 0 || (errors > 0 && length == 0))
		abort();
	free(messages);
	return errors;
}

/* The printed form, malloc'd. */
static char *
printed(const struct conf *conf)
{
	char *text = NULL;
	size_t length = 0;
	FILE *stream = open_memstream(&text, &length);

	if (stream == NULL)
		abort();
	conf_print(conf, stream);
	if (fclose(stream) != 0)
		abort();
	return text;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct conf first, second;
	char *once, *twice;

	if (parse(&first, (const char *)data, size) != 0)
		return 0;
	once = printed(&first);
	if (parse(&second, once, strlen(once)) != 0)
		abort();
	twice = printed(&second);
	if (strcmp(once, twice) != 0)
		abort();
	free(once);
	free(twice);
	conf_free(&first);
	conf_free(&second);
	return 0;
}
