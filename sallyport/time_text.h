/* Times as people read them. */
#ifndef SALLYPORT_TIME_TEXT_H
#define SALLYPORT_TIME_TEXT_H

#include <stdint.h>

enum { TIME_TEXT = 32 };

/* Writes "2027-01-31 12:00:00 UTC", or "never" for 0 seconds since 1970. Returns `text`. */
const char *time_text(uint64_t seconds, char text[TIME_TEXT]);

#endif
