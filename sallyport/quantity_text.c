#include "quantity_text.h"

#include "count_text.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

enum { MINUTE = 60, HOUR = 60 * MINUTE, DAY = 24 * HOUR };

const char *
quantity_rate(char text[QUANTITY_TEXT], double rate)
{
	if (isnan(rate))
		(void)snprintf(text, QUANTITY_TEXT, "-");
	else if (rate <= 0)
		(void)snprintf(text, QUANTITY_TEXT, "0");
	else if (rate < 0.05)
		(void)snprintf(text, QUANTITY_TEXT, "<0.1");
	else if (rate < 9.95)
		(void)snprintf(text, QUANTITY_TEXT, "%.1f", rate);
	else
		(void)count_text(text, rate < 1e18 ? (uint64_t)llround(rate) : UINT64_MAX);
	return text;
}

const char *
quantity_duration(char text[QUANTITY_TEXT], uint64_t seconds)
{
	static const struct {
		uint64_t seconds;
		const char *name;
	} units[] = {{DAY, "d"}, {HOUR, "h"}, {MINUTE, "min"}, {1, "s"}};
	unsigned unit = 0;

	while (seconds < units[unit].seconds && units[unit].seconds > 1)
		unit++;
	if (units[unit].seconds == 1)
		(void)snprintf(text, QUANTITY_TEXT, "%" PRIu64 " s", seconds);
	else
		(void)snprintf(text, QUANTITY_TEXT, "%" PRIu64 " %s %" PRIu64 " %s",
		    seconds / units[unit].seconds, units[unit].name,
		    seconds % units[unit].seconds / units[unit + 1].seconds, units[unit + 1].name);
	return text;
}

/* 1 if one digit behind the point says something. */
static int
has_part(double value)
{
	double tenths = round(value * 10);

	return tenths < 100 && fmod(tenths, 10) != 0;
}

const char *
quantity_time(char text[QUANTITY_TEXT], uint64_t microseconds)
{
	int is_seconds = microseconds >= 1000 * 1000;
	double value = (double)microseconds / (is_seconds ? 1e6 : 1e3);

	if (microseconds > 0 && microseconds < 50)
		(void)snprintf(text, QUANTITY_TEXT, "<0.1 ms");
	else
		(void)snprintf(text, QUANTITY_TEXT, "%.*f %s", has_part(value), value,
		    is_seconds ? "s" : "ms");
	return text;
}

const char *
quantity_bytes(char text[QUANTITY_TEXT], uint64_t bytes)
{
	static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
	double value = (double)bytes;
	unsigned unit = 0;

	/* What would be rounded to 1024 is 1 of the next. */
	while (value >= 1023.5 && unit < sizeof(units) / sizeof(units[0]) - 1) {
		value /= 1024;
		unit++;
	}
	(void)snprintf(text, QUANTITY_TEXT, "%.*f %s", has_part(value), value, units[unit]);
	return text;
}
