#include "broker.h"

#include "link.h"
#include "log.h"
#include "pending.h"
#include "report.h"

#include <stdlib.h>
#include <string.h>

/* Longest answer: a registration's with all its networks. */
enum { BROKER_QUEUE_MAX = 4 * 1024 * 1024 };

enum { STATE_GREETING, STATE_READY };

struct broker {
	uv_loop_t *loop;
	struct broker_config config;
	struct link *link; /* NULL: none */
	uv_timer_t patience;
	struct report *report;
	struct pending pending;
	struct log_limit impatience;
	/* The updates of this turn of the loop, which go to store in one message. */
	struct writer updates; /* length 0: none */
	uv_prepare_t sender;
	unsigned char message[MESSAGE_MAX];
};

static int
take_hello_answer(void *context, uint64_t id, struct reader *body, int fd)
{
	struct broker *broker = context;
	struct message_hello hello;

	(void)id;
	(void)fd;
	if (message_get_hello(body, &hello) != 0 || hello.version != MESSAGE_VERSION ||
	    hello.role != MESSAGE_ROLE_APID)
		return -1;
	link_set_state(broker->link, STATE_READY);
	statistic_set(broker->config.counters, STATISTIC_HTTP_LINKED, 1);
	report_use(broker->report, broker->link);
	log_info("linked to store");
	return 0;
}

static int
take_register_answer(void *context, uint64_t id, struct reader *body, int fd)
{
	struct broker *broker = context;
	struct message_register_answer answer;
	void *owner;

	(void)fd;
	if (message_get_register_answer(body, &answer) != 0 ||
	    pending_take(&broker->pending, id, MESSAGE_REGISTER_ANSWER, &owner) != 0)
		return -1;
	if (owner != NULL)
		broker->config.registered(broker->config.context, owner, &answer);
	return 0;
}

static int
take_update_answer(void *context, uint64_t id, struct reader *body, int fd)
{
	struct broker *broker = context;
	struct message_update_answer answer;
	void *owner;

	(void)id;
	(void)fd;
	while (reader_left(body) > 0) {
		if (message_get_update_answer(body, &answer) != 0 ||
		    pending_take(&broker->pending, answer.id, MESSAGE_UPDATE_ANSWER, &owner) != 0)
			return -1;
		if (owner != NULL)
			broker->config.updated(
			    broker->config.context, owner, (enum message_result)answer.result);
	}
	return 0;
}

static int
take_account_answer(void *context, uint64_t id, struct reader *body, int fd)
{
	struct broker *broker = context;
	struct message_account_answer answer;
	void *owner;

	(void)fd;
	if (message_get_account_answer(body, &answer) != 0 ||
	    pending_take(&broker->pending, id, MESSAGE_ACCOUNT_ANSWER, &owner) != 0)
		return -1;
	if (owner != NULL)
		broker->config.account(broker->config.context, owner, &answer);
	return 0;
}

static int
take_metrics_answer(void *context, uint64_t id, struct reader *body, int fd)
{
	struct broker *broker = context;
	uint64_t values[STATISTICS];
	void *owner;

	(void)fd;
	if (message_get_all_statistics(body, values) != 0 ||
	    pending_take(&broker->pending, id, MESSAGE_METRICS_ANSWER, &owner) != 0)
		return -1;
	if (owner != NULL)
		broker->config.metrics(broker->config.context, owner, values);
	return 0;
}

static int
take_ready_answer(void *context, uint64_t id, struct reader *body, int fd)
{
	struct broker *broker = context;
	unsigned parts;
	void *owner;

	(void)fd;
	if (message_get_ready(body, &parts) != 0 ||
	    pending_take(&broker->pending, id, MESSAGE_READY_ANSWER, &owner) != 0)
		return -1;
	if (owner != NULL)
		broker->config.ready(broker->config.context, owner, parts);
	return 0;
}

enum { METRICS_BODY = STATISTICS * MESSAGE_STATISTIC };

static const struct message_rule rules[] = {
    {MESSAGE_HELLO_ANSWER, 1 << STATE_GREETING, 3, 3, 0, take_hello_answer},
    {MESSAGE_REGISTER_ANSWER, 1 << STATE_READY, 1, MESSAGE_MAX - MESSAGE_HEADER, 0,
	take_register_answer},
    {MESSAGE_UPDATE_ANSWER, 1 << STATE_READY, MESSAGE_UPDATE_ANSWER_SIZE,
	MESSAGE_MAX - MESSAGE_HEADER, 0, take_update_answer},
    {MESSAGE_ACCOUNT_ANSWER, 1 << STATE_READY, 1, MESSAGE_MAX - MESSAGE_HEADER, 0,
	take_account_answer},
    {MESSAGE_METRICS_ANSWER, 1 << STATE_READY, METRICS_BODY, METRICS_BODY, 0, take_metrics_answer},
    {MESSAGE_READY_ANSWER, 1 << STATE_READY, 1, 1, 0, take_ready_answer},
};

static void
clear_updates(struct broker *broker)
{
	/* There are keys in it. */
	explicit_bzero(broker->message, broker->updates.length);
	broker->updates.length = 0;
	uv_prepare_stop(&broker->sender);
}

