#include "filter.h"

#include "transport.h"

#include <fcntl.h>
#include <seccomp.h>
#include <sys/resource.h>
#include <sys/socket.h>

const struct confine_call filter_calls[] = {
    /* dialling the doors: Unix sockets only, no network of any kind */
    CONFINE_ALLOW_IF(socket, CONFINE_INT_IS(0, AF_UNIX)),
    CONFINE_ALLOW_IF(socketpair, CONFINE_INT_IS(0, AF_UNIX)),
    CONFINE_ALLOW(connect),
    CONFINE_ALLOW_IF(
	setsockopt, CONFINE_INT_IS(1, SOL_SOCKET), CONFINE_INT_IS(2, TRANSPORT_SO_PASSRIGHTS)),
    /* LMDB: pages and syncs; its lock file is locked by fcntl */
    CONFINE_ALLOW(pwrite64),
    CONFINE_ALLOW(writev),
    CONFINE_ALLOW(lseek),
    CONFINE_ALLOW(fdatasync),
    CONFINE_ALLOW(fstatfs), /* is the disk full, or broken? */
    CONFINE_ALLOW_IF(fcntl, CONFINE_INT_IS(1, F_SETLK)),
    CONFINE_ALLOW_IF(fcntl, CONFINE_INT_IS(1, F_GETLK)), /* does one of its readers live? */
    /* the bcrypt threads make themselves nice, and nobody else */
    CONFINE_ALLOW_IF(setpriority, CONFINE_INT_IS(0, PRIO_PROCESS), CONFINE_INT_IS(1, 0)),
};

const size_t filter_call_count = sizeof(filter_calls) / sizeof(filter_calls[0]);

const struct confine_call filter_task_calls[] = {
    CONFINE_ALLOW_IF(
	fcntl, CONFINE_INT_IS(1, F_SETLK)), /* one of LMDB's readers says that it is alive */
    CONFINE_ALLOW(fstatfs),		    /* is the database's disk becoming full? */
    CONFINE_ALLOW(alarm),		    /* a walk that does not get on ends itself */
    CONFINE_ALLOW(setitimer),		    /* what alarm(3) is on arm64 */
};

const size_t filter_task_call_count = sizeof(filter_task_calls) / sizeof(filter_task_calls[0]);
