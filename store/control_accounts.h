/*
 * What the administrator asks about accounts: handlers of the rule table in control.c. Nothing is forbidden to him but
 * what would break a rule of the records or of the zone. Each change is logged, with the uid it came from.
 */
#ifndef STORE_CONTROL_ACCOUNTS_H
#define STORE_CONTROL_ACCOUNTS_H

#include "pack.h"

int control_accounts_list(void *peer, uint64_t id, struct reader *body, int fd);
int control_accounts_find(void *peer, uint64_t id, struct reader *body, int fd);
int control_accounts_add(void *peer, uint64_t id, struct reader *body, int fd);
int control_accounts_change(void *peer, uint64_t id, struct reader *body, int fd);

#endif
