/*
 * The parent: starts store, dnsd and apid, starts a dead one again, and stops them in order.
 * It parses no byte of any client, and touches nothing but its children.
 */
#ifndef SALLYPORT_RUN_H
#define SALLYPORT_RUN_H

#include "command.h"

enum {
	RUN_BACK_OFF_MS = 100, /* before the first restart; doubled by each further early death */
	RUN_BACK_OFF_MAX_MS = 5000,
	RUN_SETTLED_MS = 1000, /* a process that lived this long starts again at RUN_BACK_OFF_MS */
	RUN_START_MS = 60000,  /* for the first start */
	RUN_STOP_MS = 4000,    /* for one process to end; it gives itself 2 s, then it is killed */
	RUN_VARIABLES = 1024   /* bytes of the list of variables in the log */
};

/*
 * Serves until SIGTERM or SIGINT. Returns the exit code: 0; 78 for a configuration error; 1 when one
 * of the three could not start.
 */
int run(const struct invocation *invocation);

#endif
