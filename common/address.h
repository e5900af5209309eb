/*
 * Addresses and networks as people write them: where to listen, who may update.
 * Pure; nothing here resolves a name.
 */
#ifndef COMMON_ADDRESS_H
#define COMMON_ADDRESS_H

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

enum {
	ADDRESS_MAX_TEXT = 128, /* "unix:" and 107 bytes of path, NUL, rounded up */
	NETWORK_MAX_TEXT = 56	/* longest CIDR text accepted, NUL included */
};

/* Where to listen: an IP address with a port, or a Unix socket's path. */
struct address {
	socklen_t length; /* of the part of `any` in use */
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
		struct sockaddr_un local;
	} socket;
};

/*
 * Reads "192.0.2.1:53", "[2001:db8::1]:53" or "unix:/path". 0, or -1 with `why`
 * set to a static sentence without a final dot ("the port is missing").
 */
int address_from_text(struct address *address, const char *text, const char **why);

/* Writes the form that address_from_text reads. */
void address_to_text(const struct address *address, char text[ADDRESS_MAX_TEXT]);

/*
 * A client's address as it crosses a link: always 16 bytes, IPv4 as IPv4-mapped
 * (RFC 4291, 2.5.5.2). All zero: unknown (a Unix socket).
 */
struct client_address {
	uint8_t bytes[16];
};

/* From an accepted socket's peer; an AF_UNIX peer gives all zero. */
struct client_address client_address_from_socket(const struct sockaddr *peer);

/* Where this machine itself reaches a server that listens there: at loopback, if it is all addresses. */
struct address address_near(const struct address *address);

/* Where that machine serves `port`. */
struct address client_address_at(const struct client_address *client, uint16_t port);

/*
 * What counts as one client where clients are counted: an IPv4 address, or an IPv6 /64, in which whoever
 * has it can take any address (RFC 4291, 2.5.4).
 */
struct client_address client_address_site(const struct client_address *client);

/*
 * The network that counts as one where those compete who have many addresses: an IPv4 /16, or an IPv6 /32, the least that
 * a registry hands to a provider.
 */
struct client_address client_address_provider(const struct client_address *client);

/* 1 for all zero. */
int client_address_is_unknown(const struct client_address *client);

/*
 * Reads what a proxy says of a client: "192.0.2.1", "2001:db8::1" or "[2001:db8::1]", the first and
 * the last also with a port, which is dropped. `text` is `length` bytes. 0, or -1 if it is
 * something else; "::" is, because it would be the unknown address.
 */
int client_address_from_text(struct client_address *client, const char *text, size_t length);

/* "192.0.2.1", "2001:db8::1", or "local" for all zero. */
void client_address_to_text(const struct client_address *client, char text[INET6_ADDRSTRLEN]);

struct network {
	uint8_t bytes[16]; /* IPv4 as IPv4-mapped */
	uint8_t bits;	   /* 0 to 128; an IPv4 mask has 96 added */
};

/*
 * Reads a CIDR, brackets round the address allowed ("[2001:db8::]/32"); a mask is
 * required. `text` is `length` bytes, not NUL-terminated. Writes the text without
 * brackets, otherwise as given, into `clean` (what the client gets back).
 * 0 or -1. RFC 4632, RFC 4291 2.3.
 */
int network_from_text(
    struct network *network, const char *text, size_t length, char clean[NETWORK_MAX_TEXT]);

/* Writes the form that network_from_text reads. */
void network_to_text(const struct network *network, char text[NETWORK_MAX_TEXT]);

/* 1 for a mask of 0: every IPv4 address, or every IPv6 address. */
int network_is_everything(const struct network *network);

/* 1 if the client is inside. An unknown client is inside nothing. */
int network_contains(const struct network *network, const struct client_address *client);

#endif
