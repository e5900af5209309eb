/*
 * "sallyport doctor": looks for what is wrong with an installation, from the ports of this machine to what the world is told of the
 * zone, and says how to mend it.
 */
#ifndef SALLYPORT_DOCTOR_H
#define SALLYPORT_DOCTOR_H

#include "command.h"

/* Returns the exit code: 0 if nothing is wrong, 1 if something is. */
int doctor(const struct invocation *invocation);

#endif
