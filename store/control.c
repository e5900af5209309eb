#include "control.h"

#include "acceptor.h"
#include "control_accounts.h"
#include "control_message.h"
#include "control_status.h"
#include "control_tokens.h"
#include "import.h"
#include "link.h"
#include "token_message.h"
#include "transport.h"
#include "trial.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { WATCH_MS = 1000, BODY_MAX = MESSAGE_MAX - MESSAGE_HEADER };
enum { STATE_GREETING = 0, STATE_OPEN = 1 };

static const uint64_t ns_per_ms = 1000000;

struct peer {
	struct control *control;
	struct link *link;
	unsigned place;
	uint64_t number; /* tells it from another one in the same place */
	uid_t uid;
	int greeted;
	int inherited;
	unsigned outstanding;
	uint64_t active; /* uv_hrtime() of the last request or answer */
};

struct control {
	struct control_config config;
	uv_loop_t *loop;
	struct acceptor *acceptor; /* NULL: nobody may come */
	uv_timer_t timer;
	struct peer *peers[CONTROL_PEERS];
	uint64_t next_number;
	int stopping;
	struct log_limit strangers;
	struct log_limit misdeeds;
};

static void
forget(struct peer *peer)
{
	struct control *control = peer->control;
	int inherited = peer->inherited;

	control->peers[peer->place] = NULL;
	free(peer);
	if (inherited && control->config.ended != NULL)
		control->config.ended(control->config.context);
}

/* `why` may be NULL: nothing to say. */
static void
drop(struct peer *peer, const char *why)
{
	if (why != NULL && log_allowed(&peer->control->misdeeds))
		log_warning("control: the connection of uid %u is closed: %s", peer->uid, why);
	link_close(peer->link);
	forget(peer);
}

static void
on_closed(void *context, enum link_end how)
{
	const struct peer *peer = context;

	if (how == LINK_END_VIOLATION)
		statistic_count(summary_counters(peer->control->config.summary, SUMMARY_LOOP),
		    STATISTIC_STORE_VIOLATIONS_CONTROL);
	forget(context);
}

static int
on_hello(void *context, uint64_t id, struct reader *body, int fd)
{
	struct peer *peer = context;
	struct message_hello hello;
	unsigned char message[MESSAGE_MAX];
	struct writer writer;
	int same;

	(void)fd;
	if (message_get_hello(body, &hello) != 0 || hello.role != MESSAGE_ROLE_CONTROL)
		return -1;
	same = hello.version == MESSAGE_VERSION;
	hello.version = MESSAGE_VERSION;
	message_begin(&writer, message, MESSAGE_HELLO_ANSWER, id);
	message_put_hello(&writer, &hello);
	if (link_send(peer->link, message, message_end(&writer)) != 0)
		return -1;
	if (!same) {
		drop(peer, "its program is of another version");
		return 0;
	}
	peer->greeted = 1;
	peer->active = uv_hrtime();
	link_set_state(peer->link, STATE_OPEN);
	return 0;
}

static int
on_statistics(void *context, uint64_t id, struct reader *body, int fd)
{
	unsigned char message[MESSAGE_MAX];
	uint64_t values[STATISTICS];
	struct control_ticket ticket;
	struct writer writer;

	(void)body;
	(void)fd;
	if (control_take(context, id, &ticket) != 0)
		return -1;
	summary_read(ticket.control->config.summary, values);
	message_begin(&writer, message, MESSAGE_ALL_STATISTICS_ANSWER, id);
	message_put_all_statistics(&writer, values);
	control_answer(&ticket, &writer);
	return 0;
}

static int
on_import(void *context, uint64_t id, struct reader *body, int fd)
{
	struct control_ticket ticket;

	(void)fd;
	if (control_take(context, id, &ticket) != 0)
		return -1;
	return import_take(ticket.control->config.import, &ticket, body);
}

static int
on_trial(void *context, uint64_t id, struct reader *body, int fd)
{
	unsigned char message[MESSAGE_MAX];
	struct control_ticket ticket;
	struct control_trial trial;
	struct writer writer;

	(void)body;
	(void)fd;
	if (control_take(context, id, &ticket) != 0)
		return -1;
	trial_show(ticket.control->config.trial, &trial);
	message_begin(&writer, message, MESSAGE_SHOW_TRIAL_ANSWER, id);
	control_put_trial(&writer, &trial);
	control_answer(&ticket, &writer);
	return 0;
}

#define OPEN (1U << STATE_OPEN)

