#include "link.h"

#include "log.h"
#include "transport.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct queued {
	struct queued *next;
	size_t length;
	unsigned char message[];
};

struct link {
	uv_poll_t poll;
	struct link_config config;
	int fd;
	unsigned state;
	int watched; /* the events that the loop waits for */
	int ended;
	struct queued *first, **last;
	size_t queued;
	uint64_t progress;
	unsigned char buffer[MESSAGE_MAX + 1]; /* the message being handled */
};

static void on_ready(uv_poll_t *poll, int status, int events);

/* Keys pass through these messages, and through the link's buffer. */
static void
free_queued(struct queued *queued)
{
	explicit_bzero(queued->message, queued->length);
	free(queued);
}

static void
free_link(uv_handle_t *handle)
{
	struct link *link = handle->data;

	while (link->first != NULL) {
		struct queued *next = link->first->next;

		free_queued(link->first);
		link->first = next;
	}
	explicit_bzero(link->buffer, sizeof(link->buffer));
	free(link);
}

void
link_close(struct link *link)
{
	if (link == NULL || link->ended)
		return;
	link->ended = 1;
	uv_poll_stop(&link->poll);
	close(link->fd);
	uv_close((uv_handle_t *)&link->poll, free_link);
}

static void
end(struct link *link, enum link_end how)
{
	if (link->ended)
		return;
	link_close(link);
	link->config.closed(link->config.context, how);
}

static void
watch(struct link *link)
{
	int events = UV_READABLE | (link->first != NULL ? UV_WRITABLE : 0);

	/* libuv forgets the socket and takes it in anew each time: two system calls. */
	if (link->ended || events == link->watched)
		return;
	link->watched = events;
	uv_poll_start(&link->poll, events, on_ready);
}

/* Hands one message to its rule's handler. */
static enum message_verdict
handle(struct link *link, const struct message_received *received, int fds[MESSAGE_MAX_FDS],
    struct message_header *header)
{
	const struct message_rule *rule;
	enum message_verdict verdict;
	struct reader body;

	verdict = message_check(
	    link->config.rules, link->config.rule_count, link->state, received, header, &rule);
	if (verdict != MESSAGE_ACCEPTED) {
		transport_close_fds(fds);
		return verdict;
	}
	reader_init(&body, received->data + MESSAGE_HEADER, received->length - MESSAGE_HEADER);
	if (rule->handle(link->config.context, header->id, &body, fds[0]) != 0)
		return MESSAGE_BAD_BODY;
	return MESSAGE_ACCEPTED;
}

/* 1 if there may be more to read. */
static int
read_one(struct link *link)
{
	struct message_header header = {0};
	struct message_received received;
	enum message_verdict verdict;
	int fds[MESSAGE_MAX_FDS];

	switch (transport_receive(link->fd, link->buffer, &received, fds)) {
	case TRANSPORT_DONE:
		break;
	case TRANSPORT_AGAIN:
		return 0;
	case TRANSPORT_CLOSED:
		end(link, LINK_END_PEER);
		return 0;
	case TRANSPORT_FAILED:
		log_error("the link to %s cannot be read: %s", link->config.peer, strerror(errno));
		end(link, LINK_END_FAILURE);
		return 0;
	}
	verdict = handle(link, &received, fds, &header);
	/* A key may have been in it, and the next message may not come for long. */
	explicit_bzero(link->buffer, received.length);
	if (verdict != MESSAGE_ACCEPTED) {
		if (link->config.violations == NULL || log_allowed(link->config.violations))
			log_error("protocol violation by %s: %s (type %u, %zu bytes, state %u)",
			    link->config.peer, message_verdict_text(verdict), header.type,
			    received.length, link->state);
		end(link, LINK_END_VIOLATION);
	}
	return !link->ended;
}

static void
write_queue(struct link *link)
{
	while (link->first != NULL) {
		struct queued *message = link->first;
		enum transport_result result =
		    transport_send(link->fd, message->message, message->length, NULL, 0);

		if (result == TRANSPORT_AGAIN)
			return;
		if (result != TRANSPORT_DONE) {
			if (result == TRANSPORT_FAILED)
				log_error("the link to %s cannot be written: %s", link->config.peer,
				    strerror(errno));
			end(link, result == TRANSPORT_CLOSED ? LINK_END_PEER : LINK_END_FAILURE);
			return;
		}
		link->progress = uv_hrtime();
		link->queued -= message->length;
		link->first = message->next;
		if (link->first == NULL)
			link->last = &link->first;
		free_queued(message);
	}
	if (link->config.drained != NULL)
		link->config.drained(link->config.context);
}

static void
on_ready(uv_poll_t *poll, int status, int events)
{
	struct link *link = poll->data;

	/* libuv gives every error as EBADF, and stops; reading tells what it is. */
	if (status < 0) {
		events = UV_READABLE;
		link->watched = 0;
	}
	if (events & UV_READABLE) {
		unsigned turn = LINK_READ_TURN;

		while (turn-- > 0 && read_one(link))
			;
		if (!link->ended && link->config.turn_ended != NULL)
			link->config.turn_ended(link->config.context);
	}
	if (!link->ended && link->first != NULL && (events & UV_WRITABLE))
		write_queue(link);
	watch(link);
}

struct link *
link_open(uv_loop_t *loop, int fd, const struct link_config *config)
{
	struct link *link = calloc(1, sizeof(*link));
	int failed;

	if (link == NULL) {
		log_error("no memory for the link to %s", config->peer);
		close(fd);
		return NULL;
	}
	link->config = *config;
	link->fd = fd;
	link->last = &link->first;
	link->progress = uv_hrtime();
	failed = uv_poll_init(loop, &link->poll, fd);
	if (failed != 0) {
		log_error(
		    "the link to %s cannot be watched: %s", config->peer, uv_strerror(failed));
		close(fd);
		free(link);
		return NULL;
	}
	link->poll.data = link;
	watch(link);
	return link;
}

void
link_set_state(struct link *link, unsigned state)
{
	link->state = state;
}

unsigned
link_state(const struct link *link)
{
	return link->state;
}

int
link_send(struct link *link, const unsigned char *message, size_t length)
{
	struct queued *entry;

	if (link->ended || length == 0)
		return -1;
	if (link->first == NULL) {
		enum transport_result result = transport_send(link->fd, message, length, NULL, 0);

		if (result == TRANSPORT_DONE)
			link->progress = uv_hrtime();
		if (result == TRANSPORT_FAILED)
			return -1;
		/* A dead socket is noticed, and `closed` called, in the next turn of the loop. */
		if (result != TRANSPORT_AGAIN)
			return 0;
	}
	if (length > link->config.queue_maximum - link->queued)
		return -1;
	entry = malloc(sizeof(*entry) + length);
	if (entry == NULL)
		return -1;
	entry->next = NULL;
	entry->length = length;
	memcpy(entry->message, message, length);
	*link->last = entry;
	link->last = &entry->next;
	link->queued += length;
	watch(link);
	return 0;
}

size_t
link_queued(const struct link *link)
{
	return link->queued;
}

uint64_t
link_progress(const struct link *link)
{
	return link->progress;
}
