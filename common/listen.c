#include "listen.h"

#include "log.h"
#include "transport.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { PAUSE_MS = 5 }; /* between two attempts at an address that is taken */

static void __attribute__((noreturn))
fail(const struct address *address, int type, const char *what)
{
	char text[ADDRESS_MAX_TEXT];
	int error = errno;
	const char *hint = "";

	address_to_text(address, text);
	if (error == EADDRINUSE)
		hint = "; is another instance, or another server, running there?";
	else if (error == EACCES)
		hint = "; ports below 1024 want root";
	else if (error == EADDRNOTAVAIL)
		hint = "; this machine has no such address";
	fatal("cannot %s %s%s: %s%s", what, text,
	    address->socket.any.sa_family == AF_UNIX ? ""
	    : type == SOCK_DGRAM		     ? " (UDP)"
						     : " (TCP)",
	    strerror(error), hint);
}

static void
set_option(const struct address *address, int type, int fd, int level, int option)
{
	int on = 1;

	if (setsockopt(fd, level, option, &on, sizeof(on)) != 0)
		fail(address, type, "prepare a socket for");
}

/* A socket for `address`, not bound yet. */
static int
make_one(const struct address *address, int type, int shared)
{
	int family = address->socket.any.sa_family;
	int fd = socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		fail(address, type, "make a socket for");
	if (family == AF_INET6)
		set_option(address, type, fd, IPPROTO_IPV6, IPV6_V6ONLY);
	/* Connections of an earlier run that linger in TIME_WAIT are no reason to refuse. */
	if (type == SOCK_STREAM)
		set_option(address, type, fd, SOL_SOCKET, SO_REUSEADDR);
	/* What is accepted has it too: an answer is one write, and nothing follows to join it to. */
	if (type == SOCK_STREAM)
		set_option(address, type, fd, IPPROTO_TCP, TCP_NODELAY);
	if (shared)
		set_option(address, type, fd, SOL_SOCKET, SO_REUSEPORT);
	return fd;
}

static int
bind_one(const struct address *address, int type, int shared, unsigned patience_ms)
{
	const struct timespec pause = {.tv_nsec = (long)PAUSE_MS * 1000 * 1000};
	int fd = make_one(address, type, shared);

	for (unsigned waited = 0; bind(fd, &address->socket.any, address->length) != 0;
	    waited += PAUSE_MS) {
		if (errno != EADDRINUSE || waited >= patience_ms)
			fail(address, type, "bind");
		(void)nanosleep(&pause, NULL);
	}
	return fd;
}

void
listen_bind(
    const struct address *address, int type, unsigned workers, unsigned patience_ms, int *fds)
{
	close(bind_one(address, type, 0, patience_ms));
	for (unsigned i = 0; i < workers; i++)
		fds[i] = bind_one(address, type, workers > 1, 0);
}

/* A socket file that nobody answers on is what an earlier run left. */
static void
remove_stale(const struct address *address)
{
	struct stat status;
	int fd, answered;

	if (lstat(address->socket.local.sun_path, &status) != 0)
		return;
	if (!S_ISSOCK(status.st_mode)) {
		errno = EEXIST;
		fail(address, SOCK_STREAM, "bind");
	}
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		fail(address, SOCK_STREAM, "make a socket for");
	answered = connect(fd, &address->socket.any, address->length) == 0 || errno == EAGAIN;
	close(fd);
	if (answered) {
		errno = EADDRINUSE;
		fail(address, SOCK_STREAM, "bind");
	}
	if (unlink(address->socket.local.sun_path) != 0)
		fail(address, SOCK_STREAM, "remove the old socket");
}

static int
bind_local(const struct address *address, mode_t mode, uid_t owner)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	const char *path = address->socket.local.sun_path;
	mode_t mask;

	if (fd < 0)
		fail(address, SOCK_STREAM, "make a socket for");
	remove_stale(address);
	mask = umask(0777 & ~mode);
	if (bind(fd, &address->socket.any, address->length) != 0)
		fail(address, SOCK_STREAM, "bind");
	umask(mask);
	if (geteuid() == 0 && lchown(path, owner, (gid_t)-1) != 0)
		fail(address, SOCK_STREAM, "set the owner of");
	return fd;
}

int
listen_take(struct passed_sockets *passed, const struct address *address)
{
	int fd = passed_sockets_take(passed, address, SOCK_STREAM);

	if (fd >= 0 && address->socket.any.sa_family == AF_UNIX)
		transport_refuse_fds(fd);
	else if (fd >= 0)
		set_option(address, SOCK_STREAM, fd, IPPROTO_TCP, TCP_NODELAY);
	return fd;
}

int
listen_make(const struct address *address, mode_t mode, uid_t owner, unsigned patience_ms)
{
	int fd;

	if (address->socket.any.sa_family == AF_UNIX) {
		fd = bind_local(address, mode, owner);
		transport_refuse_fds(fd);
	} else {
		listen_bind(address, SOCK_STREAM, 1, patience_ms, &fd);
	}
	return fd;
}
