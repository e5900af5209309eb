/* The line that says how far something has come. Pure. */
#ifndef SALLYPORT_PROGRESS_TEXT_H
#define SALLYPORT_PROGRESS_TEXT_H

#include <stdint.h>

enum { PROGRESS_TEXT = 160 };

/*
 * Writes "[####......]  40 %  1200 accounts, 600 a second ". `part`: 0 to 1 (what is above counts as 1), below 0 where it
 * is not known, and then there is no bar; `unit`: a word of up to 20 letters for what was done; `seconds`: since the beginning, above 0. Returns `text`.
 */
const char *progress_text(
    char text[PROGRESS_TEXT], double part, uint64_t done, const char *unit, double seconds);

#endif
