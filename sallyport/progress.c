#include "progress.h"

#include "progress_text.h"

#include <unistd.h>

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
	char text[PROGRESS_TEXT];
	struct timespec now;

	if (!progress->is_terminal)
		return;
	clock_gettime(CLOCK_MONOTONIC, &now);
	if (seconds_since(&progress->last, &now) < 0.1)
		return;
	progress->last = now;
	progress->shown = 1;
	progress_text(text, part, done, progress->unit, seconds_since(&progress->started, &now));
	fprintf(progress->out, "\r%s", text);
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
