#include "dns_client.h"

#include "pack.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
	PREFIX = 2, /* bytes of a message's length over TCP */
	QUESTION_MAX = 512,
	CLASS_IN = 1,
	TYPE_OPT = 41,
	OPTION_NSID = 3,  /* RFC 5001, 2.3 */
	EMPTY_OPTION = 4, /* bytes: its code, and the length 0 */
	COUNTS = 6,	  /* bytes of a message's head behind the number of questions */
	FLAG_QR = 0x8000,
	FLAG_TC = 0x0200,
	FLAG_RD = 0x0100,
	FLAG_CD = 0x0010,
	MS = 1000
};

static uint64_t
now(void)
{
	struct timespec time;

	(void)clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * MS + (uint64_t)time.tv_nsec / (MS * MS);
}

void
dns_client_allow(struct dns_client *client, unsigned milliseconds)
{
	client->end = now() + milliseconds;
}

/* Waits for an event until `end`. 0, or -1 with errno. */
static int
wait_for(int fd, short event, uint64_t end)
{
	struct pollfd descriptor = {.fd = fd, .events = event};

	for (;;) {
		uint64_t at = now();
		int ready = poll(&descriptor, 1, at < end ? (int)(end - at) : 0);

		if (ready > 0)
			return 0;
		if (ready == 0) {
			errno = ETIMEDOUT;
			return -1;
		}
		if (errno != EINTR)
			return -1;
	}
}

/* What a failed call means. */
static enum dns_outcome
explain(int error)
{
	switch (error) {
	case ECONNREFUSED:
	case ECONNRESET:
		return DNS_OUTCOME_CLOSED;
	case ETIMEDOUT:
	case EAGAIN:
		return DNS_OUTCOME_SILENT;
	default:
		return DNS_OUTCOME_UNREACHABLE;
	}
}

