/* `sallyport tokens ...`: tokens with which accounts can be registered. Each returns the exit code. */
#ifndef SALLYPORT_TOKENS_H
#define SALLYPORT_TOKENS_H

#include "command.h"

int tokens_add(const struct invocation *invocation);
int tokens_list(const struct invocation *invocation);
int tokens_show(const struct invocation *invocation);
int tokens_revoke(const struct invocation *invocation);

#endif
