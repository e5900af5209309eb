#include "time_text.h"

#include <stdio.h>
#include <time.h>

const char *
time_text(uint64_t seconds, char text[TIME_TEXT])
{
	time_t clock = (time_t)seconds;
	struct tm parts;

	if (seconds == 0 || gmtime_r(&clock, &parts) == NULL ||
	    strftime(text, TIME_TEXT, "%Y-%m-%d %H:%M:%S UTC", &parts) == 0)
		(void)snprintf(text, TIME_TEXT, "never");
	return text;
}
