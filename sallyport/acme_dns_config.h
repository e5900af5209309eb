/*
 * acme-dns's configuration (its versions 0.1 to 2) turned into ours. Pure.
 *
 * What has no counterpart, and what acme-dns did that Sallyport does otherwise, becomes a comment that
 * says why and what to do; where something must be done before the start it begins with "To do:".
 */
#ifndef SALLYPORT_ACME_DNS_CONFIG_H
#define SALLYPORT_ACME_DNS_CONFIG_H

#include "buf.h"
#include "toml.h"

enum { ACME_DNS_CONFIG_MAX = 4 * 1024 * 1024 }; /* bytes of YAML made of one file */

/*
 * Writes YAML into `yaml`. `path` is how the file is called in it. 0, or -1 with the mistakes in
 * `report`; what acme-dns itself would not have looked at becomes a warning.
 */
int acme_dns_config_convert(
    const struct toml *toml, const char *path, struct buf *yaml, struct conf_report *report);

#endif
