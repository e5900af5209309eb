/* `sallyport export`: all accounts as lines of JSON, of a server that runs or of none. */
#ifndef SALLYPORT_EXPORT_H
#define SALLYPORT_EXPORT_H

#include "command.h"

/* The argument, if there is one, is the file; else they go to standard output. Returns the exit code. */
int accounts_export(const struct invocation *invocation);

#endif
