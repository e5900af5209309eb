/* `sallyport accounts`: what an administrator does with accounts, over the control link. Each returns an exit code. */
#ifndef SALLYPORT_ACCOUNTS_H
#define SALLYPORT_ACCOUNTS_H

#include "command.h"

int accounts_list(const struct invocation *invocation);
int accounts_show(const struct invocation *invocation);
int accounts_add(const struct invocation *invocation);
int accounts_delete(const struct invocation *invocation);
int accounts_rotate(const struct invocation *invocation);
int accounts_allow(const struct invocation *invocation);
int accounts_values(const struct invocation *invocation);

#endif
