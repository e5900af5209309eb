/*
 * What the administrator asks about registration tokens: handlers of the rule table in control.c. Each change is logged
 * with the uid it came from, and no secret is.
 */
#ifndef STORE_CONTROL_TOKENS_H
#define STORE_CONTROL_TOKENS_H

#include "pack.h"

enum { CONTROL_TOKENS_VISITED = 5000 /* accounts looked at for one answer, some milliseconds */ };

int control_tokens_list(void *peer, uint64_t id, struct reader *body, int fd);
int control_tokens_read(void *peer, uint64_t id, struct reader *body, int fd);
int control_tokens_accounts(void *peer, uint64_t id, struct reader *body, int fd);
int control_tokens_add(void *peer, uint64_t id, struct reader *body, int fd);
int control_tokens_revoke(void *peer, uint64_t id, struct reader *body, int fd);

#endif
