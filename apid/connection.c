#include "connection.h"

#include "http_statistic.h"
#include "log.h"
#include "proxy_header.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { NS_IN_MICROSECOND = 1000 };

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
	tls_free(connection->tls);
	free(connection);
}

static void
forget_ahead(struct buf *ahead)
{
	if (ahead->data != NULL)
		explicit_bzero(ahead->data, ahead->length);
	buf_free(ahead);
}

/*
 * Sends TLS's last words, an alert or that nothing follows, if they find room: nothing waits for them. While
 * an answer is under way libuv lets nothing pass it.
 */
static void
say_goodbye(struct connection *connection)
{
	struct buf words;
	uv_buf_t bytes;

	if (connection->tls == NULL)
		return;
	tls_close(connection->tls);
	buf_init(&words, TLS_MAX_SEALED);
	if (tls_output(connection->tls, &words) == 0 && words.length > 0) {
		bytes = uv_buf_init((char *)words.data, (unsigned)words.length);
		(void)uv_try_write(&connection->socket.stream, &bytes, 1);
	}
	buf_free(&words);
}

/* A handshake that was begun and comes to nothing. */
static void
count_failure(const struct connection *connection)
{
	if (connection->phase == CONNECTION_GREETING && connection->tls_begun)
		statistic_count(connection->host->counters, STATISTIC_TLS_FAILED);
}

