/* libuv streams round answer_query(); see tcp.h. */
#include "tcp.h"

#include "acceptor.h"
#include "buf.h"
#include "dns.h"
#include "dns_statistic.h"
#include "log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
	PREFIX = 2,	   /* a message stands behind its length (RFC 1035, 4.2.2) */
	KEEPALIVE_MS = 100 /* the unit of RFC 7828 */
};

struct connection {
	uv_tcp_t stream;
	uv_write_t write;
	struct tcp *tcp;
	struct connection *older, *newer;
	struct connection *neighbour; /* whose address falls into the same bucket */
	struct client_address peer;   /* what connections are counted by */
	uint8_t address[16];	      /* the peer's, as answer_query() wants it */
	uint8_t address_length;
	struct buf in;	 /* read, not answered yet */
	struct buf out;	 /* answers on their way */
	uint64_t opened; /* loop time, ms */
	uint64_t active;
	uint64_t turn; /* orders what was active in the same millisecond */
	int writing;   /* `out` belongs to libuv */
	int ended;     /* nothing more is read: the client's end, or ours */
};

struct listener {
	struct acceptor *acceptor;
	struct listener *next;
};

struct tcp {
	uv_loop_t *loop;
	uv_timer_t sweep;
	const struct answer_source *source;
	struct statistic_counters *counters;
	struct listener *listeners;
	/* By activity, so that the oldest is the one idle for longest. */
	struct connection *oldest, *newest;
	uint64_t turns;
	unsigned count;
	struct tcp_limits limits;
	struct connection **buckets; /* by `peer` */
	size_t bucket_count;	     /* a power of two */
	uint8_t key[SIPHASH_KEY];
	int stopping;
	char input[TCP_READ]; /* of the connection being read */
	uint8_t answer[PREFIX + ANSWER_MAX_TCP];
};

static void pump(struct connection *connection);

static void
unlink_connection(struct connection *connection)
{
	struct tcp *tcp = connection->tcp;

	if (connection->older != NULL)
		connection->older->newer = connection->newer;
	else
		tcp->oldest = connection->newer;
	if (connection->newer != NULL)
		connection->newer->older = connection->older;
	else
		tcp->newest = connection->older;
	connection->older = NULL;
	connection->newer = NULL;
}

static void
append_connection(struct connection *connection)
{
	struct tcp *tcp = connection->tcp;

	connection->turn = ++tcp->turns;
	connection->older = tcp->newest;
	if (tcp->newest != NULL)
		tcp->newest->newer = connection;
	else
		tcp->oldest = connection;
	tcp->newest = connection;
}

static struct connection **
bucket_of(struct tcp *tcp, const struct client_address *peer)
{
	uint64_t hash = siphash(tcp->key, peer->bytes, sizeof(peer->bytes));

	return &tcp->buckets[hash & (tcp->bucket_count - 1)];
}

static void
leave_bucket(struct connection *connection)
{
	struct connection **link = bucket_of(connection->tcp, &connection->peer);

	while (*link != connection)
		link = &(*link)->neighbour;
	*link = connection->neighbour;
}

static void
enter_bucket(struct connection *connection)
{
	struct connection **bucket = bucket_of(connection->tcp, &connection->peer);

	connection->neighbour = *bucket;
	*bucket = connection;
}

static void
touch(struct connection *connection)
{
	unlink_connection(connection);
	append_connection(connection);
	connection->active = uv_now(connection->tcp->loop);
}

/* With the last connection of a server that stops its timer goes, and with that its loop can end. */
static void
finish_stop(struct tcp *tcp)
{
	if (tcp->stopping && tcp->count == 0 && !uv_is_closing((uv_handle_t *)&tcp->sweep))
		uv_close((uv_handle_t *)&tcp->sweep, NULL);
}

static void
on_connection_closed(uv_handle_t *handle)
{
	struct connection *connection = handle->data;

	buf_free(&connection->in);
	buf_free(&connection->out);
	free(connection);
}

static void
set_count(struct tcp *tcp, unsigned count)
{
	tcp->count = count;
	statistic_set(tcp->counters, STATISTIC_DNS_TCP_OPEN, count);
}

