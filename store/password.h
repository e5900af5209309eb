/*
 * Account keys: made from the kernel's random bytes, kept as bcrypt hashes by libxcrypt.
 */
#ifndef STORE_PASSWORD_H
#define STORE_PASSWORD_H

#include "message.h"
#include "record.h"

/*
 * The hash that an unknown user's key is checked against, so that it costs what a wrong key
 * costs. The key that it was made of is known to nobody.
 */
extern const char password_nobody[];

/* Fills `length` bytes from getrandom(2); fatal when the kernel gives none. */
void password_random(void *bytes, size_t length);

enum { PASSWORD_MAX_RANDOM_TEXT = 64 };

/* Fills `length` characters of [A-Za-z0-9_-], 6 random bits each; at most PASSWORD_MAX_RANDOM_TEXT. */
void password_random_text(char *text, size_t length);

/* Makes a key: MESSAGE_KEY such characters, and a NUL. */
void password_generate(char key[MESSAGE_KEY + 1]);

/*
 * Hashes a key as $2b$10$ into `hash`, NUL-terminated. About 50 ms. 0, or -1 when memory is short.
 */
int password_hash(const char *key, char hash[RECORD_MAX_HASH + 1]);

/*
 * 1 if the key fits the hash ($2a$, $2b$, $2y$), compared in constant time; 0 if not, also where
 * the hash is of no known form. About 50 ms.
 */
int password_verify(const char *key, const char *hash);

#endif
