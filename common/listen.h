/*
 * Binding the addresses of the configuration, as root, before confinement. Every failure is
 * fatal and names the address and the cause.
 */
#ifndef COMMON_LISTEN_H
#define COMMON_LISTEN_H

#include "address.h"
#include "passed_sockets.h"

#include <sys/types.h>

enum {
	LISTEN_PATIENCE_MS = 5000 /* for somebody who is about to close his sockets */
};

/*
 * Makes one bound, non-blocking socket per worker for `address` (SO_REUSEPORT when there are
 * several); `type` is SOCK_DGRAM or SOCK_STREAM. Before that the address is bound
 * once without SO_REUSEPORT, so that a second instance is an error and not a silent thief of
 * half the queries. For `patience_ms` at most it waits until the address is free. IPv6 sockets are IPV6_V6ONLY.
 * Writes `workers` descriptors.
 */
void listen_bind(
    const struct address *address, int type, unsigned workers, unsigned patience_ms, int *fds);

/* The non-blocking socket of SOCK_STREAM that was passed for `address`, or -1. */
int listen_take(struct passed_sockets *passed, const struct address *address);

/*
 * A new one, as listen_bind() makes it. For a Unix socket's path, one that nobody answers on is replaced; `mode` is set on it and it
 * is owned by `owner` when we are root.
 */
int listen_make(const struct address *address, mode_t mode, uid_t owner, unsigned patience_ms);

#endif
