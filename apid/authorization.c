/* Schemes and base64. */
#include "authorization.h"

#include <string.h>
#include <strings.h>

enum { MAX_DECODED = AUTHORIZATION_MAX_VALUE / 4 * 3 };

/* The six bits of a character of base64 or base64url (RFC 4648, 4 and 5); -1: neither. */
static int
six_bits(char character)
{
	if (character >= 'A' && character <= 'Z')
		return character - 'A';
	if (character >= 'a' && character <= 'z')
		return character - 'a' + 26;
	if (character >= '0' && character <= '9')
		return character - '0' + 52;
	if (character == '+' || character == '-')
		return 62;
	return character == '/' || character == '_' ? 63 : -1;
}

/* Decodes, padded or not. The bytes' number, or 0: it is no base64, or too long. */
static size_t
decode(const char *text, size_t length, char bytes[MAX_DECODED])
{
	unsigned kept = 0, kept_bits = 0;
	size_t count = 0;

	while (length > 0 && text[length - 1] == '=')
		length--;
	if (length > AUTHORIZATION_MAX_VALUE)
		return 0;
	for (size_t i = 0; i < length; i++) {
		int bits = six_bits(text[i]);

		if (bits < 0)
			return 0;
		kept = kept << 6 | (unsigned)bits;
		kept_bits += 6;
		if (kept_bits >= 8) {
			kept_bits -= 8;
			bytes[count++] = (char)(kept >> kept_bits);
		}
	}
	return count;
}

static size_t
copy_token(const char *from, size_t length, char token[MESSAGE_MAX_TOKEN])
{
	if (length > MESSAGE_MAX_TOKEN)
		return 0;
	memcpy(token, from, length);
	return length;
}

static int
looks_like_token(const char *text, size_t length)
{
	size_t prefix = strlen(MESSAGE_TOKEN_PREFIX);

	return length > prefix && memcmp(text, MESSAGE_TOKEN_PREFIX, prefix) == 0;
}

/* Of "user:password" the one that looks like a token, the password if both do. */
static size_t
token_of_pair(const char *pair, size_t length, char token[MESSAGE_MAX_TOKEN])
{
	const char *colon = memchr(pair, ':', length);
	size_t user = colon != NULL ? (size_t)(colon - pair) : length;

	if (colon != NULL && looks_like_token(colon + 1, length - user - 1))
		return copy_token(colon + 1, length - user - 1, token);
	return looks_like_token(pair, user) ? copy_token(pair, user, token) : 0;
}

static size_t
token_of_basic(const char *value, size_t length, char token[MESSAGE_MAX_TOKEN])
{
	char pair[MAX_DECODED];
	size_t found = token_of_pair(pair, decode(value, length, pair), token);

	explicit_bzero(pair, sizeof(pair));
	return found;
}

size_t
authorization_token(const char *value, size_t length, char token[MESSAGE_MAX_TOKEN])
{
	static const char basic[] = "Basic ", bearer[] = "Bearer ";
	size_t at = 0;
	int is_basic = length > strlen(basic) && strncasecmp(value, basic, strlen(basic)) == 0;
	int is_bearer = length > strlen(bearer) && strncasecmp(value, bearer, strlen(bearer)) == 0;

	if (!is_basic && !is_bearer)
		return 0;
	at = is_basic ? strlen(basic) : strlen(bearer);
	while (at < length && value[at] == ' ')
		at++;
	return is_basic ? token_of_basic(value + at, length - at, token)
			: copy_token(value + at, length - at, token);
}
