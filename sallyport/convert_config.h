/* `sallyport convert-config`: acme-dns's configuration as one of ours. */
#ifndef SALLYPORT_CONVERT_CONFIG_H
#define SALLYPORT_CONVERT_CONFIG_H

#include "command.h"

/*
 * Reads acme-dns's file, the argument, and prints YAML on standard output, mistakes and warnings on standard
 * error. What is printed has passed every check of check-config but that of this machine's users; with a
 * mistake nothing is printed. Returns the exit code: 0, CONF_EXIT on a mistake, or 1 when the
 * output cannot be written.
 */
int convert_config(const struct invocation *invocation);

#endif
