/*
 * Who has a port on this machine, as the kernel tells in /proc/net (proc(5)): a socket bound to it and, where it was seen, its
 * process. Pure.
 */
#ifndef SALLYPORT_PORT_HOLDER_H
#define SALLYPORT_PORT_HOLDER_H

#include "address.h"

#include <sys/types.h>

enum {
	PORT_HOLDERS = 64,     /* looked at; further ones are left out */
	PORT_HOLDER_NAME = 32, /* bytes of a process's or user's name, NUL included */
	PORT_HOLDER_TEXT = 128
};

struct port_holder {
	struct client_address address; /* all zero: of IPv6 any; 0.0.0.0 as ::ffff:0.0.0.0 */
	uint16_t port;
	int over_tcp;
	uid_t uid; /* whose socket it was when it was made */
	unsigned long inode;
	pid_t pid;		     /* 0: not seen; only root sees everybody's */
	char name[PORT_HOLDER_NAME]; /* of the process; "" where it is not seen */
	char user[PORT_HOLDER_NAME]; /* name of the uid; "" for root and for those without */
};

/*
 * Reads a line of /proc/net/tcp, tcp6, udp or udp6. 0, or -1: it is the head, or no socket that takes what comes. Process and names are not in
 * it.
 */
int port_holder_read(struct port_holder *holder, const char *line, int over_tcp, int is_v6);

/* 1 if whoever binds `address` (with its port) would meet it. */
int port_holder_meets(
    const struct port_holder *holder, const struct address *address, int over_tcp);

/* "systemd-resolve (process 312)", "a process of the user systemd-resolve", "a process that only root sees". Returns `text`. */
const char *port_holder_text(const struct port_holder *holder, char text[PORT_HOLDER_TEXT]);

#endif
