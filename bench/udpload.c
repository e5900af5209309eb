/*
 * DNS over UDP as load: keeps WINDOW queries under way from one thread, which never sleeps, so that the
 * server is saturated and does not pay for waking its client. Queries go out and answers come in by
 * batches, and from many client addresses.
 *
 *   udpload ADDRESS PORT FILE SECONDS WINDOW
 *
 * Prints one line of JSON. What is not answered when nothing has come in for STALL counts as lost.
 */
#include "questions.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

enum { BATCH = 32, ANSWER_BYTES = 4096, MAX_WINDOW = 4096, RECEIVE_BUFFER = 4 * 1024 * 1024 };

static const double stall = 0.1; /* seconds */

union control {
	struct cmsghdr align;
	uint8_t bytes[CMSG_SPACE(sizeof(struct in_pktinfo))];
};

struct load {
	int fd;
	struct sockaddr_in server;
	struct questions questions;
	struct answers answers;
	unsigned window, under_way, source;
	unsigned long lost;
	union control controls[QUESTIONS_SOURCES];
	struct mmsghdr sent[BATCH], received[BATCH];
	struct iovec sent_parts[BATCH], received_parts[BATCH];
	uint8_t bytes[BATCH][ANSWER_BYTES];
};

/* One control message for each address to send from. */
static void
prepare_controls(struct load *load)
{
	struct in_pktinfo information = {0};
	struct cmsghdr *part;

	for (unsigned i = 0; i < QUESTIONS_SOURCES; i++) {
		part = &load->controls[i].align;
		part->cmsg_level = IPPROTO_IP;
		part->cmsg_type = IP_PKTINFO;
		part->cmsg_len = CMSG_LEN(sizeof(information));
		information.ipi_spec_dst.s_addr = questions_source(i);
		memcpy(CMSG_DATA(part), &information, sizeof(information));
	}
}

static void
prepare(struct load *load)
{
	struct sockaddr_in any = {.sin_family = AF_INET};
	int bytes = RECEIVE_BUFFER;

	prepare_controls(load);
	for (unsigned i = 0; i < BATCH; i++) {
		load->sent[i].msg_hdr.msg_name = &load->server;
		load->sent[i].msg_hdr.msg_namelen = sizeof(load->server);
		load->sent[i].msg_hdr.msg_iov = &load->sent_parts[i];
		load->sent[i].msg_hdr.msg_iovlen = 1;
		load->sent[i].msg_hdr.msg_controllen = sizeof(union control);
		load->received_parts[i] = (struct iovec){load->bytes[i], ANSWER_BYTES};
		load->received[i].msg_hdr.msg_iov = &load->received_parts[i];
		load->received[i].msg_hdr.msg_iovlen = 1;
	}
	load->fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (load->fd < 0 || bind(load->fd, (struct sockaddr *)&any, sizeof(any)) != 0 ||
	    setsockopt(load->fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes)) != 0)
		questions_fail("cannot make a socket");
}

static void
send_some(struct load *load)
{
	unsigned count = load->window - load->under_way;
	const uint8_t *query;
	size_t size;
	int sent;

	if (count > BATCH)
		count = BATCH;
	for (unsigned i = 0; i < count; i++) {
		query = questions_next(&load->questions, &size);
		/* sendmmsg() only reads it; its type cannot say so. */
		load->sent_parts[i].iov_len = size - QUESTIONS_PREFIX;
		query += QUESTIONS_PREFIX;
		memcpy(&load->sent_parts[i].iov_base, &query, sizeof(query));
		load->sent[i].msg_hdr.msg_control =
		    load->controls[load->source++ % QUESTIONS_SOURCES].bytes;
	}
	sent = sendmmsg(load->fd, load->sent, count, 0);
	if (sent > 0)
		load->under_way += (unsigned)sent;
	else if (errno != EAGAIN && errno != EINTR && errno != ENOBUFS)
		questions_fail("cannot send");
}

/* How many answers came in. */
static int
receive_some(struct load *load)
{
	int received = recvmmsg(load->fd, load->received, BATCH, MSG_DONTWAIT, NULL);

	for (int i = 0; i < received; i++) {
		if (load->received[i].msg_len < QUESTIONS_HEADER)
			continue;
		answers_count(&load->answers, load->bytes[i]);
		if (load->under_way > 0)
			load->under_way--;
	}
	return received;
}

static void
run(struct load *load, double seconds)
{
	double begin = questions_clock(), now = begin, heard = begin;

	while (now < begin + seconds) {
		if (load->under_way < load->window)
			send_some(load);
		now = questions_clock();
		if (receive_some(load) > 0) {
			heard = now;
		} else if (now > heard + stall) {
			load->lost += load->under_way;
			load->under_way = 0;
			heard = now;
		}
	}
	answers_print(&load->answers, now - begin, load->lost);
}

int
main(int argc, char **argv)
{
	static struct load load;

	if (argc != 6) {
		(void)fprintf(stderr, "usage: udpload ADDRESS PORT FILE SECONDS WINDOW\n");
		return 2;
	}
	load.server.sin_family = AF_INET;
	load.server.sin_port = htons((uint16_t)questions_number(argv[2], UINT16_MAX));
	errno = EINVAL;
	if (inet_pton(AF_INET, argv[1], &load.server.sin_addr) != 1)
		questions_fail(argv[1]);
	questions_read(&load.questions, argv[3]);
	load.window = questions_number(argv[5], MAX_WINDOW);
	prepare(&load);
	run(&load, questions_number(argv[4], 3600));
	return 0;
}
