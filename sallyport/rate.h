/*
 * How fast a counter grows: the differences between looks at it, the last ones kept for a graph. Pure; the time is an
 * argument.
 */
#ifndef SALLYPORT_RATE_H
#define SALLYPORT_RATE_H

#include <stdint.h>

enum { RATE_POINTS = 180 };

/* A look at a counter. */
struct rate_sample {
	double at; /* seconds of a clock that does not go back: of when the count is */
	uint64_t count;
	uint64_t started; /* when the process that counts was: another one began at 0 */
};

/* All zero: nothing was seen yet. */
struct rate {
	struct rate_sample last;
	int has_last;
	double points[RATE_POINTS]; /* per second, a ring; NAN: not known */
	unsigned count;		    /* points there are */
	unsigned next;		    /* place of the next one */
};

/*
 * Adds the point between the last look and this one; none at the first look. The point is NAN where nothing can be
 * said: there was no look (NULL) this time or before, the counter began anew, or no time has passed.
 */
void rate_add(struct rate *rate, const struct rate_sample *sample);

/* The newest point; NAN where there is none. */
double rate_now(const struct rate *rate);

/* The highest of the newest `count` points; NAN where none of them is known. */
double rate_peak(const struct rate *rate, unsigned count);

/* The point before `back` others: 0 is the newest. NAN where there is none. */
double rate_point(const struct rate *rate, unsigned back);

#endif
