/* recvmmsg(2), answers, sendmmsg(2); see udp.h. */
#include "udp.h"

#include "dns_statistic.h"
#include "log.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

union control {
	struct cmsghdr align;
	uint8_t bytes[CMSG_SPACE(sizeof(struct in6_pktinfo))]; /* the larger of the two families' */
};

/* A query that came in and is to be answered. */
struct udp_task {
	unsigned message; /* of those received */
	struct answer_task task;
	struct answer_outcome outcome;
	struct rate_limit_answer counted;
	size_t length; /* of the answer */
};

struct udp {
	uv_poll_t poll;
	int fd;
	int wildcard_control; /* the socket tells which address was asked */
	const struct answer_source *source;
	struct udp_limiter *limiter;
	struct statistic_counters *counters;
	struct mmsghdr received[UDP_BATCH];
	struct mmsghdr sent[UDP_BATCH];
	struct iovec received_parts[UDP_BATCH];
	struct iovec sent_parts[UDP_BATCH];
	struct sockaddr_storage peers[UDP_BATCH];
	union control controls[UDP_BATCH];
	struct udp_task tasks[UDP_BATCH];
	/* Not a page apart each, or else all would want the same lines of the cache. */
	uint8_t queries[UDP_BATCH][UDP_MAX_QUERY + 64];
	uint8_t answers[UDP_BATCH][ANSWER_MAX_UDP + 64];
};

static int
is_wildcard(const struct address *address)
{
	if (address->socket.any.sa_family == AF_INET)
		return address->socket.v4.sin_addr.s_addr == htonl(INADDR_ANY);
	return address->socket.any.sa_family == AF_INET6 &&
	       IN6_IS_ADDR_UNSPECIFIED(&address->socket.v6.sin6_addr);
}

/*
 * As root also beyond the kernel's own bound (net.core.rmem_max, wmem_max). The kernel tells twice
 * of what it was asked for: the other half is for its own records.
 */
static void
set_buffer(int fd, const char *address, const char *name, int option, int forced, uint32_t size)
{
	int wanted = (int)size, got = 0;
	socklen_t length = sizeof(got);

	if (setsockopt(fd, SOL_SOCKET, forced, &wanted, sizeof(wanted)) < 0 &&
	    setsockopt(fd, SOL_SOCKET, option, &wanted, sizeof(wanted)) < 0)
		fatal("%s: cannot set the %s buffer: %s", address, name, strerror(errno));
	if (getsockopt(fd, SOL_SOCKET, option, &got, &length) == 0 && got / 2 < wanted)
		log_warning("%s: the kernel gives a %s buffer of %d bytes, not of %d", address,
		    name, got / 2, wanted);
}

void
udp_prepare(int fd, const struct address *address, uint32_t buffer)
{
	char text[ADDRESS_MAX_TEXT];
	int on = 1, failed;

	address_to_text(address, text);
	if (buffer > 0) {
		set_buffer(fd, text, "receive", SO_RCVBUF, SO_RCVBUFFORCE, buffer);
		set_buffer(fd, text, "send", SO_SNDBUF, SO_SNDBUFFORCE, buffer);
	}
	if (!is_wildcard(address))
		return;
	if (address->socket.any.sa_family == AF_INET)
		failed = setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof(on));
	else
		failed = setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof(on));
	if (failed < 0)
		fatal("%s: cannot learn which address is asked: %s", text, strerror(errno));
}

static int
wants_control(int fd)
{
	int v4 = 0, v6 = 0;
	socklen_t length = sizeof(v4);

	if (getsockopt(fd, IPPROTO_IP, IP_PKTINFO, &v4, &length) < 0)
		v4 = 0;
	length = sizeof(v6);
	if (getsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &v6, &length) < 0)
		v6 = 0;
	return v4 || v6;
}

/* The kernel shortens all of these with every call. */
static void
prepare_received(struct udp *udp, unsigned count)
{
	struct msghdr *header;

	for (unsigned i = 0; i < count; i++) {
		header = &udp->received[i].msg_hdr;
		header->msg_namelen = sizeof(udp->peers[i]);
		header->msg_controllen = udp->wildcard_control ? sizeof(udp->controls[i]) : 0;
		header->msg_flags = 0;
	}
}

/*
 * What came in as "arrived at this address, through this interface" goes out as "send from this
 * address". The interface is left to routing, but for link-local addresses, which mean
 * nothing without it.
 */
