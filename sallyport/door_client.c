#include "door_client.h"

#include "log.h"
#include "reload.h"
#include "runtime_socket.h"
#include "transport.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

static int
fail(enum conf_role role, const char *what)
{
	fprintf(stderr, "sallyport: %s %s: %s\n", conf_role_name(role), what, strerror(errno));
	return -1;
}

static int
is_expected(int fd, const struct conf *conf, enum conf_role role)
{
	struct ucred peer;
	socklen_t length = sizeof(peer);
	uid_t expected = geteuid() == 0 ? conf->privsep.users[role].uid : geteuid();

	/* Root's is what systemd listens at until the daemon does. */
	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) == 0 &&
	       (peer.uid == expected || peer.uid == 0);
}

enum door_client_result
door_client_dial(const struct conf *conf, enum conf_role role, int *door)
{
	const struct timeval patience = {.tv_sec = RELOAD_SECONDS};
	const char *folder = conf->privsep.runtime_dir, *name = conf_role_name(role);
	char socket[16];
	int fd, error;

	(void)snprintf(socket, sizeof(socket), "%s.door", name);
	fd = runtime_socket_dial(folder, socket, 0);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) != 0) {
		error = errno;
		if (fd >= 0)
			close(fd);
		if (error == ENOENT || error == ECONNREFUSED)
			return DOOR_CLIENT_ABSENT;
		fprintf(stderr, "sallyport: %s cannot be reached at %s/%s: %s%s\n", name, folder,
		    socket, strerror(error), error == EACCES ? "; only root can reload" : "");
		return DOOR_CLIENT_FAILED;
	}
	if (!is_expected(fd, conf, role)) {
		fprintf(stderr, "sallyport: whoever listens at %s/%s is not %s's user\n", folder,
		    socket, name);
		close(fd);
		return DOOR_CLIENT_FAILED;
	}
	*door = fd;
	return DOOR_CLIENT_OK;
}

int
door_client_send(int door, enum conf_role role, const struct door_client_step *step)
{
	unsigned char message[MESSAGE_MAX];
	struct writer writer;

	message_begin(&writer, message, step->type, step->type);
	if (step->type == MESSAGE_RELOAD)
		writer_u64(&writer, step->environment);
	if (transport_send(door, message, message_end(&writer), step->fds, step->count) ==
	    TRANSPORT_DONE)
		return 0;
	return fail(role, "does not take what is new");
}

/* 0, or -1 when it makes no sense. */
static int
read_answer(const unsigned char *bytes, size_t length, struct message_reload_answer *answer)
{
	static const struct message_rule rule = {.type = MESSAGE_RELOAD_ANSWER,
	    .states = 1,
	    .minimum = 1 + 1 + 2,
	    .maximum = 1 + 1 + MESSAGE_MAX_REASON + 2 + MESSAGE_MAX_KEYS};
	const struct message_received received = {.data = bytes, .length = length};
	const struct message_rule *found;
	struct message_header header;
	struct reader body;

	if (message_check(&rule, 1, 0, &received, &header, &found) != MESSAGE_ACCEPTED)
		return -1;
	reader_init(&body, bytes + MESSAGE_HEADER, length - MESSAGE_HEADER);
	return message_get_reload_answer(&body, answer);
}

int
door_client_receive(int door, enum conf_role role, struct door_client_answer *answer)
{
	unsigned char bytes[MESSAGE_MAX];
	ssize_t length = recv(door, bytes, sizeof(bytes), 0);
	struct message_reload_answer read;

	if (length < 0)
		return fail(role, "does not answer");
	if (length == 0) {
		fprintf(stderr, "sallyport: %s has gone away, or is of another version\n",
		    conf_role_name(role));
		return -1;
	}
	if (read_answer(bytes, (size_t)length, &read) != 0) {
		fprintf(stderr, "sallyport: %s is not understood; is it of another version?\n",
		    conf_role_name(role));
		return -1;
	}
	/* Two of them face the world: what they say is shown as what it is. */
	answer->is_busy = read.is_busy;
	log_safe(answer->reason, sizeof(answer->reason), read.reason.data, read.reason.length);
	log_safe(answer->keys, sizeof(answer->keys), read.keys.data, read.keys.length);
	return 0;
}
