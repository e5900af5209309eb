#include "door.h"

#include "log.h"
#include "message.h"
#include "transport.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* One connection that has not spoken yet. */
struct guest {
	struct door *door;
	uv_poll_t poll;
	uv_timer_t patience;
	int fd;
	int open_handles; /* of the two above; the guest is freed with the second */
	int leaving;
};

struct door {
	uv_loop_t *loop;
	uv_poll_t poll;
	int fd;
	uid_t store_uid;
	void (*arrived)(void *context, int link_fd);
	void *context;
	struct guest *guests[DOOR_GUESTS];
	struct log_limit strangers;
};

int
door_bind(int folder_fd, const char *name, mode_t mode, uid_t owner, gid_t group)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int before = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	mode_t before_mask;

	if (before < 0 || fd < 0)
		fatal("cannot make the door %s: %s", name, strerror(errno));
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", name);
	if (fchdir(folder_fd) != 0)
		fatal("cannot enter the runtime folder: %s", strerror(errno));
	if (unlink(name) != 0 && errno != ENOENT)
		fatal("cannot remove the old door %s: %s", name, strerror(errno));
	before_mask = umask(~mode & 0777);
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0)
		fatal("cannot bind the door %s: %s", name, strerror(errno));
	umask(before_mask);
	if (geteuid() == 0 && lchown(name, owner, group) != 0)
		fatal("cannot give the door %s to uid %u: %s", name, owner, strerror(errno));
	if (fchdir(before) != 0)
		fatal("cannot return to the working folder: %s", strerror(errno));
	close(before);
	return fd;
}

static void
free_guest(uv_handle_t *handle)
{
	struct guest *guest = handle->data;

	if (--guest->open_handles == 0)
		free(guest);
}

static void
dismiss(struct guest *guest)
{
	if (guest->leaving)
		return;
	guest->leaving = 1;
	for (unsigned i = 0; i < DOOR_GUESTS; i++)
		if (guest->door->guests[i] == guest)
			guest->door->guests[i] = NULL;
	uv_poll_stop(&guest->poll);
	close(guest->fd);
	uv_close((uv_handle_t *)&guest->poll, free_guest);
	uv_close((uv_handle_t *)&guest->patience, free_guest);
}

static int
take_link(void *context, uint64_t id, struct reader *body, int fd)
{
	struct door *door = context;

	(void)id;
	(void)body;
	door->arrived(door->context, fd);
	return 0;
}

static const struct message_rule rules[] = {
    {MESSAGE_LINK, 1, 0, 0, 1, take_link},
};

static void
on_message(uv_poll_t *poll, int status, int events)
{
	struct guest *guest = poll->data;
	unsigned char buffer[MESSAGE_MAX + 1];
	struct message_received received;
	struct message_header header;
	const struct message_rule *rule;
	enum message_verdict verdict;
	enum transport_result result;
	struct reader body;
	int fd;

	(void)events;
	result =
	    status < 0 ? TRANSPORT_CLOSED : transport_receive(guest->fd, buffer, &received, &fd);
	if (result == TRANSPORT_AGAIN)
		return;
	if (result != TRANSPORT_DONE) {
		dismiss(guest);
		return;
	}
	verdict =
	    message_check(rules, sizeof(rules) / sizeof(rules[0]), 0, &received, &header, &rule);
	if (verdict == MESSAGE_ACCEPTED) {
		reader_init(&body, NULL, 0);
		rule->handle(guest->door, header.id, &body, fd);
		dismiss(guest);
		return;
	}
	/* Only store's uid comes this far: what it says wrongly is as bad as on the link. */
	fatal("protocol violation by store at the door: %s", message_verdict_text(verdict));
}

static void
on_patience(uv_timer_t *timer)
{
	dismiss(timer->data);
}

static void
receive_guest(struct door *door, int fd)
{
	struct guest *guest = NULL;
	unsigned place = 0;

	while (place < DOOR_GUESTS && door->guests[place] != NULL)
		place++;
	/* Where there is no room store tries again in a moment. */
	if (place == DOOR_GUESTS)
		goto fail;
	guest = calloc(1, sizeof(*guest));
	if (guest == NULL || uv_poll_init(door->loop, &guest->poll, fd) != 0)
		goto fail;
	uv_timer_init(door->loop, &guest->patience);
	guest->door = door;
	guest->fd = fd;
	guest->open_handles = 2;
	guest->poll.data = guest->patience.data = guest;
	door->guests[place] = guest;
	uv_poll_start(&guest->poll, UV_READABLE, on_message);
	uv_timer_start(&guest->patience, on_patience, DOOR_PATIENCE_MS, 0);
	return;
fail:
	free(guest);
	close(fd);
}

/* The kernel's word on who connected; nothing else is believed. */
static int
is_store(struct door *door, int fd)
{
	struct ucred peer;
	socklen_t length = sizeof(peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) == 0 &&
	    peer.uid == door->store_uid)
		return 1;
	if (log_allowed(&door->strangers))
		log_warning("a connection to the door by a stranger was closed");
	return 0;
}

static void
on_knock(uv_poll_t *poll, int status, int events)
{
	struct door *door = poll->data;
	int fd;

	(void)events;
	if (status < 0)
		return;
	fd = accept4(door->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd < 0)
		return;
	if (is_store(door, fd))
		receive_guest(door, fd);
	else
		close(fd);
}

struct door *
door_listen(uv_loop_t *loop, int fd, uid_t store_uid, void (*arrived)(void *context, int link_fd),
    void *context)
{
	struct door *door = calloc(1, sizeof(*door));

	if (door == NULL)
		fatal("no memory for the door");
	*door = (struct door){
	    .loop = loop, .fd = fd, .store_uid = store_uid, .arrived = arrived, .context = context};
	if (listen(fd, DOOR_GUESTS) != 0)
		fatal("cannot listen at the door: %s", strerror(errno));
	if (uv_poll_init(loop, &door->poll, fd) != 0)
		fatal("cannot watch the door");
	door->poll.data = door;
	uv_poll_start(&door->poll, UV_READABLE, on_knock);
	return door;
}

static void
free_door(uv_handle_t *handle)
{
	free(handle->data);
}

void
door_close(struct door *door)
{
	if (door == NULL)
		return;
	for (unsigned i = 0; i < DOOR_GUESTS; i++)
		if (door->guests[i] != NULL)
			dismiss(door->guests[i]);
	uv_poll_stop(&door->poll);
	close(door->fd);
	uv_close((uv_handle_t *)&door->poll, free_door);
}
