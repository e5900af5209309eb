#include "server.h"

#include "acceptor.h"
#include "connection.h"
#include "expiry_notice.h"
#include "listen.h"
#include "log.h"
#include "pending.h"
#include "renewal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/*
 * Whoever reaches the socket's folder may speak to the API, as on a TCP port: the folder decides, the
 * credentials protect.
 */
enum { LOCAL_MODE = 0666 };

/* By which systemd gives our sockets back. */
static const char kept_name[] = "kept-api";

struct listener {
	uv_loop_t *loop;
	struct acceptor *acceptor;
	int is_local; /* a Unix socket */
	int tls;
	int proxy;
	const struct connection_host *host;
};

struct server {
	struct exchange_desk desk, metrics_desk;
	struct connection_host host, metrics_host;
	struct broker *broker;
	struct door *door;
	struct listener listeners[SERVER_MAX_LISTEN];
	size_t listener_count;
	/* In the order of their last request, or of their coming where there was none yet. */
	struct connection *youngest, *oldest;
	unsigned count;
	struct log_limit full;
	struct statistic_counters counters;
	struct tls_context *tls;      /* of new connections; NULL: there is none */
	struct tls_context *next_tls; /* handed in, not used yet */
	struct page next_page;
	struct renewal configuration;
	uv_timer_t renewal; /* of the keys of tickets */
	uv_timer_t look;    /* until the certificate's end is looked at again */
	struct expiry_notice expiry;
	uint32_t hsts;
	int stopping;
};

/* Lives until the process ends: every handle in it is closed by then. */
static struct server the_server;

struct tls_context *
server_read_tls(const struct conf *conf)
{
	struct tls_context *tls = NULL;
	struct key_pair_fault fault;
	int fds[KEY_PAIR_PARTS];

	if (conf->api.tls.certificate == NULL)
		return NULL;
	if (key_pair_open(conf, fds, &fault) == 0) {
		tls = tls_context_new(fds, &fault);
		close(fds[KEY_PAIR_CERTIFICATE]);
		close(fds[KEY_PAIR_KEY]);
	}
	if (tls == NULL) {
		key_pair_print_fault(conf, &fault, stderr);
		exit(CONF_EXIT);
	}
	return tls;
}

void
server_bind(const struct conf *conf, struct passed_sockets *passed, struct notify *notify,
    int fds[SERVER_MAX_LISTEN])
{
	uid_t owner = conf->privsep.users[CONF_ROLE_APID].uid;
	const struct conf_listen *lists[] = {&conf->api.listen, &conf->metrics.listen};
	const struct address *addresses[SERVER_MAX_LISTEN];
	int has_unit = passed->count > passed_sockets_named(passed, kept_name);
	size_t count = 0;
	unsigned others;

	for (size_t list = 0; list < sizeof(lists) / sizeof(lists[0]); list++)
		for (size_t i = 0; i < lists[list]->count; i++)
			addresses[count++] = &lists[list]->addresses[i];
	for (size_t i = 0; i < count; i++)
		fds[i] = listen_take(passed, addresses[i]);
	others = passed_sockets_named(passed, kept_name);
	if (others > 0) {
		log_info("api.listen or metrics.listen has changed: other sockets are bound");
		passed_sockets_close_named(passed, kept_name);
		notify_forget_sockets(notify, kept_name);
	}
	for (size_t i = 0; i < count; i++)
		if (fds[i] < 0)
			fds[i] = listen_make(
			    addresses[i], LOCAL_MODE, owner, others > 0 ? LISTEN_PATIENCE_MS : 0);
	/* What a .socket unit keeps would be passed twice. */
	if (!has_unit)
		notify_keep_sockets(notify, kept_name, fds, count);
}

/* The last connection of a server that stops takes the link with it. */
static void
end_if_empty(struct server *server)
{
	if (!server->stopping || server->count > 0 || server->broker == NULL)
		return;
	broker_close(server->broker);
	server->broker = NULL;
}

