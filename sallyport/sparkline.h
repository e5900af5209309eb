/* Graphs of one line. Pure. */
#ifndef SALLYPORT_SPARKLINE_H
#define SALLYPORT_SPARKLINE_H

#include "rate.h"

enum { SPARKLINE_TEXT = RATE_POINTS * 3 + 1 /* bytes of the longest, its NUL included */ };

/*
 * Draws the newest `width` (at most RATE_POINTS) points, one column each, the newest at the right, as high as the highest
 * of them is full: 0 is the lowest mark and anything above it a higher one; a blank is what is not known. In blocks of
 * Unicode, three bytes each, or in ASCII. Returns `text`.
 */
const char *sparkline(
    char text[SPARKLINE_TEXT], const struct rate *rate, unsigned width, int is_unicode);

#endif
