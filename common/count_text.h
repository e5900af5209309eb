/* Numbers of things as people read them: "1,204". Pure. */
#ifndef COMMON_COUNT_TEXT_H
#define COMMON_COUNT_TEXT_H

#include <stdint.h>

enum { COUNT_TEXT = 27 /* bytes of the largest, with its end */ };

/* Writes `count` with a comma before each group of three digits. Returns `text`. */
const char *count_text(char text[COUNT_TEXT], uint64_t count);

#endif
