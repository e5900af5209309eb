#include "connection.h"

#include "http_statistic.h"
#include "log.h"

#include <stdlib.h>
#include <string.h>

/* It may hold a new account's key. */
static void
forget_answer(struct connection *connection)
{
	if (connection->answer.data != NULL)
		explicit_bzero(connection->answer.data, connection->answer.length);
	buf_free(&connection->answer);
}

static void
free_connection(uv_handle_t *handle)
{
	struct connection *connection = handle->data;

	if (--connection->open_handles > 0)
		return;
	forget_answer(connection);
	free(connection);
}

static void
forget_ahead(struct buf *ahead)
{
	if (ahead->data != NULL)
		explicit_bzero(ahead->data, ahead->length);
	buf_free(ahead);
}

static void
close_now(struct connection *connection)
{
	if (connection->phase == CONNECTION_CLOSING)
		return;
	connection->phase = CONNECTION_CLOSING;
	connection->host->closed(connection->host->context, connection);
	request_reset(&connection->request);
	forget_ahead(&connection->ahead);
	uv_close(&connection->socket.handle, free_connection);
	uv_close((uv_handle_t *)&connection->timer, free_connection);
}

static void on_read(uv_stream_t *stream, ssize_t length, const uv_buf_t *buffer);
static void on_written(uv_write_t *write, int status);
static void pump(struct connection *connection);

/* One buffer for all: a read is worked off before the next begins. */
static void
give_buffer(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
	static char bytes[CONNECTION_READ];

	(void)handle;
	(void)suggested;
	*buffer = uv_buf_init(bytes, sizeof(bytes));
}

static void
read_on(struct connection *connection)
{
	int status = uv_read_start(&connection->socket.stream, give_buffer, on_read);

	if (status != 0 && status != UV_EALREADY)
		close_now(connection);
}

static void
answer_error(struct connection *connection, enum response_error error)
{
	struct response response;

	response_init(&response, 0);
	response_set_error(&response, error);
	connection->last = 1;
	connection_answer(connection, &response);
	response_free(&response);
}

static void
on_deadline(uv_timer_t *timer)
{
	struct connection *connection = timer->data;

	if (connection->phase == CONNECTION_READING && connection->request.phase != REQUEST_IDLE) {
		connection->framing = (struct response_framing){0};
		answer_error(connection, RESPONSE_ERROR_TIMEOUT);
	} else {
		close_now(connection);
	}
}

static void
limit_time(struct connection *connection, uint64_t milliseconds)
{
	uv_timer_start(&connection->timer, on_deadline, milliseconds, 0);
}

static void
on_shutdown(uv_shutdown_t *shutdown, int status)
{
	struct connection *connection = shutdown->data;

	if (status != 0)
		close_now(connection);
}

static void
linger(struct connection *connection)
{
	connection->phase = CONNECTION_LINGERING;
	connection->shutdown.data = connection;
	limit_time(connection, CONNECTION_LINGER_MS);
	if (uv_shutdown(&connection->shutdown, &connection->socket.stream, on_shutdown) != 0)
		close_now(connection);
	else
		read_on(connection);
}

/* The answer is with the kernel: on to the next request, or to the end. */
static void
go_on(struct connection *connection)
{
	forget_answer(connection);
	if (!connection->framing.keep_alive || connection->last) {
		linger(connection);
		return;
	}
	connection->phase = CONNECTION_READING;
	connection->timed = REQUEST_IDLE;
	connection->route = ROUTE_NONE;
	limit_time(connection, CONNECTION_IDLE_MS);
}

static void
on_written(uv_write_t *write, int status)
{
	struct connection *connection = write->data;

	if (connection->phase != CONNECTION_WRITING)
		return;
	if (status != 0) {
		close_now(connection);
		return;
	}
	go_on(connection);
	pump(connection);
}

/* Sends the answer: at once as a rule, in the background to a slow reader. */
static void
send_answer(struct connection *connection)
{
	struct buf *answer = &connection->answer;
	uv_buf_t rest = uv_buf_init((char *)answer->data, (unsigned)answer->length);
	int sent = uv_try_write(&connection->socket.stream, &rest, 1);

	connection->phase = CONNECTION_WRITING;
	if (sent >= 0 && (size_t)sent == answer->length) {
		go_on(connection);
		return;
	}
	if (sent > 0) {
		rest.base += sent;
		rest.len -= (size_t)sent;
	}
	limit_time(connection, CONNECTION_WRITE_MS);
	connection->write.data = connection;
	if ((sent < 0 && sent != UV_EAGAIN) ||
	    uv_write(&connection->write, &connection->socket.stream, &rest, 1, on_written) != 0)
		close_now(connection);
}

void
connection_answer(struct connection *connection, const struct response *response)
{
	struct response_framing *framing = &connection->framing;

	if (connection->phase == CONNECTION_CLOSING)
		return;
	request_reset(&connection->request);
	framing->now = time(NULL);
	if (connection->last)
		framing->keep_alive = 0;
	if (response_write(response, framing, &connection->answer) != 0) {
		close_now(connection);
		return;
	}
	http_statistic_count(connection->host->counters, connection->route, response);
	send_answer(connection);
	pump(connection);
}

static void
send_continue(struct connection *connection)
{
	static char text[] = "HTTP/1.1 100 Continue\r\n\r\n";
	uv_buf_t bytes = uv_buf_init(text, sizeof(text) - 1);

	/* Nothing else is under way, so that there is room for 25 bytes, or nobody to read them. */
	if (uv_try_write(&connection->socket.stream, &bytes, 1) != (int)bytes.len)
		close_now(connection);
}

static void
take_framing(struct connection *connection)
{
	const struct request *request = &connection->request;

	connection->framing = (struct response_framing){
	    .http_1_0 = request->http_1_0,
	    .keep_alive = request->keep_alive,
	    .head_only = request->method == REQUEST_METHOD_HEAD,
	};
}

