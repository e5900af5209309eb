/*
 * The listening sockets and the connections they gave us: how many there may be, and how all end.
 */
#ifndef APID_SERVER_H
#define APID_SERVER_H

#include "broker.h"
#include "conf.h"
#include "daemon.h"
#include "door.h"
#include "exchange.h"
#include "passed_sockets.h"
#include "tls.h"

#include <uv.h>

enum {
	SERVER_MAX_CONNECTIONS = 1024,		 /* a further one takes the place of another */
	SERVER_MAX_LISTEN = 2 * CONF_MAX_LISTEN, /* the API's addresses and the metrics' */
	SERVER_BACKLOG = 511,
	SERVER_LOOK_MS = 60 * 60 * 1000 /* between two looks at the certificate's end */
};

struct server;

/*
 * Reads the certificate and the key of the configuration, as root. NULL without TLS; exits with CONF_EXIT and a line
 * on standard error when they cannot be used.
 */
struct tls_context *server_read_tls(const struct conf *conf);

/*
 * Has a socket for every address of the configuration: passed, or bound. Unless a .socket unit passes some, systemd keeps them while
 * apid is exchanged, so that who connects meanwhile waits. Fatal on failure. Before confinement.
 */
void server_bind(const struct conf *conf, struct passed_sockets *passed, struct notify *notify,
    int fds[SERVER_MAX_LISTEN]);

/*
 * Listens on what server_bind() gave and serves; the door's links go to the broker. Takes
 * over the descriptors and `tls`. Fatal on failure.
 */
struct server *server_open(uv_loop_t *loop, struct daemon *daemon, const int fds[SERVER_MAX_LISTEN],
    int door_fd, struct tls_context *tls);

/*
 * Stops accepting, answers what is in hand, and closes everything; the loop is then empty.
 * `server` is a struct server, freed with its last handle.
 */
void server_stop(void *server);

/* When the loop has ended for good. */
void server_free(struct server *server);

/* One line on what `server`, a struct server, does. */
void server_describe(void *server, char *text, size_t capacity);

#endif
