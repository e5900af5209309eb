/* `sallyport reload`: hands the running server what it is to use from now on. */
#ifndef SALLYPORT_RELOAD_H
#define SALLYPORT_RELOAD_H

#include "command.h"

enum { RELOAD_SECONDS = 10 /* for the server's answer */ };

/*
 * Checks the configuration, its certificate and its key, and sends both files to apid, opened. Returns the exit
 * code: 0 when they are in use or there is no TLS, CONF_EXIT when something is wrong with them, 1 on any other
 * failure.
 */
int reload(const struct invocation *invocation);

#endif
