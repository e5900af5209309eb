#include "door.h"

#include "acceptor.h"
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

/* Who a guest is, and how far he has come, as the states of the rule table. */
enum { GUEST_STORE, GUEST_ROOT, GUEST_BOTH, GUEST_PREPARED, GUEST_APPLYING, GUEST_STRANGER };

enum { PAIR_FDS = 2 };

/* One connection that has not spoken yet. */
struct guest {
	struct door *door;
	unsigned who;
	int fds[MESSAGE_MAX_FDS]; /* what came with its message */
	uint64_t id;		  /* of RELOAD_APPLY */
	uv_poll_t poll;
	uv_timer_t patience;
	int fd;
	int open_handles; /* of the two above; the guest is freed with the second */
	int leaving;
};

struct door {
	uv_loop_t *loop;
	struct acceptor *acceptor;
	struct door_config config;
	struct guest *guests[DOOR_GUESTS];
	struct guest *reloading; /* PREPARED or APPLYING; or NULL */
	int applying;		 /* even if nobody waits for it any more */
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
	if (guest->door->reloading == guest)
		guest->door->reloading = NULL;
	if (guest->who == GUEST_PREPARED)
		guest->door->config.reload->discard(guest->door->config.reload->context);
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
	struct guest *guest = context;
	const struct door_config *config = &guest->door->config;

	(void)id;
	(void)body;
	guest->fds[0] = -1;
	config->arrived(config->context, fd);
	return 0;
}

/* What is not taken at once is for nobody. */
static void
answer(const struct guest *guest, uint64_t id, int is_busy, const struct door_reply *reply)
{
	const struct message_reload_answer body = {.is_busy = is_busy != 0,
	    .reason = {(const unsigned char *)reply->reason, strlen(reply->reason)},
	    .keys = {(const unsigned char *)reply->keys, strlen(reply->keys)}};
	unsigned char message[MESSAGE_MAX];
	struct writer writer;

	message_begin(&writer, message, MESSAGE_RELOAD_ANSWER, id);
	message_put_reload_answer(&writer, &body);
	if (transport_send(guest->fd, message, message_end(&writer), NULL, 0) != TRANSPORT_DONE)
		log_warning("whoever asked for a reload did not wait for the answer");
}

static void on_patience(uv_timer_t *timer);

static void
take_step(struct guest *guest, unsigned who)
{
	guest->who = who;
	uv_timer_start(&guest->patience, on_patience, DOOR_RELOAD_MS, 0);
}

static int
take_reload(void *context, uint64_t id, struct reader *body, int fd)
{
	struct guest *guest = context;
	struct door *door = guest->door;
	const struct door_reload *reload = door->config.reload;
	struct door_reply reply = {.reason = ""};
	int is_busy = door->reloading != NULL || door->applying;
	uint64_t environment = reader_u64(body);

	if (is_busy) {
		(void)snprintf(reply.reason, sizeof(reply.reason), "another reload is under way");
	} else if (reload->prepare(reload->context, fd, environment, &reply) == 0) {
		door->reloading = guest;
		take_step(guest, GUEST_PREPARED);
	}
	answer(guest, id, is_busy, &reply);
	return 0;
}

static int
take_pair(void *context, uint64_t id, struct reader *body, int fd)
{
	struct guest *guest = context;
	const struct door_reload *reload = guest->door->config.reload;
	struct door_reply reply = {.reason = ""};

	(void)body;
	(void)fd;
	if (reload->prepare_pair == NULL)
		(void)snprintf(
		    reply.reason, sizeof(reply.reason), "there is no use for a certificate here");
	else
		(void)reload->prepare_pair(reload->context, guest->fds, &reply);
	take_step(guest, GUEST_PREPARED);
	answer(guest, id, 0, &reply);
	return 0;
}

static int
take_apply(void *context, uint64_t id, struct reader *body, int fd)
{
	struct guest *guest = context;
	const struct door_reload *reload = guest->door->config.reload;

	(void)body;
	(void)fd;
	guest->id = id;
	guest->door->applying = 1;
	take_step(guest, GUEST_APPLYING);
	reload->apply(reload->context);
	return 0;
}

void
door_applied(struct door *door)
{
	const struct door_reply reply = {.reason = ""};

	if (door == NULL)
		return;
	door->applying = 0;
	if (door->reloading == NULL)
		return;
	answer(door->reloading, door->reloading->id, 0, &reply);
	dismiss(door->reloading);
}

