#include "password.h"

#include "log.h"

#include <crypt.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

enum { COST = 10 };

const char password_nobody[] = "$2b$10$aNuIhJ9B5P6wrw462upic.JNEAyTA4a.smiyxL4Y8SVhaw9fOXs2G";

void
password_random(void *bytes, size_t length)
{
	unsigned char *to = bytes;

	while (length > 0) {
		ssize_t got = getrandom(to, length, 0);

		if (got < 0 && errno != EINTR)
			fatal("the kernel gives no random bytes: %s", strerror(errno));
		if (got > 0) {
			to += got;
			length -= (size_t)got;
		}
	}
}

void
password_random_text(char *text, size_t length)
{
	static const char alphabet[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
	unsigned char random[PASSWORD_MAX_RANDOM_TEXT];

	password_random(random, length);
	for (size_t i = 0; i < length; i++)
		text[i] = alphabet[random[i] & 63];
	explicit_bzero(random, sizeof(random));
}

void
password_generate(char key[MESSAGE_KEY + 1])
{
	password_random_text(key, MESSAGE_KEY);
	key[MESSAGE_KEY] = '\0';
}

int
password_hash(const char *key, char hash[RECORD_MAX_HASH + 1])
{
	struct crypt_data *data = calloc(1, sizeof(*data));
	char salt[CRYPT_GENSALT_OUTPUT_SIZE];
	unsigned char random[16];
	const char *result;
	int code = -1;

	if (data == NULL)
		return -1;
	password_random(random, sizeof(random));
	if (crypt_gensalt_rn(
		"$2b$", COST, (const char *)random, sizeof(random), salt, sizeof(salt)) == NULL)
		goto out;
	result = crypt_rn(key, salt, data, sizeof(*data));
	if (result == NULL || strlen(result) > RECORD_MAX_HASH)
		goto out;
	memcpy(hash, result, strlen(result) + 1);
	code = 0;
out:
	explicit_bzero(data, sizeof(*data));
	free(data);
	return code;
}

static int
equal_in_constant_time(const char *a, const char *b, size_t length)
{
	unsigned char difference = 0;

	for (size_t i = 0; i < length; i++)
		difference |= (unsigned char)(a[i] ^ b[i]);
	return difference == 0;
}

int
password_verify(const char *key, const char *hash)
{
	struct crypt_data *data = calloc(1, sizeof(*data));
	const char *result;
	int fits = 0;

	if (data == NULL)
		return 0;
	result = crypt_rn(key, hash, data, sizeof(*data));
	if (result != NULL && strlen(result) == strlen(hash))
		fits = equal_in_constant_time(result, hash, strlen(hash));
	explicit_bzero(data, sizeof(*data));
	free(data);
	return fits;
}
