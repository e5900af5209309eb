/* Finds who has a port: the sockets in /proc/net and, as far as we may see them, their processes. */
#ifndef SALLYPORT_PORT_LOOK_H
#define SALLYPORT_PORT_LOOK_H

#include "port_holder.h"

/* Fills in those of a port, PORT_HOLDERS at the most. Returns how many there are. */
unsigned port_look(uint16_t port, struct port_holder holders[PORT_HOLDERS]);

#endif
