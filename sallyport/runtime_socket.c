#include "runtime_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/fsuid.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/*
 * A door is store's alone. Root without the capability to pass by permissions, as in a container, goes through it as its
 * owner, for the file system alone: to whoever listens it is root all the same. 0, or -1 with errno.
 */
static int
connect_as_owner(int fd, const struct sockaddr_un *address)
{
	struct stat status;
	int failed, error;

	if (lstat(address->sun_path, &status) != 0)
		return -1;
	(void)setfsuid(status.st_uid);
	failed = connect(fd, (const struct sockaddr *)address, sizeof(*address));
	error = errno;
	(void)setfsuid(geteuid());
	errno = error;
	return failed;
}

/* From inside the folder, and back: a socket's address holds 107 characters. 0, or -1 with errno. */
static int
connect_in(const char *folder, int fd, const struct sockaddr_un *address)
{
	int before = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC), failed, error;

	if (before < 0)
		return -1;
	failed = chdir(folder) != 0 ||
		 connect(fd, (const struct sockaddr *)address, sizeof(*address)) != 0;
	if (failed && errno == EACCES && geteuid() == 0)
		failed = connect_as_owner(fd, address) != 0;
	error = errno;
	if (fchdir(before) != 0)
		failed = 1;
	close(before);
	errno = error;
	return failed ? -1 : 0;
}

int
runtime_socket_dial(const char *folder, const char *name, int flags)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | flags, 0), error;

	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", name);
	if (fd < 0 || connect_in(folder, fd, &address) == 0)
		return fd;
	error = errno;
	close(fd);
	errno = error;
	return -1;
}
