/* A bar on a terminal that says how far something has come, and nothing where there is no terminal. */
#ifndef SALLYPORT_PROGRESS_H
#define SALLYPORT_PROGRESS_H

#include <stdint.h>
#include <stdio.h>
#include <time.h>

struct progress {
	FILE *out;
	const char *unit; /* of what is counted: "accounts" */
	int is_terminal;
	int shown; /* the bar stands in the present line */
	struct timespec started, last;
};

void progress_init(struct progress *progress, FILE *out, const char *unit);

/* Shows the bar ten times a second at the most. `part`: 0 to 1, below 0 where it is not known; `done`: units. */
void progress_show(struct progress *progress, double part, uint64_t done);

/* Takes it away, before anything else is written to the terminal. */
void progress_clear(struct progress *progress);

#endif
