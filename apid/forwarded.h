/*
 * Who a request is from when it came through proxies: X-Forwarded-For, or Forwarded of
 * RFC 7239. Pure.
 *
 * Each proxy appends the address that it was asked from. So the list is read from its right end,
 * and only as far as trusted proxies have written it: what stands further left is what the
 * client chose to say. Only one of the two fields is looked at, because a proxy that writes one
 * passes the other through as the client sent it.
 */
#ifndef APID_FORWARDED_H
#define APID_FORWARDED_H

#include "address.h"
#include "conf.h"

struct forwarded_trust {
	const struct conf_networks *networks; /* borrowed */
	int local;			      /* so is whoever comes by a Unix socket */
	enum conf_forwarded header;
};

/* 1 if the peer is one of the proxies. */
int forwarded_trusts(const struct forwarded_trust *trust, const struct client_address *peer);

/*
 * The client behind `peer`: the right-most address in `list` that is no trusted proxy, or the last
 * trusted one where the list ends or holds something else than an address. `peer` itself
 * where it is not trusted. `list` is `length` bytes, the field's lines joined by commas.
 */
struct client_address forwarded_client(const struct forwarded_trust *trust,
    const struct client_address *peer, const char *list, size_t length);

#endif
