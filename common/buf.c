#include "buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BUF_FIRST = 256 };

void
buf_init(struct buf *buf, size_t maximum)
{
	*buf = (struct buf){.maximum = maximum};
}

void
buf_free(struct buf *buf)
{
	free(buf->data);
	buf_init(buf, buf->maximum);
}

void
buf_clear(struct buf *buf)
{
	buf->length = 0;
	buf->failed = 0;
}

/* Makes room for `more` bytes behind `length`; doubles, so that appending stays linear. */
static int
reserve(struct buf *buf, size_t more)
{
	size_t wanted, capacity;
	unsigned char *data;

	if (buf->failed || more > buf->maximum - buf->length)
		goto fail;
	wanted = buf->length + more;
	if (wanted <= buf->capacity)
		return 0;
	capacity = buf->capacity > 0 ? buf->capacity : BUF_FIRST;
	while (capacity < wanted)
		capacity = capacity > buf->maximum / 2 ? buf->maximum : capacity * 2;
	if (capacity > buf->maximum)
		capacity = buf->maximum;
	data = malloc(capacity);
	if (data == NULL)
		goto fail;
	/* realloc(3) could leave a copy behind, and keys pass through buffers. */
	if (buf->data != NULL) {
		memcpy(data, buf->data, buf->length);
		explicit_bzero(buf->data, buf->capacity);
		free(buf->data);
	}
	buf->data = data;
	buf->capacity = capacity;
	return 0;
fail:
	buf->failed = 1;
	return -1;
}

int
buf_append(struct buf *buf, const void *bytes, size_t length)
{
	if (reserve(buf, length) != 0)
		return -1;
	if (length > 0)
		memcpy(buf->data + buf->length, bytes, length);
	buf->length += length;
	return 0;
}

int
buf_append_string(struct buf *buf, const char *string)
{
	return buf_append(buf, string, strlen(string));
}

int
buf_printf(struct buf *buf, const char *format, ...)
{
	size_t room = buf->capacity - buf->length;
	va_list arguments;
	int length;

	/* Into the room that is there; only what does not fit is formatted twice. */
	va_start(arguments, format);
	length =
	    vsnprintf(room > 0 ? (char *)buf->data + buf->length : NULL, room, format, arguments);
	va_end(arguments);
	/* One byte more for the NUL that vsnprintf insists on; it is not counted. */
	if (length < 0 || reserve(buf, (size_t)length + 1) != 0) {
		buf->failed = 1;
		return -1;
	}
	if ((size_t)length >= room) {
		va_start(arguments, format);
		(void)vsnprintf(
		    (char *)buf->data + buf->length, (size_t)length + 1, format, arguments);
		va_end(arguments);
	}
	buf->length += (size_t)length;
	return 0;
}

void
buf_consume(struct buf *buf, size_t length)
{
	if (length > buf->length)
		length = buf->length;
	buf->length -= length;
	if (buf->length > 0)
		memmove(buf->data, buf->data + length, buf->length);
}
