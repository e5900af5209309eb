/*
 * What the server says of itself to whoever asks: NSID (RFC 5001) and the names of class CHAOS
 * (RFC 4892). Pure. An empty slice: it says nothing.
 */
#ifndef DNSD_IDENTITY_H
#define DNSD_IDENTITY_H

#include "pack.h"
#include "query.h"

enum { IDENTITY_MAX_TEXT = 255 /* bytes of a CHAOS text: one string of a TXT record */ };

struct identity {
	struct slice nsid; /* at most EDNS_MAX_NSID bytes */
	struct slice version, hostname, id;
};

/* The text that the CHAOS name holds; empty where it is none of ours, or not to be told. */
struct slice identity_find(const struct identity *identity, const struct qname *name);

#endif
