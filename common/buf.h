/*
 * A growing byte buffer that cannot be made without a maximum.
 *
 * An append that would pass the maximum, or for which memory is short, changes
 * nothing and makes the buffer `failed`; every later append then fails too, so
 * that a writer may append many parts and check once at the end.
 */
#ifndef COMMON_BUF_H
#define COMMON_BUF_H

#include <stddef.h>

struct buf {
	unsigned char *data; /* owned; NULL while nothing was appended */
	size_t length;	     /* bytes in use */
	size_t capacity;     /* bytes allocated; what is outgrown is wiped */
	size_t maximum;	     /* `length` never passes it */
	int failed;	     /* sticky: an append did not fit */
};

/* Makes an empty buffer of at most `maximum` bytes; allocates nothing. */
void buf_init(struct buf *buf, size_t maximum);

/* Frees the bytes; the buffer is then empty, usable and not failed. */
void buf_free(struct buf *buf);

/* Forgets the bytes and the failure, keeps the memory. */
void buf_clear(struct buf *buf);

/* Appends `length` bytes. 0, or -1 with the buffer failed. */
int buf_append(struct buf *buf, const void *bytes, size_t length);

/* Appends a NUL-terminated string without its NUL. 0 or -1. */
int buf_append_string(struct buf *buf, const char *string);

/* Appends formatted text without a NUL. 0 or -1. */
int buf_printf(struct buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Drops the first `length` bytes (at most those that are there). */
void buf_consume(struct buf *buf, size_t length);

#endif
