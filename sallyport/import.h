/* `sallyport import`: accounts from a file into the database, of a server that runs or of none. */
#ifndef SALLYPORT_IMPORT_H
#define SALLYPORT_IMPORT_H

#include "command.h"

/* The arguments' first is the file; option "report". Returns the exit code: 1 also where accounts were left out. */
int accounts_import(const struct invocation *invocation);

#endif
