/* A task of store (store/task.h): a process that does one thing to the database for a verb, and ends. */
#ifndef SALLYPORT_STORE_TASK_H
#define SALLYPORT_STORE_TASK_H

#include "command.h"

struct store_task {
	const char *config;
	const char *name;
	int in;	   /* its standard input; -1: none */
	int extra; /* its DAEMON_TASK_FD; -1: none */
	/* Called ten times a second meanwhile; may be NULL. */
	void (*tick)(void *context);
	void *context;
};

/* What a task that was interrupted (Ctrl-C, SIGTERM) or could not be started ends with. */
enum { STORE_TASK_BROKEN = -1 };

/*
 * Runs it to its end; its standard output is ours. Returns its exit code, or STORE_TASK_BROKEN; `number`, which may be NULL, becomes the
 * signal that it was ended by (the code is 1 then), or 0.
 */
int store_task_run(const struct store_task *task, int *number);

#endif
