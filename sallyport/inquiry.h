/*
 * What is asked of a resolver, to find out whom to ask directly: where zones begin, their servers, addresses. What a resolver says may be
 * old; so it is asked only for what seldom changes.
 */
#ifndef SALLYPORT_INQUIRY_H
#define SALLYPORT_INQUIRY_H

#include "address_set.h"
#include "dns_client.h"

enum {
	INQUIRY_SERVERS = 4, /* of a zone that are looked at */
	INQUIRY_STAGE_MS =
	    40 * 1000, /* for the questions of one stage; then what is left is not asked */
	INQUIRY_PORT = 53
};

struct inquiry {
	struct dns_client client;
	int has_resolver;
	struct address resolver;
	struct dns_answer answer;   /* the last one; large */
	struct dns_forgery forgery; /* the first one since inquiry_begin() */
};

/* Takes the resolver from `given` ("9.9.9.9", "[::1]:5353"), or the first of /etc/resolv.conf where that is NULL. 0, or -1: `given` is no address. */
int inquiry_init(struct inquiry *inquiry, const char *given);

/* Begins a stage: INQUIRY_STAGE_MS are left for its questions. */
void inquiry_begin(struct inquiry *inquiry);

/* Asks the resolver; what is cut is asked again over TCP. What fails for its signatures alone is taken as it is, and noted. */
enum dns_outcome inquiry_resolve(struct inquiry *inquiry, const struct name *name, uint16_t type);

/*
 * Finds the zone that a name lies in. DNS_OUTCOME_ANSWERED with `apex`, or with rcode in `inquiry->answer` not NOERROR: the name does not exist (apex is
 * filled all the same, if the answer told), or the resolver refuses.
 */
enum dns_outcome inquiry_find_zone(
    struct inquiry *inquiry, const struct name *name, struct name *apex);

/* Adds the addresses of a name. `is_alias` becomes 1 if it is a CNAME; NULL: that is not asked. */
void inquiry_find_addresses(
    struct inquiry *inquiry, const struct name *name, struct address_set *set, int *is_alias);

struct inquiry_server {
	struct name name;
	struct client_address address;
};

/* Finds servers of a zone, one address of each. Returns how many. */
unsigned inquiry_find_servers(struct inquiry *inquiry, const struct name *apex,
    struct inquiry_server servers[INQUIRY_SERVERS]);

#endif
