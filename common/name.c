/* DNS names between presentation and wire form, and how they compare. */
#include "name.h"

#include <string.h>

/* Reads one character of a label, perhaps escaped, at *text and moves behind it. -1: bad escape. */
static int
read_character(const char **text)
{
	const unsigned char *at = (const unsigned char *)*text;
	int value;

	if (at[0] != '\\') {
		*text += 1;
		return at[0];
	}
	if (at[1] < '0' || at[1] > '9') {
		*text += 2;
		return at[1] == '\0' ? -1 : at[1];
	}
	/* The terminator is no digit, so neither look goes past the end. */
	if (at[2] < '0' || at[2] > '9' || at[3] < '0' || at[3] > '9')
		return -1;
	value = (at[1] - '0') * 100 + (at[2] - '0') * 10 + (at[3] - '0');
	*text += 4;
	return value <= 255 ? value : -1;
}

/* Reads one label at *text, up to its dot or the end. Returns its length, -1 on an error. */
static int
read_label(const char **text, uint8_t label[NAME_MAX_LABEL])
{
	int length = 0;

	while (**text != '\0' && **text != '.') {
		int value = read_character(text);

		if (value < 0 || length == NAME_MAX_LABEL)
			return -1;
		label[length++] = (uint8_t)value;
	}
	return length > 0 ? length : -1;
}

int
name_from_text(struct name *name, const char *text)
{
	unsigned used = 0;

	if (text[0] == '\0')
		return -1;
	if (strcmp(text, ".") == 0)
		text++;
	while (*text != '\0') {
		uint8_t label[NAME_MAX_LABEL];
		int length = read_label(&text, label);

		/* Room for the length byte, the label and the root label that ends the name. */
		if (length < 0 || used + (unsigned)length + 2 > NAME_MAX_WIRE)
			return -1;
		name->wire[used++] = (uint8_t)length;
		memcpy(name->wire + used, label, (size_t)length);
		used += (unsigned)length;
		if (*text == '.')
			text++;
	}
	name->wire[used++] = 0;
	name->length = (uint8_t)used;
	return 0;
}

static char *
write_character(char *out, uint8_t byte)
{
	if (byte <= ' ' || byte >= 0x7f) {
		*out++ = '\\';
		*out++ = (char)('0' + byte / 100);
		*out++ = (char)('0' + byte / 10 % 10);
		*out++ = (char)('0' + byte % 10);
		return out;
	}
	if (strchr(".\\\"();@$", byte) != NULL)
		*out++ = '\\';
	*out++ = (char)byte;
	return out;
}

void
name_to_text(const struct name *name, char text[NAME_MAX_TEXT])
{
	const uint8_t *at = name->wire;
	char *out = text;

	if (*at == 0)
		*out++ = '.';
	while (*at != 0) {
		unsigned length = *at++;

		while (length-- > 0)
			out = write_character(out, *at++);
		*out++ = '.';
	}
	*out = '\0';
}

uint8_t
name_lower(uint8_t byte)
{
	return byte >= 'A' && byte <= 'Z' ? (uint8_t)(byte + ('a' - 'A')) : byte;
}

void
name_lower_wire(uint8_t *wire, size_t length)
{
	for (size_t i = 0; i < length; i++)
		wire[i] = name_lower(wire[i]);
}

/* A length byte is below 'A', so that lowering both sides compares lengths and letters alike. */
static int
wire_equal(const uint8_t *a, const uint8_t *b, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		if (name_lower(a[i]) != name_lower(b[i]))
			return 0;
	}
	return 1;
}

int
name_equal(const struct name *a, const struct name *b)
{
	return a->length == b->length && wire_equal(a->wire, b->wire, a->length);
}

int
name_is_within(const struct name *name, const struct name *ancestor)
{
	size_t offset = 0;

	/* Only at label borders: "xexample.org" is not within "example.org". */
	while ((size_t)name->length - offset > ancestor->length)
		offset += (size_t)name->wire[offset] + 1;
	return (size_t)name->length - offset == ancestor->length &&
	       wire_equal(name->wire + offset, ancestor->wire, ancestor->length);
}

int
name_append(struct name *name, const struct name *tail)
{
	size_t kept = (size_t)name->length - 1;

	if (kept + tail->length > NAME_MAX_WIRE)
		return -1;
	memcpy(name->wire + kept, tail->wire, tail->length);
	name->length = (uint8_t)(kept + tail->length);
	return 0;
}

int
name_strip(struct name *name)
{
	unsigned first = name->wire[0] + 1U;

	if (name->length <= 1)
		return -1;
	name->length = (uint8_t)(name->length - first);
	memmove(name->wire, name->wire + first, name->length);
	return 0;
}

unsigned
name_label_count(const struct name *name)
{
	unsigned count = 0;

	for (size_t offset = 0; name->wire[offset] != 0; offset += (size_t)name->wire[offset] + 1)
		count++;
	return count;
}

int
label_is_valid(const char *text, size_t length)
{
	if (length == 0 || length > NAME_MAX_LABEL || text[0] == '-' || text[length - 1] == '-')
		return 0;
	for (size_t i = 0; i < length; i++) {
		char c = text[i];

		if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_'))
			return 0;
	}
	return 1;
}