static void
turn_control(struct msghdr *header)
{
	struct cmsghdr *part;
	struct in_pktinfo v4;
	struct in6_pktinfo v6;

	for (part = CMSG_FIRSTHDR(header); part != NULL; part = CMSG_NXTHDR(header, part)) {
		if (part->cmsg_level == IPPROTO_IP && part->cmsg_type == IP_PKTINFO) {
			memcpy(&v4, CMSG_DATA(part), sizeof(v4));
			v4.ipi_ifindex = 0;
			memcpy(CMSG_DATA(part), &v4, sizeof(v4));
		} else if (part->cmsg_level == IPPROTO_IPV6 && part->cmsg_type == IPV6_PKTINFO) {
			memcpy(&v6, CMSG_DATA(part), sizeof(v6));
			if (!IN6_IS_ADDR_LINKLOCAL(&v6.ipi6_addr))
				v6.ipi6_ifindex = 0;
			memcpy(CMSG_DATA(part), &v6, sizeof(v6));
		}
	}
}

/* What is left to send of a task's answer; 0: nothing. */
static size_t
limit_answer(struct udp *udp, const struct udp_task *task, uint8_t *answer)
{
	struct udp_limiter *limiter = udp->limiter;
	enum rate_limit_verdict verdict;
	struct network network;
	uint64_t now;

	if (limiter->limit == NULL)
		return task->length;
	now = uv_now(udp->poll.loop);
	verdict = rate_limit_judge(limiter->limit, &task->counted, now);
	if (verdict == RATE_LIMIT_SEND)
		return task->length;
	network = rate_limit_network(&task->counted.client);
	if (rate_notice_due(&limiter->notice, &network, now))
		rate_report_limited(limiter->report, &network, now);
	if (verdict == RATE_LIMIT_SLIP) {
		statistic_count(udp->counters, STATISTIC_DNS_LIMITED_SLIPPED);
		return answer_truncate(answer, task->length, &task->outcome);
	}
	statistic_count(udp->counters, STATISTIC_DNS_LIMITED_DROPPED);
	return 0;
}

static struct answer_client
client_of(const struct sockaddr_storage *peer, uint32_t now)
{
	struct answer_client client = {.transport = ANSWER_UDP, .now = now};

	if (peer->ss_family == AF_INET) {
		client.address = (const uint8_t *)&((const struct sockaddr_in *)peer)->sin_addr;
		client.address_length = sizeof(struct in_addr);
	} else if (peer->ss_family == AF_INET6) {
		client.address = (const uint8_t *)&((const struct sockaddr_in6 *)peer)->sin6_addr;
		client.address_length = sizeof(struct in6_addr);
	}
	return client;
}

/* Takes the queries out of what was received. Returns how many there are. */
static unsigned
read_batch(struct udp *udp, unsigned received)
{
	struct udp_task *task = udp->tasks;

	for (unsigned i = 0; i < received; i++) {
		task->message = i;
		if (answer_read(
			&task->task, udp->source, udp->queries[i], udp->received[i].msg_len) == 0)
			task++;
	}
	return (unsigned)(task - udp->tasks);
}

static void
write_answer(struct udp *udp, struct udp_task *task, uint8_t *answer, uint32_t now)
{
	const struct sockaddr_storage *peer = &udp->peers[task->message];
	struct answer_client client = client_of(peer, now);
	struct client_address address;

	task->length = answer_write(&task->task, udp->source, &client, answer, &task->outcome);
	dns_statistic_count(udp->counters, &client, &task->outcome);
	if (udp->limiter->limit == NULL)
		return;
	address = client_address_from_socket((const struct sockaddr *)peer);
	task->counted = rate_limit_prepare(udp->limiter->limit, &address, &task->outcome);
}

/* Fills in the message to send for a task, if there is one. Returns their number. */
static unsigned
address_answer(struct udp *udp, const struct udp_task *task, uint8_t *answer, unsigned place)
{
	struct msghdr *in = &udp->received[task->message].msg_hdr;
	struct msghdr *out = &udp->sent[place].msg_hdr;
	size_t length = limit_answer(udp, task, answer);

	if (length == 0)
		return 0;
	udp->sent_parts[place] = (struct iovec){answer, length};
	out->msg_name = in->msg_name;
	out->msg_namelen = in->msg_namelen;
	out->msg_control = NULL;
	out->msg_controllen = 0;
	if (in->msg_controllen > 0) {
		turn_control(in);
		out->msg_control = in->msg_control;
		out->msg_controllen = in->msg_controllen;
	}
	return 1;
}

/*
 * In steps over the whole batch instead of query by query: each asks for the memory that the next one
 * reads. Returns how many answers there are to send.
 */
