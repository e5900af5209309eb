#include "uuid.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static int
digit(unsigned char byte)
{
	if (byte >= '0' && byte <= '9')
		return byte - '0';
	if (byte >= 'a' && byte <= 'f')
		return byte - 'a' + 10;
	if (byte >= 'A' && byte <= 'F')
		return byte - 'A' + 10;
	return -1;
}

/* 1 where the 36-character form has a hyphen. */
static int
is_hyphen_place(size_t place)
{
	return place == 8 || place == 13 || place == 18 || place == 23;
}

/* Reads `length` characters (32 or 36) that must be digits and, in 36, hyphens in place. */
static int
read_digits(struct uuid *uuid, const unsigned char *text, size_t length)
{
	unsigned count = 0;

	for (size_t i = 0; i < length; i++) {
		int value = digit(text[i]);

		if (length == UUID_TEXT && is_hyphen_place(i)) {
			if (text[i] != '-')
				return -1;
			continue;
		}
		if (value < 0)
			return -1;
		if (count % 2 == 0)
			uuid->bytes[count / 2] = (unsigned char)(value << 4);
		else
			uuid->bytes[count / 2] |= (unsigned char)value;
		count++;
	}
	return 0;
}

int
uuid_from_text(struct uuid *uuid, const unsigned char *text, size_t length)
{
	static const char urn[] = "urn:uuid:";
	static const size_t urn_length = sizeof(urn) - 1;

	memset(uuid, 0, sizeof(*uuid));
	switch (length) {
	case 32:
	case UUID_TEXT:
		return read_digits(uuid, text, length);
	case UUID_TEXT + 2:
		if (text[0] != '{' || text[length - 1] != '}')
			return -1;
		return read_digits(uuid, text + 1, UUID_TEXT);
	case UUID_TEXT + sizeof(urn) - 1:
		if (strncasecmp((const char *)text, urn, urn_length) != 0)
			return -1;
		return read_digits(uuid, text + urn_length, UUID_TEXT);
	default:
		return -1;
	}
}

void
uuid_to_text(const struct uuid *uuid, char text[UUID_TEXT + 1])
{
	static const char digits[] = "0123456789abcdef";
	unsigned count = 0;

	for (size_t i = 0; i < UUID_TEXT; i++) {
		unsigned char byte;

		if (is_hyphen_place(i)) {
			text[i] = '-';
			continue;
		}
		byte = uuid->bytes[count / 2];
		text[i] = digits[count % 2 == 0 ? byte >> 4 : byte & 15];
		count++;
	}
	text[UUID_TEXT] = '\0';
}

struct uuid
uuid_from_random(const unsigned char random[16])
{
	struct uuid uuid;

	memcpy(uuid.bytes, random, sizeof(uuid.bytes));
	uuid.bytes[6] = (unsigned char)((uuid.bytes[6] & 0x0f) | 0x40); /* version 4 */
	uuid.bytes[8] = (unsigned char)((uuid.bytes[8] & 0x3f) | 0x80); /* variant 10 */
	return uuid;
}

int
uuid_equal(const struct uuid *a, const struct uuid *b)
{
	return memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}
