/*
 * `sallyport reload` as a child of `sallyport run`: it waits for daemons, and the parent must not, or one that has just died
 * would not be started again. What it says becomes lines of the parent's log.
 */
#ifndef SALLYPORT_RELOAD_CHILD_H
#define SALLYPORT_RELOAD_CHILD_H

#include <uv.h>

struct reload_child;

/*
 * Starts it for the configuration at `path`, which outlives it. `ended` is called once, from the loop, when it is over and freed;
 * NULL is returned when it cannot even be started. Failures are logged.
 */
struct reload_child *reload_child_start(
    uv_loop_t *loop, const char *path, void (*ended)(void *context), void *context);

/* Ends it; `ended` is called as ever. NULL is accepted. */
void reload_child_stop(struct reload_child *child);

/* The process's id; 0 where it could not be started. */
pid_t reload_child_pid(const struct reload_child *child);

#endif
