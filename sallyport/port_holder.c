#include "port_holder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	STATE_LISTENS = 0x0a, /* TCP_LISTEN */
	WORDS_V6 = 4,
	WORD_DIGITS = 8
};

/* The kernel writes each 32-bit word of an address as a number of this machine's order. 0 or -1. */
static int
read_ip(struct client_address *address, const char *text, int is_v6)
{
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
	struct sockaddr_in v4 = {.sin_family = AF_INET};
	uint32_t words[WORDS_V6];

	for (unsigned i = 0; i < (is_v6 ? WORDS_V6 : 1U); i++) {
		char digits[WORD_DIGITS + 1];
		char *end;

		(void)snprintf(digits, sizeof(digits), "%s", text + i * (size_t)WORD_DIGITS);
		words[i] = (uint32_t)strtoul(digits, &end, 16);
		if (end != digits + WORD_DIGITS)
			return -1;
	}
	memcpy(&v4.sin_addr, words, sizeof(v4.sin_addr));
	if (is_v6)
		memcpy(&v6.sin6_addr, words, sizeof(v6.sin6_addr));
	*address = client_address_from_socket(
	    is_v6 ? (const struct sockaddr *)&v6 : (const struct sockaddr *)&v4);
	return 0;
}

/* The word behind `count` others; "" at the end. */
static const char *
skip_words(const char *line, unsigned count)
{
	for (; count > 0; count--) {
		line += strspn(line, " ");
		line += strcspn(line, " ");
	}
	return line + strspn(line, " ");
}

int
port_holder_read(struct port_holder *holder, const char *line, int over_tcp, int is_v6)
{
	enum { LOCAL = 1, STATE = 3, UID = 7, INODE = 9 };
	const char *local = skip_words(line, LOCAL);
	size_t digits = (is_v6 ? WORDS_V6 : 1U) * (size_t)WORD_DIGITS;
	const char *state = skip_words(line, STATE);

	*holder = (struct port_holder){.over_tcp = over_tcp};
	if (strcspn(local, ":") != digits || local[digits] == '\0' ||
	    read_ip(&holder->address, local, is_v6) != 0)
		return -1;
	holder->port = (uint16_t)strtoul(local + digits + 1, NULL, 16);
	if (over_tcp && strtoul(state, NULL, 16) != STATE_LISTENS)
		return -1;
	holder->uid = (uid_t)strtoul(skip_words(line, UID), NULL, 10);
	holder->inode = strtoul(skip_words(line, INODE), NULL, 10);
	return 0;
}

static int
is_any(const struct client_address *address, int *is_v6)
{
	struct address at = client_address_at(address, 0);

	*is_v6 = at.socket.any.sa_family == AF_INET6;
	return *is_v6 ? IN6_IS_ADDR_UNSPECIFIED(&at.socket.v6.sin6_addr) != 0
		      : at.socket.v4.sin_addr.s_addr == INADDR_ANY;
}

int
port_holder_meets(const struct port_holder *holder, const struct address *address, int over_tcp)
{
	struct client_address wanted = client_address_from_socket(&address->socket.any);
	int holder_is_v6, wanted_is_v6;
	int holder_is_any = is_any(&holder->address, &holder_is_v6);
	int wanted_is_any = is_any(&wanted, &wanted_is_v6);
	uint16_t port = wanted_is_v6 ? address->socket.v6.sin6_port : address->socket.v4.sin_port;

	if (holder->over_tcp != over_tcp || holder->port != ntohs(port))
		return 0;
	/* A socket for all of IPv6 has IPv4's, too, unless it was told otherwise, which /proc does not tell. */
	if (holder_is_v6 != wanted_is_v6)
		return holder_is_v6 && holder_is_any;
	return holder_is_any || wanted_is_any ||
	       memcmp(&holder->address, &wanted, sizeof(wanted)) == 0;
}

const char *
port_holder_text(const struct port_holder *holder, char text[PORT_HOLDER_TEXT])
{
	if (holder->pid != 0)
		(void)snprintf(
		    text, PORT_HOLDER_TEXT, "%s (process %ld)", holder->name, (long)holder->pid);
	else if (holder->user[0] != '\0')
		(void)snprintf(text, PORT_HOLDER_TEXT, "a process of the user %s", holder->user);
	else if (holder->uid != 0)
		(void)snprintf(
		    text, PORT_HOLDER_TEXT, "a process of uid %lu", (unsigned long)holder->uid);
	else
		(void)snprintf(text, PORT_HOLDER_TEXT, "a process that only root can see");
	return text;
}
