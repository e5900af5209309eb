#include "annotation.h"

#include "conf_environment.h"
#include "conf_schema.h"

#include <stdlib.h>
#include <string.h>

enum { INDENT = 2 }; /* blanks of each level, as conf_print() writes them */

/* The origin of the key of this path; nothing for a section. */
static void
print_origin(const struct conf *conf, const char *path, FILE *out)
{
	char name[CONF_ENVIRONMENT_NAME];
	size_t i = 0;

	while (i < conf_schema_keys && strcmp(conf_schema[i].path, path) != 0)
		i++;
	if (i == conf_schema_keys)
		return;
	if (conf->lines[i] == 0) {
		fputs(" # default", out);
	} else if (conf->lines[i] < CONF_LINE_ENVIRONMENT) {
		fprintf(out, " # line %zu", conf->lines[i]);
	} else {
		conf_environment_name(&conf_schema[i], name);
		fprintf(out, " # environment %s", name);
	}
}

/* Takes the key at the beginning of a line into `path`, which is that of the line before. 0: there is none. */
static int
follow(char path[CONF_SCHEMA_PATH], const char *line)
{
	size_t blanks = strspn(line, " "), used = 0;
	size_t length = strspn(line + blanks, "abcdefghijklmnopqrstuvwxyz_");

	if (length == 0 || line[blanks + length] != ':')
		return 0;
	for (size_t level = blanks / INDENT; level > 0; level--)
		used += strcspn(path + used, ".") + 1;
	/* The dot is for what may stand below. */
	snprintf(path + used, CONF_SCHEMA_PATH - used, "%.*s.", (int)length, line + blanks);
	return 1;
}

static void
print_line(const struct conf *conf, char path[CONF_SCHEMA_PATH], const char *line, size_t length,
    FILE *out)
{
	char key[CONF_SCHEMA_PATH];

	fprintf(out, "%.*s", (int)length, line);
	if (follow(path, line)) {
		snprintf(key, sizeof(key), "%.*s", (int)strlen(path) - 1, path);
		print_origin(conf, key, out);
	}
	fputc('\n', out);
}

int
annotation_print(const struct conf *conf, FILE *out)
{
	char path[CONF_SCHEMA_PATH] = "", *text = NULL;
	size_t size = 0;
	FILE *plain = open_memstream(&text, &size);
	int failed;

	if (plain == NULL)
		return -1;
	conf_print(conf, plain);
	failed = fclose(plain);
	for (const char *at = text; !failed && *at != '\0';) {
		size_t length = strcspn(at, "\n");

		print_line(conf, path, at, length, out);
		at += length + (at[length] == '\n');
	}
	explicit_bzero(text, size);
	free(text);
	return failed ? -1 : 0;
}
