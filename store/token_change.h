/*
 * What happens to registration tokens inside a transaction. Writing thread; results as in struct change.
 */
#ifndef STORE_TOKEN_CHANGE_H
#define STORE_TOKEN_CHANGE_H

#include "database.h"

/* A new one. TAKEN when there is, or was, one of that name. */
enum message_result token_change_add(
    struct database *database, struct slice name, const struct token_record *token);

/* Makes it worthless from now on; one that was revoked before stays so since then. FORBIDDEN: there is no such token. */
enum message_result token_change_revoke(
    struct database *database, struct slice name, uint64_t time);

/* Spends it for one account. REGISTRATION_FORBIDDEN: it is not good any more. */
enum message_result token_change_spend(struct database *database, struct slice name,
    const struct client_address *client, uint64_t time);

#endif