static void
add_youngest(struct server *server, struct connection *connection)
{
	connection->younger = NULL;
	connection->older = server->youngest;
	if (connection->older != NULL)
		connection->older->younger = connection;
	else
		server->oldest = connection;
	server->youngest = connection;
}

static void
take_out(struct server *server, struct connection *connection)
{
	if (connection->younger != NULL)
		connection->younger->older = connection->older;
	else
		server->youngest = connection->older;
	if (connection->older != NULL)
		connection->older->younger = connection->younger;
	else
		server->oldest = connection->younger;
}

static int
on_head(void *context, const struct request *request, struct response *response)
{
	struct server *server = context;

	return exchange_judge(&server->desk, request, response);
}

static int
on_metrics_head(void *context, const struct request *request, struct response *response)
{
	struct server *server = context;

	return exchange_judge(&server->metrics_desk, request, response);
}

static void
on_request(void *context, struct connection *connection, const struct request *request)
{
	struct server *server = context;

	take_out(server, connection);
	add_youngest(server, connection);
	exchange_serve(&server->desk, connection, request);
}

static void
on_metrics_request(void *context, struct connection *connection, const struct request *request)
{
	struct server *server = context;

	take_out(server, connection);
	add_youngest(server, connection);
	exchange_serve(&server->metrics_desk, connection, request);
}

static void
on_closed(void *context, struct connection *connection)
{
	struct server *server = context;

	exchange_abandon(&server->desk, connection);
	take_out(server, connection);
	server->count--;
	statistic_set(&server->counters, STATISTIC_HTTP_OPEN, server->count);
	end_if_empty(server);
}

/* Or else idle connections, or ones that drip, would keep everybody else out. */
_Static_assert(
    (int)PENDING_MAX < (int)SERVER_MAX_CONNECTIONS, "not all connections can wait for store");

/*
 * Closes the connection whose last request was longest ago, though none that waits for store: it may be
 * changing something just now.
 */
static int
make_room(struct server *server)
{
	struct connection *connection = server->oldest;

	while (connection != NULL && connection->phase == CONNECTION_SERVING)
		connection = connection->younger;
	if (connection == NULL)
		return 0;
	statistic_count(&server->counters, STATISTIC_HTTP_DISPLACED);
	connection_close(connection);
	return 1;
}

static int
on_shortage(void *context)
{
	(void)context;
	return make_room(&the_server);
}

static void
on_connection(void *context, int fd)
{
	const struct listener *listener = context;
	struct server *server = &the_server;
	const struct connection_terms terms = {.tls = listener->tls ? server->tls : NULL,
	    .hsts = server->hsts,
	    .proxies = listener->proxy ? &server->desk.proxies : NULL};
	struct connection *connection =
	    connection_open(listener->loop, fd, listener->is_local, listener->host, &terms);

	if (connection == NULL)
		return;
	if (server->count == SERVER_MAX_CONNECTIONS && make_room(server) &&
	    log_allowed(&server->full))
		log_warning("%d connections are open: the one idle for longest gave way to another",
		    SERVER_MAX_CONNECTIONS);
	add_youngest(server, connection);
	server->count++;
	statistic_count(&server->counters, STATISTIC_HTTP_OPENED);
	statistic_set(&server->counters, STATISTIC_HTTP_OPEN, server->count);
	connection_start(connection);
}

/* Listens; what the listener is like was said before. */
static void
open_listener(uv_loop_t *loop, struct listener *listener, const struct address *address, int fd)
{
	const struct acceptor_config config = {.context = listener,
	    .what = listener->host == &the_server.host ? "connections to the API"
						       : "connections for metrics",
	    .accepted = on_connection,
	    .make_room = on_shortage};
	char text[ADDRESS_MAX_TEXT];

	address_to_text(address, text);
	listener->loop = loop;
	listener->is_local = address->socket.any.sa_family == AF_UNIX;
	listener->acceptor = acceptor_start(loop, fd, SERVER_BACKLOG, &config);
	if (listener->acceptor == NULL)
		fatal("cannot listen on %s: %s", text, strerror(errno));
	log_info("serving %s on %s%s%s", listener->host == &the_server.host ? "the API" : "metrics",
	    text, listener->tls ? " over TLS" : "",
	    listener->proxy ? ", behind a PROXY header" : "");
}

