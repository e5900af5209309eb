/*
 * One line of a zone file (RFC 1035, 5.1) taken apart, as far as that is the same for all types:
 * owner, TTL, class, type, and the words of the data. Pure.
 */
#ifndef COMMON_ZONE_LINE_H
#define COMMON_ZONE_LINE_H

#include "name.h"

#include <stddef.h>
#include <stdint.h>

enum {
	ZONE_LINE_MAX = 16384, /* bytes of a line */
	ZONE_LINE_WORD = 1100, /* bytes of owner and type: NAME_MAX_TEXT and some */
	ZONE_LINE_TTL = 3600,  /* seconds, where the line has none */
	ZONE_LINE_SHOWN = 60   /* bytes of a word repeated in a message: "%.*s" */
};

struct zone_line {
	char owner[ZONE_LINE_WORD]; /* as written */
	char type[ZONE_LINE_WORD];
	uint32_t ttl;
	const char *data; /* what follows the type, inside the caller's text */
};

/*
 * Takes `text` apart: "OWNER [TTL] [IN] TYPE DATA", TTL and class in either order. 0, or -1 with a
 * sentence in `why` (`capacity` bytes). Refuses bytes that are not printable ASCII, a missing owner
 * (which a zone file takes from the line before), directives, and classes other than IN.
 */
int zone_line_split(struct zone_line *line, const char *text, char *why, size_t capacity);

/* Reads the owner, which is relative to `zone` without a final dot. 0 or -1. */
int zone_line_owner(struct name *owner, const char *text, const struct name *zone);

/* Bytes of the word that `text` begins with; an escaped blank belongs to it. */
size_t zone_line_word(const char *text);

/* Skips blanks. */
const char *zone_line_skip(const char *text);

/*
 * Reads a TTL, "3600" or "1h30m". 1 if the text is one; 0 if it is something else; -1 if it is
 * above 2^31-1 (RFC 2181, 8).
 */
int zone_line_ttl(uint32_t *ttl, const char *text);

#endif
