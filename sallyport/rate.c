#include "rate.h"

#include <math.h>
#include <stddef.h>

/* Differences in less time than that say more about the looks than about what was looked at. */
static const double least_seconds = 0.1;

static double
difference(const struct rate *rate, const struct rate_sample *sample)
{
	double seconds;

	if (sample == NULL || !rate->has_last)
		return NAN;
	seconds = sample->at - rate->last.at;
	if (sample->started != rate->last.started || sample->count < rate->last.count ||
	    seconds < least_seconds)
		return NAN;
	return (double)(sample->count - rate->last.count) / seconds;
}

void
rate_add(struct rate *rate, const struct rate_sample *sample)
{
	if (rate->has_last || rate->count > 0) {
		rate->points[rate->next] = difference(rate, sample);
		rate->next = (rate->next + 1) % RATE_POINTS;
		rate->count += rate->count < RATE_POINTS;
	}
	rate->has_last = sample != NULL;
	if (sample != NULL)
		rate->last = *sample;
}

double
rate_point(const struct rate *rate, unsigned back)
{
	return back < rate->count
		   ? rate->points[(rate->next + RATE_POINTS - 1 - back) % RATE_POINTS]
		   : NAN;
}

double
rate_now(const struct rate *rate)
{
	return rate_point(rate, 0);
}

double
rate_peak(const struct rate *rate, unsigned count)
{
	double peak = NAN;

	for (unsigned back = 0; back < count && back < rate->count; back++)
		peak = fmax(peak, rate_point(rate, back));
	return peak;
}
