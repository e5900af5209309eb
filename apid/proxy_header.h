/*
 * The PROXY protocol, versions 1 and 2: what a proxy says in front of all else about whom it speaks
 * for (haproxy's proxy-protocol.txt). Pure.
 *
 * A header without an IP address claims nothing, and the connection's own address stays (2.1, 2.2): on a connection of
 * the proxy's own (LOCAL), and where the client's address is none of IP (UNKNOWN, AF_UNSPEC, AF_UNIX). What is there
 * besides addresses, the TLVs of version 2, is passed over.
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
	int local;     /* 1: the proxy speaks for itself, as when it asks after our health */
	int claims;    /* 1: `client` is who it speaks for */
	struct client_address client; /* never the unknown one where it is claimed */
};

/* Reads the header at the beginning of `length` bytes; asks for more until PROXY_HEADER_MAX at most. */
enum proxy_header_result proxy_header_read(
    struct proxy_header *header, const void *bytes, size_t length);

#endif
