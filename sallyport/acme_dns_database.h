/*
 * The accounts in acme-dns's database: its SQLite file, or a dump of its tables in SQL (sql_dump.h), which is
 * loaded into a temporary SQLite database first, because accounts and values stand in different tables.
 *
 * Reads what acme-dns 0.1 to 2 wrote. Databases from before its version 0.2 kept no values that it would still
 * serve; as in its own upgrade, only their accounts count. The file is opened for reading only.
 */
#ifndef SALLYPORT_ACME_DNS_DATABASE_H
#define SALLYPORT_ACME_DNS_DATABASE_H

#include "account_entry.h"

struct acme_dns_database;

enum { ACME_DNS_DATABASE_WHY = 512 }; /* bytes of a reason, NUL included */

/* Opens SQLite's file. NULL with a sentence in `why`. */
struct acme_dns_database *acme_dns_database_open(const char *path, char why[ACME_DNS_DATABASE_WHY]);

/*
 * Reads a dump to its end: `read` fills the buffer and returns the bytes, 0 at the end, -1 on failure. NULL with a
 * sentence in `why`. The temporary database is a file without a name where SQLite puts such (SQLITE_TMPDIR).
 */
struct acme_dns_database *acme_dns_database_load(
    long (*read)(void *context, unsigned char *buffer, size_t capacity), void *context,
    char why[ACME_DNS_DATABASE_WHY]);

/* Accounts there are. */
uint64_t acme_dns_database_count(struct acme_dns_database *database);

/* The next account, in the order of their subdomains; the entry's texts are valid until the next call. */
enum account_entry_result acme_dns_database_next(struct acme_dns_database *database,
    struct account_entry *entry, char why[ACME_DNS_DATABASE_WHY]);

void acme_dns_database_close(struct acme_dns_database *database);

#endif
