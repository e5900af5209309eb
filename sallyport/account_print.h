/* How accounts look: in a table or by themselves for people, as lines of JSON (account_line.h) for programs. */
#ifndef SALLYPORT_ACCOUNT_PRINT_H
#define SALLYPORT_ACCOUNT_PRINT_H

#include "control_message.h"
#include "name.h"

#include <stdio.h>

struct account_print;

/* A list, as a table or as JSON. NULL: memory is short, which has been said. */
struct account_print *account_print_new(FILE *out, int as_json);

/* 0, or -1: memory is short or `out` takes no more, which is said. */
int account_print_row(struct account_print *print, const struct control_account *account);

/* Prints what is left and frees. NULL is accepted. 0 or -1 as above. */
int account_print_end(struct account_print *print);

/* One account; `zone` is what its name lies in. */
void account_print_one(FILE *out, const struct control_account *account, const struct name *zone);
int account_print_json(FILE *out, const struct control_account *account);

/* Its values alone. */
void account_print_values(FILE *out, const struct control_account *account);

/* A new account with its key; the JSON is that of a registration's answer. */
void account_print_new_one(
    FILE *out, const struct message_register_answer *account, const struct name *zone);
int account_print_new_json(
    FILE *out, const struct message_register_answer *account, const struct name *zone);

/* A new key of an account. */
void account_print_key(FILE *out, const char *username, struct slice key);
int account_print_key_json(FILE *out, const char *username, struct slice key);

#endif
