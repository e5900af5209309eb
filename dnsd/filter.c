#include "filter.h"

#include <seccomp.h>
#include <sys/socket.h>

const struct confine_call filter_calls[] = {
    /* UDP in batches */
    CONFINE_ALLOW(recvmmsg),
    CONFINE_ALLOW_IF(sendmmsg, CONFINE_BITS_ARE(3, MSG_FASTOPEN | MSG_MORE, 0)),
    /*
     * libuv's streams. No setsockopt, by which a socket could linger and make a neighbour wait; no shutdown, because the
     * sockets that we listen at outlive us.
     */
    CONFINE_ALLOW(getpeername),
};

const size_t filter_call_count = sizeof(filter_calls) / sizeof(filter_calls[0]);
