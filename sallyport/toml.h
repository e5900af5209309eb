/*
 * The part of TOML (1.0) that configurations such as acme-dns's are written in: tables, bare and
 * quoted keys, texts in all four kinds of quotes, whole numbers, true and false, lists of texts. Pure.
 *
 * What is TOML and not in this part (dotted keys, inline tables, dates, fractions) is refused by
 * name, with its place, and so are texts that are not printable ASCII.
 */
#ifndef SALLYPORT_TOML_H
#define SALLYPORT_TOML_H

#include "conf_report.h"

#include <stddef.h>
#include <stdint.h>

enum {
	TOML_MAX_FILE = 1024 * 1024, /* bytes */
	TOML_MAX_ENTRIES = 1024,
	TOML_MAX_ITEMS = 8192, /* of one list */
	TOML_MAX_KEY = 64,     /* bytes of a table's name or a key */
	TOML_MAX_TEXT = 32768  /* bytes of a text */
};

enum toml_kind { TOML_TEXT, TOML_NUMBER, TOML_SWITCH, TOML_LIST };

/* A text is NUL-terminated, has no NUL inside, and only printable ASCII, tabs and line ends. */
struct toml_text {
	char *text; /* owned */
	struct conf_place place;
};

struct toml_entry {
	char table[TOML_MAX_KEY + 1]; /* "": before the first table */
	char key[TOML_MAX_KEY + 1];
	struct conf_place place; /* of the key */
	enum toml_kind kind;
	struct toml_text
	    value;	/* place: of any kind of value; text: only of TOML_TEXT, else NULL */
	int64_t number; /* TOML_NUMBER; TOML_SWITCH: 0 or 1 */
	struct toml_text *items; /* TOML_LIST; owned */
	size_t count;
};

struct toml {
	struct toml_entry *entries; /* in the order of the file; owned */
	size_t count;
};

/*
 * Reads `length` bytes. 0, or -1 with the first mistake in `report` and `toml` empty. toml_free()
 * afterwards in both cases.
 */
int toml_read(struct toml *toml, const char *text, size_t length, struct conf_report *report);

/* The entry of that table and key, letter case aside, as acme-dns looks for them; or NULL. */
const struct toml_entry *toml_find(const struct toml *toml, const char *table, const char *key);

/* "a text", "a whole number", ...: for messages. */
const char *toml_kind_text(enum toml_kind kind);

void toml_free(struct toml *toml);

#endif
