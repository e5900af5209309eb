#include "readiness_text.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

/* The certificate may be none; of parts that are unknown the reason is another one, store's, which stands before them. */
static int
is_well(const char *word)
{
	return strcmp(word, "ok") == 0 || strcmp(word, "none") == 0 || strcmp(word, "unknown") == 0;
}

void
readiness_text_write(char *text, size_t capacity, const char *body, size_t length)
{
	json_t *object = json_loadb(body, length, 0, NULL), *value;
	size_t used = 0;
	const char *part;

	text[0] = '\0';
	json_object_foreach(object, part, value)
	{
		if (!json_is_string(value) || is_well(json_string_value(value)) ||
		    used + 1 >= capacity)
			continue;
		(void)snprintf(text + used, capacity - used, "%s%s: %s", used > 0 ? "; " : "", part,
		    json_string_value(value));
		used = strlen(text);
	}
	for (char *at = text; *at != '\0'; at++)
		if (*at < ' ' || *at > '~')
			*at = '?';
	json_decref(object);
}
