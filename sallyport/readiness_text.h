/* What of the body of GET /health/ready is not ready, in words. Pure. */
#ifndef SALLYPORT_READINESS_TEXT_H
#define SALLYPORT_READINESS_TEXT_H

#include <stddef.h>

/*
 * Writes each part that is not well with what is wrong with it, "dnsd: not linked; disk: store.reserve is reached", into `text`
 * of `capacity` bytes, cut where it does not fit. apid, whose words these are, may be anybody: what is not printable ASCII becomes "?".
 * Empty where the body is not understood or names nothing.
 */
void readiness_text_write(char *text, size_t capacity, const char *body, size_t length);

#endif
