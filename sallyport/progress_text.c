#include "progress_text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { WIDTH = 40 };

const char *
progress_text(
    char text[PROGRESS_TEXT], double part, uint64_t done, const char *unit, double seconds)
{
	char bar[WIDTH + 1] = "";
	double rate = (double)done / seconds;

	if (part < 0) {
		(void)snprintf(
		    text, PROGRESS_TEXT, "%" PRIu64 " %s, %.0f a second ", done, unit, rate);
		return text;
	}
	if (part > 1)
		part = 1;
	memset(bar, '.', WIDTH);
	memset(bar, '#', (size_t)(part * WIDTH));
	(void)snprintf(text, PROGRESS_TEXT, "[%s] %3.0f %%  %" PRIu64 " accounts, %.0f a second ",
	    bar, part * 100, done, rate);
	return text;
}
