/*
 * The PROXY protocol, versions 1 and 2: what a proxy says in front of all else about whom it speaks
 * for (haproxy's proxy-protocol.txt). Pure.
 *
 * A connection of the proxy's own (LOCAL, UNKNOWN, an unspecified family) claims nothing. What is there besides
 * addresses, the TLVs of version 2, is passed over.
 */
#ifndef APID_PROXY_HEADER_H
#define APID_PROXY_HEADER_H

#include "address.h"

#include <stddef.h>

enum {
	PROXY_HEADER_MAX_LINE = 107, /* bytes of version 1, its line end included (2.1) */
	PROXY_HEADER_MAX =
	    2048 /* bytes of version 2 with its TLVs; 232 with the longest addresses alone */
};

enum proxy_header_result {
	PROXY_HEADER_MORE, /* so far it may be one */
	PROXY_HEADER_DONE,
	PROXY_HEADER_MALFORMED
};

struct proxy_header {
	size_t length; /* what follows belongs to the client */
	int claims;    /* 1: `client` is who it speaks for */
	struct client_address
	    client; /* unknown where the client has come to the proxy by a Unix socket */
};

/* Reads the header at the beginning of `length` bytes; asks for more until PROXY_HEADER_MAX at most. */
enum proxy_header_result proxy_header_read(
    struct proxy_header *header, const void *bytes, size_t length);

#endif
