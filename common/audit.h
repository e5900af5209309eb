/*
 * Who did what to an account, or was refused and why: one event each (log.h), at info level.
 *
 * What was done is never left out, unless the configuration wants none of what clients do. What was refused can be caused by
 * anybody: 10 lines a minute for an address (IPv6: a /64), and 6,000 for all of them, are written, and then one that
 * says how many were not. One thread.
 */
#ifndef COMMON_AUDIT_H
#define COMMON_AUDIT_H

#include "address.h"
#include "pack.h"
#include "refusal_table.h"

#include <stdint.h>
#include <sys/types.h>

enum {
	AUDIT_REFUSALS = 10,	  /* of one address in a minute */
	AUDIT_ALL_REFUSALS = 6000 /* in a minute */
};

struct audit_event {
	const char *name;		     /* "updated", "update_refused" */
	const struct client_address *client; /* NULL: an administrator's uid instead */
	uid_t uid;
	const char *account; /* a user name as it is written; NULL: none, or none is known */
	struct slice subdomain, token; /* empty: none is known */
	const char *reason;	       /* NULL: it was done */
};

struct audit;

/* `changes`: what clients did is written, too. Fatal when memory is short. */
struct audit *audit_new(int changes);
void audit_free(struct audit *audit);

/* From now on counts whoever is refused in `refusals`, too, which outlives it. */
void audit_count_refusals(struct audit *audit, struct refusal_table *refusals);

/* Writes what there is to say. An administrator is never refused. */
void audit_write(struct audit *audit, const struct audit_event *event);

#endif