static void
open_listeners(uv_loop_t *loop, struct server *server, const struct conf *conf,
    const int fds[SERVER_MAX_LISTEN])
{
	size_t count = 0;

	for (size_t i = 0; i < conf->api.listen.count; i++, count++) {
		server->listeners[count].host = &server->host;
		server->listeners[count].tls = conf->api.listen_tls[i];
		server->listeners[count].proxy = conf->api.listen_proxy[i];
		open_listener(
		    loop, &server->listeners[count], &conf->api.listen.addresses[i], fds[count]);
	}
	for (size_t i = 0; i < conf->metrics.listen.count; i++, count++) {
		server->listeners[count].host = &server->metrics_host;
		open_listener(loop, &server->listeners[count], &conf->metrics.listen.addresses[i],
		    fds[count]);
	}
	server->listener_count = count;
}

/* An expired one cannot always be renewed: the client that would do it may refuse to talk to us (docs/architecture.md). */
static void
look_at_certificate(struct server *server)
{
	time_t ends = tls_context_end(server->tls), now = time(NULL);
	char text[KEY_PAIR_WHY];

	if (!expiry_notice_take(&server->expiry, ends, now))
		return;
	key_pair_describe_end(text, ends, now);
	log_warning("the API's certificate %s", text);
}

static void
on_look(uv_timer_t *timer)
{
	look_at_certificate(timer->data);
}

static void
on_renewal(uv_timer_t *timer)
{
	struct server *server = timer->data;

	if (tls_context_renew_tickets(server->tls) != 0)
		log_warning("the keys of TLS tickets cannot be renewed; the old ones stay");
}

/* The clocks begin anew with each certificate. */
static void
use_tls(struct server *server, struct tls_context *tls)
{
	tls_context_free(server->tls);
	server->tls = tls;
	server->desk.certificate_end = tls_context_end(server->tls);
	statistic_set(&server->counters, STATISTIC_TLS_CERTIFICATE_END,
	    (uint64_t)tls_context_end(server->tls));
	uv_timer_start(&server->renewal, on_renewal, TLS_TICKET_KEY_MS, TLS_TICKET_KEY_MS);
	uv_timer_start(&server->look, on_look, SERVER_LOOK_MS, SERVER_LOOK_MS);
	look_at_certificate(server);
}

static void
on_link(void *context, int fd)
{
	struct server *server = context;

	broker_take_link(server->broker, fd);
}

static int
on_prepare(void *context, const struct conf *next, struct door_reply *reply)
{
	struct server *server = context;

	/* Its addresses speak TLS, or do not, from their beginning on. */
	if ((server->tls != NULL) != (next->api.tls.certificate != NULL))
		renewal_add_key(reply, "api.tls");
	if (exchange_make_page(&server->next_page, next) == 0)
		return 0;
	(void)snprintf(reply->reason, sizeof(reply->reason), "no memory for the new page");
	return -1;
}

/* What is in use is exchanged only for a pair that works. */
static int
on_prepare_pair(void *context, const int fds[2], struct door_reply *reply)
{
	struct server *server = context;
	struct key_pair_fault fault;

	if (server->tls == NULL)
		return 0;
	tls_context_free(server->next_tls);
	server->next_tls = tls_context_new(fds, &fault);
	if (server->next_tls != NULL)
		return 0;
	statistic_count(&server->counters, STATISTIC_TLS_REFUSED);
	(void)snprintf(reply->reason, sizeof(reply->reason), "the new %s %s",
	    fault.part == KEY_PAIR_KEY ? "key" : "certificate", fault.why);
	return -1;
}

