/*
 * The CAA records of a domain (RFC 8659): which CAs they let issue for a name and for a wildcard, and whether by a DNS challenge (RFC 8657).
 * Pure.
 */
#ifndef SALLYPORT_CAA_H
#define SALLYPORT_CAA_H

#include "diagnosis.h"
#include "dns_answer.h"

enum {
	CAA_ISSUERS = 8,  /* of one property that are shown */
	CAA_ISSUER = 256, /* bytes of one, NUL included; longer ones are cut */
	CAA_PROPERTY = 64 /* likewise */
};

/* What all records of one property say together. */
struct caa_property {
	int is_there;
	unsigned may_issue; /* records that name a CA */
	unsigned by_dns;    /* of those, records that let it use a DNS challenge */
	unsigned issuer_count;
	char issuers[CAA_ISSUERS][CAA_ISSUER]; /* with their parameters */
};

struct caa {
	enum dns_outcome result;
	uint16_t rcode; /* with DNS_OUTCOME_ANSWERED, as is the rest */
	struct name at; /* where they are found, or where the last question was asked */
	int is_there;
	struct caa_property issue, issuewild;
	char critical
	    [CAA_PROPERTY]; /* one that no CA knows, and that may not be passed over; "": none */
};

/* Takes the records of `owner` from an answer to the question for CAA. 1 if there are any. */
int caa_take(struct caa *caa, const struct dns_answer *answer, const struct name *owner);

/* Adds what is to be said of them; `for_wildcard`: it is *.`domain` that is to be certified. `resolver` has been asked. */
void caa_judge(const struct caa *caa, const struct name *domain, int for_wildcard,
    const char *resolver, struct diagnosis *diagnosis);

#endif
