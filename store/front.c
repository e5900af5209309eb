#include "front.h"

#include "log.h"
#include "transport.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static const uint64_t ns_per_ms = 1000000;

struct front {
	uv_loop_t *loop;
	struct front_config config;
	uv_timer_t timer; /* dials, and looks after the link */
	struct link *link;
	uint64_t opened;    /* uv_hrtime() when the link was made */
	uint64_t back_off;  /* ms to wait before the next dial, doubled by each misdeed */
	uint64_t dial_from; /* uv_hrtime(): not before */
	uint64_t unlinked;  /* uv_hrtime(): since when there is no link, if there is none */
	int up;
	int complained; /* about a door that cannot be dialled */
	struct log_limit misdeeds;
	struct log_limit meetings; /* links made and closed in good order */
};

/* `first` is dnsd's, behind which apid's stands; so it is in count(). */
static void
tell(struct front *front, enum statistic first, uint64_t value)
{
	statistic_set(summary_counters(front->config.summary, SUMMARY_LOOP),
	    first + (front->config.source - STATISTIC_DNSD), value);
}

static void on_timer(uv_timer_t *timer);

/* dnsd answers nobody before it has its names: the sooner it is linked, the shorter those who ask wait. */
static void
look_soon(struct front *front)
{
	int eager =
	    front->link == NULL && uv_hrtime() - front->unlinked < FRONT_EAGER_FOR_MS * ns_per_ms;

	uv_timer_start(&front->timer, on_timer, eager ? FRONT_EAGER_MS : FRONT_DIAL_MS, 0);
}

static void
lost(struct front *front)
{
	int was_up = front->up;

	front->link = NULL;
	front->up = 0;
	front->unlinked = uv_hrtime();
	tell(front, STATISTIC_STORE_LINKED_DNSD, 0);
	look_soon(front);
	if (was_up && front->config.down != NULL)
		front->config.down(front->config.context);
}

static void
count(struct front *front, enum statistic first)
{
	statistic_count(summary_counters(front->config.summary, SUMMARY_LOOP),
	    first + (front->config.source - STATISTIC_DNSD));
}

static void
pause_dialling(struct front *front)
{
	front->back_off *= 2;
	if (front->back_off < FRONT_DIAL_MS)
		front->back_off = FRONT_DIAL_MS;
	if (front->back_off > FRONT_BACK_OFF_MAX_MS)
		front->back_off = FRONT_BACK_OFF_MAX_MS;
	front->dial_from = uv_hrtime() + front->back_off * ns_per_ms;
}

void
front_drop(struct front *front, const char *why)
{
	if (front->link == NULL)
		return;
	if (log_allowed(&front->misdeeds))
		log_warning("the link to %s is dropped: %s", front->config.name, why);
	count(front, STATISTIC_STORE_DROPS_DNSD);
	link_close(front->link);
	pause_dialling(front);
	lost(front);
}

static void
on_closed(void *context, enum link_end how)
{
	struct front *front = context;

	if (how == LINK_END_VIOLATION)
		count(front, STATISTIC_STORE_VIOLATIONS_DNSD);
	if (how != LINK_END_PEER) {
		count(front, STATISTIC_STORE_DROPS_DNSD);
		pause_dialling(front);
	} else if (log_allowed(&front->meetings)) {
		log_info("%s has closed its link", front->config.name);
	}
	lost(front);
}

static void
on_drained(void *context)
{
	struct front *front = context;

	if (front->up && front->config.drained != NULL)
		front->config.drained(front->config.context);
}

/* Gives one end of a new pair to the door and keeps the other. */
static void
hand_over(struct front *front, int door)
{
	struct link_config config = {.peer = front->config.name,
	    .rules = front->config.rules,
	    .rule_count = front->config.rule_count,
	    .queue_maximum = front->config.queue_maximum,
	    .violations = &front->misdeeds,
	    .context = front,
	    .closed = on_closed,
	    .drained = on_drained};
	unsigned char message[MESSAGE_MAX];
	struct writer writer;
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) != 0) {
		log_error("cannot make a link for %s: %s", front->config.name, strerror(errno));
		pause_dialling(front);
		return;
	}
	/* Before the other end is in anybody's hands. */
	transport_refuse_fds(pair[0]);
	message_begin(&writer, message, MESSAGE_LINK, 0);
	if (transport_send(door, message, message_end(&writer), &pair[1], 1) != TRANSPORT_DONE) {
		close(pair[0]);
		close(pair[1]);
		return;
	}
	close(pair[1]);
	front->link = link_open(front->loop, pair[0], &config);
	front->opened = uv_hrtime();
	front->complained = 0;
}