/* What store had been asked may or may not have been done: nobody will ever say. */
static void
fail_all(struct broker *broker)
{
	void *owner;

	clear_updates(broker);
	while ((owner = pending_drop(&broker->pending)) != NULL)
		broker->config.failed(broker->config.context, owner);
	uv_timer_stop(&broker->patience);
}

static void
on_closed(void *context, enum link_end how)
{
	struct broker *broker = context;

	if (how == LINK_END_VIOLATION)
		fatal("store breaks the protocol: this process cannot be trusted to go on");
	log_warning("the link to store has ended");
	broker->link = NULL;
	statistic_set(broker->config.counters, STATISTIC_HTTP_LINKED, 0);
	report_use(broker->report, NULL);
	fail_all(broker);
}

static void on_patience(uv_timer_t *timer);

static void
watch_deadline(struct broker *broker)
{
	uint64_t now = uv_now(broker->loop), deadline = pending_deadline(&broker->pending);

	if (deadline != 0)
		uv_timer_start(
		    &broker->patience, on_patience, deadline > now ? deadline - now : 0, 0);
}

static void
on_patience(uv_timer_t *timer)
{
	struct broker *broker = timer->data;
	void *owner;

	while ((owner = pending_expire(&broker->pending, uv_now(broker->loop))) != NULL) {
		statistic_count(broker->config.counters, STATISTIC_HTTP_UNANSWERED);
		if (log_allowed(&broker->impatience))
			log_warning("store has not answered a request in time");
		broker->config.failed(broker->config.context, owner);
	}
	watch_deadline(broker);
}

static void
collect(void *context, uint64_t values[STATISTICS])
{
	const struct broker *broker = context;

	statistic_set(broker->config.counters, STATISTIC_HTTP_PENDING, broker->pending.count);
	statistic_sum(broker->config.counters, 1, values);
}

struct broker *
broker_open(uv_loop_t *loop, const struct broker_config *config)
{
	struct broker *broker = calloc(1, sizeof(*broker));

	if (broker == NULL)
		fatal("no memory for the link to store");
	broker->loop = loop;
	broker->config = *config;
	pending_init(&broker->pending);
	uv_timer_init(loop, &broker->patience);
	uv_prepare_init(loop, &broker->sender);
	broker->patience.data = broker->sender.data = broker;
	broker->report = report_new(loop, STATISTIC_APID, collect, broker);
	if (broker->report == NULL)
		fatal("no memory for the link to store");
	return broker;
}

static void
greet(struct broker *broker)
{
	const struct message_hello hello = {.version = MESSAGE_VERSION, .role = MESSAGE_ROLE_APID};
	unsigned char message[MESSAGE_MAX];
	struct writer writer;

	message_begin(&writer, message, MESSAGE_HELLO, 0);
	message_put_hello(&writer, &hello);
	/* A link that does not even take this ends by itself, and store dials again. */
	(void)link_send(broker->link, message, message_end(&writer));
}

void
broker_take_link(void *context, int fd)
{
	struct broker *broker = context;
	const struct link_config config = {.peer = "store",
	    .rules = rules,
	    .rule_count = sizeof(rules) / sizeof(rules[0]),
	    .queue_maximum = BROKER_QUEUE_MAX,
	    .context = broker,
	    .closed = on_closed};

	link_close(broker->link);
	broker->link = NULL;
	report_use(broker->report, NULL);
	fail_all(broker);
	broker->link = link_open(broker->loop, fd, &config);
	if (broker->link != NULL)
		greet(broker);
}

int
broker_is_linked(const struct broker *broker)
{
	return broker->link != NULL && link_state(broker->link) == STATE_READY;
}

/* Enters the request, so that its id can stand in the message. */
static enum broker_verdict
enter(struct broker *broker, enum message_type answer_type, void *owner, uint64_t *ticket)
{
	if (!broker_is_linked(broker))
		return BROKER_NO_LINK;
	*ticket = pending_add(&broker->pending, answer_type, uv_now(broker->loop), owner);
	return *ticket != 0 ? BROKER_ASKED : BROKER_FULL;
}

static void
expect_answer(struct broker *broker)
{
	if (!uv_is_active((uv_handle_t *)&broker->patience))
		watch_deadline(broker);
}

/* Sends a finished message; wipes it, since it may hold a key. */
static enum broker_verdict
ask(struct broker *broker, enum message_type answer_type, struct writer *writer, uint64_t *ticket)
{
	size_t length = message_end(writer);
	int failed = link_send(broker->link, writer->data, length);
	void *owner;

	explicit_bzero(writer->data, writer->length);
	if (failed) {
		pending_take(&broker->pending, *ticket, answer_type, &owner);
		*ticket = 0;
		return BROKER_FULL;
	}
	expect_answer(broker);
	return BROKER_ASKED;
}

enum broker_verdict
broker_register(
    struct broker *broker, const struct message_register *request, void *owner, uint64_t *ticket)
{
	enum broker_verdict verdict = enter(broker, MESSAGE_REGISTER_ANSWER, owner, ticket);
	unsigned char message[MESSAGE_MAX];
	struct writer writer;

