/* "sallyport doctor": looks for what is wrong with an installation, and says how to mend it. */
#ifndef SALLYPORT_DOCTOR_H
#define SALLYPORT_DOCTOR_H

#include "command.h"

/* --sandbox: how the running processes are confined. Returns the exit code: 0 if all is as it should be. */
int doctor(const struct invocation *invocation);

#endif
