/* `sallyport health`: does the server answer where the configuration says it listens? */
#ifndef SALLYPORT_HEALTH_H
#define SALLYPORT_HEALTH_H

#include "command.h"

/* Prints one line. Returns 0 if all is well, 1 if not, or CONF_EXIT. */
int health(const struct invocation *invocation);

#endif
