#include "proxy_header.h"

#include "pack.h"

#include <arpa/inet.h>
#include <string.h>

enum {
	START = 16, /* bytes of version 2 in front of its addresses */
	VERSION_2 = 0x20,
	LOCAL = 0,
	PROXY = 1,
	UNSPECIFIED = 0x00,
	TCP4 = 0x11,
	TCP6 = 0x21,
	UNIX_STREAM = 0x31,
	MAPPED = 12 /* bytes in front of an IPv4 address in IPv6's form */
};

/* 2.2; no line of text begins so. */
static const unsigned char signature[] = "\r\n\r\n\0\r\nQUIT\n";
static const char word[] = "PROXY ";

/* Cuts off what stands in front of the next blank, or the end. */
static struct slice
next_word(struct slice *line)
{
	const unsigned char *blank = memchr(line->data, ' ', line->length);
	struct slice found = {line->data, line->length};

	if (blank == NULL) {
		*line = (struct slice){line->data + line->length, 0};
		return found;
	}
	found.length = (size_t)(blank - line->data);
	*line = (struct slice){blank + 1, line->length - found.length - 1};
	return found;
}

static int
is_port(struct slice text)
{
	unsigned value = 0;

	if (text.length == 0 || text.length > 5 || (text.data[0] == '0' && text.length > 1))
		return 0;
	for (size_t i = 0; i < text.length; i++) {
		if (text.data[i] < '0' || text.data[i] > '9')
			return 0;
		value = value * 10 + (unsigned)(text.data[i] - '0');
	}
	return value <= UINT16_MAX;
}

static struct client_address
mapped(const void *v4)
{
	struct client_address client = {{[10] = 0xff, [11] = 0xff}};

	memcpy(client.bytes + MAPPED, v4, sizeof(client.bytes) - MAPPED);
	return client;
}

static int
read_address(struct slice text, int family, struct client_address *client)
{
	char copy[INET6_ADDRSTRLEN];
	unsigned char bytes[sizeof(struct in6_addr)];

	if (text.length >= sizeof(copy))
		return -1;
	memcpy(copy, text.data, text.length);
	copy[text.length] = '\0';
	if (strlen(copy) != text.length || inet_pton(family, copy, bytes) != 1)
		return -1;
	if (family == AF_INET)
		*client = mapped(bytes);
	else
		memcpy(client->bytes, bytes, sizeof(client->bytes));
	return 0;
}

/* The line behind "PROXY ", without its end. */
static int
read_line(struct proxy_header *header, struct slice line)
{
	struct slice family = next_word(&line), source, destination;
	struct client_address other;
	int number;

	if (slice_equals(family, "UNKNOWN"))
		return 0;
	if (slice_equals(family, "TCP4"))
		number = AF_INET;
	else if (slice_equals(family, "TCP6"))
		number = AF_INET6;
	else
		return -1;
	source = next_word(&line);
	destination = next_word(&line);
	if (read_address(source, number, &header->client) != 0 ||
	    read_address(destination, number, &other) != 0 || !is_port(next_word(&line)) ||
	    line.length == 0 || !is_port(line) || client_address_is_unknown(&header->client))
		return -1;
	header->claims = 1;
	return 0;
}

static enum proxy_header_result
read_version_1(struct proxy_header *header, const unsigned char *bytes, size_t length)
{
	size_t start = sizeof(word) - 1, seen = length;
	const unsigned char *end;

	if (seen > PROXY_HEADER_MAX_LINE)
		seen = PROXY_HEADER_MAX_LINE;
	end = memchr(bytes, '\n', seen);
	if (end == NULL)
		return seen == PROXY_HEADER_MAX_LINE ? PROXY_HEADER_MALFORMED : PROXY_HEADER_MORE;
	header->length = (size_t)(end - bytes) + 1;
	if (header->length < start + 2 || end[-1] != '\r' ||
	    read_line(header, (struct slice){bytes + start, header->length - start - 2}) != 0)
		return PROXY_HEADER_MALFORMED;
	return PROXY_HEADER_DONE;
}

/*
 * The addresses of a family; -1: too short for them, none that a stream has, or "::", which is nobody's and would
 * be the unknown address.
 */
static int
read_addresses(struct proxy_header *header, unsigned family, struct reader *reader)
{
	struct slice source;

	switch (family) {
	case UNSPECIFIED:
		return 0;
	case TCP4:
		source = reader_bytes(reader, 4);
		reader_bytes(reader, 4 + 2 + 2);
		if (!reader->failed)
			header->client = mapped(source.data);
		break;
	case TCP6:
		source = reader_bytes(reader, sizeof(header->client.bytes));
		reader_bytes(reader, 16 + 2 + 2);
		if (!reader->failed)
			memcpy(header->client.bytes, source.data, source.length);
		break;
	case UNIX_STREAM:
		reader_bytes(reader, 108 + 108);
		return reader->failed ? -1 : 0;
	default:
		return -1;
	}
	if (reader->failed || client_address_is_unknown(&header->client))
		return -1;
	header->claims = 1;
	return 0;
}

static enum proxy_header_result
read_version_2(struct proxy_header *header, const unsigned char *bytes, size_t length)
{
	struct reader reader;
	unsigned command, family;
	size_t rest;

	if (length < START)
		return PROXY_HEADER_MORE;
	reader_init(&reader, bytes, length);
	reader_bytes(&reader, sizeof(signature) - 1);
	command = reader_u8(&reader);
	family = reader_u8(&reader);
	rest = reader_u16(&reader);
	header->length = START + rest;
	if ((command != (VERSION_2 | LOCAL) && command != (VERSION_2 | PROXY)) ||
	    header->length > PROXY_HEADER_MAX)
		return PROXY_HEADER_MALFORMED;
	if (length < header->length)
		return PROXY_HEADER_MORE;
	reader_init(&reader, bytes + START, rest);
	header->local = command == (VERSION_2 | LOCAL);
	if (!header->local && read_addresses(header, family, &reader) != 0)
		return PROXY_HEADER_MALFORMED;
	return PROXY_HEADER_DONE;
}

/* 1 if the bytes, as many as there are, are how `start` begins. */
static int
begins(const unsigned char *bytes, size_t length, const void *start, size_t start_length)
{
	return memcmp(bytes, start, length < start_length ? length : start_length) == 0;
}

enum proxy_header_result
proxy_header_read(struct proxy_header *header, const void *bytes, size_t length)
{
	enum proxy_header_result result = PROXY_HEADER_MALFORMED;

	memset(header, 0, sizeof(*header));
	if (length == 0)
		return PROXY_HEADER_MORE;
	if (begins(bytes, length, word, sizeof(word) - 1))
		result = read_version_1(header, bytes, length);
	else if (begins(bytes, length, signature, sizeof(signature) - 1))
		result = read_version_2(header, bytes, length);
	if (result != PROXY_HEADER_DONE)
		memset(header, 0, sizeof(*header));
	return result;
}
