/* Processes that process 1 of a container inherits: somebody else's children whose parent ended before them. */
#ifndef SALLYPORT_ORPHAN_H
#define SALLYPORT_ORPHAN_H

#include <sys/types.h>

/*
 * Takes note of the ends of all ended children but `ours`, for each of which somebody else waits: without that they would stay
 * in the table of processes. Call it at each SIGCHLD and after each end of one of ours; it never waits.
 */
void orphan_reap(const pid_t *ours, unsigned count);

#endif
