/* Names of the zone that belong to the configuration, and are no account's to have. Pure. */
#ifndef STORE_STATIC_NAME_H
#define STORE_STATIC_NAME_H

#include "conf.h"
#include "pack.h"

/*
 * 1 if `label` (label_is_valid()) directly below the zone is a static record's name or above one, is the primary
 * name server's, or is _acme-challenge, where certificates for the zone's own name are validated.
 */
int static_name_is(const struct conf *conf, struct slice label);

#endif
