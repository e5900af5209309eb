#include "passed_sockets.h"

#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A decimal number of the environment, or -1. */
static long
read_number(const char *name)
{
	const char *text = getenv(name);
	char *end = NULL;
	long number;

	if (text == NULL || text[0] < '0' || text[0] > '9')
		return -1;
	errno = 0;
	number = strtol(text, &end, 10);
	return *end == '\0' && errno == 0 ? number : -1;
}

/* Names are separated by colons; a missing one is empty. */
static void
read_names(struct passed_sockets *passed)
{
	const char *names = getenv("LISTEN_FDNAMES");

	for (unsigned i = 0; i < passed->count && names != NULL; i++) {
		size_t length = strcspn(names, ":");

		(void)snprintf(passed->sockets[i].name, sizeof(passed->sockets[i].name), "%.*s",
		    (int)length, names);
		names = names[length] == ':' ? names + length + 1 : NULL;
	}
}

unsigned
passed_sockets_begin(struct passed_sockets *passed)
{
	long count = read_number("LISTEN_FDS");

	passed->count = 0;
	if (count >= 0 && read_number("LISTEN_PID") == getpid()) {
		if (count > PASSED_SOCKETS_MAX)
			fatal("%ld sockets were passed (LISTEN_FDS); there may be %d", count,
			    PASSED_SOCKETS_MAX);
		passed->count = (unsigned)count;
	}
	for (unsigned i = 0; i < passed->count; i++) {
		struct passed_socket *socket = &passed->sockets[i];
		int fd = PASSED_SOCKETS_FD + (int)i, flags = fcntl(fd, F_GETFL);

		*socket = (struct passed_socket){.fd = fd};
		if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0 ||
		    fcntl(fd, F_SETFD, FD_CLOEXEC) != 0)
			fatal(
			    "descriptor %d was passed (LISTEN_FDS), but: %s", fd, strerror(errno));
	}
	read_names(passed);
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
	return passed->count;
}

/* What a socket is bound to. 0, or -1 for what is no socket. */
static int
find_address(int fd, struct address *address)
{
	*address = (struct address){.length = sizeof(address->socket)};
	return getsockname(fd, &address->socket.any, &address->length);
}

static int
is_same(const struct address *one, const struct address *other)
{
	const struct sockaddr_in *v4 = &one->socket.v4;
	const struct sockaddr_in6 *v6 = &one->socket.v6;

	if (one->socket.any.sa_family != other->socket.any.sa_family)
		return 0;
	switch (one->socket.any.sa_family) {
	case AF_INET:
		return v4->sin_port == other->socket.v4.sin_port &&
		       v4->sin_addr.s_addr == other->socket.v4.sin_addr.s_addr;
	case AF_INET6:
		return v6->sin6_port == other->socket.v6.sin6_port &&
		       IN6_ARE_ADDR_EQUAL(&v6->sin6_addr, &other->socket.v6.sin6_addr);
	case AF_UNIX:
		return strncmp(one->socket.local.sun_path, other->socket.local.sun_path,
			   sizeof(one->socket.local.sun_path)) == 0;
	default:
		return 0;
	}
}

static int
has_type(int fd, int type)
{
	int actual = -1;
	socklen_t length = sizeof(actual);

	return getsockopt(fd, SOL_SOCKET, SO_TYPE, &actual, &length) == 0 && actual == type;
}

/* We have a socket for each family; one for both would show IPv4 clients under strange addresses. */
static void
check_family(int fd, const struct address *address)
{
	char text[ADDRESS_MAX_TEXT];
	int only = 0;
	socklen_t length = sizeof(only);

	if (address->socket.any.sa_family != AF_INET6)
		return;
	if (getsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, &length) == 0 && only)
		return;
	address_to_text(address, text);
	fatal("the socket %s that systemd has passed takes IPv4, too; its unit needs "
	      "\"BindIPv6Only=ipv6-only\"",
	    text);
}

int
passed_sockets_take(struct passed_sockets *passed, const struct address *address, int type)
{
	for (unsigned i = 0; i < passed->count; i++) {
		struct address bound;
		int fd = passed->sockets[i].fd;

		if (fd < 0 || find_address(fd, &bound) != 0 || !is_same(&bound, address) ||
		    !has_type(fd, type))
			continue;
		check_family(fd, address);
		passed->sockets[i].fd = -1;
		return fd;
	}
	return -1;
}

int
passed_sockets_take_named(struct passed_sockets *passed, const char *name, int type)
{
	for (unsigned i = 0; i < passed->count; i++) {
		struct address bound;
		int fd = passed->sockets[i].fd;

		if (fd < 0 || strcmp(passed->sockets[i].name, name) != 0 ||
		    find_address(fd, &bound) != 0 || bound.socket.any.sa_family != AF_UNIX ||
		    !has_type(fd, type))
			continue;
		passed->sockets[i].fd = -1;
		return fd;
	}
	return -1;
}

static int
is_named(const struct passed_socket *socket, const char *name)
{
	return socket->fd >= 0 && strcmp(socket->name, name) == 0;
}

unsigned
passed_sockets_named(const struct passed_sockets *passed, const char *name)
{
	unsigned count = 0;

	for (unsigned i = 0; i < passed->count; i++)
		count += (unsigned)is_named(&passed->sockets[i], name);
	return count;
}

void
passed_sockets_close_named(struct passed_sockets *passed, const char *name)
{
	for (unsigned i = 0; i < passed->count; i++) {
		if (!is_named(&passed->sockets[i], name))
			continue;
		close(passed->sockets[i].fd);
		passed->sockets[i].fd = -1;
	}
}

void
passed_sockets_end(struct passed_sockets *passed, const char *key)
{
	for (unsigned i = 0; i < passed->count; i++) {
		const struct passed_socket *socket = &passed->sockets[i];
		char name[4 * PASSED_SOCKETS_NAME], text[ADDRESS_MAX_TEXT] = "of another kind";
		struct address bound;

		if (socket->fd < 0)
			continue;
		if (find_address(socket->fd, &bound) == 0)
			address_to_text(&bound, text);
		fatal("systemd has passed the socket %s (%s), which is not in %s: what the .socket "
		      "unit "
		      "listens on must be there, too",
		    text, log_safe(name, sizeof(name), socket->name, strlen(socket->name)), key);
	}
	passed->count = 0;
}
