/*
 * Asks other DNS servers: one question at a time, over UDP or TCP. Every wait has an end, and so has their sum.
 */
#ifndef SALLYPORT_DNS_CLIENT_H
#define SALLYPORT_DNS_CLIENT_H

#include "address.h"
#include "dns_answer.h"
#include "name.h"

enum {
	DNS_CLIENT_TRIES = 3,	  /* over UDP: a datagram may get lost */
	DNS_CLIENT_TRY_MS = 1500, /* for the answer to each */
	DNS_CLIENT_TCP_MS = 4000, /* to connect, ask and read, in all */
	DNS_CLIENT_SIZE = 1232,	  /* bytes that are taken over UDP (EDNS) */
	DNS_CLIENT_WIRE = 65535	  /* bytes of the longest message */
};

enum dns_client_flag {
	DNS_CLIENT_TCP = 1,		  /* over TCP; otherwise UDP */
	DNS_CLIENT_RECURSION = 2,	  /* RD: a resolver is asked */
	DNS_CLIENT_CHECKING_DISABLED = 4, /* CD: also what DNSSEC finds forged */
	DNS_CLIENT_RETRY = 8,		  /* what is cut over UDP is asked again over TCP */
	DNS_CLIENT_IDENTITY = 16	  /* the server is to say what it calls itself (NSID) */
};

struct dns_client {
	uint64_t end; /* milliseconds of the monotonic clock: nothing is waited for longer */
};

/* Nothing is waited for when so many milliseconds have passed from now. */
void dns_client_allow(struct dns_client *client, unsigned milliseconds);

/*
 * Asks `server` (an IP address with its port) for a record set, and takes the response as it comes: with DNS_OUTCOME_ANSWERED its first `length` bytes
 * are in `wire`, and nothing of them was looked at but id, QR and the question. Otherwise it is undefined what is there.
 */
enum dns_outcome dns_client_exchange(const struct dns_client *client, const struct address *server,
    const struct name *name, uint16_t type, unsigned flags, unsigned char wire[DNS_CLIENT_WIRE],
    size_t *length);

/*
 * The same, taken apart. `answer` is filled with DNS_OUTCOME_ANSWERED alone: a response to this question, whatever
 * it says.
 */
enum dns_outcome dns_client_ask(const struct dns_client *client, const struct address *server,
    const struct name *name, uint16_t type, unsigned flags, struct dns_answer *answer);

#endif
