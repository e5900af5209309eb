/*
 * DNS names in wire form: labels behind their length, ended by the root label
 * (RFC 1035, 3.1). Pure; no compression pointers here.
 */
#ifndef COMMON_NAME_H
#define COMMON_NAME_H

#include <stddef.h>
#include <stdint.h>

enum {
	NAME_MAX_WIRE = 255,  /* RFC 1035, 2.3.4, the root label included */
	NAME_MAX_LABEL = 63,  /* RFC 1035, 2.3.4 */
	NAME_MAX_TEXT = 1025, /* every byte escaped as \DDD, dots, NUL */
	NAME_MAX_LABELS = 128 /* 127 labels of one byte and the root */
};

/* A name with its bytes inside, as written (case kept). */
struct name {
	uint8_t length; /* 1 (the root) to 255 */
	uint8_t wire[NAME_MAX_WIRE];
};

/*
 * Reads a name in presentation form (RFC 1035, 5.1: \DDD and \X escapes), with
 * or without the final dot. 0, or -1: empty, an empty label, a label above 63,
 * more than 255 bytes, a bad escape.
 */
int name_from_text(struct name *name, const char *text);

/* Writes the presentation form with the final dot into NAME_MAX_TEXT bytes. */
void name_to_text(const struct name *name, char text[NAME_MAX_TEXT]);

/* The byte in lower case, ASCII letters only (RFC 4343). */
uint8_t name_lower(uint8_t byte);

/* Lowers `length` bytes of a wire name in place; length bytes (0-63) are never letters. */
void name_lower_wire(uint8_t *wire, size_t length);

/* 1 if both names are equal, case aside (RFC 4343). */
int name_equal(const struct name *a, const struct name *b);

/* 1 if `name` is `ancestor` or lies below it, case aside. */
int name_is_within(const struct name *name, const struct name *ancestor);

/* Puts `tail` behind the labels of `name`. 0, or -1: longer than 255 bytes, `name` is unchanged. */
int name_append(struct name *name, const struct name *tail);

/* Takes the first label away. 0, or -1: it is the root, and stays so. */
int name_strip(struct name *name);

/* Labels in front of the root label: 0 for the root. */
unsigned name_label_count(const struct name *name);

/*
 * 1 if the text is one label that an account may own: 1 to 63 bytes of lower
 * case letters, digits, '-' and '_', neither first nor last a '-'.
 */
int label_is_valid(const char *text, size_t length);

#endif
