/* `sallyport manual`: the part of sallyport(1) that explains the verbs, made of their table. For packagers. */
#ifndef SALLYPORT_MANUAL_H
#define SALLYPORT_MANUAL_H

#include "command.h"

/* Prints it as scdoc(5) reads it. Returns the exit code. */
int manual_show(const struct invocation *invocation);

#endif
