/* Addresses to listen at, clients' addresses, and the networks they may come from. */
#include "address.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

enum {
	MAPPED_PREFIX = 12,
	MAPPED_BITS = 96,
	SITE_BYTES = 8,
	PROVIDER_BYTES_V4 = 2,
	PROVIDER_BYTES_V6 = 4
};

/* RFC 4291, 2.5.5.2: what stands in front of an IPv4 address in 16 bytes. */
static const uint8_t mapped_prefix[MAPPED_PREFIX] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

/*
 * Reads a decimal number of `length` digits up to `maximum` (below 100000): digits only and no
 * leading zero, which some readers would take for octal. -1 if it is none.
 */
static int
read_decimal(const char *text, size_t length, int maximum)
{
	int value = 0;

	if (length == 0 || length > 5 || (length > 1 && text[0] == '0'))
		return -1;
	for (size_t i = 0; i < length; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -1;
		value = value * 10 + (text[i] - '0');
	}
	return value <= maximum ? value : -1;
}

static int
read_local(struct address *address, const char *path, const char **why)
{
	size_t length = strlen(path);

	if (path[0] != '/') {
		*why = "the path of a Unix socket must be absolute";
		return -1;
	}
	if (length >= sizeof(address->socket.local.sun_path)) {
		*why = "the path of a Unix socket has at most 107 bytes";
		return -1;
	}
	address->socket.local.sun_family = AF_UNIX;
	memcpy(address->socket.local.sun_path, path, length + 1);
	address->length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length + 1);
	return 0;
}

/* Finds the colon in front of the port; where there is none, `why` says what is missing. */
static const char *
find_port(const char *text, const char **why)
{
	const char *colon = strrchr(text, ':');

	if (text[0] == '[') {
		const char *bracket = strchr(text, ']');

		if (bracket == NULL) {
			*why = "the closing bracket is missing";
			return NULL;
		}
		colon = bracket[1] == ':' ? bracket + 1 : NULL;
		if (colon == NULL)
			*why = bracket[1] == '\0' ? "the port is missing"
						  : "a colon and a port must follow the bracket";
		return colon;
	}
	if (colon == NULL) {
		*why = "the port is missing";
	} else if (strchr(text, ':') != colon) {
		*why = "an IPv6 address needs brackets: [address]:port";
		colon = NULL;
	}
	return colon;
}

/* Reads `length` bytes of an address; `family` says which kind. 0 or -1. */
static int
read_ip(struct address *address, sa_family_t family, const char *text, size_t length)
{
	char copy[INET6_ADDRSTRLEN];
	void *where;

	if (length >= sizeof(copy))
		return -1;
	memcpy(copy, text, length);
	copy[length] = '\0';
	address->socket.any.sa_family = family;
	if (family == AF_INET6) {
		address->length = sizeof(address->socket.v6);
		where = &address->socket.v6.sin6_addr;
	} else {
		address->length = sizeof(address->socket.v4);
		where = &address->socket.v4.sin_addr;
	}
	return inet_pton(family, copy, where) == 1 ? 0 : -1;
}

int
address_from_text(struct address *address, const char *text, const char **why)
{
	const char *colon;
	int port;

	memset(address, 0, sizeof(*address));
	if (text[0] == '\0') {
		*why = "it is empty";
		return -1;
	}
	if (strncmp(text, "unix:", 5) == 0)
		return read_local(address, text + 5, why);
	colon = find_port(text, why);
	if (colon == NULL)
		return -1;
	port = read_decimal(colon + 1, strlen(colon + 1), UINT16_MAX);
	if (port <= 0) {
		*why = "the port must be a number from 1 to 65535";
		return -1;
	}
	if (text[0] == '[') {
		if (read_ip(address, AF_INET6, text + 1, (size_t)(colon - text) - 2) != 0) {
			*why = "what stands in brackets is not an IPv6 address";
			return -1;
		}
		address->socket.v6.sin6_port = htons((uint16_t)port);
		return 0;
	}
	if (read_ip(address, AF_INET, text, (size_t)(colon - text)) != 0) {
		*why = "it is not an IP address (names are not looked up)";
		return -1;
	}
	address->socket.v4.sin_port = htons((uint16_t)port);
	return 0;
}

void
address_to_text(const struct address *address, char text[ADDRESS_MAX_TEXT])
{
	char ip[INET6_ADDRSTRLEN] = "";

	switch (address->socket.any.sa_family) {
	case AF_INET:
		inet_ntop(AF_INET, &address->socket.v4.sin_addr, ip, sizeof(ip));
		snprintf(text, ADDRESS_MAX_TEXT, "%s:%u", ip, ntohs(address->socket.v4.sin_port));
		break;
	case AF_INET6:
		inet_ntop(AF_INET6, &address->socket.v6.sin6_addr, ip, sizeof(ip));
		snprintf(
		    text, ADDRESS_MAX_TEXT, "[%s]:%u", ip, ntohs(address->socket.v6.sin6_port));
		break;
	default:
		snprintf(text, ADDRESS_MAX_TEXT, "unix:%.*s",
		    (int)sizeof(address->socket.local.sun_path), address->socket.local.sun_path);
		break;
	}
}