	if (verdict != BROKER_ASKED)
		return verdict;
	message_begin(&writer, message, MESSAGE_REGISTER, *ticket);
	message_put_register(&writer, request);
	return ask(broker, MESSAGE_REGISTER_ANSWER, &writer, ticket);
}

enum { UPDATES_MAX = (MESSAGE_MAX - MESSAGE_HEADER) / MESSAGE_LEAST_UPDATE };

/* The link takes no more: whoever waits for one of the gathered updates need not wait any longer. */
static void
refuse_updates(struct broker *broker)
{
	uint64_t ids[UPDATES_MAX];
	struct message_update update;
	struct reader reader;
	unsigned count = 0;
	void *owner;

	reader_init(
	    &reader, broker->message + MESSAGE_HEADER, broker->updates.length - MESSAGE_HEADER);
	while (count < UPDATES_MAX && message_get_update(&reader, &update) == 0)
		ids[count++] = update.id;
	/* Whoever is told may ask again at once. */
	clear_updates(broker);
	for (unsigned i = 0; i < count; i++) {
		if (pending_take(&broker->pending, ids[i], MESSAGE_UPDATE_ANSWER, &owner) == 0 &&
		    owner != NULL)
			broker->config.failed(broker->config.context, owner);
	}
}

static void
send_updates(struct broker *broker)
{
	if (broker->updates.length == 0)
		return;
	if (link_send(broker->link, broker->message, message_end(&broker->updates)) != 0)
		refuse_updates(broker);
	else
		clear_updates(broker);
}

static void
on_sender(uv_prepare_t *sender)
{
	struct broker *broker = sender->data;

	/* Where the link is full, whoever is told may ask again at once: no other call comes before the loop waits. */
	while (broker->updates.length > 0)
		send_updates(broker);
}

enum broker_verdict
broker_update(
    struct broker *broker, const struct message_update *request, void *owner, uint64_t *ticket)
{
	enum broker_verdict verdict = enter(broker, MESSAGE_UPDATE_ANSWER, owner, ticket);
	struct message_update update = *request;

	if (verdict != BROKER_ASKED)
		return verdict;
	update.id = *ticket;
	while (broker->updates.length + MESSAGE_MOST_UPDATE > MESSAGE_MAX)
		send_updates(broker);
	if (broker->updates.length == 0) {
		message_begin(&broker->updates, broker->message, MESSAGE_UPDATE, 0);
		uv_prepare_start(&broker->sender, on_sender);
	}
	message_put_update(&broker->updates, &update);
	expect_answer(broker);
	return BROKER_ASKED;
}

enum broker_verdict
broker_account(
    struct broker *broker, const struct message_account *request, void *owner, uint64_t *ticket)
{
	enum broker_verdict verdict = enter(broker, MESSAGE_ACCOUNT_ANSWER, owner, ticket);
	unsigned char message[MESSAGE_MAX];
	struct writer writer;

	if (verdict != BROKER_ASKED)
		return verdict;
	message_begin(&writer, message, MESSAGE_ACCOUNT, *ticket);
	message_put_account(&writer, request);
	return ask(broker, MESSAGE_ACCOUNT_ANSWER, &writer, ticket);
}

enum broker_verdict
broker_metrics(struct broker *broker, void *owner, uint64_t *ticket)
{
	enum broker_verdict verdict = enter(broker, MESSAGE_METRICS_ANSWER, owner, ticket);
	unsigned char message[MESSAGE_MAX];
	struct writer writer;

	if (verdict != BROKER_ASKED)
		return verdict;
	report_flush(broker->report);
	message_begin(&writer, message, MESSAGE_METRICS, *ticket);
	return ask(broker, MESSAGE_METRICS_ANSWER, &writer, ticket);
}

enum broker_verdict
broker_ready(struct broker *broker, void *owner, uint64_t *ticket)
{
	enum broker_verdict verdict = enter(broker, MESSAGE_READY_ANSWER, owner, ticket);
	unsigned char message[MESSAGE_MAX];
	struct writer writer;

	if (verdict != BROKER_ASKED)
		return verdict;
	message_begin(&writer, message, MESSAGE_READY, *ticket);
	return ask(broker, MESSAGE_READY_ANSWER, &writer, ticket);
}

void
broker_own_statistics(struct broker *broker, uint64_t values[STATISTICS])
{
	memset(values, 0, STATISTICS * sizeof(values[0]));
	collect(broker, values);
}

void
broker_forget(struct broker *broker, uint64_t ticket)
{
	pending_forget(&broker->pending, ticket);
}

static void
free_broker(uv_handle_t *handle)
{
	free(handle->data);
}

static void
on_sender_closed(uv_handle_t *handle)
{
	struct broker *broker = handle->data;

	uv_close((uv_handle_t *)&broker->patience, free_broker);
}

void
broker_close(struct broker *broker)
{
	report_flush(broker->report);
	report_close(broker->report);
	link_close(broker->link);
	broker->link = NULL;
	clear_updates(broker);
	uv_close((uv_handle_t *)&broker->sender, on_sender_closed);
}
