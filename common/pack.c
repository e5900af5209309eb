#include "pack.h"

#include <string.h>

void
reader_init(struct reader *reader, const void *data, size_t length)
{
	*reader = (struct reader){.data = data, .length = length};
}

size_t
reader_left(const struct reader *reader)
{
	return reader->failed ? 0 : reader->length - reader->offset;
}

int
reader_end(const struct reader *reader)
{
	return !reader->failed && reader->offset == reader->length ? 0 : -1;
}

struct slice
reader_bytes(struct reader *reader, size_t length)
{
	struct slice slice = {NULL, 0};

	if (reader->failed || length > reader->length - reader->offset) {
		reader->failed = 1;
		return slice;
	}
	slice.data = reader->data + reader->offset;
	slice.length = length;
	reader->offset += length;
	return slice;
}

static uint64_t
read_integer(struct reader *reader, size_t size)
{
	struct slice bytes = reader_bytes(reader, size);
	uint64_t value = 0;

	for (size_t i = 0; i < bytes.length; i++)
		value = value << 8 | bytes.data[i];
	return value;
}

uint8_t
reader_u8(struct reader *reader)
{
	return (uint8_t)read_integer(reader, 1);
}

uint16_t
reader_u16(struct reader *reader)
{
	return (uint16_t)read_integer(reader, 2);
}

uint32_t
reader_u32(struct reader *reader)
{
	return (uint32_t)read_integer(reader, 4);
}

uint64_t
reader_u64(struct reader *reader)
{
	return read_integer(reader, 8);
}

static struct slice
read_counted(struct reader *reader, size_t length, size_t maximum)
{
	if (length > maximum)
		reader->failed = 1;
	return reader_bytes(reader, length);
}

struct slice
reader_string8(struct reader *reader, size_t maximum)
{
	size_t length = reader_u8(reader);

	return read_counted(reader, length, maximum);
}

struct slice
reader_string16(struct reader *reader, size_t maximum)
{
	size_t length = reader_u16(reader);

	return read_counted(reader, length, maximum);
}

void
writer_init(struct writer *writer, void *data, size_t capacity)
{
	*writer = (struct writer){.data = data, .capacity = capacity};
}

unsigned char *
writer_take(struct writer *writer, size_t length)
{
	unsigned char *taken = writer->data + writer->length;

	if (writer->failed || length > writer->capacity - writer->length) {
		writer->failed = 1;
		return NULL;
	}
	writer->length += length;
	return taken;
}

void
writer_bytes(struct writer *writer, const void *bytes, size_t length)
{
	unsigned char *taken = writer_take(writer, length);

	if (taken != NULL && length > 0)
		memcpy(taken, bytes, length);
}

static void
write_integer(struct writer *writer, uint64_t value, size_t size)
{
	unsigned char bytes[8];

	for (size_t i = 0; i < size; i++)
		bytes[i] = (unsigned char)(value >> (8 * (size - 1 - i)));
	writer_bytes(writer, bytes, size);
}

void
writer_u8(struct writer *writer, uint8_t value)
{
	write_integer(writer, value, 1);
}

void
writer_u16(struct writer *writer, uint16_t value)
{
	write_integer(writer, value, 2);
}

void
writer_u32(struct writer *writer, uint32_t value)
{
	write_integer(writer, value, 4);
}

void
writer_u64(struct writer *writer, uint64_t value)
{
	write_integer(writer, value, 8);
}

void
writer_string8(struct writer *writer, const void *bytes, size_t length)
{
	if (length > UINT8_MAX)
		writer->failed = 1;
	writer_u8(writer, (uint8_t)length);
	writer_bytes(writer, bytes, length);
}

void
writer_string16(struct writer *writer, const void *bytes, size_t length)
{
	if (length > UINT16_MAX)
		writer->failed = 1;
	writer_u16(writer, (uint16_t)length);
	writer_bytes(writer, bytes, length);
}

int
slice_equals(struct slice slice, const char *string)
{
	size_t length = strlen(string);

	return slice.length == length && (length == 0 || memcmp(slice.data, string, length) == 0);
}

int
slice_compare(struct slice a, struct slice b)
{
	size_t shared = a.length < b.length ? a.length : b.length;
	int order = shared > 0 ? memcmp(a.data, b.data, shared) : 0;

	return order != 0 ? order : (a.length > b.length) - (a.length < b.length);
}
