/* Finds out how it stands on this machine: processes, ports, addresses. As root more is seen than without. */
#ifndef SALLYPORT_MACHINE_LOOK_H
#define SALLYPORT_MACHINE_LOOK_H

#include "machine.h"

/* Looks at everything that asks nobody; `machine->config` is the caller's. */
void machine_look(const struct conf *conf, struct machine *machine);

#endif