static void
close_connection(struct connection *connection)
{
	if (uv_is_closing((uv_handle_t *)&connection->stream))
		return;
	unlink_connection(connection);
	leave_bucket(connection);
	set_count(connection->tcp, connection->tcp->count - 1);
	uv_close((uv_handle_t *)&connection->stream, on_connection_closed);
	finish_stop(connection->tcp);
}

/* Closes it for a reason that is counted. */
static void
end_connection(struct connection *connection, enum statistic reason)
{
	statistic_count(connection->tcp->counters, reason);
	close_connection(connection);
}

/* Answers one message into `out`. 0, or -1: no memory. */
static int
answer_message(struct connection *connection, const uint8_t *message, size_t length)
{
	struct tcp *tcp = connection->tcp;
	struct answer_client client = {.transport = ANSWER_TCP,
	    .address = connection->address,
	    .address_length = connection->address_length,
	    .now = (uint32_t)time(NULL),
	    .keepalive = connection->ended || tcp->stopping
			     ? 0
			     : (uint16_t)(tcp->limits.idle_ms / KEEPALIVE_MS)};
	struct answer_outcome outcome;
	size_t size =
	    answer_query(tcp->source, &client, message, length, tcp->answer + PREFIX, &outcome);

	if (size == 0) {
		statistic_count(tcp->counters, STATISTIC_DNS_DROPPED_NO_QUERY);
		return 0;
	}
	dns_statistic_count(tcp->counters, &client, &outcome);
	tcp->answer[0] = (uint8_t)(size >> 8);
	tcp->answer[1] = (uint8_t)size;
	touch(connection);
	return buf_append(&connection->out, tcp->answer, PREFIX + size);
}

/* Answers whole messages until there is enough to send. 0 or -1. */
static int
answer_messages(struct connection *connection)
{
	struct buf *in = &connection->in;
	struct table_reader *names = connection->tcp->source->names;
	size_t offset = 0, length;
	int failed = 0;

	table_enter(names);
	while (!failed && connection->out.length < TCP_OUT_HIGH && in->length - offset >= PREFIX) {
		length = (size_t)(in->data[offset] << 8 | in->data[offset + 1]);
		if (in->length - offset - PREFIX < length)
			break;
		failed = answer_message(connection, in->data + offset + PREFIX, length) < 0;
		offset += PREFIX + length;
	}
	table_leave(names);
	buf_consume(in, offset);
	return failed ? -1 : 0;
}

static void
on_written(uv_write_t *write, int status)
{
	struct connection *connection = write->data;

	connection->writing = 0;
	buf_clear(&connection->out);
	if (status < 0) {
		close_connection(connection);
		return;
	}
	if (uv_is_closing((uv_handle_t *)&connection->stream))
		return;
	touch(connection);
	pump(connection);
}

/* Sends what the kernel takes at once; the rest follows when the client has read. 0 or -1. */
static int
send_answers(struct connection *connection)
{
	uv_stream_t *stream = (uv_stream_t *)&connection->stream;
	uv_buf_t bytes =
	    uv_buf_init((char *)connection->out.data, (unsigned)connection->out.length);
	int sent = uv_try_write(stream, &bytes, 1);

	if (sent < 0 && sent != UV_EAGAIN)
		return -1;
	if (sent > 0)
		buf_consume(&connection->out, (size_t)sent);
	if (connection->out.length == 0)
		return 0;
	bytes = uv_buf_init((char *)connection->out.data, (unsigned)connection->out.length);
	connection->write.data = connection;
	connection->writing = 1;
	return uv_write(&connection->write, stream, &bytes, 1, on_written) < 0 ? -1 : 0;
}

static void
on_allocate(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
	struct connection *connection = handle->data;

	(void)suggested;
	*buffer = uv_buf_init(connection->tcp->input, TCP_READ);
}

static void
on_read(uv_stream_t *stream, ssize_t length, const uv_buf_t *buffer)
{
	struct connection *connection = stream->data;

	if (length == UV_EOF) {
		/* The client may have closed its side only, and wait for its answers. */
		connection->ended = 1;
	} else if (length < 0 || buf_append(&connection->in, buffer->base, (size_t)length) < 0) {
		close_connection(connection);
		return;
	}
	pump(connection);
}

