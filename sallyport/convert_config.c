#include "convert_config.h"

#include "acme_dns_config.h"
#include "conf.h"
#include "toml.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Reads the whole file; one byte more than is allowed tells a larger one. 0 or -1, reported. */
static int
read_source(const char *path, struct buf *text)
{
	FILE *file = fopen(path, "re");
	char chunk[4096];
	size_t got;
	int failed;

	buf_init(text, TOML_MAX_FILE);
	if (file == NULL) {
		fprintf(stderr, "%s: error: the file cannot be read: %s\n", path, strerror(errno));
		return -1;
	}
	errno = 0;
	do {
		got = fread(chunk, 1, sizeof(chunk), file);
		buf_append(text, chunk, got);
	} while (got == sizeof(chunk) && !text->failed);
	failed = ferror(file);
	if (failed)
		fprintf(stderr, "%s: error: the file cannot be read: %s\n", path, strerror(errno));
	else if (text->failed)
		fprintf(stderr,
		    "%s: error: the file is larger than %d bytes; is it the right one?\n", path,
		    TOML_MAX_FILE);
	fclose(file);
	return failed || text->failed ? -1 : 0;
}

/* 0 if the YAML is a configuration; else -1, with its mistakes and itself on standard error. */
static int
check(const char *path, const struct buf *yaml)
{
	struct conf conf;
	char *name = NULL;
	int errors;

	if (asprintf(&name, "%s (converted)", path) < 0)
		return -1;
	errors = conf_parse(&conf, (const char *)yaml->data, yaml->length, name, 0, stderr);
	free(name);
	if (errors == 0) {
		conf_free(&conf);
		return 0;
	}
	fprintf(stderr,
	    "\nThe lines are those of the converted configuration, which is not valid:\n\n");
	fwrite(yaml->data, 1, yaml->length, stderr);
	return -1;
}

int
convert_config(const struct invocation *invocation)
{
	const char *path = invocation->arguments[0];
	struct conf_report report;
	struct buf text, yaml;
	struct toml toml;
	int result = CONF_EXIT, failed;

	buf_init(&yaml, ACME_DNS_CONFIG_MAX);
	if (read_source(path, &text) != 0) {
		buf_free(&text);
		return CONF_EXIT;
	}
	conf_report_init(&report, path);
	failed = toml_read(&toml, (const char *)text.data, text.length, &report) != 0 ||
		 acme_dns_config_convert(&toml, path, &yaml, &report) != 0;
	conf_report_print(&report, stderr);
	if (!failed && check(path, &yaml) == 0) {
		fwrite(yaml.data, 1, yaml.length, stdout);
		failed = fflush(stdout) != 0 || ferror(stdout);
		if (failed)
			perror("sallyport: standard output");
		result = failed ? 1 : 0;
	}
	conf_report_free(&report);
	toml_free(&toml);
	buf_free(&yaml);
	buf_free(&text);
	return result;
}
