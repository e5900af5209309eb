/* Quantities as people read them, short enough for a table. Pure. */
#ifndef SALLYPORT_QUANTITY_TEXT_H
#define SALLYPORT_QUANTITY_TEXT_H

#include <stdint.h>

enum { QUANTITY_TEXT = 48 /* bytes of the longest, its NUL included */ };

/* "-" for NAN, "0", "0.4", "1,204". Not below 0. Returns `text`, as all of these do. */
const char *quantity_rate(char text[QUANTITY_TEXT], double rate);

/* "12 s", "3 min 5 s", "4 h 12 min", "3 d 4 h". */
const char *quantity_duration(char text[QUANTITY_TEXT], uint64_t seconds);

/* "<0.1 ms", "0.4 ms", "25 ms", "2.5 s". */
const char *quantity_time(char text[QUANTITY_TEXT], uint64_t microseconds);

/* "0 B", "64 MiB", "1.5 GiB". */
const char *quantity_bytes(char text[QUANTITY_TEXT], uint64_t bytes);

#endif
