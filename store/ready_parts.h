/* What of store's surroundings is there for an update and a registration: for apid's READY, and the administrator's STATUS. */
#ifndef STORE_READY_PARTS_H
#define STORE_READY_PARTS_H

#include "accounts.h"
#include "room.h"

/* MESSAGE_READY_* bits of this moment. Thread of the loop. */
unsigned ready_parts(const struct accounts *accounts, struct room *room);

#endif
