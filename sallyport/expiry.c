#include "expiry.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum { MAX_DIGITS = 6 };

/* "30d"; 0 or -1. */
static int
read_span(const char *text, uint64_t *seconds)
{
	static const char units[] = "mhdw";
	static const uint64_t lengths[] = {60, 60 * 60, 24 * 60 * 60, 7 * 24 * 60 * 60};
	size_t digits = strspn(text, "0123456789");
	const char *unit;
	uint64_t number = 0;

	if (digits == 0 || digits > MAX_DIGITS || text[digits] == '\0' || text[digits + 1] != '\0')
		return -1;
	unit = strchr(units, text[digits]);
	if (unit == NULL)
		return -1;
	for (size_t i = 0; i < digits; i++)
		number = number * 10 + (uint64_t)(text[i] - '0');
	*seconds = number * lengths[unit - units];
	return 0;
}

/* A day, which stands for its first second, or a second; 0 or -1. */
static int
read_date(const char *text, uint64_t *seconds)
{
	struct tm parts = {0}, again;
	char whole[32], back[32];
	const char *end;
	time_t clock;

	(void)snprintf(whole, sizeof(whole), "%s%s", text,
	    strlen(text) == strlen("2027-01-31") ? "T00:00:00Z" : "");
	end = strptime(whole, "%Y-%m-%dT%H:%M:%SZ", &parts);
	if (end == NULL || *end != '\0')
		return -1;
	clock = timegm(&parts);
	/* What comes back otherwise is no date, such as 31 February, or was written loosely. */
	if (clock < 0 || gmtime_r(&clock, &again) == NULL ||
	    strftime(back, sizeof(back), "%Y-%m-%dT%H:%M:%SZ", &again) == 0 ||
	    strcmp(back, whole) != 0)
		return -1;
	*seconds = (uint64_t)clock;
	return 0;
}

int
expiry_from_text(const char *text, uint64_t now, uint64_t *expiry)
{
	uint64_t span;

	if (read_span(text, &span) == 0)
		*expiry = now + span;
	else if (read_date(text, expiry) != 0)
		return -1;
	return *expiry > now ? 0 : -1;
}
