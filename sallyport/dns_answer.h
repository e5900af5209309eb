/*
 * A DNS message that another server has sent, as the commands look at it: what of it they use, in a structure without pointers. ldns takes
 * the wire apart and stays behind this. Pure.
 */
#ifndef SALLYPORT_DNS_ANSWER_H
#define SALLYPORT_DNS_ANSWER_H

#include "address.h"
#include "name.h"
#include "pack.h"

#include <stddef.h>
#include <stdint.h>

enum {
	DNS_ANSWER_RECORDS = 96,      /* kept of one message; further ones are left out */
	DNS_ANSWER_RDATA = 24 * 1024, /* bytes of all of them */
	DNS_ANSWER_IDENTITY = 65      /* bytes, NUL included; longer ones are cut */
};

/* Types that are asked for or looked at. */
enum dns_type {
	DNS_TYPE_A = 1,
	DNS_TYPE_NS = 2,
	DNS_TYPE_CNAME = 5,
	DNS_TYPE_SOA = 6,
	DNS_TYPE_TXT = 16,
	DNS_TYPE_AAAA = 28,
	DNS_TYPE_DS = 43,
	DNS_TYPE_CAA = 257
};

enum dns_rcode {
	DNS_RCODE_NOERROR = 0,
	DNS_RCODE_SERVFAIL = 2,
	DNS_RCODE_NXDOMAIN = 3,
	DNS_RCODE_REFUSED = 5
};

/* What became of a question. */
enum dns_outcome {
	DNS_OUTCOME_ANSWERED,
	DNS_OUTCOME_SILENT,	 /* nothing came in time */
	DNS_OUTCOME_CLOSED,	 /* nobody listens there: refused by the machine itself */
	DNS_OUTCOME_UNREACHABLE, /* this machine has no way there */
	DNS_OUTCOME_MALFORMED,	 /* what came is no answer */
	DNS_OUTCOME_SPENT,	 /* not asked: the time for all questions is over */
	DNS_OUTCOME_NOT_ASKED
};

/* "no answer comes", "nobody listens there", ...: a clause behind "192.0.2.1: ". Static. */
const char *dns_outcome_text(enum dns_outcome outcome);

/* Why signatures are wrong, of an extended error's code (RFC 8914, 4): "they have expired". Static; NULL: the code says no more of them. */
const char *dns_forgery_text(uint16_t code);

/* What a resolver that validates (DNSSEC) takes for forged, and so answers with SERVFAIL. */
struct dns_forgery {
	int is_there;
	struct name name;
	const char *why; /* static; NULL: it does not say */
};

enum dns_section { DNS_SECTION_ANSWER, DNS_SECTION_AUTHORITY, DNS_SECTION_ADDITIONAL };

struct dns_record {
	struct name owner;
	uint16_t type;
	uint32_t ttl; /* seconds */
	enum dns_section section;
	uint16_t length; /* of its rdata, names in it without compression */
	size_t offset;	 /* in the answer's bytes */
};

struct dns_answer {
	uint16_t id;
	uint16_t rcode;
	int is_response, is_authoritative, is_truncated, can_recurse; /* QR, AA, TC, RA */
	int has_error;
	uint16_t error; /* the first extended error's code (RFC 8914) */
	char identity
	    [DNS_ANSWER_IDENTITY]; /* what the server calls itself (NSID, RFC 5001), printable; it may be empty */
	struct name question; /* of its one question; with several, or none: the root */
	uint16_t question_type;
	unsigned count;
	struct dns_record records[DNS_ANSWER_RECORDS];
	size_t used;
	uint8_t rdata[DNS_ANSWER_RDATA];
};

/* Takes a message apart. 0, or -1: it is malformed. */
int dns_answer_read(struct dns_answer *answer, const uint8_t *wire, size_t length);

/* "NOERROR", "SERVFAIL", ...; "an error" for those that are seldom. */
const char *dns_rcode_text(uint16_t rcode);

/* The rdata of one of its records. */
struct slice dns_answer_rdata(const struct dns_answer *answer, const struct dns_record *record);

/* The next record of this section, owner and type behind `after` (NULL: from the first); `owner` NULL: of any. NULL: none. */
const struct dns_record *dns_answer_next(const struct dns_answer *answer, enum dns_section section,
    const struct name *owner, uint16_t type, const struct dns_record *after);

/* The name that NS or CNAME points to, or the first one of a SOA. 0, or -1: its rdata holds none. */
int dns_answer_target(
    const struct dns_answer *answer, const struct dns_record *record, struct name *target);

/* The address of A or AAAA. 0 or -1. */
int dns_answer_address(const struct dns_answer *answer, const struct dns_record *record,
    struct client_address *address);

/* The serial of a SOA. 0 or -1. */
int dns_answer_serial(
    const struct dns_answer *answer, const struct dns_record *record, uint32_t *serial);

/* The strings of a TXT record one behind the other, cut at `capacity` - 1 bytes and ended by NUL. Returns its length. */
size_t dns_answer_text(
    const struct dns_answer *answer, const struct dns_record *record, char *text, size_t capacity);

/* Flags, property and value of a CAA record (RFC 8659, 4.1). 0 or -1. */
int dns_answer_caa(const struct dns_answer *answer, const struct dns_record *record, uint8_t *flags,
    struct slice *property, struct slice *value);

/*
 * Follows CNAMEs in the answer section from `from`, each to the next, as long as they last, 16 at the most. Returns how many there were;
 * `last` is the name behind them.
 */
unsigned dns_answer_follow(
    const struct dns_answer *answer, const struct name *from, struct name *last);

#endif
