/*
 * The sockets that the workers listen at, one for each address, protocol and worker. systemd keeps them while dnsd is exchanged
 * (FileDescriptorStoreMax= of the unit): a query that comes meanwhile waits in a socket's buffer, and a connection in its
 * backlog, for the next process.
 *
 * What is kept is bound addresses and nothing else. That a process which was taken over leaves nothing of its own to its
 * successor is the filter's matter: no option of a socket can be set, none can be shut down, connected or half written to.
 */
#ifndef DNSD_SOCKETS_H
#define DNSD_SOCKETS_H

#include "conf.h"
#include "notify.h"
#include "passed_sockets.h"

/* The sockets of one protocol. */
struct socket_rows {
	int *fds; /* a row for each worker */
	size_t per_worker;
};

struct sockets {
	struct socket_rows udp, tcp;
};

/*
 * Takes the sockets that were kept, if they are just those of the configuration; otherwise gives all of them up and binds every
 * address. Has systemd keep what is new. Before confinement. Fatal on failure.
 */
void sockets_open(struct sockets *sockets, const struct conf *conf, struct passed_sockets *passed,
    struct notify *notify);

/* One worker's sockets of a protocol; NULL if it has none. */
const int *sockets_row(const struct socket_rows *rows, unsigned worker);

/* Frees the memory; the sockets are the workers'. */
void sockets_free(struct sockets *sockets);

#endif