static const struct message_rule rules[] = {
    {MESSAGE_HELLO, 1U << STATE_GREETING, 3, 3, 0, on_hello},
    {MESSAGE_ALL_STATISTICS, OPEN, 0, 0, 0, on_statistics},
    {MESSAGE_STATUS, OPEN, 0, 0, 0, control_status_read},
    {MESSAGE_SHOW_TRIAL, OPEN, 0, 0, 0, on_trial},
    {MESSAGE_LIST_ACCOUNTS, OPEN, 4, 4 + CONTROL_USERNAME, 0, control_accounts_list},
    {MESSAGE_FIND_ACCOUNT, OPEN, 2, 1 + MESSAGE_MAX_SUBDOMAIN, 0, control_accounts_find},
    {MESSAGE_ADD_ACCOUNT, OPEN, 3, BODY_MAX, 0, control_accounts_add},
    {MESSAGE_CHANGE_ACCOUNT, OPEN, 1 + 1 + CONTROL_USERNAME + 2 + 2, BODY_MAX, 0,
	control_accounts_change},
    {MESSAGE_LIST_TOKENS, OPEN, 1, 1 + CONTROL_MAX_TOKEN, 0, control_tokens_list},
    {MESSAGE_READ_TOKEN, OPEN, 2, 1 + CONTROL_MAX_TOKEN, 0, control_tokens_read},
    {MESSAGE_LIST_TOKEN_ACCOUNTS, OPEN, 3, 2 + CONTROL_MAX_TOKEN + CONTROL_USERNAME, 0,
	control_tokens_accounts},
    {MESSAGE_ADD_TOKEN, OPEN, 2 + 6 * 8 + 16 + 2,
	1 + CONTROL_MAX_TOKEN + 6 * 8 + 16 + 2 + TOKEN_MESSAGE_NETWORKS * 17, 0,
	control_tokens_add},
    {MESSAGE_REVOKE_TOKEN, OPEN, 2, 1 + CONTROL_MAX_TOKEN, 0, control_tokens_revoke},
    {MESSAGE_IMPORT, OPEN, CONTROL_IMPORT_SMALLEST, BODY_MAX, 0, on_import},
};

/* 1 for root, or without root for our own user. */
static int
is_owner(const struct control *control, uid_t uid)
{
	return uid == 0 || uid == control->config.uid;
}

/* Whether one more of this user may come: a member of the group who holds all that he gets shuts nobody else but the group out. */
static int
has_place(const struct control *control, uid_t uid)
{
	unsigned members = 0;

	if (is_owner(control, uid))
		return 1;
	for (unsigned i = 0; i < CONTROL_PEERS; i++)
		members += control->peers[i] != NULL && !is_owner(control, control->peers[i]->uid);
	return members < CONTROL_GROUP_PEERS;
}

/* Takes a descriptor over. 0, or -1: there is no place, or no memory, for it; it is closed. */
static int
welcome(struct control *control, int fd, uid_t uid, int inherited)
{
	struct link_config config = {.peer = "an administrator's program",
	    .rules = rules,
	    .rule_count = sizeof(rules) / sizeof(rules[0]),
	    .queue_maximum = CONTROL_QUEUE,
	    .violations = &control->misdeeds,
	    .closed = on_closed};
	unsigned place = 0;
	struct peer *peer;

	while (place < CONTROL_PEERS && control->peers[place] != NULL)
		place++;
	peer = place < CONTROL_PEERS && has_place(control, uid) ? calloc(1, sizeof(*peer)) : NULL;
	if (peer == NULL) {
		close(fd);
		return -1;
	}
	*peer = (struct peer){.control = control,
	    .place = place,
	    .number = control->next_number++,
	    .uid = uid,
	    .inherited = inherited,
	    .active = uv_hrtime()};
	config.context = peer;
	transport_refuse_fds(fd);
	peer->link = link_open(control->loop, fd, &config);
	if (peer->link == NULL) {
		free(peer);
		return -1;
	}
	control->peers[place] = peer;
	return 0;
}

/* 1 if one of the peer's supplementary groups is ours. */
static int
has_group(int fd, gid_t group)
{
	gid_t few[64], *groups = few;
	socklen_t length = sizeof(few);
	int failed = getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &length), found = 0;

	/* Whoever has more than that; the kernel says how much room they need. */
	if (failed != 0 && errno == ERANGE && (groups = malloc(length)) != NULL)
		failed = getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &length);
	for (size_t i = 0; failed == 0 && i < length / sizeof(*groups); i++)
		found |= groups[i] == group;
	if (groups != few)
		free(groups);
	return found;
}

