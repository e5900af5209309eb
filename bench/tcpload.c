/*
 * DNS over TCP as load: as many queries as the server answers, from one thread.
 *
 *   tcpload single    ADDRESS PORT FILE SECONDS CONNECTIONS
 *   tcpload pipelined ADDRESS PORT FILE SECONDS CONNECTIONS WINDOW
 *
 * "single" opens a connection for each query; "pipelined" keeps WINDOW queries under way on each
 * connection. The client's addresses are many, also so that its ports do not run out.
 *
 * Prints one line of JSON; "lost" counts connections that ended before their first answer.
 */
#include "questions.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	MAX_CONNECTIONS = 512,
	MAX_WINDOW = 128,
	IN_BYTES = 128 * 1024,
	OUT_BYTES = 2 * MAX_WINDOW * (QUESTIONS_PREFIX + QUESTIONS_MAX),
	EVENTS = 64,
	WAIT_MS = 100
};

struct connection {
	int fd;
	uint8_t in[IN_BYTES], out[OUT_BYTES];
	size_t in_length, out_begin, out_length;
	unsigned answered; /* over this connection */
};

struct load {
	int pipelined;
	struct sockaddr_in server;
	struct questions questions;
	struct answers answers;
	unsigned window;
	int epoll;
	unsigned source;
	struct connection *connections;
	unsigned long failed;
};

/*
 * Puts the next query of the file behind what the connection has yet to send. There is always room,
 * but for a server that sends more answers than it was asked for.
 */
static void
add_query(struct load *load, struct connection *connection)
{
	size_t size;
	const uint8_t *query = questions_next(&load->questions, &size);

	if (size > sizeof(connection->out) - connection->out_length)
		return;
	memcpy(connection->out + connection->out_length, query, size);
	connection->out_length += size;
}

static void
watch(struct load *load, struct connection *connection, int operation, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.ptr = connection};

	if (epoll_ctl(load->epoll, operation, connection->fd, &event) != 0)
		questions_fail("cannot watch a connection");
}

/* 0, or -1: the connection is broken. */
static int
flush_out(struct connection *connection)
{
	ssize_t sent;

	while (connection->out_begin < connection->out_length) {
		sent = send(connection->fd, connection->out + connection->out_begin,
		    connection->out_length - connection->out_begin, MSG_NOSIGNAL);
		if (sent < 0)
			return errno == EAGAIN || errno == ENOTCONN || errno == EINTR ? 0 : -1;
		connection->out_begin += (size_t)sent;
	}
	connection->out_begin = connection->out_length = 0;
	return 0;
}

static void
open_connection(struct load *load, struct connection *connection)
{
	struct sockaddr_in source = {.sin_family = AF_INET};
	int on = 1;

	source.sin_addr.s_addr = questions_source(load->source++);
	connection->in_length = connection->out_begin = connection->out_length = 0;
	connection->answered = 0;
	connection->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (connection->fd < 0 ||
	    setsockopt(connection->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on)) != 0 ||
	    setsockopt(connection->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) != 0 ||
	    bind(connection->fd, (struct sockaddr *)&source, sizeof(source)) != 0)
		questions_fail("cannot make a connection");
	if (connect(connection->fd, (struct sockaddr *)&load->server, sizeof(load->server)) != 0 &&
	    errno != EINPROGRESS)
		questions_fail("cannot connect");
	for (unsigned i = 0; i < load->window; i++)
		add_query(load, connection);
	/* Over loopback it is connected already; if not, EPOLLOUT says when. */
	if (flush_out(connection) != 0)
		questions_fail("cannot send");
	watch(load, connection, EPOLL_CTL_ADD,
	    EPOLLIN | (connection->out_length > 0 ? (uint32_t)EPOLLOUT : 0));
}

static void
reopen(struct load *load, struct connection *connection)
{
	close(connection->fd);
	open_connection(load, connection);
}