/* The head is here: the client either learns that the body is not worth it, or may send it. */
static void
judge_head(struct connection *connection)
{
	const struct connection_host *host = connection->host;
	struct response response;

	if (!request_awaits_continue(&connection->request))
		return;
	response_init(&response, 0);
	if (host->judge(host->context, &connection->request, &response) == 0) {
		send_continue(connection);
	} else {
		take_framing(connection);
		connection->last = 1;
		connection_answer(connection, &response);
	}
	response_free(&response);
}

static void
serve(struct connection *connection)
{
	const struct connection_host *host = connection->host;

	take_framing(connection);
	connection->phase = CONNECTION_SERVING;
	uv_timer_stop(&connection->timer);
	host->serve(host->context, connection, &connection->request);
	/* Nothing secret waits with the client for its answer. */
	if (connection->phase == CONNECTION_SERVING)
		request_reset(&connection->request);
}

/* Acts on what the bytes just fed have made of the request. */
static void
react(struct connection *connection)
{
	enum request_phase phase = connection->request.phase;
	int changed = phase != connection->timed;

	connection->timed = phase;
	if (phase == REQUEST_COMPLETE) {
		serve(connection);
	} else if (phase == REQUEST_FAILED) {
		connection->framing = (struct response_framing){0};
		answer_error(connection, connection->request.error);
	} else if (phase == REQUEST_HEAD && changed) {
		limit_time(connection, CONNECTION_HEAD_MS);
	} else if (phase == REQUEST_BODY && changed) {
		limit_time(connection, CONNECTION_BODY_MS);
		judge_head(connection);
	}
}

/* Feeds bytes until they are used up or a request must be answered first; keeps what is left. */
static void
consume(struct connection *connection, const char *bytes, size_t length)
{
	while (length > 0 && connection->phase == CONNECTION_READING) {
		size_t used;

		request_feed(&connection->request, bytes, length, &used);
		bytes += used;
		length -= used;
		react(connection);
	}
	if (length == 0 || connection->phase == CONNECTION_LINGERING ||
	    connection->phase == CONNECTION_CLOSING)
		return;
	if (buf_append(&connection->ahead, bytes, length) != 0)
		close_now(connection);
}

/* Works off what came ahead of its time, then reads or rests, as the phase wants it. */
static void
pump(struct connection *connection)
{
	if (connection->pumping)
		return;
	connection->pumping = 1;
	while (connection->phase == CONNECTION_READING && connection->ahead.length > 0) {
		struct buf ahead = connection->ahead;

		buf_init(&connection->ahead, CONNECTION_READ);
		consume(connection, (const char *)ahead.data, ahead.length);
		forget_ahead(&ahead);
	}
	connection->pumping = 0;
	if (connection->phase == CONNECTION_READING)
		read_on(connection);
	else if (connection->phase == CONNECTION_SERVING || connection->phase == CONNECTION_WRITING)
		uv_read_stop(&connection->socket.stream);
}

static void
on_read(uv_stream_t *stream, ssize_t length, const uv_buf_t *buffer)
{
	struct connection *connection = stream->data;

	if (length == 0) /* nothing there after all */
		return;
	if (length < 0) {
		close_now(connection);
		return;
	}
	if (connection->phase == CONNECTION_LINGERING) {
		connection->drained += (size_t)length;
		if (connection->drained > CONNECTION_LINGER_BYTES)
			close_now(connection);
		return;
	}
	connection->pumping = 1;
	consume(connection, buffer->base, (size_t)length);
	connection->pumping = 0;
	explicit_bzero(buffer->base, (size_t)length);
	pump(connection);
}

/* Makes handles of the listener's kind. */
static struct connection *
make(uv_stream_t *listener, const struct connection_host *host)
{
	struct connection *connection = calloc(1, sizeof(*connection));

	if (connection == NULL)
		fatal("no memory for a connection");
	if (listener->type == UV_TCP)
		uv_tcp_init(listener->loop, &connection->socket.tcp);
	else
		uv_pipe_init(listener->loop, &connection->socket.pipe, 0);
	uv_timer_init(listener->loop, &connection->timer);
	connection->open_handles = 2;
	connection->socket.handle.data = connection->timer.data = connection;
	connection->host = host;
	request_init(&connection->request);
	buf_init(&connection->ahead, CONNECTION_READ);
	buf_init(&connection->answer, RESPONSE_MAX);
	return connection;
}

struct connection *
connection_accept(uv_stream_t *listener, const struct connection_host *host)
{
	struct connection *connection = make(listener, host);
	struct sockaddr_storage peer = {0};
	int length = sizeof(peer);

	if (uv_accept(listener, &connection->socket.stream) != 0)
		goto fail;
	if (listener->type == UV_TCP &&
	    uv_tcp_getpeername(&connection->socket.tcp, (struct sockaddr *)&peer, &length) != 0)
		goto fail;
	connection->peer = client_address_from_socket((struct sockaddr *)&peer);
	connection->client = connection->peer;
	return connection;
fail:
	connection->phase = CONNECTION_CLOSING;
	uv_close(&connection->socket.handle, free_connection);
	uv_close((uv_handle_t *)&connection->timer, free_connection);
	return NULL;
}

void
connection_start(struct connection *connection)
{
	limit_time(connection, CONNECTION_IDLE_MS);
	read_on(connection);
}

void
connection_turn_away(struct connection *connection, enum response_error error)
{
	answer_error(connection, error);
}

void
connection_finish(struct connection *connection)
{
	connection->last = 1;
	if (connection->phase == CONNECTION_READING && connection->request.phase == REQUEST_IDLE)
		close_now(connection);
}
