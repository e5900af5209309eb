#include "transport.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static enum transport_result
result_of(int error)
{
	switch (error) {
	case EAGAIN:
	case EINTR:
		return TRANSPORT_AGAIN;
	case ECONNRESET:
	case EPIPE:
	case ENOTCONN:
		return TRANSPORT_CLOSED;
	default:
		return TRANSPORT_FAILED;
	}
}

/* Keeps as many descriptors as it may, closes any other, counts them all. */
static unsigned
take_fds(struct msghdr *header, int fds[MESSAGE_MAX_FDS])
{
	unsigned count = 0;

	for (struct cmsghdr *part = CMSG_FIRSTHDR(header); part != NULL;
	    part = CMSG_NXTHDR(header, part)) {
		size_t came;

		if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS)
			continue;
		came = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < came; i++) {
			int one;

			memcpy(&one, CMSG_DATA(part) + i * sizeof(int), sizeof(int));
			if (count < MESSAGE_MAX_FDS)
				fds[count] = one;
			else
				close(one);
			count++;
		}
	}
	return count;
}

enum transport_result
transport_receive(
    int socket, unsigned char *buffer, struct message_received *received, int fds[MESSAGE_MAX_FDS])
{
	union {
		struct cmsghdr align;
		unsigned char bytes[CMSG_SPACE(MESSAGE_MAX_FDS * sizeof(int))];
	} control;
	struct iovec part = {.iov_base = buffer, .iov_len = MESSAGE_MAX + 1};
	struct msghdr header = {.msg_iov = &part,
	    .msg_iovlen = 1,
	    .msg_control = control.bytes,
	    .msg_controllen = sizeof(control.bytes)};
	ssize_t length;

	for (unsigned i = 0; i < MESSAGE_MAX_FDS; i++)
		fds[i] = -1;
	length = recvmsg(socket, &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	if (length < 0)
		return result_of(errno);
	*received = (struct message_received){.data = buffer, .length = (size_t)length};
	received->fds = take_fds(&header, fds);
	received->truncated = (header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0;
	/* An empty message looks like the end, and is as welcome. */
	if (length == 0 && received->fds == 0 && !received->truncated)
		return TRANSPORT_CLOSED;
	return TRANSPORT_DONE;
}

void
transport_close_fds(int fds[MESSAGE_MAX_FDS])
{
	for (unsigned i = 0; i < MESSAGE_MAX_FDS; i++) {
		if (fds[i] >= 0)
			close(fds[i]);
		fds[i] = -1;
	}
}

enum transport_result
transport_send(
    int socket, const unsigned char *message, size_t length, const int *fds, unsigned count)
{
	union {
		struct cmsghdr align;
		unsigned char bytes[CMSG_SPACE(MESSAGE_MAX_FDS * sizeof(int))];
	} control;
	struct iovec part = {.iov_len = length};
	struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1};

	/* sendmsg(2) only reads what iov_base points to; its type cannot say so. */
	memcpy(&part.iov_base, &message, sizeof(message));
	if (count > 0) {
		memset(&control, 0, sizeof(control));
		header.msg_control = control.bytes;
		header.msg_controllen = CMSG_SPACE(count * sizeof(int));
		control.align.cmsg_level = SOL_SOCKET;
		control.align.cmsg_type = SCM_RIGHTS;
		control.align.cmsg_len = CMSG_LEN(count * sizeof(int));
		memcpy(CMSG_DATA(&control.align), fds, count * sizeof(int));
	}
	if (sendmsg(socket, &header, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		return result_of(errno);
	return TRANSPORT_DONE;
}

void
transport_refuse_fds(int socket)
{
	int off = 0;

	/* An older kernel does not know the option: then the senders' own filters have to do. */
	(void)setsockopt(socket, SOL_SOCKET, TRANSPORT_SO_PASSRIGHTS, &off, sizeof(off));
}