static void
close_now(struct connection *connection)
{
	if (connection->phase == CONNECTION_CLOSING)
		return;
	count_failure(connection);
	connection->phase = CONNECTION_CLOSING;
	say_goodbye(connection);
	connection->host->closed(connection->host->context, connection);
	request_reset(&connection->request);
	forget_ahead(&connection->ahead);
	buf_free(&connection->header);
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

	if (connection->phase == CONNECTION_READING && connection->request.phase != REQUEST_IDLE &&
	    !connection->flight) {
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

/* For the next request, or for the last one. */
static void
await_request(struct connection *connection)
{
	if (!connection->last)
		limit_time(connection, CONNECTION_IDLE_MS);
	else
		limit_time(connection, connection->used ? CONNECTION_COME_MS : CONNECTION_FIRST_MS);
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
	count_failure(connection);
	connection->phase = CONNECTION_LINGERING;
	say_goodbye(connection);
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
	connection->used = 1;
	await_request(connection);
}

static void
on_written(uv_write_t *write, int status)
{
	struct connection *connection = write->data;

	if (connection->phase == CONNECTION_CLOSING)
		return;
	if (status != 0) {
		close_now(connection);
		return;
	}
	if (connection->flight) {
		connection->flight = 0;
		forget_answer(connection);
	} else {
		go_on(connection);
	}
	pump(connection);
}

/*
 * Sends what is in `answer`: at once as a rule, in the background to a slow reader. 1: the kernel has all
 * of it; 0: on_written() comes, or the connection is closed.
 */
static int
transmit(struct connection *connection)
{
	struct buf *answer = &connection->answer;
	uv_buf_t rest = uv_buf_init((char *)answer->data, (unsigned)answer->length);
	int sent = uv_try_write(&connection->socket.stream, &rest, 1);

	if (sent >= 0 && (size_t)sent == answer->length)
		return 1;
	if (sent > 0) {
		rest.base += sent;
		rest.len -= (size_t)sent;
	}
	connection->write.data = connection;
	if ((sent < 0 && sent != UV_EAGAIN) ||
	    uv_write(&connection->write, &connection->socket.stream, &rest, 1, on_written) != 0)
		close_now(connection);
	return 0;
}

static void
send_answer(struct connection *connection)
{
	connection->phase = CONNECTION_WRITING;
	if (transmit(connection))
		go_on(connection);
	else if (connection->phase == CONNECTION_WRITING)
		limit_time(connection, CONNECTION_WRITE_MS);
}

/* Exchanges the answer for its sealed form, behind what TLS itself has to say. */
static int
seal(struct connection *connection)
{
	int failed;

	if (connection->tls == NULL)
		return 0;
	failed =
	    tls_write(connection->tls, connection->answer.data, connection->answer.length) != 0;
	forget_answer(connection);
	return failed ? -1 : tls_output(connection->tls, &connection->answer);
}

/* Sends what TLS itself has to say, between answers. 1 if nothing of it is left. */
static int
flush(struct connection *connection)
{
	if (connection->tls == NULL)
		return 1;
	if (connection->flight)
		return 0;
	if (tls_output(connection->tls, &connection->answer) != 0) {
		close_now(connection);
		return 0;
	}
	if (connection->answer.length == 0)
		return 1;
	connection->flight = 1;
	if (!transmit(connection))
		return 0;
	connection->flight = 0;
	forget_answer(connection);
	return 1;
}

void
connection_answer(struct connection *connection, const struct response *response)
{
	struct response_framing *framing = &connection->framing;

	if (connection->phase == CONNECTION_CLOSING)
		return;
	/* Where it had to wait for store it is gone already. */
	if (connection->request.phase != REQUEST_IDLE)
		request_reset(&connection->request);
	framing->now = time(NULL);
	framing->hsts = connection->tls != NULL ? connection->hsts : 0;
	if (connection->last)
		framing->keep_alive = 0;
	if (response_write(response, framing, &connection->answer) != 0 || seal(connection) != 0) {
		close_now(connection);
		return;
	}
	http_statistic_count(connection->host->counters, connection->route, response);
	if (connection->begun != 0)
		http_statistic_time(connection->host->counters, connection->route,
		    (uv_hrtime() - connection->begun) / NS_IN_MICROSECOND);
	connection->begun = 0;
	send_answer(connection);
	pump(connection);
}

static void
send_continue(struct connection *connection)
{
	static char text[] = "HTTP/1.1 100 Continue\r\n\r\n";
	uv_buf_t bytes = uv_buf_init(text, sizeof(text) - 1);

	if (connection->tls != NULL) {
		/* It leaves with the next flush. */
		if (tls_write(connection->tls, text, sizeof(text) - 1) != 0)
			close_now(connection);
		return;
	}
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
	connection->begun = uv_hrtime();
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

static void
end_greeting(struct connection *connection)
{
	if (connection->tls != NULL)
		statistic_count(connection->host->counters,
		    tls_is_resumed(connection->tls) ? STATISTIC_TLS_RESUMED : STATISTIC_TLS_FULL);
	connection->phase = CONNECTION_READING;
	await_request(connection);
}

/* TLS cannot go on: the client gets the alert, unless an answer that it waits for is lost with it. */
static void
end_tls(struct connection *connection)
{
	if (connection->phase == CONNECTION_GREETING || connection->phase == CONNECTION_READING)
		linger(connection);
	else
		close_now(connection);
}

/* Opens what came and feeds it. */
static void
consume_sealed(struct connection *connection, const char *bytes, size_t length)
{
	static char plain[TLS_MAX_PLAIN];
	enum tls_result result = TLS_PLAIN;
	size_t opened;

	connection->tls_begun = 1;
	if (tls_receive(connection->tls, bytes, length) != 0) {
		close_now(connection);
		return;
	}
	while (result == TLS_PLAIN && connection->phase < CONNECTION_LINGERING) {
		result = tls_read(connection->tls, plain, sizeof(plain), &opened);
		if (connection->phase == CONNECTION_GREETING && tls_is_established(connection->tls))
			end_greeting(connection);
		if (result != TLS_PLAIN)
			break;
		consume(connection, plain, opened);
		explicit_bzero(plain, opened);
	}
	connection->ended = result == TLS_ENDED;
	if (result == TLS_FAILED && connection->phase < CONNECTION_LINGERING)
		end_tls(connection);
}

/* A request line where a handshake belongs; no TLS record begins with a letter. */
static int
is_plain_http(const struct connection *connection, const char *bytes)
{
	return connection->phase == CONNECTION_GREETING && !connection->tls_begun &&
	       bytes[0] >= 'A' && bytes[0] <= 'Z';
}

static void
refuse_plain(struct connection *connection)
{
	tls_free(connection->tls);
	connection->tls = NULL;
	connection->phase = CONNECTION_READING;
	answer_error(connection, RESPONSE_ERROR_HTTPS_REQUIRED);
}

/* Waits for the client's next bytes, or first until TLS's own talk is sent: so that piles up nowhere. */
static void
rest(struct connection *connection)
{
	if (flush(connection))
		read_on(connection);
	else if (connection->phase != CONNECTION_CLOSING)
		uv_read_stop(&connection->socket.stream);
}

static int
is_answering(const struct connection *connection)
{
	return connection->phase == CONNECTION_SERVING || connection->phase == CONNECTION_WRITING;
}

/*
 * 1 if reading may go on while a request is being answered, until something comes. Few clients send anything then, and
 * to stop and start costs two system calls. TLS may have to answer what it reads, which would be in the answer's way.
 */
static int
may_look_ahead(const struct connection *connection)
{
	return connection->tls == NULL && connection->ahead.length == 0 && !connection->ended;
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

		buf_init(&connection->ahead, CONNECTION_AHEAD);
		consume(connection, (const char *)ahead.data, ahead.length);
		forget_ahead(&ahead);
	}
	connection->pumping = 0;
	if (connection->phase == CONNECTION_READING && connection->ended)
		close_now(connection);
	else if (connection->phase == CONNECTION_GREETING ||
		 connection->phase == CONNECTION_READING)
		rest(connection);
	else if (is_answering(connection) && !may_look_ahead(connection))
		uv_read_stop(&connection->socket.stream);
}

static void
take(struct connection *connection, const char *bytes, size_t length)
{
	if (connection->tls == NULL)
		consume(connection, bytes, length);
	else if (is_plain_http(connection, bytes))
		refuse_plain(connection);
	else
		consume_sealed(connection, bytes, length);
}

/*
 * 1 if whoever is connected may say that. Who is behind a header without a claim counts as the connection; so it must have
 * an address to be limited by, or be the proxy itself.
 */
static int
may_say(const struct connection *connection, const struct proxy_header *header)
{
	if (header->claims)
		return forwarded_trusts(connection->proxies, &connection->peer);
	return header->local || !client_address_is_unknown(&connection->peer);
}

/* Gathers the PROXY header; what is behind it is the client's. */
static void
take_header(struct connection *connection, const char *bytes, size_t length)
{
	struct buf gathered;
	struct proxy_header header;
	enum proxy_header_result result = PROXY_HEADER_MALFORMED;

	if (buf_append(&connection->header, bytes, length) == 0)
		result =
		    proxy_header_read(&header, connection->header.data, connection->header.length);
	if (result == PROXY_HEADER_MORE)
		return;
	if (result == PROXY_HEADER_MALFORMED || !may_say(connection, &header)) {
		close_now(connection);
		return;
	}
	if (header.claims)
		connection->peer = connection->client = header.client;
	connection->proxies = NULL;
	if (connection->tls == NULL)
		end_greeting(connection);
	gathered = connection->header;
	buf_init(&connection->header, 0);
	if (gathered.length > header.length && connection->phase < CONNECTION_LINGERING)
		take(connection, (const char *)gathered.data + header.length,
		    gathered.length - header.length);
	explicit_bzero(gathered.data, gathered.length);
	buf_free(&gathered);
}

static void
on_read(uv_stream_t *stream, ssize_t length, const uv_buf_t *buffer)
{
	struct connection *connection = stream->data;

	if (length == 0) /* nothing there after all */
		return;
	/* Whoever has only ended his side (RFC 9112, 9.6) still reads the answer. */
	if (length == UV_EOF && is_answering(connection)) {
		connection->ended = 1;
		return;
	}
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
	if (connection->proxies != NULL)
		take_header(connection, buffer->base, (size_t)length);
	else
		take(connection, buffer->base, (size_t)length);
	connection->pumping = 0;
	explicit_bzero(buffer->base, (size_t)length);
	pump(connection);
}

/* Makes handles. */
static struct connection *
make(uv_loop_t *loop, int is_local, const struct connection_host *host,
    const struct connection_terms *terms)
{
	struct connection *connection = calloc(1, sizeof(*connection));

	if (connection == NULL)
		fatal("no memory for a connection");
	if (is_local)
		uv_pipe_init(loop, &connection->socket.pipe, 0);
	else
		uv_tcp_init(loop, &connection->socket.tcp);
	uv_timer_init(loop, &connection->timer);
	connection->open_handles = 2;
	connection->socket.handle.data = connection->timer.data = connection;
	connection->host = host;
	request_init(&connection->request);
	buf_init(&connection->ahead, CONNECTION_AHEAD);
	buf_init(&connection->answer, terms->tls != NULL ? TLS_MAX_SEALED : RESPONSE_MAX);
	buf_init(&connection->header, PROXY_HEADER_MAX + CONNECTION_READ);
	connection->proxies = terms->proxies;
	connection->has_proxy_header = terms->proxies != NULL;
	connection->phase =
	    terms->tls != NULL || terms->proxies != NULL ? CONNECTION_GREETING : CONNECTION_READING;
	connection->hsts = terms->hsts;
	if (terms->tls != NULL)
		connection->tls = tls_new(terms->tls);
	return connection;
}

struct connection *
connection_open(uv_loop_t *loop, int fd, int is_local, const struct connection_host *host,
    const struct connection_terms *terms)
{
	struct connection *connection = make(loop, is_local, host, terms);
	struct sockaddr_storage peer = {0};
	int length = sizeof(peer);

	if ((is_local ? uv_pipe_open(&connection->socket.pipe, fd)
		      : uv_tcp_open(&connection->socket.tcp, fd)) != 0) {
		close(fd);
		goto fail;
	}
	if (!is_local &&
	    uv_tcp_getpeername(&connection->socket.tcp, (struct sockaddr *)&peer, &length) != 0)
		goto fail;
	if (terms->tls != NULL && connection->tls == NULL)
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
	limit_time(connection,
	    connection->phase == CONNECTION_GREETING ? CONNECTION_GREETING_MS : CONNECTION_IDLE_MS);
	read_on(connection);
}

void
connection_close(struct connection *connection)
{
	close_now(connection);
}

void
connection_finish(struct connection *connection)
{
	connection->last = 1;
	if (connection->phase == CONNECTION_GREETING ||
	    (connection->phase == CONNECTION_READING && connection->request.phase == REQUEST_IDLE))
		await_request(connection);
}
