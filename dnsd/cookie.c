/* Making and checking server cookies; see cookie.h. */
#include "cookie.h"

#include <string.h>

enum {
	SERVER_MIN = 8, /* bytes of a server cookie of any make (RFC 7873, 4) */
	SERVER_MAX = 32,
	VERSION = 1,	      /* RFC 9018, 4.1 */
	OFFSET_TIME = 12,     /* behind client cookie, version and three reserved bytes */
	OFFSET_HASH = 16,     /* which is of everything in front and the address */
	MAX_AGE = 60 * 60,    /* seconds; RFC 9018, 4.3 */
	MAX_FUTURE = 5 * 60,  /* clocks of several servers differ */
	RENEWAL_AGE = 30 * 60 /* from this age on a new one is given */
};

static void
write_hash(uint8_t out[8], const uint8_t key[SIPHASH_KEY], const uint8_t *head,
    const uint8_t *address, size_t address_length)
{
	uint8_t input[OFFSET_HASH + COOKIE_MAX_ADDRESS];
	uint64_t hash;

	memcpy(input, head, OFFSET_HASH);
	memcpy(input + OFFSET_HASH, address, address_length);
	hash = siphash(key, input, OFFSET_HASH + address_length);
	/* SipHash's bytes begin with the lowest, unlike all else here. */
	for (unsigned i = 0; i < 8; i++)
		out[i] = (uint8_t)(hash >> (8 * i));
}

/* All bytes are looked at, wherever the first difference is. */
static int
is_equal(const uint8_t a[8], const uint8_t b[8])
{
	unsigned difference = 0;

	for (unsigned i = 0; i < 8; i++)
		difference |= a[i] ^ b[i];
	return difference == 0;
}

/* The number of the secret that made the server cookie, or -1. */
static int
find_secret(const struct cookie_secrets *secrets, const uint8_t *cookie, const uint8_t *address,
    size_t address_length)
{
	uint8_t hash[8];

	for (unsigned i = 0; i < secrets->count; i++) {
		write_hash(hash, secrets->keys[i], cookie, address, address_length);
		if (is_equal(hash, cookie + OFFSET_HASH))
			return (int)i;
	}
	return -1;
}

static void
make(const struct cookie_secrets *secrets, const uint8_t *client, const uint8_t *address,
    size_t address_length, uint32_t now, uint8_t cookie[COOKIE_LENGTH])
{
	struct writer writer;

	writer_init(&writer, cookie, OFFSET_HASH);
	writer_bytes(&writer, client, COOKIE_CLIENT);
	writer_u32(&writer, (uint32_t)VERSION << 24);
	writer_u32(&writer, now);
	write_hash(cookie + OFFSET_HASH, secrets->keys[0], cookie, address, address_length);
}

enum cookie_state
cookie_answer(const struct cookie_secrets *secrets, struct slice received, const uint8_t *address,
    size_t address_length, uint32_t now, uint8_t answer[COOKIE_LENGTH])
{
	const uint8_t *cookie = received.data;
	enum cookie_state state = COOKIE_WRONG;
	int32_t age = 0;
	int secret = -1;

	if (received.length != COOKIE_CLIENT && (received.length < COOKIE_CLIENT + SERVER_MIN ||
						    received.length > COOKIE_CLIENT + SERVER_MAX))
		return COOKIE_MALFORMED;
	if (received.length == COOKIE_CLIENT)
		state = COOKIE_CLIENT_ONLY;
	if (received.length == COOKIE_LENGTH && cookie[COOKIE_CLIENT] == VERSION) {
		/* In serial number arithmetic (RFC 1982), for the day when 32 bits overflow. */
		age = (int32_t)(now - ((uint32_t)cookie[OFFSET_TIME] << 24 |
					  (uint32_t)cookie[OFFSET_TIME + 1] << 16 |
					  (uint32_t)cookie[OFFSET_TIME + 2] << 8 |
					  cookie[OFFSET_TIME + 3]));
		/* The time first: it costs nothing. */
		if (age <= MAX_AGE && age >= -MAX_FUTURE)
			secret = find_secret(secrets, cookie, address, address_length);
		if (secret >= 0)
			state = COOKIE_RIGHT;
	}
	if (secret == 0 && age <= RENEWAL_AGE)
		memcpy(answer, cookie, COOKIE_LENGTH);
	else
		make(secrets, cookie, address, address_length, now, answer);
	return state;
}