static unsigned
answer_queries(struct udp *udp, unsigned received)
{
	uint32_t now = (uint32_t)time(NULL);
	unsigned tasks, answers = 0;

	table_enter(udp->source->names);
	tasks = read_batch(udp, received);
	statistic_add(udp->counters, STATISTIC_DNS_DROPPED_NO_QUERY, received - tasks);
	for (unsigned i = 0; i < tasks; i++)
		answer_fetch(&udp->tasks[i].task, udp->source);
	for (unsigned i = 0; i < tasks; i++)
		write_answer(udp, &udp->tasks[i], udp->answers[i], now);
	table_leave(udp->source->names);
	for (unsigned i = 0; i < tasks; i++)
		answers += address_answer(udp, &udp->tasks[i], udp->answers[i], answers);
	return answers;
}

static void
send_batch(struct udp *udp, unsigned count)
{
	unsigned done = 0;
	int sent;

	while (done < count) {
		sent = sendmmsg(udp->fd, udp->sent + done, count - done, 0);
		if (sent > 0) {
			done += (unsigned)sent;
		} else if (errno == EAGAIN || errno == ENOBUFS) {
			/* No room for the rest: the resolvers ask again. */
			statistic_add(udp->counters, STATISTIC_DNS_DROPPED_UNSENT, count - done);
			return;
		} else if (errno != EINTR) {
			/* This one cannot be sent (no route, port 0): the others can. */
			statistic_count(udp->counters, STATISTIC_DNS_DROPPED_UNSENT);
			done++;
		}
	}
}

/* 1 if there may be more. */
static int
answer_batch(struct udp *udp)
{
	int received = recvmmsg(udp->fd, udp->received, UDP_BATCH, MSG_DONTWAIT, NULL);
	unsigned count;

	if (received <= 0)
		return 0;
	count = (unsigned)received;
	send_batch(udp, answer_queries(udp, count));
	prepare_received(udp, count);
	return count == UDP_BATCH;
}

static void
on_readable(uv_poll_t *poll, int status, int events)
{
	struct udp *udp = poll->data;
	int error = 0;
	socklen_t length = sizeof(error);

	(void)events;
	if (status < 0) {
		/*
		 * The poll is stopped by an error on the socket; taking the error off lets it go
		 * on.
		 */
		(void)getsockopt(udp->fd, SOL_SOCKET, SO_ERROR, &error, &length);
		(void)udp_serve(udp);
		return;
	}
	for (unsigned turn = 0; turn < UDP_TURNS && answer_batch(udp); turn++)
		;
}

struct udp *
udp_new(uv_loop_t *loop, int fd, const struct answer_source *source, struct udp_limiter *limiter,
    struct statistic_counters *counters)
{
	struct udp *udp = calloc(1, sizeof(*udp));

	if (udp == NULL || uv_poll_init(loop, &udp->poll, fd) < 0) {
		free(udp);
		return NULL;
	}
	udp->poll.data = udp;
	udp->fd = fd;
	udp->source = source;
	udp->limiter = limiter;
	udp->counters = counters;
	udp->wildcard_control = wants_control(fd);
	for (unsigned i = 0; i < UDP_BATCH; i++) {
		udp->received_parts[i] = (struct iovec){udp->queries[i], UDP_MAX_QUERY};
		udp->received[i].msg_hdr.msg_iov = &udp->received_parts[i];
		udp->received[i].msg_hdr.msg_iovlen = 1;
		udp->received[i].msg_hdr.msg_name = &udp->peers[i];
		udp->received[i].msg_hdr.msg_control = &udp->controls[i];
		udp->sent[i].msg_hdr.msg_iov = &udp->sent_parts[i];
		udp->sent[i].msg_hdr.msg_iovlen = 1;
	}
	prepare_received(udp, UDP_BATCH);
	return udp;
}

int
udp_serve(struct udp *udp)
{
	return uv_poll_start(&udp->poll, UV_READABLE, on_readable) < 0 ? -1 : 0;
}

static void
on_closed(uv_handle_t *handle)
{
	free(handle->data);
}

void
udp_stop(struct udp *udp)
{
	if (udp == NULL)
		return;
	if (uv_is_active((uv_handle_t *)&udp->poll)) {
		for (unsigned turn = 0; turn < UDP_TURNS && answer_batch(udp); turn++)
			;
	}
	(void)uv_poll_stop(&udp->poll);
	close(udp->fd);
	uv_close((uv_handle_t *)&udp->poll, on_closed);
}