/* A socket that is connected, or about to be. -1 with errno. */
static int
dial(const struct address *server, int type, uint64_t end)
{
	int fd = socket(server->socket.any.sa_family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	socklen_t size = sizeof(int);
	int error = 0;

	if (fd < 0)
		return -1;
	if (connect(fd, &server->socket.any, server->length) == 0)
		return fd;
	if (errno == EINPROGRESS && wait_for(fd, POLLOUT, end) == 0 &&
	    getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0) {
		if (error == 0)
			return fd;
		errno = error;
	}
	error = errno;
	close(fd);
	errno = error;
	return -1;
}

/* One question, and room for what comes back. */
struct exchange {
	const struct address *server;
	const struct name *name;
	uint16_t type;
	unsigned flags;
	unsigned char *wire; /* DNS_CLIENT_WIRE bytes */
	size_t length;
};

/* Writes the question behind its length. The length of both. */
static size_t
write_question(unsigned char wire[QUESTION_MAX], uint16_t id, const struct exchange *exchange)
{
	unsigned flags = exchange->flags;
	struct writer writer;
	size_t length;

	writer_init(&writer, wire, QUESTION_MAX);
	writer_u16(&writer, 0);
	writer_u16(&writer, id);
	writer_u16(
	    &writer, (uint16_t)(((flags & DNS_CLIENT_RECURSION) != 0 ? FLAG_RD : 0) |
				((flags & DNS_CLIENT_CHECKING_DISABLED) != 0 ? FLAG_CD : 0)));
	writer_u16(&writer, 1);
	writer_u16(&writer, 0);
	writer_u16(&writer, 0);
	writer_u16(&writer, 1);
	writer_bytes(&writer, exchange->name->wire, exchange->name->length);
	writer_u16(&writer, exchange->type);
	writer_u16(&writer, CLASS_IN);
	/* EDNS (RFC 6891, 6.1.2): the root, OPT, the size, no flags, the length of options. */
	writer_u8(&writer, 0);
	writer_u16(&writer, TYPE_OPT);
	writer_u16(&writer, DNS_CLIENT_SIZE);
	writer_u32(&writer, 0);
	writer_u16(&writer, (flags & DNS_CLIENT_IDENTITY) != 0 ? EMPTY_OPTION : 0);
	if ((flags & DNS_CLIENT_IDENTITY) != 0) {
		writer_u16(&writer, OPTION_NSID);
		writer_u16(&writer, 0);
	}
	length = writer.length;
	writer_init(&writer, wire, PREFIX);
	writer_u16(&writer, (uint16_t)(length - PREFIX));
	return length;
}

/* 1 if a message is a response to this very question. No more of it is looked at. */
static int
is_response(const struct exchange *exchange, uint16_t id, size_t length)
{
	struct reader reader;
	uint16_t its_id, its_flags, questions, type, class;
	struct name name = {.length = exchange->name->length};
	struct slice wire;

	reader_init(&reader, exchange->wire, length);
	its_id = reader_u16(&reader);
	its_flags = reader_u16(&reader);
	questions = reader_u16(&reader);
	(void)reader_bytes(&reader, COUNTS);
	wire = reader_bytes(&reader, name.length);
	type = reader_u16(&reader);
	class = reader_u16(&reader);
	if (reader.failed || its_id != id || (its_flags & FLAG_QR) == 0 || questions != 1 ||
	    type != exchange->type || class != CLASS_IN)
		return 0;
	memcpy(name.wire, wire.data, wire.length);
	return name_equal(&name, exchange->name);
}

/* Reads datagrams until one is the response. */
static enum dns_outcome
receive_datagram(struct exchange *exchange, int fd, uint64_t end, uint16_t id)
{
	enum dns_outcome result = DNS_OUTCOME_SILENT;

	while (wait_for(fd, POLLIN, end) == 0) {
		ssize_t length = recv(fd, exchange->wire, DNS_CLIENT_WIRE, 0);

		if (length < 0 && errno != EAGAIN && errno != EINTR)
			return explain(errno);
		if (length < 0)
			continue;
		exchange->length = (size_t)length;
		if (is_response(exchange, id, exchange->length))
			return DNS_OUTCOME_ANSWERED;
		/* Perhaps somebody guesses: the true answer may still come. */
		result = DNS_OUTCOME_MALFORMED;
	}
	return result;
}

static enum dns_outcome
ask_over_udp(const struct dns_client *client, struct exchange *exchange)
{
	enum dns_outcome result = DNS_OUTCOME_SILENT;
	int fd = dial(exchange->server, SOCK_DGRAM, client->end);

	if (fd < 0)
		return explain(errno);
	for (unsigned tries = 0; tries < DNS_CLIENT_TRIES && now() < client->end; tries++) {
		unsigned char question[QUESTION_MAX];
		uint64_t end = now() + DNS_CLIENT_TRY_MS;
		uint16_t id = 0;
		size_t length;

		if (getrandom(&id, sizeof(id), 0) != sizeof(id))
			break;
		length = write_question(question, id, exchange);
		if (send(fd, question + PREFIX, length - PREFIX, MSG_NOSIGNAL) < 0) {
			result = explain(errno);
			break;
		}
		result = receive_datagram(exchange, fd, end < client->end ? end : client->end, id);
		if (result != DNS_OUTCOME_SILENT)
			break;
	}
	close(fd);
	return result;
}

/* Sends or receives all of it until `end`. 0, or -1 with errno. */
static int
send_all(int fd, const unsigned char *bytes, size_t length, uint64_t end)
{
	while (length > 0) {
		ssize_t done;

		if (wait_for(fd, POLLOUT, end) != 0)
			return -1;
		done = send(fd, bytes, length, MSG_NOSIGNAL);
		if (done < 0 && errno != EAGAIN && errno != EINTR)
			return -1;
		if (done > 0) {
			bytes += done;
			length -= (size_t)done;
		}
	}
	return 0;
}

static int
receive_all(int fd, unsigned char *bytes, size_t length, uint64_t end)
{
	while (length > 0) {
		ssize_t done;

		if (wait_for(fd, POLLIN, end) != 0)
			return -1;
		done = recv(fd, bytes, length, 0);
		if (done == 0)
			errno = ECONNRESET;
		if (done == 0 || (done < 0 && errno != EAGAIN && errno != EINTR))
			return -1;
		if (done > 0) {
			bytes += done;
			length -= (size_t)done;
		}
	}
	return 0;
}

static enum dns_outcome
ask_over_tcp(const struct dns_client *client, struct exchange *exchange)
{
	unsigned char question[QUESTION_MAX], prefix[PREFIX];
	uint64_t end = now() + DNS_CLIENT_TCP_MS;
	enum dns_outcome result;
	uint16_t id = 0;
	size_t length;
	int fd;

	if (end > client->end)
		end = client->end;
	fd = dial(exchange->server, SOCK_STREAM, end);
	if (fd < 0)
		return explain(errno);
	if (getrandom(&id, sizeof(id), 0) != sizeof(id))
		id = (uint16_t)end;
	length = write_question(question, id, exchange);
	if (send_all(fd, question, length, end) != 0 ||
	    receive_all(fd, prefix, sizeof(prefix), end) != 0 ||
	    receive_all(fd, exchange->wire, (size_t)(prefix[0] << 8 | prefix[1]), end) != 0) {
		result = explain(errno);
	} else {
		exchange->length = (size_t)(prefix[0] << 8 | prefix[1]);
		result = is_response(exchange, id, exchange->length) ? DNS_OUTCOME_ANSWERED
								     : DNS_OUTCOME_MALFORMED;
	}
	close(fd);
	return result;
}

enum dns_outcome
dns_client_exchange(const struct dns_client *client, const struct address *server,
    const struct name *name, uint16_t type, unsigned flags, unsigned char wire[DNS_CLIENT_WIRE],
    size_t *length)
{
	struct exchange exchange = {
	    .server = server, .name = name, .type = type, .flags = flags, .wire = wire};
	enum dns_outcome result;

	if (now() >= client->end)
		return DNS_OUTCOME_SPENT;
	result = (flags & DNS_CLIENT_TCP) != 0 ? ask_over_tcp(client, &exchange)
					       : ask_over_udp(client, &exchange);
	if (result == DNS_OUTCOME_ANSWERED &&
	    (flags & (DNS_CLIENT_TCP | DNS_CLIENT_RETRY)) == DNS_CLIENT_RETRY &&
	    (wire[2] << 8 & FLAG_TC) != 0)
		result = ask_over_tcp(client, &exchange);
	*length = exchange.length;
	return result;
}

enum dns_outcome
dns_client_ask(const struct dns_client *client, const struct address *server,
    const struct name *name, uint16_t type, unsigned flags, struct dns_answer *answer)
{
	unsigned char wire[DNS_CLIENT_WIRE];
	size_t length;
	enum dns_outcome result =
	    dns_client_exchange(client, server, name, type, flags, wire, &length);

	if (result == DNS_OUTCOME_ANSWERED && dns_answer_read(answer, wire, length) != 0)
		return DNS_OUTCOME_MALFORMED;
	return result;
}
