/* A few IP addresses, each once; and from where an address can be reached. Pure. */
#ifndef SALLYPORT_ADDRESS_SET_H
#define SALLYPORT_ADDRESS_SET_H

#include "address.h"

enum { ADDRESS_SET = 32, ADDRESS_SET_TEXT = 256 /* bytes of some of them in words */ };

struct address_set {
	unsigned count;
	struct client_address addresses[ADDRESS_SET];
};

/* Adds it, if it is not there and there is room. */
void address_set_add(struct address_set *set, const struct client_address *address);
int address_set_has(const struct address_set *set, const struct client_address *address);

/* 1 if both have the same ones. */
int address_set_equal(const struct address_set *a, const struct address_set *b);

/* "192.0.2.1, 2001:db8::1", "none"; cut where it is too long. Returns `text`. */
const char *address_set_text(const struct address_set *set, char text[ADDRESS_SET_TEXT]);

enum address_scope {
	ADDRESS_PUBLIC,
	ADDRESS_PRIVATE, /* RFC 1918, 4193, 6598, 3927, link-local: within somebody's own network */
	ADDRESS_LOOPBACK,     /* on the machine itself */
	ADDRESS_DOCUMENTATION /* RFC 5737, 3849: of examples, nobody's */
};

enum address_scope address_scope(const struct client_address *address);

/* 1 if one of them can be reached from everywhere, as far as its number says. */
int address_set_has_public(const struct address_set *set);

/* "A" or "AAAA": the record that holds it. */
const char *address_record(const struct client_address *address);

#endif
