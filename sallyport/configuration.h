/* The configuration, for verbs that ask the server rather than start it. */
#ifndef SALLYPORT_CONFIGURATION_H
#define SALLYPORT_CONFIGURATION_H

#include "conf.h"

/*
 * Reads it. Mistakes are said on standard error; warnings are left to check-config and to the server. Returns an exit
 * code: 0 with `conf` to be freed, CONF_EXIT, or 1 when memory is short.
 */
int configuration_load(struct conf *conf, const char *path);

#endif