static int
is_expected_listener(struct front *front, int door)
{
	struct ucred peer;
	socklen_t length = sizeof(peer);

	if (getsockopt(door, SOL_SOCKET, SO_PEERCRED, &peer, &length) == 0 &&
	    peer.uid == front->config.uid)
		return 1;
	if (log_allowed(&front->misdeeds))
		log_error("the door of %s is kept by uid %d instead of %d: no link is handed to it",
		    front->config.name, (int)peer.uid, (int)front->config.uid);
	pause_dialling(front);
	return 0;
}

static void
dial(struct front *front)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int door = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", front->config.door);
	if (door < 0 || connect(door, (struct sockaddr *)&address, sizeof(address)) != 0) {
		/* Not there yet, or restarting, is everyday; anything else is said once. */
		int everyday = errno == ENOENT || errno == ECONNREFUSED || errno == EAGAIN;

		if (!everyday && !front->complained) {
			log_error(
			    "cannot reach the door of %s: %s", front->config.name, strerror(errno));
			front->complained = 1;
		}
	} else if (is_expected_listener(front, door)) {
		hand_over(front, door);
	}
	if (door >= 0)
		close(door);
}

/* 1 if the peer has neither taken what waits for it nor answered what it took. */
static int
is_stalled(const struct front *front, uint64_t now)
{
	const uint64_t patience = FRONT_STALL_MS * ns_per_ms;
	uint64_t since = 0;

	if (link_queued(front->link) > 0 && now - link_progress(front->link) > patience)
		return 1;
	if (front->up && front->config.waits_since != NULL)
		since = front->config.waits_since(front->config.context);
	return since != 0 && now > since && now - since > patience;
}

static void
look_after(struct front *front, uint64_t now)
{
	if (!front->up && now - front->opened > FRONT_HELLO_MS * ns_per_ms)
		front_drop(front, "no greeting came");
	else if (is_stalled(front, now))
		front_drop(front, "no progress for ten seconds");
	else if (now - front->opened > FRONT_BEHAVED_MS * ns_per_ms)
		front->back_off = 0;
}

static void
on_timer(uv_timer_t *timer)
{
	struct front *front = timer->data;
	uint64_t now = uv_hrtime();

	if (front->link != NULL)
		look_after(front, now);
	else if (now >= front->dial_from)
		dial(front);
	look_soon(front);
}

int
front_hello(void *context, uint64_t id, struct reader *body, int fd)
{
	struct front *front = context;
	struct message_hello hello;
	unsigned char message[MESSAGE_MAX];
	struct writer writer;

	(void)fd;
	if (message_get_hello(body, &hello) != 0)
		return -1;
	if (hello.version != MESSAGE_VERSION || hello.role != front->config.role) {
		if (log_allowed(&front->misdeeds))
			log_error("%s speaks version %u in role %u, expected %d and %d: is it of "
				  "another build?",
			    front->config.name, hello.version, hello.role, MESSAGE_VERSION,
			    (int)front->config.role);
		return -1;
	}
	hello.version = MESSAGE_VERSION;
	message_begin(&writer, message, MESSAGE_HELLO_ANSWER, id);
	message_put_hello(&writer, &hello);
	if (link_send(front->link, message, message_end(&writer)) != 0)
		return -1;
	link_set_state(front->link, FRONT_STATE_OPEN);
	front->up = 1;
	if (log_allowed(&front->meetings))
		log_info("linked to %s", front->config.name);
	count(front, STATISTIC_STORE_LINKS_DNSD);
	tell(front, STATISTIC_STORE_LINKED_DNSD, 1);
	front->config.up(front->config.context, front->link);
	return 0;
}

int
front_statistics(void *context, uint64_t id, struct reader *body, int fd)
{
	struct front *front = context;

	(void)id;
	(void)fd;
	return summary_take(front->config.summary, front->config.source, body);
}

struct front *
front_start(uv_loop_t *loop, const struct front_config *config)
{
	struct front *front = calloc(1, sizeof(*front));

	if (front == NULL)
		fatal("no memory for the link to %s", config->name);
	front->loop = loop;
	front->config = *config;
	uv_timer_init(loop, &front->timer);
	front->timer.data = front;
	front->unlinked = uv_hrtime();
	look_soon(front);
	return front;
}

void *
front_context(void *front)
{
	return ((struct front *)front)->config.context;
}

struct link *
front_link(const struct front *front)
{
	return front->up ? front->link : NULL;
}

static void
free_front(uv_handle_t *handle)
{
	free(handle->data);
}

void
front_stop(struct front *front)
{
	link_close(front->link);
	front->link = NULL;
	front->up = 0;
	uv_close((uv_handle_t *)&front->timer, free_front);
}
