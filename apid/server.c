#include "server.h"

#include "connection.h"
#include "listen.h"
#include "log.h"

#include <stdlib.h>
#include <string.h>

/*
 * Whoever reaches the socket's folder may speak to the API, as on a TCP port: the folder decides, the
 * credentials protect.
 */
enum { LOCAL_MODE = 0666 };

union listener {
	uv_handle_t handle;
	uv_stream_t stream;
	uv_tcp_t tcp;
	uv_pipe_t pipe;
};

struct server {
	struct exchange_desk desk;
	struct connection_host host;
	struct broker *broker;
	struct door *door;
	union listener listeners[CONF_MAX_LISTEN];
	size_t listener_count;
	struct connection *connections; /* served */
	unsigned count, turned_away;
	struct log_limit full;
	struct statistic_counters counters;
	int stopping;
};

/* Lives until the process ends: every handle in it is closed by then. */
static struct server the_server;

void
server_bind(const struct conf *conf, int fds[CONF_MAX_LISTEN])
{
	for (size_t i = 0; i < conf->api.listen.count; i++) {
		const struct address *address = &conf->api.listen.addresses[i];

		if (address->socket.any.sa_family == AF_UNIX)
			fds[i] = listen_bind_local(
			    address, LOCAL_MODE, conf->privsep.users[CONF_ROLE_APID].uid);
		else
			listen_bind(address, SOCK_STREAM, 1, &fds[i]);
	}
}

/* The last connection of a server that stops takes the link with it. */
static void
end_if_empty(struct server *server)
{
	if (!server->stopping || server->count + server->turned_away > 0 || server->broker == NULL)
		return;
	broker_close(server->broker);
	server->broker = NULL;
}

static void
on_closed(void *context, struct connection *connection)
{
	struct server *server = context;

	if (connection->turned_away) {
		server->turned_away--;
	} else {
		exchange_abandon(&server->desk, connection);
		if (connection->previous != NULL)
			connection->previous->next = connection->next;
		else
			server->connections = connection->next;
		if (connection->next != NULL)
			connection->next->previous = connection->previous;
		server->count--;
		statistic_set(&server->counters, STATISTIC_HTTP_OPEN, server->count);
	}
	end_if_empty(server);
}

static void
turn_away(struct server *server, struct connection *connection)
{
	connection->turned_away = 1;
	server->turned_away++;
	statistic_count(&server->counters, STATISTIC_HTTP_TURNED_AWAY);
	if (log_allowed(&server->full))
		log_warning(
		    "%d connections are open: another was turned away", SERVER_MAX_CONNECTIONS);
	if (server->turned_away > SERVER_MAX_TURNED_AWAY)
		connection_finish(connection);
	else
		connection_turn_away(connection, RESPONSE_ERROR_BUSY);
}

static void
on_connection(uv_stream_t *listener, int status)
{
	struct server *server = listener->data;
	struct connection *connection;

	if (status != 0)
		return;
	connection = connection_accept(listener, &server->host);
	if (connection == NULL)
		return;
	if (server->count == SERVER_MAX_CONNECTIONS) {
		turn_away(server, connection);
		return;
	}
	connection->next = server->connections;
	if (connection->next != NULL)
		connection->next->previous = connection;
	server->connections = connection;
	server->count++;
	statistic_count(&server->counters, STATISTIC_HTTP_OPENED);
	statistic_set(&server->counters, STATISTIC_HTTP_OPEN, server->count);
	connection_start(connection);
}

static void
open_listener(uv_loop_t *loop, struct server *server, const struct address *address, int fd)
{
	union listener *listener = &server->listeners[server->listener_count];
	char text[ADDRESS_MAX_TEXT];
	int status;

	if (address->socket.any.sa_family == AF_UNIX) {
		status = uv_pipe_init(loop, &listener->pipe, 0);
		if (status == 0)
			status = uv_pipe_open(&listener->pipe, fd);
	} else {
		status = uv_tcp_init(loop, &listener->tcp);
		if (status == 0)
			status = uv_tcp_open(&listener->tcp, fd);
	}
	listener->handle.data = server;
	if (status == 0)
		status = uv_listen(&listener->stream, SERVER_BACKLOG, on_connection);
	address_to_text(address, text);
	if (status != 0)
		fatal("cannot listen on %s: %s", text, uv_strerror(status));
	log_info("serving the API on %s", text);
	server->listener_count++;
}

struct server *
server_open(uv_loop_t *loop, const struct conf *conf, const int fds[CONF_MAX_LISTEN], int door_fd)
{
	struct server *server = &the_server;
	struct broker_config broker;

	exchange_desk_init(&server->desk, conf);
	broker = exchange_broker_config(&server->desk);
	broker.counters = &server->counters;
	server->broker = broker_open(loop, &broker);
	server->desk.broker = server->broker;
	server->host = (struct connection_host){.context = server,
	    .judge = exchange_judge,
	    .serve = exchange_serve,
	    .closed = on_closed,
	    .counters = &server->counters};
	server->door = door_listen(loop, door_fd, conf->privsep.users[CONF_ROLE_STORE].uid,
	    broker_take_link, server->broker);
	for (size_t i = 0; i < conf->api.listen.count; i++)
		open_listener(loop, server, &conf->api.listen.addresses[i], fds[i]);
	return server;
}

void
server_stop(void *context)
{
	struct server *server = context;
	struct connection *next;

	server->stopping = 1;
	door_close(server->door);
	for (size_t i = 0; i < server->listener_count; i++)
		uv_close(&server->listeners[i].handle, NULL);
	for (struct connection *at = server->connections; at != NULL; at = next) {
		next = at->next;
		connection_finish(at);
	}
	end_if_empty(server);
}
