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
	WIRE_MAX = 65535,
	PREFIX = 2, /* bytes of a message's length over TCP */
	QUESTION_MAX = 512,
	CLASS_IN = 1,
	TYPE_OPT = 41,
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

/* Writes the question behind its length. The length of both. */
static size_t
write_question(unsigned char wire[QUESTION_MAX], uint16_t id, const struct name *name,
    uint16_t type, unsigned flags)
{
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
	writer_bytes(&writer, name->wire, name->length);
	writer_u16(&writer, type);
	writer_u16(&writer, CLASS_IN);
	/* EDNS (RFC 6891, 6.1.2): the root, OPT, the size, no flags, no options. */
	writer_u8(&writer, 0);
	writer_u16(&writer, TYPE_OPT);
	writer_u16(&writer, DNS_CLIENT_SIZE);
	writer_u32(&writer, 0);
	writer_u16(&writer, 0);
	length = writer.length;
	writer_init(&writer, wire, PREFIX);
	writer_u16(&writer, (uint16_t)(length - PREFIX));
	return length;
}

/* 1 if the message is an answer to this very question. */
static int
is_answer(const struct dns_answer *answer, uint16_t id, const struct name *name, uint16_t type)
{
	return answer->is_response && answer->id == id && answer->question_type == type &&
	       name_equal(&answer->question, name);
}

/* Reads datagrams until one is the answer. */
static enum dns_outcome
receive_datagram(int fd, uint64_t end, uint16_t id, const struct name *name, uint16_t type,
    struct dns_answer *answer)
{
	enum dns_outcome result = DNS_OUTCOME_SILENT;
	unsigned char wire[WIRE_MAX];

	while (wait_for(fd, POLLIN, end) == 0) {
		ssize_t length = recv(fd, wire, sizeof(wire), 0);

		if (length < 0 && errno != EAGAIN && errno != EINTR)
			return explain(errno);
		if (length < 0)
			continue;
		if (dns_answer_read(answer, wire, (size_t)length) == 0 &&
		    is_answer(answer, id, name, type))
			return DNS_OUTCOME_ANSWERED;
		/* Perhaps somebody guesses: the true answer may still come. */
		result = DNS_OUTCOME_MALFORMED;
	}
	return result;
}

static enum dns_outcome
ask_over_udp(const struct dns_client *client, const struct address *server, const struct name *name,
    uint16_t type, unsigned flags, struct dns_answer *answer)
{
	enum dns_outcome result = DNS_OUTCOME_SILENT;
	int fd = dial(server, SOCK_DGRAM, client->end);

	if (fd < 0)
		return explain(errno);
	for (unsigned tries = 0; tries < DNS_CLIENT_TRIES && now() < client->end; tries++) {
		unsigned char wire[QUESTION_MAX];
		uint64_t end = now() + DNS_CLIENT_TRY_MS;
		uint16_t id = 0;
		size_t length;

		if (getrandom(&id, sizeof(id), 0) != sizeof(id))
			break;
		length = write_question(wire, id, name, type, flags);
		if (send(fd, wire + PREFIX, length - PREFIX, MSG_NOSIGNAL) < 0) {
			result = explain(errno);
			break;
		}
		result = receive_datagram(
		    fd, end < client->end ? end : client->end, id, name, type, answer);
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
ask_over_tcp(const struct dns_client *client, const struct address *server, const struct name *name,
    uint16_t type, unsigned flags, struct dns_answer *answer)
{
	unsigned char question[QUESTION_MAX], wire[WIRE_MAX], prefix[PREFIX];
	uint64_t end = now() + DNS_CLIENT_TCP_MS;
	enum dns_outcome result;
	uint16_t id = 0;
	size_t length;
	int fd;

	if (end > client->end)
		end = client->end;
	fd = dial(server, SOCK_STREAM, end);
	if (fd < 0)
		return explain(errno);
	if (getrandom(&id, sizeof(id), 0) != sizeof(id))
		id = (uint16_t)end;
	length = write_question(question, id, name, type, flags);
	if (send_all(fd, question, length, end) != 0 ||
	    receive_all(fd, prefix, sizeof(prefix), end) != 0 ||
	    receive_all(fd, wire, (size_t)(prefix[0] << 8 | prefix[1]), end) != 0)
		result = explain(errno);
	else if (dns_answer_read(answer, wire, (size_t)(prefix[0] << 8 | prefix[1])) == 0 &&
		 is_answer(answer, id, name, type))
		result = DNS_OUTCOME_ANSWERED;
	else
		result = DNS_OUTCOME_MALFORMED;
	close(fd);
	return result;
}

enum dns_outcome
dns_client_ask(const struct dns_client *client, const struct address *server,
    const struct name *name, uint16_t type, unsigned flags, struct dns_answer *answer)
{
	enum dns_outcome result;

	if (now() >= client->end)
		return DNS_OUTCOME_SPENT;
	if ((flags & DNS_CLIENT_TCP) != 0)
		return ask_over_tcp(client, server, name, type, flags, answer);
	result = ask_over_udp(client, server, name, type, flags, answer);
	if (result == DNS_OUTCOME_ANSWERED && answer->is_truncated &&
	    (flags & DNS_CLIENT_RETRY) != 0)
		return ask_over_tcp(client, server, name, type, flags, answer);
	return result;
}
