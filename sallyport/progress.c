#include "progress.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

enum { WIDTH = 40 };

static double
seconds_since(const struct timespec *then, const struct timespec *now)
{
	return (double)(now->tv_sec - then->tv_sec) + (double)(now->tv_nsec - then->tv_nsec) / 1e9;
}

void
progress_init(struct progress *progress, FILE *out, const char *unit)
{
	*progress =
	    (struct progress){.out = out, .unit = unit, .is_terminal = isatty(fileno(out)) == 1};
	clock_gettime(CLOCK_MONOTONIC, &progress->started);
	progress->last = progress->started;
}

void
progress_show(struct progress *progress, double part, uint64_t done)
{
	char bar[WIDTH + 1];
	struct timespec now;
	double seconds;

	if (!progress->is_terminal)
		return;
	clock_gettime(CLOCK_MONOTONIC, &now);
	if (seconds_since(&progress->last, &now) < 0.1)
		return;
	progress->last = now;
	progress->shown = 1;
	seconds = seconds_since(&progress->started, &now);
	if (part < 0) {
		fprintf(progress->out, "\r%" PRIu64 " %s, %.0f a second ", done, progress->unit,
		    (double)done / seconds);
	} else {
		const int full = (int)(part * (double)WIDTH);

		memset(bar, '#', (size_t)full);
		memset(bar + full, '.', (size_t)(WIDTH - full));
		bar[WIDTH] = '\0';
		fprintf(progress->out, "\r[%s] %3.0f %%  %" PRIu64 " %s, %.0f a second ", bar,
		    part * 100, done, progress->unit, (double)done / seconds);
	}
	fflush(progress->out);
}

void
progress_clear(struct progress *progress)
{
	if (!progress->shown)
		return;
	progress->shown = 0;
	fputs("\r\x1b[K", progress->out);
	fflush(progress->out);
}
