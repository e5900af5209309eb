#include "filter.h"

#include <seccomp.h>
#include <sys/socket.h>

const struct confine_call filter_calls[] = {
    /* dialling the doors: Unix sockets only, no network of any kind */
    {.number = SCMP_SYS(socket), .by_argument = 1, .argument = 0, .mask = ~0UL, .value = AF_UNIX},
    {.number = SCMP_SYS(socketpair),
	.by_argument = 1,
	.argument = 0,
	.mask = ~0UL,
	.value = AF_UNIX},
    {.number = SCMP_SYS(connect)},
    /* LMDB: pages, syncs, the growing map; its lock file is locked by fcntl */
    {.number = SCMP_SYS(pread64)},
    {.number = SCMP_SYS(pwrite64)},
    {.number = SCMP_SYS(pwritev)},
    {.number = SCMP_SYS(writev)},
    {.number = SCMP_SYS(lseek)},
    {.number = SCMP_SYS(fdatasync)},
    {.number = SCMP_SYS(fsync)},
    {.number = SCMP_SYS(msync)},
    {.number = SCMP_SYS(ftruncate)},
    {.number = SCMP_SYS(fstatfs)}, /* is the disk full, or broken? */
    /* the bcrypt threads make themselves nice */
    {.number = SCMP_SYS(setpriority)},
};

const size_t filter_call_count = sizeof(filter_calls) / sizeof(filter_calls[0]);
