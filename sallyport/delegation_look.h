/* Finds out what the world is told of our zone, and who answers at the addresses that it is told. */
#ifndef SALLYPORT_DELEGATION_LOOK_H
#define SALLYPORT_DELEGATION_LOOK_H

#include "contact.h"
#include "delegation.h"
#include "inquiry.h"
#include "machine.h"

/* A name that only the running server can know, and its value; `label` is empty where there is none. */
struct delegation_trial {
	char label[NAME_MAX_LABEL + 1];
	char value[NAME_MAX_LABEL + 1];
};

/* Asks the servers of the zone above. `delegation` has its zone already, and what the configuration says. */
void delegation_look(struct inquiry *inquiry, struct delegation *delegation);

/*
 * Looks for the trial at one address. CONTACT_VALUE_NOT_ASKED also where nothing answers, and where there is no trial. `flags` are those of dns_client.h.
 */
enum contact_value delegation_find_trial(struct inquiry *inquiry, const struct address *address,
    const struct name *zone, const struct delegation_trial *trial, unsigned flags);

/* Asks one address for the zone. `flags` are those of dns_client.h. */
void delegation_contact(struct inquiry *inquiry, const struct address *address,
    const struct name *zone, const struct delegation_trial *trial, unsigned flags,
    struct contact_reply *reply);

#endif
