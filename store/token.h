/*
 * Registration tokens: their secrets, and who may use one.
 */
#ifndef STORE_TOKEN_H
#define STORE_TOKEN_H

#include "record.h"

enum {
	TOKEN_SECRET = 46 /* characters: the prefix, and 43 of [A-Za-z0-9_-], 6 random bits each */
};

/* Makes a secret, NUL-terminated. */
void token_generate(char secret[TOKEN_SECRET + 1]);

/* SHA-256 of what is presented as a secret. Fatal when the cryptographic library fails. */
void token_hash(struct slice secret, unsigned char hash[RECORD_TOKEN_HASH]);

/* 1 if they are the same, in constant time. */
int token_hash_equal(
    const unsigned char a[RECORD_TOKEN_HASH], const unsigned char b[RECORD_TOKEN_HASH]);

/*
 * Why the client may not register one more account with it at `now`, in seconds since 1970: "it is used up", for the
 * log. NULL: it may.
 */
const char *token_objection(
    const struct token_record *token, const struct client_address *client, uint64_t now);

/* Notes that the client has done so. */
void token_spend(struct token_record *token, const struct client_address *client, uint64_t now);

#endif
