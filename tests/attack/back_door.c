/*
 * The back door of the attacked builds: around the product's own objects, by the linker's --wrap, so that those are the
 * ones that are shipped and nothing in them knows of it (tests/attack/CMakeLists.txt).
 *
 * SALLYPORT_BACK_DOOR names a Unix socket, SOCK_SEQPACKET, at which the test listens. Each command is one message and
 * has one answer:
 *     list            the names of all attempts
 *     try NAME PID    one attempt, perhaps against that process: "done", an errno's name, or the signal that ended it
 *     serve           before confinement only: go on
 *     seize           when serving: take the link away from the daemon's own code; its peer does not notice
 *     send FDS HEX    that message over the link, with so many descriptors
 *     receive MS      the next message of the link in hexadecimal; "nothing" in that time, "closed"
 *
 * Before confinement an attempt is made by a copy of the process, which then confines itself with the daemon's own plan: so
 * each can end in a death. When serving it is made by the daemon itself, from its loop.
 */
#include "attempt.h"
#include "confine.h"
#include "daemon.h"
#include "link.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <uv.h>

/* Room for messages that are too long by far. */
enum { COMMAND_MAX = 2 * 4 * MESSAGE_MAX };

static struct {
	int door;	     /* where commands come from; -1: nobody is there */
	int link;	     /* the one that was seized; -1: none */
	struct link *opened; /* by the daemon's own code, the latest */
	struct link_config config;
	int opened_fd;
	uv_poll_t poll;
	char command[COMMAND_MAX];
	unsigned char message[COMMAND_MAX / 2];
} back_door = {.door = -1, .link = -1};

/* What the linker makes of the names given to --wrap. */
void __real_daemon_begin(struct daemon *daemon, enum conf_role role, int argc, char **argv);
void __wrap_daemon_begin(struct daemon *daemon, enum conf_role role, int argc, char **argv);
void __real_confine(const struct confine_plan *plan);
void __wrap_confine(const struct confine_plan *plan);
struct link *__real_link_open(uv_loop_t *loop, int fd, const struct link_config *config);
struct link *__wrap_link_open(uv_loop_t *loop, int fd, const struct link_config *config);
int __real_daemon_serve(
    struct daemon *daemon, uv_loop_t *loop, const struct daemon_service *service);
int __wrap_daemon_serve(
    struct daemon *daemon, uv_loop_t *loop, const struct daemon_service *service);

static void
answer(const char *text)
{
	(void)!write(back_door.door, text, strlen(text));
}

static const char *
name_of(int error)
{
	const char *name = error == 0 ? "done" : strerrorname_np(error);

	return name != NULL ? name : "an errno without a name";
}

static void
list(void)
{
	size_t length = 0;

	for (size_t i = 0; i < attempt_call_count + attempt_deed_count; i++) {
		const struct attempt *attempt = i < attempt_call_count
						    ? &attempt_calls[i]
						    : &attempt_deeds[i - attempt_call_count];

		length += (size_t)snprintf(back_door.command + length,
		    sizeof(back_door.command) - length, "%s\n", attempt->name);
	}
	answer(back_door.command);
}

/* "NAME PID". NULL if there is no such attempt. */
static const struct attempt *
read_attempt(char *text, pid_t *victim)
{
	char *space = strchr(text, ' ');

	*victim = space != NULL ? (pid_t)strtol(space, NULL, 10) : 0;
	if (space != NULL)
		*space = '\0';
	return attempt_find(text);
}

/* The copy of the process that confines itself and tries. Its exit code is the errno. */
static void
try_in_copy(const struct confine_plan *plan, const struct attempt *attempt, pid_t victim)
{
	struct confine_plan quiet = *plan;

	quiet.quiet = 1;
	close(back_door.door);
	__real_confine(&quiet);
	_exit(attempt_run(attempt, victim));
}

static void
try_before(const struct confine_plan *plan, const struct attempt *attempt, pid_t victim)
{
	char text[32];
	int status = 0;
	pid_t copy = fork();

	if (copy == 0)
		try_in_copy(plan, attempt, victim);
	if (copy < 0 || waitpid(copy, &status, 0) != copy) {
		answer("no copy");
		return;
	}
	if (WIFSIGNALED(status)) {
		(void)snprintf(text, sizeof(text), "SIG%s", sigabbrev_np(WTERMSIG(status)));
		answer(text);
		return;
	}
	answer(name_of(WEXITSTATUS(status)));
}

static void
stop_watching(uv_handle_t *handle, void *fd)
{
	uv_os_fd_t watched;

	if (handle->type == UV_POLL && !uv_is_closing(handle) && uv_fileno(handle, &watched) == 0 &&
	    watched == *(const int *)fd)
		uv_close(handle, NULL);
}

/*
 * The daemon's own code believes that store has gone, and is no longer told of what comes; the descriptor lives on, and
 * the memory of the link, too.
 */
static void
seize(void)
{
	if (back_door.opened == NULL) {
		answer("no link");
		return;
	}
	if (back_door.link >= 0)
		close(back_door.link);
	back_door.link = back_door.opened_fd;
	back_door.opened = NULL;
	uv_walk(back_door.poll.loop, stop_watching, &back_door.link);
	back_door.config.closed(back_door.config.context, LINK_END_PEER);
	answer("done");
}

