/* `sallyport stats`: what all three processes count. */
#ifndef SALLYPORT_STATISTICS_H
#define SALLYPORT_STATISTICS_H

#include "command.h"

/* A table, or one JSON object with everything. Returns the exit code. */
int statistics_show(const struct invocation *invocation);

#endif
