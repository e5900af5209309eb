/*
 * DNS over UDP as load, from one thread and from many client addresses; queries go out and answers come in by
 * batches.
 *
 *   udpload window ADDRESS PORT FILE SECONDS COUNT
 *   udpload rate ADDRESS PORT FILE SECONDS COUNT
 *
 * window: keeps COUNT queries under way and never sleeps, so that the server is saturated and does not pay for waking
 * its client. What is not answered when nothing has come in for STALL counts as lost.
 *
 * rate: COUNT queries a second, whether answered or not, and sleeps between them. When this end was held up it leaves
 * out what it is late with, since a burst would be another load than the one asked for. What is not answered when nothing
 * has come in for PATIENCE after the last query counts as lost.
 *
 * Prints one line of JSON.
 */
#include "questions.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

enum {
	BATCH = 32,
	ANSWER_BYTES = 4096,
	MAX_WINDOW = 4096,
	MAX_RATE = 10 * 1000 * 1000,
	RECEIVE_BUFFER = 16 * 1024 * 1024, /* so that it is not this end that loses an answer */
	NAP_NS = 100 * 1000,
	CATCH_UP = 512 /* queries sent late, all at once, where this end was held up */
};

static const double stall = 0.1, patience = 1.0; /* seconds */

union control {
	struct cmsghdr align;
	uint8_t bytes[CMSG_SPACE(sizeof(struct in_pktinfo))];
};

struct load {
	int fd;
	struct sockaddr_in server;
	struct questions questions;
	struct answers answers;
	unsigned source;
	double heard; /* when an answer came in */
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
	/* Beyond the kernel's bound where we may. */
	if (load->fd < 0 || bind(load->fd, (struct sockaddr *)&any, sizeof(any)) != 0 ||
	    (setsockopt(load->fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)) != 0 &&
		setsockopt(load->fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes)) != 0))
		questions_fail("cannot make a socket");
}

/* Sends a batch of at most `count`. Returns how many went out. */
static unsigned
send_some(struct load *load, unsigned long count)
{
	const uint8_t *query;
	size_t size;
	int sent;

	if (count > BATCH)
		count = BATCH;
	for (unsigned i = 0; i < (unsigned)count; i++) {
		query = questions_next(&load->questions, &size);
		/* sendmmsg() only reads it; its type cannot say so. */
		load->sent_parts[i].iov_len = size - QUESTIONS_PREFIX;
		query += QUESTIONS_PREFIX;
		memcpy(&load->sent_parts[i].iov_base, &query, sizeof(query));
		load->sent[i].msg_hdr.msg_control =
		    load->controls[load->source++ % QUESTIONS_SOURCES].bytes;
	}
	sent = sendmmsg(load->fd, load->sent, (unsigned)count, 0);
	if (sent < 0 && errno != EAGAIN && errno != EINTR && errno != ENOBUFS)
		questions_fail("cannot send");
	return sent < 0 ? 0 : (unsigned)sent;
}

/* Takes a batch of answers that have come in by `now`. Returns how many. */
static unsigned
receive_some(struct load *load, double now)
{
	unsigned answers = 0;
	int received = recvmmsg(load->fd, load->received, BATCH, MSG_DONTWAIT, NULL);

	for (int i = 0; i < received; i++) {
		if (load->received[i].msg_len < QUESTIONS_HEADER)
			continue;
		answers_count(&load->answers, load->bytes[i]);
		answers++;
	}
	if (answers > 0) {
		if (now - load->heard > load->answers.pause)
			load->answers.pause = now - load->heard;
		load->heard = now;
	}
	return answers;
}

static void
run_window(struct load *load, double seconds, unsigned window)
{
	double begin = questions_clock(), now = begin;
	unsigned under_way = 0, received;
	unsigned long lost = 0;

	load->heard = begin;
	while (now < begin + seconds) {
		if (under_way < window)
			under_way += send_some(load, window - under_way);
		now = questions_clock();
		received = receive_some(load, now);
		under_way -= received < under_way ? received : under_way;
		if (received == 0 && now > load->heard + stall) {
			lost += under_way;
			under_way = 0;
			load->heard = now;
		}
	}
	answers_print(&load->answers, now - begin, lost);
}

static void
run_rate(struct load *load, double seconds, unsigned rate)
{
	const struct timespec nap = {.tv_nsec = NAP_NS};
	double begin = questions_clock(), now = begin, end = begin + seconds;
	unsigned long sent = 0, left_out = 0, due;
	unsigned moved;

	load->heard = begin;
	while (now < end || (load->answers.all < sent && now < load->heard + patience)) {
		due = now < end ? (unsigned long)((now - begin) * rate) - left_out : sent;
		if (due > sent + CATCH_UP) {
			left_out += due - sent - CATCH_UP;
			due = sent + CATCH_UP;
		}
		moved = sent < due ? send_some(load, due - sent) : 0;
		sent += moved;
		moved += receive_some(load, now);
		if (moved == 0)
			(void)nanosleep(&nap, NULL);
		now = questions_clock();
	}
	answers_print(&load->answers, seconds, sent - load->answers.all);
}

int
main(int argc, char **argv)
{
	static struct load load;
	int is_rate = argc > 1 && strcmp(argv[1], "rate") == 0;
	unsigned seconds, count;

	if (argc != 7 || (!is_rate && strcmp(argv[1], "window") != 0)) {
		(void)fprintf(
		    stderr, "usage: udpload window|rate ADDRESS PORT FILE SECONDS COUNT\n");
		return 2;
	}
	load.server.sin_family = AF_INET;
	load.server.sin_port = htons((uint16_t)questions_number(argv[3], UINT16_MAX));
	errno = EINVAL;
	if (inet_pton(AF_INET, argv[2], &load.server.sin_addr) != 1)
		questions_fail(argv[2]);
	questions_read(&load.questions, argv[4]);
	seconds = questions_number(argv[5], 3600);
	count = questions_number(argv[6], is_rate ? MAX_RATE : MAX_WINDOW);
	prepare(&load);
	if (is_rate)
		run_rate(&load, seconds, count);
	else
		run_window(&load, seconds, count);
	return 0;
}
