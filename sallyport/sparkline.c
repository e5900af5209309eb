#include "sparkline.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

enum { LEVELS = 8 };

static const char *const blocks[LEVELS] = {
    "\u2581", "\u2582", "\u2583", "\u2584", "\u2585", "\u2586", "\u2587", "\u2588"};
static const char *const ascii[LEVELS] = {"_", ".", ":", "-", "=", "+", "*", "#"};

static unsigned
level_of(double value, double peak)
{
	unsigned level;

	if (value <= 0)
		return 0;
	level = (unsigned)ceil(value / peak * (LEVELS - 1));
	return level < LEVELS ? level : LEVELS - 1;
}

const char *
sparkline(char text[SPARKLINE_TEXT], const struct rate *rate, unsigned width, int is_unicode)
{
	const char *const *marks = is_unicode ? blocks : ascii;
	double peak = rate_peak(rate, width);
	size_t length = 0;

	for (unsigned back = width < RATE_POINTS ? width : RATE_POINTS; back-- > 0;) {
		double value = rate_point(rate, back);
		const char *mark = isnan(value) ? " " : marks[level_of(value, peak)];
		size_t bytes = strlen(mark);

		memcpy(text + length, mark, bytes);
		length += bytes;
	}
	text[length] = '\0';
	return text;
}