/* The kernel's word on who connected; the socket's mode has kept others out already, as long as nobody changed it. */
static int
may_speak(struct control *control, int fd, struct ucred *peer)
{
	const struct control_config *config = &control->config;
	socklen_t length = sizeof(*peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, peer, &length) != 0)
		return 0;
	if (is_owner(control, peer->uid))
		return 1;
	if (config->has_group && (peer->gid == config->group || has_group(fd, config->group)))
		return 1;
	if (log_allowed(&control->strangers))
		log_warning("control: uid %u is not allowed to connect", peer->uid);
	return 0;
}

static void
on_knock(void *context, int fd)
{
	struct control *control = context;
	struct ucred peer;

	if (!may_speak(control, fd, &peer))
		close(fd);
	else if (welcome(control, fd, peer.uid, 0) != 0 && log_allowed(&control->strangers))
		log_warning("control: a connection of uid %u is closed: there are %d%s already",
		    peer.uid, has_place(control, peer.uid) ? CONTROL_PEERS : CONTROL_GROUP_PEERS,
		    has_place(control, peer.uid) ? "" : " of the group");
}

static void
look_after(struct peer *peer, uint64_t now)
{
	uint64_t patience = (peer->greeted ? CONTROL_IDLE_MS : CONTROL_HELLO_MS) * ns_per_ms;
	uint64_t since = peer->active;

	/* An inherited link has a whole process of its own to wait with. */
	if (peer->inherited || (peer->outstanding > 0 && link_queued(peer->link) == 0))
		return;
	if (link_queued(peer->link) > 0 && link_progress(peer->link) > since)
		since = link_progress(peer->link);
	if (now > since && now - since > patience)
		drop(peer, peer->greeted ? "nothing has come for a minute" : "no greeting came");
}

static void
on_timer(uv_timer_t *timer)
{
	struct control *control = timer->data;
	uint64_t now = uv_hrtime();

	for (unsigned i = 0; i < CONTROL_PEERS; i++)
		if (control->peers[i] != NULL)
			look_after(control->peers[i], now);
}

static void
listen_for_peers(struct control *control)
{
	const struct acceptor_config config = {
	    .context = control, .what = "administrators", .accepted = on_knock};

	control->acceptor =
	    acceptor_start(control->loop, control->config.listener, CONTROL_PEERS, &config);
	if (control->acceptor == NULL)
		fatal("cannot listen for administrators: %s", strerror(errno));
}

struct control *
control_start(uv_loop_t *loop, const struct control_config *config)
{
	struct control *control = calloc(1, sizeof(*control));

	if (control == NULL)
		fatal("no memory for the administrator's link");
	control->config = *config;
	control->loop = loop;
	control->timer.data = control;
	uv_timer_init(loop, &control->timer);
	uv_timer_start(&control->timer, on_timer, WATCH_MS, WATCH_MS);
	if (config->listener >= 0)
		listen_for_peers(control);
	if (config->link >= 0 && welcome(control, config->link, 0, 1) != 0)
		fatal("cannot serve the administrator's link");
	return control;
}

void
control_stop(struct control *control)
{
	if (control->stopping)
		return;
	control->stopping = 1;
	acceptor_close(control->acceptor);
	control->acceptor = NULL;
	uv_close((uv_handle_t *)&control->timer, NULL);
	for (unsigned i = 0; i < CONTROL_PEERS; i++)
		if (control->peers[i] != NULL && control->peers[i]->outstanding == 0)
			drop(control->peers[i], NULL);
}

void
control_free(struct control *control)
{
	if (control == NULL)
		return;
	for (unsigned i = 0; i < CONTROL_PEERS; i++)
		free(control->peers[i]);
	free(control);
}

const struct control_config *
control_config_of(void *peer)
{
	return &((struct peer *)peer)->control->config;
}

int
control_take(void *context, uint64_t id, struct control_ticket *ticket)
{
	struct peer *peer = context;

	if (peer->outstanding >= CONTROL_OUTSTANDING || peer->control->stopping)
		return -1;
	peer->outstanding++;
	peer->active = uv_hrtime();
	*ticket = (struct control_ticket){.control = peer->control,
	    .place = peer->place,
	    .number = peer->number,
	    .id = id,
	    .uid = peer->uid,
	    .audit = peer->control->config.audit};
	return 0;
}

void
control_answer(const struct control_ticket *ticket, struct writer *writer)
{
	struct peer *peer = ticket->control->peers[ticket->place];

	if (peer == NULL || peer->number != ticket->number)
		return;
	peer->outstanding--;
	peer->active = uv_hrtime();
	if (link_send(peer->link, writer->data, message_end(writer)) != 0)
		drop(peer, "it does not take its answers");
	else if (ticket->control->stopping && peer->outstanding == 0)
		drop(peer, NULL);
}
