/*
 * What the sections of acme-dns's configuration have in common while they are turned into ours: what the file says, and
 * how values are written. Pure.
 */
#ifndef SALLYPORT_ACME_DNS_SECTION_H
#define SALLYPORT_ACME_DNS_SECTION_H

#include "buf.h"
#include "toml.h"

#include <stdint.h>

struct acme_dns_conversion {
	const struct toml *toml;
	struct buf *yaml;
	struct conf_report *report;
};

/* What a file says of a key that acme-dns knows: "" and 0 where it says nothing, as acme-dns has it. */
const char *acme_dns_text(
    const struct acme_dns_conversion *conversion, const char *table, const char *key);
int64_t acme_dns_number(
    const struct acme_dns_conversion *conversion, const char *table, const char *key);

/* Where its value stands; line 0 where the file says nothing. */
struct conf_place acme_dns_place(
    const struct acme_dns_conversion *conversion, const char *table, const char *key);

/* As inside of a double-quoted scalar (YAML 1.2, 7.3.1), and with its quotes; the text is ASCII. */
void acme_dns_put_escaped(struct buf *yaml, const char *text);
void acme_dns_put_quoted(struct buf *yaml, const char *text);

/* A path, quoted, for people: acme-dns began relative ones in the folder that it was started in, which is said. */
void acme_dns_put_path(struct buf *yaml, const char *text);

/*
 * Writes the addresses that Go listens at for this host: none, 0.0.0.0 and :: all mean every address of both families,
 * unless `family` is '4' or '6' (NUL: both). Each line begins with `indent`. A host or port that is none is an error in
 * the report, at `place`.
 */
void acme_dns_put_listen(struct acme_dns_conversion *conversion, const char *indent,
    const char *host, const char *port, char family, struct conf_place place);

/* The section [api]; it is in acme_dns_api.c. */
void acme_dns_put_api(struct acme_dns_conversion *conversion);

#endif
