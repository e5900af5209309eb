#include "configuration.h"

#include <stdlib.h>
#include <unistd.h>

int
configuration_load(struct conf *conf, const char *path)
{
	char *messages = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&messages, &length);
	int errors;

	if (out == NULL) {
		fputs("sallyport: no memory to read the configuration\n", stderr);
		return 1;
	}
	errors = conf_load(conf, path, geteuid() == 0, out);
	(void)fclose(out);
	if (errors > 0)
		fputs(messages, stderr);
	free(messages);
	return errors > 0 ? conf_exit_code(conf) : 0;
}
