/* `sallyport accounts`: what an administrator does with accounts, over the control link. Each returns an exit code. */
#ifndef SALLYPORT_ACCOUNTS_H
#define SALLYPORT_ACCOUNTS_H

#include "account_print.h"
#include "command.h"
#include "control_client.h"

int accounts_list(const struct invocation *invocation);
int accounts_show(const struct invocation *invocation);
int accounts_add(const struct invocation *invocation);
int accounts_delete(const struct invocation *invocation);
int accounts_rotate(const struct invocation *invocation);
int accounts_allow(const struct invocation *invocation);
int accounts_values(const struct invocation *invocation);

/* Prints all accounts, a page after the other, perhaps with the hashes of their keys. 0, or 1: it has been said why. */
int accounts_print_all(struct control_client *client, struct account_print *print, int hashes);

#endif
