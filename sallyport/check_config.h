/* `sallyport check-config`: what a configuration file says, and what is wrong with it. */
#ifndef SALLYPORT_CHECK_CONFIG_H
#define SALLYPORT_CHECK_CONFIG_H

#include "command.h"

/*
 * Reads the file as a daemon would, and what it names for TLS. Mistakes and warnings go to standard error; without mistakes the
 * effective configuration goes to standard output. Returns the exit code: 0, CONF_EXIT on a mistake,
 * or 1 when standard output cannot be written.
 *
 * With --has-zone nothing else is looked at: 0, or 1 and a line on standard error while zone.name is missing.
 */
int check_config(const struct invocation *invocation);

#endif