static size_t
from_hex(const char *text, unsigned char *bytes, size_t capacity)
{
	size_t length = 0;

	while (length < capacity && text[0] != '\0' && text[1] != '\0') {
		const char pair[3] = {text[0], text[1], '\0'};

		bytes[length++] = (unsigned char)strtoul(pair, NULL, 16);
		text += 2;
	}
	return length;
}

/* Waits for room: an attacker has time. */
static void
send_over_link(char *text)
{
	char *hex = NULL;
	unsigned long count = strtoul(text, &hex, 10);
	_Alignas(struct cmsghdr) char space[CMSG_SPACE(64 * sizeof(int))] = {0};
	struct iovec bytes = {back_door.message, 0};
	struct msghdr header = {.msg_iov = &bytes, .msg_iovlen = 1};
	struct pollfd room = {.fd = back_door.link, .events = POLLOUT};

	bytes.iov_len = from_hex(hex + 1, back_door.message, sizeof(back_door.message));
	if (count > 64)
		count = 64;
	if (count > 0) {
		struct cmsghdr *message = (struct cmsghdr *)space;
		const int fd = STDERR_FILENO;

		header.msg_control = space;
		header.msg_controllen = CMSG_SPACE(count * sizeof(int));
		message->cmsg_level = SOL_SOCKET;
		message->cmsg_type = SCM_RIGHTS;
		message->cmsg_len = CMSG_LEN(count * sizeof(int));
		for (size_t i = 0; i < count; i++)
			memcpy(CMSG_DATA(message) + i * sizeof(fd), &fd, sizeof(fd));
	}
	if (poll(&room, 1, 2000) == 0) {
		answer("full");
		return;
	}
	answer(name_of(sendmsg(back_door.link, &header, MSG_NOSIGNAL) < 0 ? errno : 0));
}

static void
receive_from_link(const char *text)
{
	struct pollfd there = {.fd = back_door.link, .events = POLLIN};
	ssize_t length;

	if (poll(&there, 1, (int)strtol(text, NULL, 10)) == 0) {
		answer("nothing");
		return;
	}
	length = read(back_door.link, back_door.message, sizeof(back_door.message));
	if (length <= 0) {
		answer(length == 0 || errno == ECONNRESET ? "closed" : name_of(errno));
		return;
	}
	for (size_t i = 0; i < (size_t)length; i++)
		(void)snprintf(back_door.command + 2 * i, 3, "%02x", back_door.message[i]);
	answer(back_door.command);
}

/* 1: there was one, and it stands in back_door.command. */
static int
read_command(void)
{
	ssize_t length = read(back_door.door, back_door.command, sizeof(back_door.command) - 1);

	back_door.command[length > 0 ? length : 0] = '\0';
	return length > 0;
}

/* What follows a word at the beginning of the command, or NULL. */
static char *
after(const char *word)
{
	size_t length = strlen(word);

	return strncmp(back_door.command, word, length) == 0 ? back_door.command + length : NULL;
}

static void
obey(uv_poll_t *poll, int status, int events)
{
	const struct attempt *attempt;
	pid_t victim;
	char *rest;

	(void)status;
	(void)events;
	if (!read_command()) {
		uv_poll_stop(poll);
		return;
	}
	if (strcmp(back_door.command, "list") == 0)
		list();
	else if (strcmp(back_door.command, "seize") == 0)
		seize();
	else if ((rest = after("send ")) != NULL)
		send_over_link(rest);
	else if ((rest = after("receive ")) != NULL)
		receive_from_link(rest);
	else if ((rest = after("try ")) != NULL && (attempt = read_attempt(rest, &victim)) != NULL)
		answer(name_of(attempt_run(attempt, victim)));
	else
		answer("what?");
}

void
__wrap_daemon_begin(struct daemon *daemon, enum conf_role role, int argc, char **argv)
{
	const char *path = getenv("SALLYPORT_BACK_DOOR");
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	__real_daemon_begin(daemon, role, argc, argv);
	if (path == NULL)
		return;
	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	back_door.door = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (connect(back_door.door, (struct sockaddr *)&address, sizeof(address)) != 0) {
		close(back_door.door);
		back_door.door = -1;
		return;
	}
	answer(conf_role_name(role));
}

void
__wrap_confine(const struct confine_plan *plan)
{
	const struct attempt *attempt;
	pid_t victim;
	char *rest;

	while (back_door.door >= 0 && read_command()) {
		if (strcmp(back_door.command, "serve") == 0)
			break;
		if (strcmp(back_door.command, "list") == 0)
			list();
		else if ((rest = after("try ")) != NULL &&
			 (attempt = read_attempt(rest, &victim)) != NULL)
			try_before(plan, attempt, victim);
		else
			answer("what?");
	}
	__real_confine(plan);
}

struct link *
__wrap_link_open(uv_loop_t *loop, int fd, const struct link_config *config)
{
	back_door.config = *config;
	back_door.opened_fd = fd;
	back_door.opened = __real_link_open(loop, fd, config);
	return back_door.opened;
}

int
__wrap_daemon_serve(struct daemon *daemon, uv_loop_t *loop, const struct daemon_service *service)
{
	if (back_door.door >= 0 && uv_poll_init(loop, &back_door.poll, back_door.door) == 0) {
		uv_poll_start(&back_door.poll, UV_READABLE, obey);
		uv_unref((uv_handle_t *)&back_door.poll);
		answer("serving");
	}
	return __real_daemon_serve(daemon, loop, service);
}
