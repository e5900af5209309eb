/* Where the daemons' programs are, and starting one of them for a command. */
#ifndef SALLYPORT_PROGRAM_H
#define SALLYPORT_PROGRAM_H

#include "conf.h"

#include <sys/types.h>

enum { PROGRAM_MAX = 4096 };

/*
 * The path of a daemon's program, which lies beside our own in a build folder as in an installed system. 0, or -1 with
 * errno; `path` is then what was looked for, as far as that is known.
 */
int program_find(enum conf_role role, char path[PROGRAM_MAX]);

struct program_start {
	enum conf_role role;
	const char *config;
	const char *option, *value; /* behind the configuration; `value` may be NULL */
	int in, out;		    /* its standard input and output; -1: /dev/null */
	int extra;		    /* its descriptor 3; -1: none */
	int own_group;		    /* 1: Ctrl-C ends us, and not it */
};

/* Starts one; its standard error is ours. Returns its process id, or -1: that was said on standard error. */
pid_t program_start(const struct program_start *start);

#endif
