/*
 * Accounts as lines of JSON, one object each: what export writes and import reads. Pure.
 *
 *   {"username": "UUID", "password_hash": "$2b$10$...", "subdomain": "LABEL", "allowfrom": ["192.0.2.0/24"],
 *    "values": [{"txt": "...", "time": 1700000000}], "created": 1600000000, "updated": 1700000000}
 *
 * Times are seconds since 1970. In place of password_hash there may be "password", the key itself. Left away
 * may be what is empty or unknown: allowfrom, values, created, updated, token. A value may also be its
 * text alone. Any other key is a mistake: a misspelt "allowfrom" would let anybody in.
 */
#ifndef SALLYPORT_ACCOUNT_LINE_H
#define SALLYPORT_ACCOUNT_LINE_H

#include "account_entry.h"
#include "buf.h"

enum {
	ACCOUNT_LINE_MAX = 256 * 1024, /* bytes of a line */
	ACCOUNT_LINE_WHY = 256
};

/* What an entry that was read borrows from; zero-initialised. */
struct account_line {
	void *json;
};

/*
 * Reads a line of `length` bytes. ACCOUNT_ENTRY_READ; or ACCOUNT_ENTRY_REFUSED with `why`, and with the user name
 * if the line has one. The entry is valid until the next call with the same `line`.
 */
enum account_entry_result account_line_read(struct account_line *line, struct account_entry *entry,
    const unsigned char *text, size_t length, char why[ACCOUNT_LINE_WHY]);

/* Frees what the last entry borrows from. */
void account_line_free(struct account_line *line);

/* Appends the line, with its line end; without a secret where the entry has none. 0, or -1: too long, or a text is no UTF-8; nothing is appended then. */
int account_line_write(const struct account_entry *entry, struct buf *out);

#endif
