/* `sallyport backup`, `restore` and `verify`: the database copied, put back, and checked. */
#ifndef SALLYPORT_BACKUP_H
#define SALLYPORT_BACKUP_H

#include "command.h"

/* Each returns the exit code. */
int backup_make(const struct invocation *invocation);
int backup_restore(const struct invocation *invocation);
int backup_verify(const struct invocation *invocation);

#endif