/* Answers, sends and reads on, as far as each is possible now. */
static void
pump(struct connection *connection)
{
	uv_stream_t *stream = (uv_stream_t *)&connection->stream;

	while (!connection->writing) {
		if (answer_messages(connection) < 0)
			goto fail;
		if (connection->out.length == 0)
			break;
		if (send_answers(connection) < 0)
			goto fail;
	}
	if (connection->writing) {
		(void)uv_read_stop(stream);
		return;
	}
	if (connection->ended)
		goto fail;
	/* Between messages an idle connection keeps no memory. */
	if (connection->in.length == 0) {
		buf_free(&connection->in);
		buf_free(&connection->out);
	}
	if (!uv_is_active((uv_handle_t *)stream) && uv_read_start(stream, on_allocate, on_read) < 0)
		goto fail;
	return;
fail:
	close_connection(connection);
}

/* The connection that does least: idle for longest, if need be one whose client does not read. */
static struct connection *
least_useful(const struct tcp *tcp)
{
	for (struct connection *one = tcp->oldest; one != NULL; one = one->newer) {
		if (!one->writing)
			return one;
	}
	return tcp->oldest;
}

/* The same among those of one address; NULL while it has fewer than it may. */
static struct connection *
surplus_of(struct tcp *tcp, const struct client_address *peer)
{
	struct connection *least = NULL, *one = *bucket_of(tcp, peer);
	unsigned count = 0;

	for (; one != NULL; one = one->neighbour) {
		if (memcmp(&one->peer, peer, sizeof(*peer)) != 0)
			continue;
		count++;
		if (least == NULL || one->writing < least->writing ||
		    (one->writing == least->writing && one->turn < least->turn))
			least = one;
	}
	return count >= tcp->limits.connections_per_address ? least : NULL;
}

/* Whose the connection is. An address that the kernel does not tell counts as one. */
static void
learn_peer(struct connection *connection)
{
	struct sockaddr_storage address = {.ss_family = AF_UNSPEC};
	struct sockaddr *any = (struct sockaddr *)&address;
	struct client_address client;
	int length = sizeof(address);

	if (uv_tcp_getpeername(&connection->stream, any, &length) < 0)
		return;
	client = client_address_from_socket(any);
	connection->peer = client_address_site(&client);
	if (any->sa_family == AF_INET) {
		connection->address_length = 4;
		memcpy(connection->address, client.bytes + 12, 4);
	} else if (any->sa_family == AF_INET6) {
		connection->address_length = 16;
		memcpy(connection->address, client.bytes, 16);
	}
}

/* Lets the connection in, at a bound in place of another one. */
static void
admit(struct connection *connection)
{
	struct tcp *tcp = connection->tcp;
	struct connection *surplus = surplus_of(tcp, &connection->peer);

	if (surplus == NULL && tcp->count >= tcp->limits.connections)
		surplus = least_useful(tcp);
	if (surplus != NULL)
		end_connection(surplus, STATISTIC_DNS_TCP_CLOSED_BOUND);
	append_connection(connection);
	enter_bucket(connection);
	statistic_count(tcp->counters, STATISTIC_DNS_TCP_OPENED);
	set_count(tcp, tcp->count + 1);
}

static void
on_connection(void *context, int fd)
{
	struct tcp *tcp = context;
	struct connection *connection = calloc(1, sizeof(*connection));

	if (connection == NULL)
		fatal("no memory for a TCP connection");
	if (uv_tcp_init(tcp->loop, &connection->stream) < 0) {
		free(connection);
		close(fd);
		return;
	}
	connection->tcp = tcp;
	connection->stream.data = connection;
	buf_init(&connection->in, TCP_READ + PREFIX + DNS_MAX_MESSAGE);
	buf_init(&connection->out, TCP_OUT_HIGH + PREFIX + ANSWER_MAX_TCP);
	connection->opened = uv_now(tcp->loop);
	connection->active = connection->opened;
	if (uv_tcp_open(&connection->stream, fd) < 0) {
		close(fd);
		uv_close((uv_handle_t *)&connection->stream, on_connection_closed);
		return;
	}
	learn_peer(connection);
	admit(connection);
	/* Answers are whole: nothing is gained by waiting for more. */
	pump(connection);
}

