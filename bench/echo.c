/*
 * The least that a UDP server can do for a query: send it back with QR set. One thread, and the same
 * system calls in the same batches as dnsd's, so that what dnsd costs above it is DNS.
 *
 *   echo ADDRESS PORT
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <uv.h>

enum {
	/* As in dnsd/udp.h. */
	ECHO_BATCH = 32,
	ECHO_TURNS = 8,
	ECHO_MAX_QUERY = 4096,
	ECHO_HEADER = 12, /* shorter ones are no queries */
	ECHO_FLAGS = 2,	  /* where QR is, in its highest bit */
	ECHO_QR = 0x80
};

struct echo {
	uv_poll_t poll;
	int fd;
	struct mmsghdr received[ECHO_BATCH];
	struct mmsghdr sent[ECHO_BATCH];
	struct iovec received_parts[ECHO_BATCH];
	struct iovec sent_parts[ECHO_BATCH];
	struct sockaddr_storage peers[ECHO_BATCH];
	uint8_t queries[ECHO_BATCH][ECHO_MAX_QUERY];
};

static void __attribute__((noreturn))
give_up(const char *what)
{
	(void)fprintf(stderr, "echo: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* 1 if there may be more. */
static int
echo_batch(struct echo *echo)
{
	int received = recvmmsg(echo->fd, echo->received, ECHO_BATCH, MSG_DONTWAIT, NULL), sent;
	unsigned count = 0;

	for (int i = 0; i < received; i++) {
		if (echo->received[i].msg_len < ECHO_HEADER ||
		    (echo->queries[i][ECHO_FLAGS] & ECHO_QR) != 0)
			continue;
		echo->queries[i][ECHO_FLAGS] |= ECHO_QR;
		echo->sent_parts[count] =
		    (struct iovec){echo->queries[i], echo->received[i].msg_len};
		echo->sent[count].msg_hdr.msg_name = &echo->peers[i];
		echo->sent[count].msg_hdr.msg_namelen = echo->received[i].msg_hdr.msg_namelen;
		count++;
	}
	for (unsigned done = 0; done < count;) {
		sent = sendmmsg(echo->fd, echo->sent + done, count - done, 0);
		if (sent > 0)
			done += (unsigned)sent;
		else if (errno == EAGAIN || errno == ENOBUFS)
			break;
		else if (errno != EINTR)
			done++;
	}
	for (int i = 0; i < received; i++)
		echo->received[i].msg_hdr.msg_namelen = sizeof(echo->peers[i]);
	return received == ECHO_BATCH;
}

static void
on_readable(uv_poll_t *poll, int status, int events)
{
	(void)status;
	(void)events;
	for (unsigned turn = 0; turn < ECHO_TURNS && echo_batch(poll->data); turn++)
		;
}

static int
bind_socket(const char *address, const char *port)
{
	struct sockaddr_in socket_address = {.sin_family = AF_INET};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	socket_address.sin_port = htons((uint16_t)strtoul(port, NULL, 10));
	if (inet_pton(AF_INET, address, &socket_address.sin_addr) != 1)
		errno = EINVAL;
	else if (fd >= 0 &&
		 bind(fd, (struct sockaddr *)&socket_address, sizeof(socket_address)) == 0)
		return fd;
	give_up(address);
}

int
main(int argc, char **argv)
{
	static struct echo echo;
	static uv_loop_t loop;

	if (argc != 3) {
		(void)fprintf(stderr, "usage: echo ADDRESS PORT\n");
		return 2;
	}
	echo.fd = bind_socket(argv[1], argv[2]);
	for (unsigned i = 0; i < ECHO_BATCH; i++) {
		echo.received_parts[i] = (struct iovec){echo.queries[i], ECHO_MAX_QUERY};
		echo.received[i].msg_hdr.msg_iov = &echo.received_parts[i];
		echo.received[i].msg_hdr.msg_iovlen = 1;
		echo.received[i].msg_hdr.msg_name = &echo.peers[i];
		echo.received[i].msg_hdr.msg_namelen = sizeof(echo.peers[i]);
		echo.sent[i].msg_hdr.msg_iov = &echo.sent_parts[i];
		echo.sent[i].msg_hdr.msg_iovlen = 1;
	}
	if (uv_loop_init(&loop) < 0 || uv_poll_init(&loop, &echo.poll, echo.fd) < 0)
		give_up("cannot make a loop");
	echo.poll.data = &echo;
	if (uv_poll_start(&echo.poll, UV_READABLE, on_readable) < 0)
		give_up("cannot watch the socket");
	return uv_run(&loop, UV_RUN_DEFAULT);
}
