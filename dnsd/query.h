/*
 * Reading a query: the gates every message passes before anyone looks for an answer.
 *
 * Pure. The gates stand in one order, the one of NSD: length, QR, opcode, rcode and question,
 * counts, EDNS, signature, trailing bytes, EDNS version, key, class. The first that closes decides.
 */
#ifndef DNSD_QUERY_H
#define DNSD_QUERY_H

#include "dns.h"
#include "name.h"
#include "pack.h"
#include "tsig.h"

#include <stddef.h>
#include <stdint.h>

/* A name taken apart once, so that the rest of the path only compares bytes. */
struct qname {
	uint8_t length;			 /* wire bytes, 1 (the root) to 255 */
	uint8_t label_count;		 /* without the root */
	uint8_t labels[NAME_MAX_LABELS]; /* where in the wire each label's length byte stands */
	uint8_t lower[NAME_MAX_WIRE];	 /* the wire in lower case (RFC 4343) */
};

struct query {
	enum dns_rcode rcode; /* NOERROR: to be answered; otherwise what the gates decided */
	uint16_t type;	      /* of the question; 0 while it was not readable, as below */
	uint16_t class;
	uint16_t question_length; /* bytes behind the header to echo; 0: none, or not readable */
	uint8_t edns;		  /* 1: an OPT record was there, so one belongs into the answer */
	uint8_t dnssec_ok;	  /* the DO bit, to be copied (RFC 3225) */
	uint16_t edns_size;	  /* the requestor's UDP payload size, at least 512 */
	uint8_t has_cookie;	  /* 1: a COOKIE option, the first of which is in `cookie` */
	uint8_t wants_nsid;
	uint8_t wants_keepalive;
	struct slice cookie; /* in the message; not judged */
	struct tsig tsig;    /* written where rcode is NOTAUTH */
	struct qname name;   /* not written where question_length is 0 */
};

/*
 * Takes an uncompressed wire name apart; `available` bytes can be read. 0, or -1: cut off,
 * a compression pointer, a label above 63 or more than 255 bytes (RFC 1035, 2.3.4).
 */
int qname_read(struct qname *name, const uint8_t *wire, size_t available);

/*
 * Reads one message. -1: not a query at all (shorter than a header, or QR set): it is dropped in
 * silence, or else two servers could be made to answer each other for ever. Otherwise 0, with
 * `rcode` set. A message without any question passes only with a COOKIE option (RFC 7873, 5.4): then
 * rcode is NOERROR and question_length 0.
 */
int query_read(struct query *query, const uint8_t *message, size_t length);

#endif
