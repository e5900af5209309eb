/* Where the daemons' programs are. */
#ifndef SALLYPORT_PROGRAM_H
#define SALLYPORT_PROGRAM_H

#include "conf.h"

enum { PROGRAM_MAX = 4096 };

/*
 * The path of a daemon's program, which lies beside our own in a build folder as in an installed system. 0, or -1 with
 * errno; `path` is then what was looked for, as far as that is known.
 */
int program_find(enum conf_role role, char path[PROGRAM_MAX]);

#endif
