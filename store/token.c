#include "token.h"

#include "log.h"
#include "password.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <string.h>

void
token_generate(char secret[TOKEN_SECRET + 1])
{
	size_t prefix = strlen(MESSAGE_TOKEN_PREFIX);

	memcpy(secret, MESSAGE_TOKEN_PREFIX, prefix);
	password_random_text(secret + prefix, TOKEN_SECRET - prefix);
	secret[TOKEN_SECRET] = '\0';
}

void
token_hash(struct slice secret, unsigned char hash[RECORD_TOKEN_HASH])
{
	if (EVP_Digest(secret.data, secret.length, hash, NULL, EVP_sha256(), NULL) != 1)
		fatal("cannot compute SHA-256");
}

int
token_hash_equal(const unsigned char a[RECORD_TOKEN_HASH], const unsigned char b[RECORD_TOKEN_HASH])
{
	return CRYPTO_memcmp(a, b, RECORD_TOKEN_HASH) == 0;
}

static int
address_is_good(const struct token_record *token, const struct client_address *client)
{
	for (unsigned i = 0; i < token->network_count; i++) {
		if (network_contains(&token->networks[i], client))
			return 1;
	}
	return token->network_count == 0;
}

const char *
token_objection(const struct token_record *token, const struct client_address *client, uint64_t now)
{
	if (token->revoked != 0)
		return "it was revoked";
	if (token->expires != 0 && now >= token->expires)
		return "it has expired";
	if (token->quota != 0 && token->used >= token->quota)
		return "it is used up";
	return address_is_good(token, client) ? NULL : "it is not for that address";
}

void
token_spend(struct token_record *token, const struct client_address *client, uint64_t now)
{
	token->used++;
	token->last_used = now;
	token->last_client = *client;
}
