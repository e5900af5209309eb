/* Until when something is to be good, as an administrator writes it. Pure. */
#ifndef SALLYPORT_EXPIRY_H
#define SALLYPORT_EXPIRY_H

#include <stdint.h>

/*
 * Reads "90m", "12h", "30d" or "52w" from `now` on, or the beginning of a day "2027-01-31", or a second
 * "2027-01-31T12:00:00Z", both UTC (RFC 3339). 0 with seconds since 1970, or -1: it is something else, or not later
 * than `now`.
 */
int expiry_from_text(const char *text, uint64_t now, uint64_t *expiry);

#endif
