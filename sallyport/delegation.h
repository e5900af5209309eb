/*
 * The zone's delegation: what the servers of the zone above say of it, beside what our configuration says. Facts are gathered
 * elsewhere; this judges. Pure.
 */
#ifndef SALLYPORT_DELEGATION_H
#define SALLYPORT_DELEGATION_H

#include "address_set.h"
#include "conf.h"
#include "diagnosis.h"
#include "dns_client.h"

enum {
	DELEGATION_HOSTS = 16, /* name servers of the zone, told by anybody */
	DELEGATION_SERVERS = 4 /* of the zone above that are asked */
};

/* What one server of the zone above says. */
enum delegation_reply {
	DELEGATION_REFERRAL, /* it delegates */
	DELEGATION_NONE,     /* it knows of no delegation */
	DELEGATION_SERVED,   /* it answers for our zone itself */
	DELEGATION_FAILED    /* it does not answer, or does not serve the zone above */
};

struct delegation_server {
	struct name name;
	struct client_address address;
	enum delegation_reply reply;
	enum dns_outcome result;
	uint16_t rcode;
};

/* A name server of our zone. */
struct delegation_host {
	struct name name;
	int is_within;	   /* its name lies in our zone: the zone above must tell its address */
	int is_delegated;  /* the zone above names it */
	int is_configured; /* an NS record of our configuration does */
	int is_alias;	   /* it is a CNAME, which a name server must not be (RFC 2181, 10.3) */
	struct address_set glue;  /* as the zone above says */
	struct address_set own;	  /* as our configuration says */
	struct address_set found; /* as a resolver says, of a name that is not within */
};

/* What became of looking for the zone above. */
enum delegation_search {
	DELEGATION_FOUND,
	DELEGATION_NO_RESOLVER, /* it does not answer: `result` */
	DELEGATION_REFUSED,	/* it answers with `rcode` */
	DELEGATION_NO_PARENT	/* the domain that the zone lies in does not exist */
};

struct delegation {
	struct name zone;
	struct name parent;		 /* the zone above, or the name that does not exist */
	char resolver[ADDRESS_MAX_TEXT]; /* who was asked; "": there is none */
	enum delegation_search search;
	enum dns_outcome result;
	uint16_t rcode;
	unsigned server_count;
	struct delegation_server servers[DELEGATION_SERVERS];
	unsigned host_count;
	struct delegation_host hosts[DELEGATION_HOSTS];
	int has_ds;
	struct dns_forgery forgery;    /* on the way to the zone above */
	struct address_set interfaces; /* of this machine */
	const char *config;	       /* path of the configuration */
};

/* The host of this name, a new one if need be. NULL: there is no room. */
struct delegation_host *delegation_host(struct delegation *delegation, const struct name *name);

/* Takes in what the configuration says. */
void delegation_configure(struct delegation *delegation, const struct conf *conf);

/* The addresses at which the world asks for the zone: all that anybody has told. */
void delegation_addresses(const struct delegation *delegation, struct address_set *set);

/* Adds what is to be said. */
void delegation_judge(const struct delegation *delegation, struct diagnosis *diagnosis);

/* Adds what is to be said of signatures that a resolver finds wrong, by this id. */
void delegation_judge_forgery(const struct dns_forgery *forgery, const char *id,
    const char *resolver, struct diagnosis *diagnosis);

/* The name without its final dot, for sentences. Returns `text`. */
const char *delegation_name(const struct name *name, char text[NAME_MAX_TEXT]);

#endif
