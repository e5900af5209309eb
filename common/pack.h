/*
 * Reading and writing the byte strings that cross a trust boundary or a disk:
 * big-endian integers and counted strings, never C structs.
 *
 * Both sides remember their first error: after it every read gives zeroes and
 * every write is ignored, so that a decoder reads all its fields and asks once.
 */
#ifndef COMMON_PACK_H
#define COMMON_PACK_H

#include <stddef.h>
#include <stdint.h>

/* Bytes inside somebody else's memory; not NUL-terminated. */
struct slice {
	const unsigned char *data;
	size_t length;
};

struct reader {
	const unsigned char *data; /* borrowed, must outlive the slices read from it */
	size_t length;
	size_t offset;
	int failed; /* sticky: something was longer than what is left, or than allowed */
};

void reader_init(struct reader *reader, const void *data, size_t length);
uint8_t reader_u8(struct reader *reader);
uint16_t reader_u16(struct reader *reader);
uint32_t reader_u32(struct reader *reader);
uint64_t reader_u64(struct reader *reader);

/* `length` bytes where they stand; an empty slice after a failure. */
struct slice reader_bytes(struct reader *reader, size_t length);

/* A string behind a one-byte or two-byte count. A count above `maximum` is a failure. */
struct slice reader_string8(struct reader *reader, size_t maximum);
struct slice reader_string16(struct reader *reader, size_t maximum);

/* Bytes not read yet. */
size_t reader_left(const struct reader *reader);

/* 0 if nothing failed and nothing is left (trailing bytes are an error), else -1. */
int reader_end(const struct reader *reader);

struct writer {
	unsigned char *data; /* borrowed */
	size_t capacity;
	size_t length;
	int failed; /* sticky: it did not fit, or a count was too large for its field */
};

void writer_init(struct writer *writer, void *data, size_t capacity);
void writer_u8(struct writer *writer, uint8_t value);
void writer_u16(struct writer *writer, uint16_t value);
void writer_u32(struct writer *writer, uint32_t value);
void writer_u64(struct writer *writer, uint64_t value);
void writer_bytes(struct writer *writer, const void *bytes, size_t length);

/* Takes `length` bytes for the caller to write all of; NULL: they do not fit. */
unsigned char *writer_take(struct writer *writer, size_t length);

void writer_string8(struct writer *writer, const void *bytes, size_t length);
void writer_string16(struct writer *writer, const void *bytes, size_t length);

/* 1 if the slice holds exactly the bytes of the NUL-terminated string. */
int slice_equals(struct slice slice, const char *string);

/* Less than, equal to or greater than 0 as `a` comes before, is equal to or comes behind `b`, in the order of their bytes. */
int slice_compare(struct slice a, struct slice b);

#endif
