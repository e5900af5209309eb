#include "request_lines.h"

/* Takes one byte of a line; an error if no line may have it there. */
static enum response_error
follow_line(struct request_lines *lines, char byte)
{
	int blank = byte == ' ' || byte == '\t';
	/* Parsers do not agree on a request line with more than one space between two words. */
	int doubled = byte == ' ' && lines->after_space && !lines->any && !lines->ends_when_empty;
	int folded = blank && !lines->line_begun;

	lines->line_begun = 1;
	lines->after_space = byte == ' ';
	lines->last = lines->last << 8 | (unsigned char)byte;
	return byte == '\0' || doubled || folded ? RESPONSE_ERROR_BAD_REQUEST : RESPONSE_ERROR_NONE;
}

/* What is wrong with a request line that ends in these bytes. llhttp takes RTSP and ICE for HTTP. */
static enum response_error
judge_version(uint64_t last)
{
	static const uint64_t form = 0x485454502f302e30; /* "HTTP/0.0" */
	static const uint64_t digits = 0x0f000f;	 /* the bits in which digits differ */
	unsigned major = last >> 16 & 0x0f, minor = last & 0x0f;

	if (((last ^ form) & ~digits) != 0 || major > 9 || minor > 9)
		return RESPONSE_ERROR_BAD_REQUEST;
	return major == 1 ? RESPONSE_ERROR_NONE : RESPONSE_ERROR_VERSION;
}

size_t
request_lines_follow(struct request_lines *lines, const char *data, size_t length, int *ended)
{
	size_t i;

	*ended = 0;
	for (i = 0; i < length && !*ended && lines->error == RESPONSE_ERROR_NONE; i++) {
		char byte = data[i];

		if (lines->after_cr != (byte == '\n')) {
			lines->error = RESPONSE_ERROR_BAD_REQUEST;
		} else if (byte == '\n') {
			if (!lines->line_begun && (lines->any || lines->ends_when_empty))
				*ended = 1;
			if (lines->line_begun && !lines->any && !lines->ends_when_empty)
				lines->error = judge_version(lines->last);
			lines->any |= lines->line_begun;
			lines->after_cr = lines->after_space = lines->line_begun = 0;
		} else if (byte == '\r') {
			lines->after_cr = 1;
		} else {
			lines->error = follow_line(lines, byte);
		}
	}
	lines->bytes += i;
	return i;
}
