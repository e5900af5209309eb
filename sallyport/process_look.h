/*
 * One of the three running processes, found by the socket at which it listens, and what the kernel tells of it in /proc
 * (proc(5)). As root more is seen than without.
 */
#ifndef SALLYPORT_PROCESS_LOOK_H
#define SALLYPORT_PROCESS_LOOK_H

#include "conf.h"
#include "sandbox.h"

#include <stdint.h>
#include <sys/types.h>

enum { PROCESS_LOOK_WHY = 160 };

enum process_look_result {
	PROCESS_LOOK_FOUND,
	PROCESS_LOOK_ABSENT,  /* nobody listens */
	PROCESS_LOOK_STALLED, /* it takes no connection */
	PROCESS_LOOK_FAILED   /* it cannot be asked, or /proc does not tell of it */
};

struct process_look {
	pid_t pid;
	uint64_t uptime; /* seconds */
	int is_stopped;	 /* by a signal or a debugger: it does nothing */
	struct sandbox sandbox;
};

/* Looks. Unless it is FOUND, `why` says why it is not: "it does not run". */
enum process_look_result process_look(const struct conf *conf, enum conf_role role,
    struct process_look *look, char why[PROCESS_LOOK_WHY]);

/* How the process should be confined. */
struct sandbox_wish process_look_wish(const struct conf *conf, enum conf_role role);

#endif
