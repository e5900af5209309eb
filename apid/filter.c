#include "filter.h"

#include <seccomp.h>
#include <sys/socket.h>

const struct confine_call filter_calls[] = {
    /* streams of libuv: who is at their end, ending; no setsockopt, by which a
     * socket could linger and make a neighbour wait */
    CONFINE_ALLOW(getpeername),
    /* our side of a connection; a listening socket, which outlives us, is not touched by that */
    CONFINE_ALLOW_IF(shutdown, CONFINE_INT_IS(1, SHUT_WR)),
};

const size_t filter_call_count = sizeof(filter_calls) / sizeof(filter_calls[0]);
