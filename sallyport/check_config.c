/* Checks a configuration without starting anything. */
#include "check_config.h"
#include "annotation.h"
#include "conf.h"
#include "key_pair.h"

#include <stdio.h>
#include <unistd.h>

/* For units that wait for their zone. Everything else that may be wrong is for the daemons to say. */
static int
check_zone(const struct invocation *invocation)
{
	struct conf conf;
	FILE *messages = fopen("/dev/null", "we");
	int missing;

	if (messages == NULL) {
		perror("sallyport: /dev/null");
		return CONF_EXIT;
	}
	(void)conf_load(&conf, invocation->config, geteuid() == 0, messages);
	missing = conf.zone_missing;
	conf_free(&conf);
	(void)fclose(messages);
	if (!missing)
		return 0;
	fprintf(stderr,
	    "waiting for a zone: set zone.name in %s, then \"systemctl start sallyport.target\"\n",
	    invocation->config);
	return 1;
}

int
check_config(const struct invocation *invocation)
{
	struct conf conf;
	int failed = 0;

	if (invocation_has(invocation, "has-zone"))
		return check_zone(invocation);
	if (conf_load(&conf, invocation->config, geteuid() == 0, stderr) != 0)
		return conf_exit_code(&conf);
	if (key_pair_check(&conf, stderr) != 0) {
		conf_free(&conf);
		return CONF_EXIT;
	}
	if (invocation_has(invocation, "origin"))
		failed = annotation_print(&conf, stdout) != 0;
	else
		conf_print(&conf, stdout);
	conf_free(&conf);
	failed = failed || fflush(stdout) != 0 || ferror(stdout);
	if (failed)
		perror("sallyport: standard output");
	return failed ? 1 : 0;
}
