/*
 * What answers for the zone at an address, and whether it is the server that runs here. Facts are gathered elsewhere; this judges. Pure.
 */
#ifndef SALLYPORT_CONTACT_H
#define SALLYPORT_CONTACT_H

#include "address_set.h"
#include "diagnosis.h"
#include "dns_client.h"

enum { CONTACTS = 12, CONTACT_WHY = 160 };

/* Whether a value that only the running server can know is seen. */
enum contact_value { CONTACT_VALUE_NOT_ASKED, CONTACT_VALUE_SEEN, CONTACT_VALUE_ABSENT };

/* To the question for the zone's SOA record, and for the test value. */
struct contact_reply {
	enum dns_outcome result;
	uint16_t rcode; /* with DNS_OUTCOME_ANSWERED, as is the rest */
	int is_authoritative;
	int has_soa;
	uint32_t serial;
	struct name primary;		    /* the SOA's first name */
	char identity[DNS_ANSWER_IDENTITY]; /* what it calls itself; "": it does not tell */
	enum contact_value value;
};

struct contact {
	struct client_address address;
	int is_here; /* this machine has the address itself */
	struct contact_reply udp, tcp;
};

struct contacts {
	const struct name *zone;
	const char *config; /* path of the configuration */
	int has_local;	    /* `local` is what the server itself said here */
	struct contact_reply local;
	struct address_set interfaces; /* of this machine, without loopback */
	const char *resolver;	       /* who was asked for the test value */
	enum contact_value resolver_value;
	uint16_t resolver_rcode; /* where it was asked */
	const char *no_value;	 /* why none could be shown; NULL: it could */
	unsigned count;
	struct contact contacts[CONTACTS];
};

enum contact_verdict {
	CONTACT_OURS,
	CONTACT_OTHER,	 /* somebody else, or an older one of us, answers for the zone */
	CONTACT_NO_ZONE, /* what answers does not serve the zone */
	CONTACT_ABSENT	 /* nothing answers */
};

/* `local` is NULL where it is not known; then every authority for the zone is taken for ours. */
enum contact_verdict contact_judge(
    const struct contact_reply *reply, const struct contact_reply *local);

/* Says it in words: a clause behind "192.0.2.1: ". Returns `why`. */
const char *contact_describe(const struct contact_reply *reply, char why[CONTACT_WHY]);

/* Adds what is to be said of each address. */
void contacts_judge(const struct contacts *contacts, struct diagnosis *diagnosis);

/* 1 if one of the addresses is ours over this transport. */
int contacts_have_ours(const struct contacts *contacts);

/* The lines that let port 53 in. */
void contact_fix_firewall(struct diagnosis *diagnosis);

#endif
