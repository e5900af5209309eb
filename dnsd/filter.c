#include "filter.h"

#include <seccomp.h>
#include <sys/ioctl.h>

const struct confine_call filter_calls[] = {
    /* UDP in batches */
    {.number = SCMP_SYS(recvmmsg)},
    {.number = SCMP_SYS(sendmmsg)},
    /* libuv's streams: accept, non-blocking, write */
    {.number = SCMP_SYS(ioctl), .by_argument = 1, .argument = 1, .mask = ~0UL, .value = FIONBIO},
    {.number = SCMP_SYS(setsockopt)},
    {.number = SCMP_SYS(getsockname)},
    {.number = SCMP_SYS(writev)},
    {.number = SCMP_SYS(shutdown)},
};

const size_t filter_call_count = sizeof(filter_calls) / sizeof(filter_calls[0]);