#define IN(WHO) (1U << (WHO))

static const struct message_rule rules[] = {
    {MESSAGE_LINK, IN(GUEST_STORE) | IN(GUEST_BOTH), 0, 0, 1, take_link},
    {MESSAGE_RELOAD, IN(GUEST_ROOT) | IN(GUEST_BOTH), MESSAGE_RELOAD_BODY, MESSAGE_RELOAD_BODY, 1,
	take_reload},
    {MESSAGE_RELOAD_PAIR, IN(GUEST_PREPARED), 0, 0, PAIR_FDS, take_pair},
    {MESSAGE_RELOAD_APPLY, IN(GUEST_PREPARED), 0, 0, 0, take_apply},
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
	unsigned who = guest->who;

	(void)events;
	result = status < 0 ? TRANSPORT_CLOSED
			    : transport_receive(guest->fd, buffer, &received, guest->fds);
	if (result == TRANSPORT_AGAIN)
		return;
	if (result != TRANSPORT_DONE) {
		dismiss(guest);
		return;
	}
	verdict = message_check(
	    rules, sizeof(rules) / sizeof(rules[0]), guest->who, &received, &header, &rule);
	if (verdict == MESSAGE_ACCEPTED) {
		reader_init(
		    &body, received.data + MESSAGE_HEADER, received.length - MESSAGE_HEADER);
		if (rule->handle(guest, header.id, &body, guest->fds[0]) != 0)
			verdict = MESSAGE_BAD_BODY;
	}
	transport_close_fds(guest->fds);
	/* What store says wrongly is as bad as on the link; root may have mistaken the program. */
	if (verdict != MESSAGE_ACCEPTED && (who == GUEST_STORE || who == GUEST_BOTH))
		fatal("protocol violation by store at the door: %s", message_verdict_text(verdict));
	if (verdict != MESSAGE_ACCEPTED)
		log_warning(
		    "what root said at the door was refused: %s", message_verdict_text(verdict));
	if (verdict != MESSAGE_ACCEPTED ||
	    (guest->who != GUEST_PREPARED && guest->who != GUEST_APPLYING))
		dismiss(guest);
}

static void
on_patience(uv_timer_t *timer)
{
	dismiss(timer->data);
}

static void
receive_guest(struct door *door, int fd, unsigned who)
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
	guest->who = who;
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

/* By the kernel's word on who connected; nothing else is believed. */
static unsigned
identify(struct door *door, int fd)
{
	const struct door_config *config = &door->config;
	struct ucred peer;
	socklen_t length = sizeof(peer);
	int is_store, is_root;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0)
		return GUEST_STRANGER;
	is_store = config->arrived != NULL && peer.uid == config->store_uid;
	is_root = config->reload != NULL && (peer.uid == 0 || peer.uid == config->reload_uid);
	if (is_store && is_root)
		return GUEST_BOTH;
	if (is_root)
		return GUEST_ROOT;
	return is_store ? GUEST_STORE : GUEST_STRANGER;
}

static void
on_knock(void *context, int fd)
{
	struct door *door = context;
	unsigned who;

	who = identify(door, fd);
	if (who != GUEST_STRANGER) {
		receive_guest(door, fd, who);
		return;
	}
	close(fd);
	if (log_allowed(&door->strangers))
		log_warning("a connection to the door by a stranger was closed");
}

static void
free_door(void *door)
{
	free(door);
}

struct door *
door_listen(uv_loop_t *loop, int fd, const struct door_config *config)
{
	struct door *door = calloc(1, sizeof(*door));
	const struct acceptor_config comers = {.context = door,
	    .what = "guests at the door",
	    .accepted = on_knock,
	    .closed = free_door};

	if (door == NULL)
		fatal("no memory for the door");
	*door = (struct door){.loop = loop, .config = *config};
	door->acceptor = acceptor_start(loop, fd, DOOR_GUESTS, &comers);
	if (door->acceptor == NULL)
		fatal("cannot listen at the door: %s", strerror(errno));
	return door;
}

void
door_close(struct door *door)
{
	if (door == NULL)
		return;
	for (unsigned i = 0; i < DOOR_GUESTS; i++)
		if (door->guests[i] != NULL)
			dismiss(door->guests[i]);
	acceptor_close(door->acceptor);
}
