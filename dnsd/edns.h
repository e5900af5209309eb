/* The OPT record of an answer and its options (RFC 6891). Pure. */
#ifndef DNSD_EDNS_H
#define DNSD_EDNS_H

#include "cookie.h"
#include "dns.h"
#include "pack.h"

#include <stddef.h>
#include <stdint.h>

enum edns_option {
	EDNS_OPTION_NSID = 3,	    /* RFC 5001 */
	EDNS_OPTION_COOKIE = 10,    /* RFC 7873 */
	EDNS_OPTION_KEEPALIVE = 11, /* RFC 7828 */
	EDNS_OPTION_ERROR = 15	    /* RFC 8914 */
};

/* INFO-CODEs of RFC 8914. */
enum edns_error {
	EDNS_ERROR_NONE = -1,
	EDNS_ERROR_OTHER = 0,
	EDNS_ERROR_STALE = 3,
	EDNS_ERROR_NOT_READY = 14,
	EDNS_ERROR_STALE_NXDOMAIN = 19,
	EDNS_ERROR_NOT_AUTHORITATIVE = 20,
	EDNS_ERROR_NOT_SUPPORTED = 21
};

enum {
	EDNS_MAX_NSID = 128,
	EDNS_ERROR_LENGTH = 6 /* bytes of the option */
};

struct edns_reply {
	uint16_t size;	     /* our own UDP payload size */
	uint8_t upper_rcode; /* what does not fit into the header */
	uint8_t dnssec_ok;
	uint8_t has_cookie;
	uint8_t has_keepalive;
	uint16_t keepalive; /* in units of 100 ms */
	struct slice nsid;  /* empty: none; at most EDNS_MAX_NSID bytes */
	enum edns_error error;
	uint8_t cookie[COOKIE_LENGTH];
};

/* Bytes that edns_write() needs. */
size_t edns_length(const struct edns_reply *reply);

/* Writes the record; whether it fitted, the writer says. */
void edns_write(const struct edns_reply *reply, struct writer *writer);

#endif
