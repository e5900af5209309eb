/*
 * Sockets that systemd passes at our start: those that it made, as a .socket unit says, and those that the process before us had
 * it keep (notify_keep_sockets()); sd_listen_fds(3). Which is which is
 * found out from the sockets themselves: by the address that they are bound to.
 */
#ifndef COMMON_PASSED_SOCKETS_H
#define COMMON_PASSED_SOCKETS_H

#include "address.h"

enum {
	PASSED_SOCKETS_FD = 3, /* of the first one */
	PASSED_SOCKETS_MAX = 256,
	PASSED_SOCKETS_NAME = 64 /* bytes of a name kept, NUL included */
};

struct passed_sockets {
	unsigned count;
	struct passed_socket {
		int fd; /* -1: taken */
		char name[PASSED_SOCKETS_NAME];
	} sockets[PASSED_SOCKETS_MAX];
};

/*
 * Reads LISTEN_PID, LISTEN_FDS and LISTEN_FDNAMES and takes them out of the environment. None unless LISTEN_PID
 * is ours. Fatal where they make no sense. Returns how many there are, from PASSED_SOCKETS_FD on.
 */
unsigned passed_sockets_begin(struct passed_sockets *passed);

/*
 * The socket of this type (SOCK_STREAM and so on) that is bound to `address`, non-blocking and not to be inherited; the caller
 * owns it. -1 if none was passed. Fatal if it would serve more than the address (an IPv6 one that takes IPv4, too).
 */
int passed_sockets_take(struct passed_sockets *passed, const struct address *address, int type);

/* The same for a Unix socket by the name that its unit gives it (FileDescriptorName=). */
int passed_sockets_take_named(struct passed_sockets *passed, const char *name, int type);

/* How many of this name are left, and the end of them. */
unsigned passed_sockets_named(const struct passed_sockets *passed, const char *name);
void passed_sockets_close_named(struct passed_sockets *passed, const char *name);

/* Fatal if a socket is left that nobody has taken; `key` is where its address should be. */
void passed_sockets_end(struct passed_sockets *passed, const char *key);

#endif