static void
map_v4(uint8_t bytes[16], const struct in_addr *v4)
{
	memcpy(bytes, mapped_prefix, MAPPED_PREFIX);
	memcpy(bytes + MAPPED_PREFIX, v4, sizeof(*v4));
}

/* The copies are for callers whose sockaddr stands unaligned inside other bytes. */
struct client_address
client_address_from_socket(const struct sockaddr *peer)
{
	struct client_address client = {{0}};

	if (peer->sa_family == AF_INET) {
		struct sockaddr_in v4;

		memcpy(&v4, peer, sizeof(v4));
		map_v4(client.bytes, &v4.sin_addr);
	} else if (peer->sa_family == AF_INET6) {
		struct sockaddr_in6 v6;

		memcpy(&v6, peer, sizeof(v6));
		memcpy(client.bytes, &v6.sin6_addr, sizeof(client.bytes));
	}
	return client;
}

int
client_address_is_unknown(const struct client_address *client)
{
	static const struct client_address unknown;

	return memcmp(client, &unknown, sizeof(unknown)) == 0;
}

static int
client_is_v4(const struct client_address *client)
{
	return memcmp(client->bytes, mapped_prefix, MAPPED_PREFIX) == 0;
}

struct address
address_near(const struct address *address)
{
	struct address near = *address;

	if (near.socket.any.sa_family == AF_INET && near.socket.v4.sin_addr.s_addr == INADDR_ANY)
		near.socket.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (near.socket.any.sa_family == AF_INET6 &&
	    IN6_IS_ADDR_UNSPECIFIED(&near.socket.v6.sin6_addr))
		near.socket.v6.sin6_addr = in6addr_loopback;
	return near;
}

struct address
client_address_at(const struct client_address *client, uint16_t port)
{
	struct address address;

	/* All of the union, and not its first member alone. */
	memset(&address, 0, sizeof(address));
	if (client_is_v4(client)) {
		address.length = sizeof(address.socket.v4);
		address.socket.v4.sin_family = AF_INET;
		address.socket.v4.sin_port = htons(port);
		memcpy(&address.socket.v4.sin_addr, client->bytes + MAPPED_PREFIX,
		    sizeof(address.socket.v4.sin_addr));
	} else {
		address.length = sizeof(address.socket.v6);
		address.socket.v6.sin6_family = AF_INET6;
		address.socket.v6.sin6_port = htons(port);
		memcpy(&address.socket.v6.sin6_addr, client->bytes, sizeof(client->bytes));
	}
	return address;
}

struct client_address
client_address_site(const struct client_address *client)
{
	struct client_address site = *client;

	if (!client_is_v4(client))
		memset(site.bytes + SITE_BYTES, 0, sizeof(site.bytes) - SITE_BYTES);
	return site;
}

struct client_address
client_address_provider(const struct client_address *client)
{
	struct client_address provider = *client;
	size_t kept = client_is_v4(client) ? MAPPED_PREFIX + PROVIDER_BYTES_V4 : PROVIDER_BYTES_V6;

	memset(provider.bytes + kept, 0, sizeof(provider.bytes) - kept);
	return provider;
}

/* Splits off a port: "HOST", "IPV4:PORT", "[IPV6]" or "[IPV6]:PORT". 0 or -1. */
static int
split_port(const char **host, size_t *length)
{
	const char *text = *host, *end = text + *length, *port;

	if (*length > 0 && text[0] == '[') {
		const char *bracket = memchr(text, ']', *length);

		if (bracket == NULL)
			return -1;
		*host = text + 1;
		*length = (size_t)(bracket - text - 1);
		if (memchr(*host, ':', *length) == NULL)
			return -1;
		port = bracket + 1;
	} else {
		port = memchr(text, ':', *length);
		/* Several colons: an IPv6 address, which takes its port only with brackets. */
		if (port == NULL || memchr(port + 1, ':', (size_t)(end - port - 1)) != NULL)
			return 0;
		*length = (size_t)(port - text);
	}
	if (port == end)
		return 0;
	return *port == ':' && read_decimal(port + 1, (size_t)(end - port - 1), UINT16_MAX) >= 0
		   ? 0
		   : -1;
}

