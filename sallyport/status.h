/* `sallyport status`: how the running server is, on one screen. */
#ifndef SALLYPORT_STATUS_H
#define SALLYPORT_STATUS_H

#include "command.h"

/* Looks twice and prints, or again and again. Returns the exit code: 0, or one of status_view.h's, or CONF_EXIT. */
int status_show(const struct invocation *invocation);

#endif
