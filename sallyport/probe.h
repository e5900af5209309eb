/*
 * Asks a running server at one of its own addresses, as a client would. DNS has PROBE_SECONDS in all, the API for each step. 0, or -1 with the reason in `why`.
 */
#ifndef SALLYPORT_PROBE_H
#define SALLYPORT_PROBE_H

#include "address.h"
#include "name.h"

#include <time.h>

enum {
	PROBE_SECONDS = 5,
	PROBE_WHY = 200 /* bytes of a reason, NUL included */
};

/* Asks for the zone's SOA record, over TCP or UDP; the answer must be authoritative. */
int probe_dns(
    const struct address *address, int over_tcp, const struct name *zone, char why[PROBE_WHY]);

/*
 * Asks for GET /health, perhaps behind a PROXY header, perhaps over TLS, whose certificate is not verified: it may be for any name. With it `ends`
 * becomes the time when it expires; without TLS that is left alone.
 */
int probe_api(const struct address *address, int over_tls, int proxy, const struct name *zone,
    time_t *ends, char why[PROBE_WHY]);

#endif
