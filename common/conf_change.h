/* What of a new configuration has to wait for a restart. Pure. */
#ifndef COMMON_CONF_CHANGE_H
#define COMMON_CONF_CHANGE_H

#include "buf.h"
#include "conf.h"

/*
 * Appends the keys that are different in `next` and that the daemon of this role uses only when it starts, "dns.listen,
 * dns.workers". 0, or -1: memory is short, or `keys` is full.
 */
int conf_change_list(
    const struct conf *started, const struct conf *next, enum conf_role role, struct buf *keys);

#endif
