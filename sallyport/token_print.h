/* How registration tokens look: in a table or by themselves for people, as lines of JSON for programs. */
#ifndef SALLYPORT_TOKEN_PRINT_H
#define SALLYPORT_TOKEN_PRINT_H

#include "table_print.h"
#include "token_message.h"

#include <stdio.h>

/* What a token is good for at `now`: "good", "used up", "expired" or "revoked". */
const char *token_print_state(const struct token_message *token, uint64_t now);

/* An empty table of tokens, or of the accounts of one. NULL: memory is short. */
struct table_print *token_print_table(FILE *out);
struct table_print *token_print_accounts(FILE *out);

/* 0, or -1: memory is short, or `out` does not take it. */
int token_print_row(struct table_print *table, const struct token_message *token, uint64_t now);
int token_print_account(struct table_print *table, const struct token_message_account *account);

/* One token. */
void token_print_one(FILE *out, const struct token_message *token, uint64_t now);

/* A line of JSON: a token, with its secret where it is new (empty otherwise), or an account of it. 0 or -1 as above. */
int token_print_json(
    FILE *out, const struct token_message *token, struct slice secret, uint64_t now);
int token_print_account_json(FILE *out, const struct token_message_account *account);

#endif
