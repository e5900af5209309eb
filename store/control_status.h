/* What `sallyport status` asks: a handler of the rule table in control.c. */
#ifndef STORE_CONTROL_STATUS_H
#define STORE_CONTROL_STATUS_H

#include "pack.h"

int control_status_read(void *peer, uint64_t id, struct reader *body, int fd);

#endif