/* Counts the complete answers that have come in. */
static unsigned
take_answers(struct load *load, struct connection *connection)
{
	size_t place = 0, size;
	unsigned count = 0;

	while (connection->in_length - place >= QUESTIONS_PREFIX + QUESTIONS_HEADER) {
		size = QUESTIONS_PREFIX +
		       ((size_t)connection->in[place] << 8 | connection->in[place + 1]);
		if (size > connection->in_length - place)
			break;
		answers_count(&load->answers, connection->in + place + QUESTIONS_PREFIX);
		count++;
		place += size;
	}
	connection->in_length -= place;
	memmove(connection->in, connection->in + place, connection->in_length);
	connection->answered += count;
	return count;
}

/* Reads, and has as many queries go out as answers came in. 0, or -1: to be opened again. */
static int
receive(struct load *load, struct connection *connection)
{
	ssize_t got = recv(connection->fd, connection->in + connection->in_length,
	    sizeof(connection->in) - connection->in_length, 0);
	unsigned count;

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (got <= 0) {
		/* A server may limit the queries of one connection; one without any has failed. */
		if (connection->answered == 0)
			load->failed++;
		return -1;
	}
	connection->in_length += (size_t)got;
	count = take_answers(load, connection);
	if (!load->pipelined)
		return count > 0 ? -1 : 0;
	if (connection->out_begin > 0) {
		connection->out_length -= connection->out_begin;
		memmove(connection->out, connection->out + connection->out_begin,
		    connection->out_length);
		connection->out_begin = 0;
	}
	for (unsigned i = 0; i < count; i++)
		add_query(load, connection);
	return 0;
}

static void
serve(struct load *load, struct connection *connection, uint32_t events)
{
	int waited = connection->out_length > 0, broken = 0;

	if ((events & ~(uint32_t)EPOLLOUT) != 0)
		broken = receive(load, connection) != 0;
	if (!broken && flush_out(connection) != 0) {
		load->failed++;
		broken = 1;
	}
	if (broken)
		reopen(load, connection);
	else if (waited != (connection->out_length > 0))
		watch(load, connection, EPOLL_CTL_MOD,
		    EPOLLIN | (connection->out_length > 0 ? (uint32_t)EPOLLOUT : 0));
}

static void
run(struct load *load, unsigned connections, double seconds)
{
	struct epoll_event events[EVENTS];
	double begin = questions_clock(), end = begin + seconds;
	int ready;

	for (unsigned i = 0; i < connections; i++)
		open_connection(load, &load->connections[i]);
	while (questions_clock() < end) {
		ready = epoll_wait(load->epoll, events, EVENTS, WAIT_MS);
		for (int i = 0; i < ready; i++)
			serve(load, events[i].data.ptr, events[i].events);
	}
	answers_print(&load->answers, questions_clock() - begin, load->failed);
}

int
main(int argc, char **argv)
{
	static struct load load;
	unsigned connections;

	load.pipelined = argc == 8 && strcmp(argv[1], "pipelined") == 0;
	if (!load.pipelined && !(argc == 7 && strcmp(argv[1], "single") == 0)) {
		(void)fprintf(stderr, "usage: tcpload single|pipelined ADDRESS PORT FILE SECONDS "
				      "CONNECTIONS [WINDOW]\n");
		return 2;
	}
	load.server.sin_family = AF_INET;
	load.server.sin_port = htons((uint16_t)questions_number(argv[3], UINT16_MAX));
	errno = EINVAL;
	if (inet_pton(AF_INET, argv[2], &load.server.sin_addr) != 1)
		questions_fail(argv[2]);
	questions_read(&load.questions, argv[4]);
	connections = questions_number(argv[6], MAX_CONNECTIONS);
	load.window = load.pipelined ? questions_number(argv[7], MAX_WINDOW) : 1;
	load.connections = calloc(connections, sizeof(struct connection));
	load.epoll = epoll_create1(EPOLL_CLOEXEC);
	if (load.connections == NULL || load.epoll < 0)
		questions_fail("cannot begin");
	run(&load, connections, questions_number(argv[5], 3600));
	return 0;
}
