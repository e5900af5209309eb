/*
 * The lines of a head or of trailers, followed byte by byte to the empty one that ends them: the line rules of RFC 9112
 * that llhttp leaves to its user, or keeps more loosely. Pure.
 */
#ifndef APID_REQUEST_LINES_H
#define APID_REQUEST_LINES_H

#include "response.h"

#include <stddef.h>
#include <stdint.h>

/* Zeroed before the first byte. */
struct request_lines {
	int after_cr;
	int after_space;
	int line_begun;	     /* the line at hand has bytes */
	int any;	     /* a line that is not empty is complete */
	int ends_when_empty; /* 1: an empty first line is the end (trailers), not skipped (head) */
	uint64_t last;	     /* the last eight bytes of the line */
	enum response_error error; /* why it cannot go on */
	size_t bytes;
};

/*
 * Follows lines to the empty one that ends them. Returns how many bytes belong to them; `ended`
 * is 1 there. Stops with `error` set at a bare CR or LF, a NUL, a folded line, doubled spaces, and at the
 * end of a request line that is not for us.
 */
size_t request_lines_follow(
    struct request_lines *lines, const char *data, size_t length, int *ended);

#endif
