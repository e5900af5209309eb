/*
 * A file of accounts, whatever it is: acme-dns's SQLite database, a dump of it in SQL, or lines of JSON. Which of
 * them is told by its first bytes.
 */
#ifndef SALLYPORT_ACCOUNT_SOURCE_H
#define SALLYPORT_ACCOUNT_SOURCE_H

#include "account_entry.h"

enum { ACCOUNT_SOURCE_WHY = 512 }; /* bytes of a reason, NUL included */

struct account_source;

/*
 * Opens `path`; "-" is standard input, which cannot be SQLite's. A dump is read to its end here. NULL with a
 * sentence in `why`.
 */
struct account_source *account_source_open(const char *path, char why[ACCOUNT_SOURCE_WHY]);

/* "acme-dns's database", "a dump in SQL" or "lines of JSON". */
const char *account_source_kind(const struct account_source *source);

/* The next account; its texts are valid until the next call. After END and FAILED there is no other. */
enum account_entry_result account_source_next(
    struct account_source *source, struct account_entry *entry, char why[ACCOUNT_SOURCE_WHY]);

/* The line of JSON that was read last, from 1; 0 where accounts do not stand in lines. */
uint64_t account_source_line(const struct account_source *source);

/* How much of it has been read, 0 to 1; below 0 where nobody knows. */
double account_source_progress(const struct account_source *source);

void account_source_close(struct account_source *source);

#endif