/* Connections go on with the certificate they began with. */
static void
on_apply(void *context)
{
	struct server *server = context;
	const struct conf *conf = &server->configuration.daemon->conf;
	struct page no_page = {.policy = ""};

	exchange_desk_renew(&server->desk, conf, &server->next_page);
	exchange_desk_renew(&server->metrics_desk, conf, &no_page);
	for (struct connection *at = server->youngest; at != NULL; at = at->older)
		cors_renew(&conf->api.cors_origins, &at->cors);
	server->hsts = conf->api.hsts;
	if (server->next_tls != NULL) {
		use_tls(server, server->next_tls);
		server->next_tls = NULL;
		statistic_count(&server->counters, STATISTIC_TLS_RELOADED);
		log_info("a new certificate is in use");
	}
	renewal_done(&server->configuration);
}

static void
on_discard(void *context)
{
	struct server *server = context;

	page_free(&server->next_page);
	tls_context_free(server->next_tls);
	server->next_tls = NULL;
}

struct server *
server_open(uv_loop_t *loop, struct daemon *daemon, const int fds[SERVER_MAX_LISTEN], int door_fd,
    struct tls_context *tls)
{
	static struct renewal_service renewed = {.prepare = on_prepare,
	    .prepare_pair = on_prepare_pair,
	    .apply = on_apply,
	    .discard = on_discard};
	struct server *server = &the_server;
	const struct conf *conf = &daemon->conf;
	struct broker_config broker;

	exchange_desk_init(&server->desk, conf, 0);
	exchange_desk_init(&server->metrics_desk, conf, 1);
	server->desk.audit = server->metrics_desk.audit = audit_new(conf->log.audit);
	broker = exchange_broker_config(&server->desk);
	broker.counters = &server->counters;
	server->broker = broker_open(loop, &broker);
	server->desk.broker = server->metrics_desk.broker = server->broker;
	server->host = (struct connection_host){.context = server,
	    .judge = on_head,
	    .serve = on_request,
	    .closed = on_closed,
	    .counters = &server->counters};
	server->metrics_host = server->host;
	server->metrics_host.judge = on_metrics_head;
	server->metrics_host.serve = on_metrics_request;
	statistic_set(&server->counters, STATISTIC_HTTP_STARTED, (uint64_t)time(NULL));
	renewed.context = server;
	renewal_init(&server->configuration, daemon, &renewed);
	server->door = renewal_listen(&server->configuration, loop, door_fd, on_link, server);
	open_listeners(loop, server, conf, fds);
	server->hsts = conf->api.hsts;
	uv_timer_init(loop, &server->renewal);
	uv_timer_init(loop, &server->look);
	server->renewal.data = server->look.data = server;
	if (tls != NULL)
		use_tls(server, tls);
	return server;
}

void
server_describe(void *context, char *text, size_t capacity)
{
	const struct server *server = context;

	(void)snprintf(text, capacity, "serving the API for %s, %s", server->desk.api.zone,
	    server->broker != NULL && broker_is_linked(server->broker)
		? "linked to store"
		: "but store is away: its requests get 503");
}

void
server_stop(void *context)
{
	struct server *server = context;
	struct connection *older;

	server->stopping = 1;
	door_close(server->door);
	for (size_t i = 0; i < server->listener_count; i++)
		acceptor_close(server->listeners[i].acceptor);
	uv_close((uv_handle_t *)&server->renewal, NULL);
	uv_close((uv_handle_t *)&server->look, NULL);
	tls_context_free(server->tls);
	server->tls = NULL;
	for (struct connection *at = server->youngest; at != NULL; at = older) {
		older = at->older;
		connection_finish(at);
	}
	end_if_empty(server);
}

void
server_free(struct server *server)
{
	audit_free(server->desk.audit);
}