static void
on_sweep(uv_timer_t *timer)
{
	struct tcp *tcp = timer->data;
	struct connection *connection = tcp->oldest, *newer;
	uint64_t now = uv_now(tcp->loop);

	for (; connection != NULL; connection = newer) {
		newer = connection->newer;
		if (now - connection->active >= tcp->limits.idle_ms)
			end_connection(connection, STATISTIC_DNS_TCP_CLOSED_IDLE);
		else if (now - connection->opened >= tcp->limits.lifetime_ms)
			end_connection(connection, STATISTIC_DNS_TCP_CLOSED_LIFETIME);
	}
}

struct tcp *
tcp_new(uv_loop_t *loop, const struct answer_source *source, struct statistic_counters *counters,
    const struct tcp_limits *limits, const uint8_t key[SIPHASH_KEY])
{
	struct tcp *tcp = calloc(1, sizeof(*tcp));

	if (tcp == NULL)
		return NULL;
	tcp->limits = *limits;
	memcpy(tcp->key, key, sizeof(tcp->key));
	for (tcp->bucket_count = 1; tcp->bucket_count < limits->connections;)
		tcp->bucket_count *= 2;
	tcp->buckets = calloc(tcp->bucket_count, sizeof(struct connection *));
	if (tcp->buckets == NULL || uv_timer_init(loop, &tcp->sweep) < 0) {
		tcp_free(tcp);
		return NULL;
	}
	tcp->loop = loop;
	tcp->source = source;
	tcp->counters = counters;
	tcp->sweep.data = tcp;
	(void)uv_timer_start(&tcp->sweep, on_sweep, TCP_SWEEP_MS, TCP_SWEEP_MS);
	return tcp;
}

void
tcp_change_limits(struct tcp *tcp, const struct tcp_limits *limits)
{
	tcp->limits = *limits;
}

static int
on_shortage(void *context)
{
	struct connection *surplus = least_useful(context);

	if (surplus == NULL)
		return 0;
	end_connection(surplus, STATISTIC_DNS_TCP_CLOSED_BOUND);
	return 1;
}

int
tcp_listen(struct tcp *tcp, int fd)
{
	const struct acceptor_config config = {.context = tcp,
	    .what = "connections for DNS",
	    .accepted = on_connection,
	    .make_room = on_shortage};
	struct listener *listener = calloc(1, sizeof(*listener));

	if (listener == NULL) {
		log_error("no memory for a TCP listener");
		return -1;
	}
	listener->acceptor = acceptor_start(tcp->loop, fd, TCP_BACKLOG, &config);
	if (listener->acceptor == NULL) {
		log_error("cannot listen for TCP: %s", strerror(errno));
		free(listener);
		return -1;
	}
	listener->next = tcp->listeners;
	tcp->listeners = listener;
	return 0;
}

/* Who has not taken its answers by now does not get them. */
static void
on_stop_over(uv_timer_t *timer)
{
	struct tcp *tcp = timer->data;

	while (tcp->oldest != NULL)
		close_connection(tcp->oldest);
}

void
tcp_stop(struct tcp *tcp)
{
	struct connection *connection, *newer;
	struct listener *listener, *next;

	if (tcp == NULL)
		return;
	for (listener = tcp->listeners; listener != NULL; listener = next) {
		next = listener->next;
		acceptor_close(listener->acceptor);
		free(listener);
	}
	tcp->listeners = NULL;
	tcp->stopping = 1;
	(void)uv_timer_start(&tcp->sweep, on_stop_over, TCP_STOP_MS, 0);
	for (connection = tcp->oldest; connection != NULL; connection = newer) {
		newer = connection->newer;
		connection->ended = 1;
		if (!connection->writing)
			close_connection(connection);
	}
	finish_stop(tcp);
}

void
tcp_free(struct tcp *tcp)
{
	if (tcp == NULL)
		return;
	free(tcp->buckets);
	free(tcp);
}
