/*
 * Keys that have proved right, remembered so that the next update costs microseconds and not
 * a bcrypt. What is kept is an HMAC-SHA-256, under a key made at start, of user name, key and
 * stored hash: it gives nothing away, and a changed account no longer matches by itself.
 *
 * A table of fixed size; when a place is wanted an old entry goes. One thread.
 */
#ifndef STORE_CREDENTIAL_H
#define STORE_CREDENTIAL_H

#include "pack.h"
#include "uuid.h"

enum { CREDENTIAL_SETS = 16384, CREDENTIAL_WAYS = 4 };

struct credential_cache;

/* Fatal when memory or the cryptographic library fails. */
struct credential_cache *credential_cache_new(void);
void credential_cache_free(struct credential_cache *cache);

/* 1 if this key was remembered for this user and this stored hash. Constant time in the key. */
int credential_known(struct credential_cache *cache, const struct uuid *username, struct slice key,
    struct slice hash);

/* Keys that are remembered. */
unsigned credential_count(const struct credential_cache *cache);

void credential_remember(struct credential_cache *cache, const struct uuid *username,
    struct slice key, struct slice hash);

#endif