int
client_address_from_text(struct client_address *client, const char *text, size_t length)
{
	struct address address;
	sa_family_t family;

	if (split_port(&text, &length) != 0)
		return -1;
	family = length > 0 && memchr(text, ':', length) != NULL ? AF_INET6 : AF_INET;
	/* inet_pton() would take what stands in front of a NUL. */
	if (length == 0 || memchr(text, '\0', length) != NULL)
		return -1;
	memset(&address, 0, sizeof(address));
	if (read_ip(&address, family, text, length) != 0)
		return -1;
	*client = client_address_from_socket(&address.socket.any);
	return client_address_is_unknown(client) ? -1 : 0;
}

void
client_address_to_text(const struct client_address *client, char text[INET6_ADDRSTRLEN])
{
	if (client_address_is_unknown(client))
		snprintf(text, INET6_ADDRSTRLEN, "local");
	else if (client_is_v4(client))
		inet_ntop(AF_INET, client->bytes + MAPPED_PREFIX, text, INET6_ADDRSTRLEN);
	else
		inet_ntop(AF_INET6, client->bytes, text, INET6_ADDRSTRLEN);
}

/* Copies `text` to `clean` without brackets, which may only stand round the whole address. */
static int
strip_brackets(const char *text, size_t length, char clean[NETWORK_MAX_TEXT])
{
	size_t used = 0;
	int bracketed = length > 0 && text[0] == '[';
	int closed = 0;

	for (size_t i = bracketed ? 1 : 0; i < length; i++) {
		if (text[i] == ']' && bracketed && !closed && i + 1 < length &&
		    text[i + 1] == '/') {
			closed = 1;
			continue;
		}
		if (text[i] == '\0' || used + 1 == NETWORK_MAX_TEXT)
			return -1;
		clean[used++] = text[i];
	}
	clean[used] = '\0';
	return bracketed == closed ? 0 : -1;
}

/* Zeroes what the mask leaves out, so that equal networks have equal bytes. */
static void
clear_host_bits(struct network *network)
{
	for (unsigned i = 0; i < sizeof(network->bytes); i++) {
		unsigned kept = network->bits > i * 8 ? network->bits - i * 8 : 0;

		if (kept < 8)
			network->bytes[i] &= (uint8_t)(0xff00U >> kept);
	}
}

int
network_from_text(
    struct network *network, const char *text, size_t length, char clean[NETWORK_MAX_TEXT])
{
	char ip[NETWORK_MAX_TEXT];
	struct in_addr v4;
	char *slash;
	int is_v4, bits;

	memset(network, 0, sizeof(*network));
	if (strip_brackets(text, length, clean) != 0)
		return -1;
	memcpy(ip, clean, sizeof(ip));
	slash = strchr(ip, '/');
	if (slash == NULL)
		return -1;
	*slash = '\0';
	is_v4 = strchr(ip, ':') == NULL;
	bits = read_decimal(slash + 1, strlen(slash + 1), is_v4 ? 32 : 128);
	if (bits < 0)
		return -1;
	if (is_v4) {
		if (inet_pton(AF_INET, ip, &v4) != 1)
			return -1;
		map_v4(network->bytes, &v4);
		bits += MAPPED_BITS;
	} else if (inet_pton(AF_INET6, ip, network->bytes) != 1) {
		return -1;
	}
	network->bits = (uint8_t)bits;
	clear_host_bits(network);
	return 0;
}

void
network_to_text(const struct network *network, char text[NETWORK_MAX_TEXT])
{
	char ip[INET6_ADDRSTRLEN] = "";
	unsigned bits = network->bits;

	if (bits >= MAPPED_BITS && memcmp(network->bytes, mapped_prefix, MAPPED_PREFIX) == 0) {
		bits -= MAPPED_BITS;
		inet_ntop(AF_INET, network->bytes + MAPPED_PREFIX, ip, sizeof(ip));
	} else {
		inet_ntop(AF_INET6, network->bytes, ip, sizeof(ip));
	}
	snprintf(text, NETWORK_MAX_TEXT, "%s/%u", ip, bits);
}

int
network_is_everything(const struct network *network)
{
	return network->bits == 0 || (network->bits == MAPPED_BITS &&
					 memcmp(network->bytes, mapped_prefix, MAPPED_PREFIX) == 0);
}

int
network_contains(const struct network *network, const struct client_address *client)
{
	unsigned whole = network->bits / 8, rest = network->bits % 8;

	if (client_address_is_unknown(client))
		return 0;
	/* "::/0" means every IPv6 address; IPv4 is mapped into it only by our own notation. */
	if (client_is_v4(client) && network->bits < MAPPED_BITS)
		return 0;
	if (memcmp(network->bytes, client->bytes, whole) != 0)
		return 0;
	return rest == 0 || ((network->bytes[whole] ^ client->bytes[whole]) >> (8 - rest)) == 0;
}
