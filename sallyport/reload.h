/* `sallyport reload`: hands the running daemons what they are to use from now on. */
#ifndef SALLYPORT_RELOAD_H
#define SALLYPORT_RELOAD_H

#include "command.h"

enum {
	RELOAD_SECONDS = 10, /* for each answer of a daemon, and for another reload to end */
	RELOAD_START_SECONDS =
	    5, /* for a daemon that does not run while others do: it may be starting */
	RELOAD_PAUSE_MS = 100 /* between two attempts */
};

/*
 * Checks the configuration, its certificate and its key, asks each daemon whether it can use them, and when all can, has
 * them do so. Returns the exit code: 0 when all that run use it, CONF_EXIT when something is wrong with the files, 1 on
 * any other failure. Then everything is as it was, unless a line says that a daemon went away in between.
 */
int reload(const struct invocation *invocation);

#endif
