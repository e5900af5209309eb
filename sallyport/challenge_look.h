/* Finds out what a CA finds for one domain: asks the domain's own servers, a resolver, and our server. */
#ifndef SALLYPORT_CHALLENGE_LOOK_H
#define SALLYPORT_CHALLENGE_LOOK_H

#include "challenge.h"
#include "inquiry.h"

/* `challenge` has its zone and domain already; `ours`: where our own server answers, NULL: nowhere. */
void challenge_look(
    struct inquiry *inquiry, const struct address *ours, struct challenge *challenge);

#endif
