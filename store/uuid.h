/* UUIDs (RFC 9562): the user names of accounts, and the labels they are given. */
#ifndef STORE_UUID_H
#define STORE_UUID_H

#include <stddef.h>

enum { UUID_TEXT = 36 };

struct uuid {
	unsigned char bytes[16];
};

/*
 * Reads any form that clients send: 8-4-4-4-12 in either case, the same behind "urn:uuid:" or in
 * braces, or 32 digits. `text` is `length` bytes. 0 or -1.
 */
int uuid_from_text(struct uuid *uuid, const unsigned char *text, size_t length);

/* Writes the 36 lower-case characters and a NUL. */
void uuid_to_text(const struct uuid *uuid, char text[UUID_TEXT + 1]);

/* Makes a version 4 UUID out of 16 random bytes. */
struct uuid uuid_from_random(const unsigned char random[16]);

int uuid_equal(const struct uuid *a, const struct uuid *b);

#endif
