/*
 * One message over a SOCK_SEQPACKET socket: the recvmsg(2) and sendmsg(2) that links, doors
 * and store's dialling share.
 */
#ifndef COMMON_TRANSPORT_H
#define COMMON_TRANSPORT_H

#include "message.h"

/* SO_PASSRIGHTS of Linux 6.16; the headers may be older. */
enum { TRANSPORT_SO_PASSRIGHTS = 83 };

enum transport_result {
	TRANSPORT_DONE,
	TRANSPORT_AGAIN,  /* nothing there, or no room */
	TRANSPORT_CLOSED, /* the peer is gone */
	TRANSPORT_FAILED  /* errno says why */
};

/*
 * Receives one message into `buffer` (MESSAGE_MAX + 1 bytes, so that one that is too long
 * shows) and describes it in `received`. Descriptors that came along are in `fds`, close-on-exec and
 * the caller's; the rest of `fds` is -1. Of more than fit there the others are closed, and all are counted.
 */
enum transport_result transport_receive(
    int socket, unsigned char *buffer, struct message_received *received, int fds[MESSAGE_MAX_FDS]);

/* Closes those that are not -1. */
void transport_close_fds(int fds[MESSAGE_MAX_FDS]);

/*
 * Sends one message, with `count` descriptors, at most MESSAGE_MAX_FDS; they stay open. Never raises SIGPIPE,
 * never waits.
 */
enum transport_result transport_send(
    int socket, const unsigned char *message, size_t length, const int *fds, unsigned count);

/*
 * Asks the kernel to turn messages with descriptors away. Closing an unwanted descriptor can take as long as its sender likes
 * (a TCP socket that lingers), so the receivers that want none should not be given any. Without effect before Linux 6.16.
 */
void transport_refuse_fds(int socket);

#endif
