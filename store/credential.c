#include "credential.h"

#include "log.h"
#include "password.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { MAC_LENGTH = 32 };

struct entry {
	struct uuid username;
	unsigned char mac[MAC_LENGTH];
	int used;
};

struct credential_cache {
	EVP_MAC *algorithm;
	EVP_MAC_CTX *context; /* keyed once, begun anew for each use */
	unsigned char key[MAC_LENGTH];
	unsigned next_way;
	unsigned count;
	struct entry *entries; /* CREDENTIAL_SETS * CREDENTIAL_WAYS, kept out of core dumps */
};

static const size_t table_size = sizeof(struct entry) * CREDENTIAL_SETS * CREDENTIAL_WAYS;

struct credential_cache *
credential_cache_new(void)
{
	struct credential_cache *cache = calloc(1, sizeof(*cache));
	char digest[] = "SHA256";
	OSSL_PARAM parameters[] = {
	    OSSL_PARAM_construct_utf8_string("digest", digest, 0), OSSL_PARAM_construct_end()};

	/* No configuration file of OpenSSL's may load anything into this process. */
	if (cache == NULL || OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) != 1)
		fatal("cannot prepare the memory of credentials");
	cache->algorithm = EVP_MAC_fetch(NULL, "HMAC", NULL);
	cache->context = cache->algorithm != NULL ? EVP_MAC_CTX_new(cache->algorithm) : NULL;
	password_random(cache->key, sizeof(cache->key));
	if (cache->context == NULL ||
	    EVP_MAC_init(cache->context, cache->key, sizeof(cache->key), parameters) != 1)
		fatal("OpenSSL cannot prepare HMAC-SHA-256: is there memory?");
	cache->entries =
	    mmap(NULL, table_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (cache->entries == MAP_FAILED)
		fatal("no memory for the memory of credentials");
	(void)madvise(cache->entries, table_size, MADV_DONTDUMP);
	return cache;
}

void
credential_cache_free(struct credential_cache *cache)
{
	if (cache == NULL)
		return;
	EVP_MAC_CTX_free(cache->context);
	EVP_MAC_free(cache->algorithm);
	explicit_bzero(cache->entries, table_size);
	munmap(cache->entries, table_size);
	explicit_bzero(cache, sizeof(*cache));
	free(cache);
}

/* Lengths go in too, so that no two triples run together to the same bytes. */
static int
compute(struct credential_cache *cache, const struct uuid *username, struct slice key,
    struct slice hash, unsigned char mac[MAC_LENGTH])
{
	unsigned char lengths[2] = {(unsigned char)key.length, (unsigned char)hash.length};
	EVP_MAC_CTX *context = cache->context;
	size_t length = 0;
	int done;

	/* Without a key: with the one that is there. A copy of the context would cost eight allocations. */
	done = EVP_MAC_init(context, NULL, 0, NULL) == 1 &&
	       EVP_MAC_update(context, lengths, sizeof(lengths)) == 1 &&
	       EVP_MAC_update(context, username->bytes, sizeof(username->bytes)) == 1 &&
	       EVP_MAC_update(context, key.data, key.length) == 1 &&
	       EVP_MAC_update(context, hash.data, hash.length) == 1 &&
	       EVP_MAC_final(context, mac, &length, MAC_LENGTH) == 1 && length == MAC_LENGTH;
	return done ? 0 : -1;
}

/* User names are random, or at least chosen by us: two of their bytes are hash enough. */
static struct entry *
set_of(struct credential_cache *cache, const struct uuid *username)
{
	unsigned set = (unsigned)(username->bytes[14] << 8 | username->bytes[15]) % CREDENTIAL_SETS;

	return &cache->entries[(size_t)set * CREDENTIAL_WAYS];
}

static struct entry *
find(struct credential_cache *cache, const struct uuid *username)
{
	struct entry *set = set_of(cache, username);

	for (unsigned way = 0; way < CREDENTIAL_WAYS; way++)
		if (set[way].used && uuid_equal(&set[way].username, username))
			return &set[way];
	return NULL;
}

int
credential_known(struct credential_cache *cache, const struct uuid *username, struct slice key,
    struct slice hash)
{
	struct entry *entry = find(cache, username);
	unsigned char mac[MAC_LENGTH];

	if (entry == NULL || compute(cache, username, key, hash, mac) != 0)
		return 0;
	return CRYPTO_memcmp(entry->mac, mac, MAC_LENGTH) == 0;
}

unsigned
credential_count(const struct credential_cache *cache)
{
	return cache->count;
}

void
credential_remember(struct credential_cache *cache, const struct uuid *username, struct slice key,
    struct slice hash)
{
	struct entry *entry = find(cache, username);
	unsigned char mac[MAC_LENGTH];

	if (compute(cache, username, key, hash, mac) != 0)
		return;
	if (entry == NULL) {
		struct entry *set = set_of(cache, username);

		entry = &set[cache->next_way++ % CREDENTIAL_WAYS];
		for (unsigned way = 0; way < CREDENTIAL_WAYS; way++)
			if (!set[way].used)
				entry = &set[way];
	}
	cache->count += !entry->used;
	entry->username = *username;
	memcpy(entry->mac, mac, MAC_LENGTH);
	entry->used = 1;
}
