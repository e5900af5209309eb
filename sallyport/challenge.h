/*
 * What a CA finds for one domain: whether _acme-challenge.DOMAIN leads into our zone by a CNAME, and if not, which of the usual mistakes was
 * made. Facts are gathered elsewhere; this judges. Pure.
 */
#ifndef SALLYPORT_CHALLENGE_H
#define SALLYPORT_CHALLENGE_H

#include "caa.h"

enum {
	CHALLENGE_SERVERS = 4 /* of the domain's zone that are asked */
};

/* What a server has at a name. */
enum challenge_content {
	CHALLENGE_NOTHING,
	CHALLENGE_CNAME,   /* to `target` */
	CHALLENGE_TXT,	   /* a value itself, so that no CNAME can be there (RFC 1034, 3.6.2) */
	CHALLENGE_REFERRAL /* the name belongs to a zone of its own */
};

/* One server of the domain's zone. */
struct challenge_server {
	struct name name;
	struct client_address address;
	enum dns_outcome result;
	uint16_t rcode;
	enum challenge_content content; /* with NOERROR or NXDOMAIN */
	struct name target;
};

/* Whether our own server has the name that the CNAME leads to. */
enum challenge_account {
	CHALLENGE_ACCOUNT_UNKNOWN, /* it was not asked, or does not answer */
	CHALLENGE_ACCOUNT_THERE,
	CHALLENGE_ACCOUNT_MISSING
};

struct challenge {
	struct name zone;     /* ours */
	struct name domain;   /* to be certified */
	int for_wildcard;     /* or rather *.DOMAIN */
	struct name name;     /* _acme-challenge.DOMAIN */
	struct name apex;     /* the zone that it lies in */
	const char *resolver; /* who was asked; "": there is none */

	/* Looking for the domain's zone; the rest is filled only when it was found. */
	enum dns_outcome search;
	uint16_t search_rcode;
	unsigned server_count;
	struct challenge_server servers[CHALLENGE_SERVERS];

	/* Places where the record may have been put instead, and where it leads to from there. */
	int is_at_domain; /* at DOMAIN itself */
	int is_doubled;	  /* at _acme-challenge.DOMAIN.APEX: the final dot was left out */
	struct name misplaced_target;
	int is_wildcard; /* any name below the domain has a CNAME to the same target */

	struct dns_forgery forgery; /* on the whole way */

	/* What a resolver makes of it. */
	enum dns_outcome resolved;
	uint16_t resolved_rcode;
	unsigned hops;	   /* CNAMEs from the name on */
	struct name last;  /* the name behind them */
	struct name first; /* the first of them leads here */
	int has_ttl;
	uint32_t ttl; /* seconds that the resolver keeps the first of them, or that there is none */
	int is_circle;	    /* they never end */
	struct name circle; /* a name on it */

	enum challenge_account account;

	struct caa caa; /* the records that count (RFC 8659, 3) */
};

/*
 * Takes the domain as somebody writes it: with or without the final dot, "*." or "_acme-challenge." in front. 0, or -1: it is no name, or none that has
 * room for the label.
 */
int challenge_set_domain(struct challenge *challenge, const char *text);

/* 1 if the zone that the domain lies in was found: `apex`. */
int challenge_is_found(const struct challenge *challenge);

/* The name that the first server with a CNAME leads to, or NULL. */
const struct name *challenge_target(const struct challenge *challenge);

/* The name in our zone that the CA is led to in the end, or NULL. */
const struct name *challenge_end(const struct challenge *challenge);

/* Adds what is to be said. */
void challenge_judge(const struct challenge *challenge, struct diagnosis *diagnosis);

#endif
