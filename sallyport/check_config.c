/* Checks a configuration without starting anything. */
#include "check_config.h"
#include "conf.h"
#include "key_pair.h"

#include <stdio.h>
#include <unistd.h>

int
check_config(const struct invocation *invocation)
{
	struct conf conf;
	int failed;

	if (conf_load(&conf, invocation->config, geteuid() == 0, stderr) != 0)
		return CONF_EXIT;
	if (key_pair_check(&conf, stderr) != 0) {
		conf_free(&conf);
		return CONF_EXIT;
	}
	conf_print(&conf, stdout);
	conf_free(&conf);
	failed = fflush(stdout) != 0 || ferror(stdout);
	if (failed)
		perror("sallyport: standard output");
	return failed ? 1 : 0;
}
