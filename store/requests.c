#include "requests.h"

#include "authority.h"
#include "front.h"
#include "log.h"
#include "ready_parts.h"
#include "request_log.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

struct requests {
	struct requests_config config;
	struct statistic_counters *counters;
	struct front *front;
	unsigned outstanding;
	uint64_t link_number; /* of apid's link; an answer is not sent over a later one */
	/* The answers to updates of this turn of the loop, which go to apid in one message. */
	struct writer answers; /* length 0: none */
	uv_prepare_t sender;
	int stopping;
	unsigned char message[MESSAGE_MAX];
};

/* One registration, update or other wish of an account's owner under way. */
struct request {
	struct requests *requests;
	uint64_t id;
	uint64_t link_number;
	struct account_operation operation;
	struct client_address client;
	/* an account's */
	uint8_t action;
	enum request_objection objection;
	int clears;	      /* an update: takes all values away */
	unsigned char *asked; /* owned: the body of the message, which holds the key */
	size_t asked_length;
	/* an update's */
	unsigned char txt[MESSAGE_MAX_ASKED_TXT];
	size_t txt_length;
};

static struct request *
request_of_operation(struct account_operation *operation)
{
	return (struct request *)((char *)operation - offsetof(struct request, operation));
}

static void
free_requests(uv_handle_t *handle)
{
	free(handle->data);
}

static void
send_updated(struct requests *requests)
{
	struct link *link = front_link(requests->front);

	if (link != NULL && requests->answers.length > 0 &&
	    link_send(link, requests->message, message_end(&requests->answers)) != 0)
		front_drop(requests->front, "it does not take its answers");
	requests->answers.length = 0;
	uv_prepare_stop(&requests->sender);
}

static void
on_sender(uv_prepare_t *sender)
{
	send_updated(sender->data);
}

static void
finish_stopping(struct requests *requests)
{
	if (!requests->stopping || requests->outstanding > 0)
		return;
	send_updated(requests);
	front_stop(requests->front);
	uv_close((uv_handle_t *)&requests->sender, free_requests);
}

static void
count_busy(struct requests *requests, enum message_result result)
{
	if (result == MESSAGE_RESULT_BUSY)
		statistic_count(requests->counters, STATISTIC_STORE_BUSY);
}

static void
send_answer(struct requests *requests, uint64_t link_number, struct writer *writer)
{
	struct link *link = front_link(requests->front);

	/* Whoever asked is gone; apid has told its clients that the outcome is unknown. */
	if (link == NULL || link_number != requests->link_number)
		return;
	if (link_send(link, writer->data, message_end(writer)) != 0)
		front_drop(requests->front, "it does not take its answers");
}

static void
answer_update(
    struct requests *requests, uint64_t link_number, uint64_t id, enum message_result result)
{
	const struct message_update_answer answer = {.id = id, .result = (uint8_t)result};

	count_busy(requests, result);
	/* Whoever asked is gone; apid has told its clients that the outcome is unknown. */
	if (link_number != requests->link_number)
		return;
	if (requests->answers.length + MESSAGE_UPDATE_ANSWER_SIZE > MESSAGE_MAX)
		send_updated(requests);
	if (requests->answers.length == 0) {
		message_begin(&requests->answers, requests->message, MESSAGE_UPDATE_ANSWER, 0);
		uv_prepare_start(&requests->sender, on_sender);
	}
	message_put_update_answer(&requests->answers, &answer);
}

static void
answer_registration(struct requests *requests, uint64_t link_number, uint64_t id,
    enum message_result result, const struct account_operation *operation)
{
	struct message_register_answer answer = {.result = (uint8_t)result};
	unsigned char message[MESSAGE_MAX];
	char username[UUID_TEXT + 1];
	struct writer writer;

	count_busy(requests, result);
	message_begin(&writer, message, MESSAGE_REGISTER_ANSWER, id);
	if (result == MESSAGE_RESULT_OK) {
		uuid_to_text(&operation->username, username);
		answer.username = (struct slice){(const unsigned char *)username, UUID_TEXT};
		answer.password =
		    (struct slice){(const unsigned char *)operation->work.job.key, MESSAGE_KEY};
		answer.subdomain = operation->account.subdomain;
		answer.count = operation->account.network_count;
		memcpy(answer.networks, operation->account.networks, sizeof(answer.networks));
	}
	message_put_register_answer(&writer, &answer);
	send_answer(requests, link_number, &writer);
	explicit_bzero(message, sizeof(message));
}

static void
free_request(struct request *request)
{
	struct requests *requests = request->requests;

	accounts_clear(&request->operation);
	if (request->asked != NULL)
		explicit_bzero(request->asked, request->asked_length);
	free(request->asked);
	free(request);
	requests->outstanding--;
	finish_stopping(requests);
}

static struct request_log
log_of(const struct request *request, enum message_result result)
{
	const struct account_operation *operation = &request->operation;

	return (struct request_log){.audit = request->requests->config.audit,
	    .client = &request->client,
	    .username = &operation->username,
	    .subdomain = {(const unsigned char *)operation->subdomain, operation->subdomain_length},
	    .result = result,
	    .objection = request->objection};
}

/* What is refused before there is a request. */
static struct request_log
log_without(const struct requests *requests, const struct client_address *client,
    enum message_result result)
{
	return (struct request_log){.audit = requests->config.audit,
	    .client = client,
	    .result = result,
	    .objection = REQUEST_NO_ACCOUNT};
}

/* Says what was wrong with credentials, or with an address or subdomain behind right ones, for the log alone. */
static void
object(struct request *request, const struct account_record *account,
    const struct client_address *client)
{
	struct database_account found;

	if (account == NULL)
		request->objection = database_read_account(request->requests->config.database,
					 &request->operation.username, &found) == DATABASE_MISSING
					 ? REQUEST_NO_ACCOUNT
					 : REQUEST_WRONG_KEY;
	else if (authority_judge_account(account, client, (struct slice){NULL, 0}) !=
		 MESSAGE_RESULT_OK)
		request->objection = REQUEST_WRONG_ADDRESS;
	else
		request->objection = REQUEST_WRONG_SUBDOMAIN;
}

static void
finish_update(struct account_operation *operation, enum message_result result)
{
	struct request *request = request_of_operation(operation);
	const struct request_log log = log_of(request, result);

	request_log_update(&log, request->clears);
	answer_update(request->requests, request->link_number, request->id, result);
	free_request(request);
}

static void
finish_registration(struct account_operation *operation, enum message_result result)
{
	struct request *request = request_of_operation(operation);
	struct request_log log = log_of(request, result);

	log.subdomain = operation->account.subdomain;
	if (result != MESSAGE_RESULT_OK)
		log.username = NULL;
	request_log_registration(&log, operation->account.token);
	answer_registration(
	    request->requests, request->link_number, request->id, result, operation);
	free_request(request);
}

static struct request *
new_request(struct requests *requests, uint64_t id)
{
	struct request *request;

	if (requests->stopping || requests->outstanding >= REQUESTS_MAX)
		return NULL;
	request = calloc(1, sizeof(*request));
	if (request == NULL)
		return NULL;
	request->requests = requests;
	request->id = id;
	request->link_number = requests->link_number;
	requests->outstanding++;
	return request;
}

/* What registration_judge() forbids, it has logged. */
static void
refuse_registration(struct requests *requests, uint64_t id, const struct client_address *client,
    enum message_result result)
{
	const struct request_log log = log_without(requests, client, result);

	if (result != MESSAGE_RESULT_REGISTRATION_FORBIDDEN)
		request_log_registration(&log, (struct slice){NULL, 0});
	answer_registration(requests, requests->link_number, id, result, NULL);
}

static int
on_register(void *context, uint64_t id, struct reader *body, int fd)
{
	struct requests *requests = front_context(context);
	struct message_register wanted;
	char token[RECORD_MAX_TOKEN];
	size_t token_length;
	struct registration_terms terms = {
	    .cap = requests->config.registration->conf->api.registration_cap};
	struct account_wishes wishes = {.networks = wanted.networks, .terms = &terms};
	enum message_result result;
	struct request *request;

	(void)fd;
	if (message_get_register(body, &wanted) != 0)
		return -1;
	result = registration_judge(requests->config.registration, &wanted, token, &token_length);
	if (result == MESSAGE_RESULT_TOO_MANY_REQUESTS)
		statistic_count(requests->counters, STATISTIC_STORE_LIMITED_REGISTRATIONS);
	request = result == MESSAGE_RESULT_OK ? new_request(requests, id) : NULL;
	if (request == NULL) {
		refuse_registration(requests, id, &wanted.client,
		    result == MESSAGE_RESULT_OK ? MESSAGE_RESULT_BUSY : result);
		return 0;
	}
	terms.client = request->client = wanted.client;
	wishes.token = (struct slice){(const unsigned char *)token, token_length};
	wishes.network_count = wanted.count;
	request->operation.done = finish_registration;
	accounts_create(requests->config.accounts, &request->operation, &wishes);
	return 0;
}

/*
 * Whether apid has come by a newer link while the key was looked at. The client has heard that the outcome is unknown, and
 * may have set other values since: this one would come late, and push one of them out.
 */
static int
is_outlived(const struct request *request)
{
	return request->link_number != request->requests->link_number;
}

/* With the right credentials: judges the rest, and does it. */
static void
on_authenticated(struct account_operation *operation, enum message_result result,
    const struct account_record *account)
{
	struct request *request = request_of_operation(operation);
	struct accounts *accounts = request->requests->config.accounts;
	struct message_update update = {.client = request->client,
	    .subdomain = {(const unsigned char *)operation->subdomain, operation->subdomain_length},
	    .txt = {request->txt, request->txt_length}};

	if (result == MESSAGE_RESULT_OK && is_outlived(request))
		result = MESSAGE_RESULT_BUSY;
	if (result == MESSAGE_RESULT_OK)
		result =
		    authority_judge_update(account, &update, &request->requests->config.limits);
	if (result == MESSAGE_RESULT_FORBIDDEN)
		object(request, account, &request->client);
	request->clears = authority_is_clear(update.txt, &request->requests->config.limits);
	if (result != MESSAGE_RESULT_OK)
		finish_update(operation, result);
	else if (request->clears)
		accounts_remove_values(accounts, operation);
	else
		accounts_set_value(accounts, operation, update.txt);
}

static void
refuse_update(
    struct requests *requests, const struct message_update *update, enum message_result result)
{
	const struct request_log log = log_without(requests, &update->client, result);

	request_log_update(&log, 0);
	answer_update(requests, requests->link_number, update->id, result);
}

static void
take_update(struct requests *requests, const struct message_update *update)
{
	struct request *request;
	struct uuid username;

	/* Anybody can see that this is no user name: it costs no bcrypt. */
	if (uuid_from_text(&username, update->username.data, update->username.length) != 0) {
		refuse_update(requests, update, MESSAGE_RESULT_FORBIDDEN);
		return;
	}
	request = new_request(requests, update->id);
	if (request == NULL) {
		refuse_update(requests, update, MESSAGE_RESULT_BUSY);
		return;
	}
	request->client = update->client;
	memcpy(request->txt, update->txt.data, update->txt.length);
	request->txt_length = update->txt.length;
	request->operation.username = username;
	memcpy(request->operation.subdomain, update->subdomain.data, update->subdomain.length);
	request->operation.subdomain_length = update->subdomain.length;
	request->operation.done = finish_update;
	accounts_authenticate(requests->config.accounts, &request->operation, update->key,
	    &request->client, on_authenticated);
}

static int
on_update(void *context, uint64_t id, struct reader *body, int fd)
{
	struct requests *requests = front_context(context);
	struct message_update update;

	(void)id;
	(void)fd;
	while (reader_left(body) > 0) {
		if (message_get_update(body, &update) != 0)
			return -1;
		take_update(requests, &update);
	}
	return 0;
}

static void
answer_account(struct requests *requests, uint64_t link_number, uint64_t id,
    const struct message_account_answer *answer)
{
	unsigned char message[MESSAGE_MAX];
	struct writer writer;

	count_busy(requests, answer->result);
	message_begin(&writer, message, MESSAGE_ACCOUNT_ANSWER, id);
	message_put_account_answer(&writer, answer);
	send_answer(requests, link_number, &writer);
	explicit_bzero(message, sizeof(message));
}

static void
refuse_account(struct requests *requests, uint64_t id, const struct message_account *wanted,
    enum message_result result)
{
	const struct message_account_answer answer = {.result = (uint8_t)result};
	const struct request_log log = log_without(requests, &wanted->client, result);

	request_log_account(&log, (enum message_account_action)wanted->action);
	answer_account(requests, requests->link_number, id, &answer);
}

/* What a read of the database comes to for an account that was there a moment ago. */
static enum message_result
result_of_read(enum database_result result)
{
	switch (result) {
	case DATABASE_OK:
		return MESSAGE_RESULT_OK;
	case DATABASE_MISSING:
		return MESSAGE_RESULT_FORBIDDEN;
	default:
		return MESSAGE_RESULT_DB_ERROR;
	}
}

/* Answers with the account as it is now. */
static void
answer_state(struct request *request, struct message_account_answer *answer)
{
	const struct requests_config *config = &request->requests->config;
	struct database_account account;
	struct database_name name;
	enum message_result result = result_of_read(
	    database_read_account(config->database, &request->operation.username, &account));

	if (result == MESSAGE_RESULT_OK)
		result = result_of_read(
		    database_read_name(config->database, account.record.subdomain, &name));
	answer->result = (uint8_t)result;
	if (result == MESSAGE_RESULT_OK) {
		name_record_expire(&name.record, config->limits.lifetime, (uint64_t)time(NULL));
		answer->created = account.record.created;
		answer->updated = name.record.updated;
		answer->count = account.record.network_count;
		memcpy(answer->networks, account.record.networks, sizeof(answer->networks));
		answer->value_count = name.record.count;
		for (unsigned i = 0; i < name.record.count; i++) {
			answer->values[i] = name.record.values[i].text;
			answer->times[i] = name.record.values[i].time;
		}
	}
	answer_account(request->requests, request->link_number, request->id, answer);
}

static void
finish_account(struct account_operation *operation, enum message_result result)
{
	struct request *request = request_of_operation(operation);
	struct message_account_answer answer = {
	    .result = (uint8_t)result, .action = request->action};
	const struct request_log log = log_of(request, result);
	char username[UUID_TEXT + 1];

	request_log_account(&log, (enum message_account_action)request->action);
	if (result != MESSAGE_RESULT_OK) {
		answer_account(request->requests, request->link_number, request->id, &answer);
		free_request(request);
		return;
	}
	uuid_to_text(&operation->username, username);
	answer.username = (struct slice){(const unsigned char *)username, UUID_TEXT};
	answer.subdomain = (struct slice){
	    (const unsigned char *)operation->subdomain, operation->subdomain_length};
	if (request->action == MESSAGE_ACCOUNT_ROTATE)
		answer.password =
		    (struct slice){(const unsigned char *)operation->work.job.key, MESSAGE_KEY};
	if (request->action == MESSAGE_ACCOUNT_DELETE)
		answer_account(request->requests, request->link_number, request->id, &answer);
	else
		answer_state(request, &answer);
	free_request(request);
}

static void
do_with_account(struct request *request, const struct message_account *wanted)
{
	struct accounts *accounts = request->requests->config.accounts;
	struct account_operation *operation = &request->operation;

	switch ((enum message_account_action)wanted->action) {
	case MESSAGE_ACCOUNT_NETWORKS:
		accounts_change_networks(accounts, operation, wanted->networks, wanted->count);
		return;
	case MESSAGE_ACCOUNT_ROTATE:
		accounts_rotate_key(accounts, operation);
		return;
	case MESSAGE_ACCOUNT_REMOVE:
		accounts_remove_value(accounts, operation, wanted->txt);
		return;
	case MESSAGE_ACCOUNT_CLEAR:
		accounts_remove_values(accounts, operation);
		return;
	case MESSAGE_ACCOUNT_DELETE:
		accounts_delete(accounts, operation);
		return;
	case MESSAGE_ACCOUNT_READ:
	case MESSAGE_ACCOUNT_ACTIONS:
		finish_account(operation, MESSAGE_RESULT_OK);
		return;
	}
}

static void
on_account_authenticated(struct account_operation *operation, enum message_result result,
    const struct account_record *account)
{
	struct request *request = request_of_operation(operation);
	struct message_account wanted;
	struct reader reader;

	/* Read for the second time: what is wanted may be long, and lies there anyway. */
	reader_init(&reader, request->asked, request->asked_length);
	if (message_get_account(&reader, &wanted) != 0)
		result = MESSAGE_RESULT_FORBIDDEN;
	if (result == MESSAGE_RESULT_OK && is_outlived(request))
		result = MESSAGE_RESULT_BUSY;
	if (result == MESSAGE_RESULT_OK)
		result = authority_judge_account(account, &wanted.client, wanted.subdomain);
	if (result == MESSAGE_RESULT_FORBIDDEN)
		object(request, account, &request->client);
	if (result != MESSAGE_RESULT_OK) {
		finish_account(operation, result);
		return;
	}
	memcpy(operation->subdomain, account->subdomain.data, account->subdomain.length);
	operation->subdomain_length = account->subdomain.length;
	do_with_account(request, &wanted);
}

static int
on_account(void *context, uint64_t id, struct reader *body, int fd)
{
	struct requests *requests = front_context(context);
	const struct reader all = *body;
	struct message_account wanted;
	struct request *request;
	struct uuid username;

	(void)fd;
	if (message_get_account(body, &wanted) != 0)
		return -1;
	/* Anybody can see that this is no user name: it costs no bcrypt. */
	if (uuid_from_text(&username, wanted.username.data, wanted.username.length) != 0) {
		refuse_account(requests, id, &wanted, MESSAGE_RESULT_FORBIDDEN);
		return 0;
	}
	request = new_request(requests, id);
	if (request == NULL) {
		refuse_account(requests, id, &wanted, MESSAGE_RESULT_BUSY);
		return 0;
	}
	request->action = wanted.action;
	request->operation.done = finish_account;
	request->asked_length = reader_left(&all);
	request->asked = malloc(request->asked_length);
	if (request->asked == NULL) {
		finish_account(&request->operation, MESSAGE_RESULT_BUSY);
		return 0;
	}
	memcpy(request->asked, all.data + all.offset, request->asked_length);
	request->client = wanted.client;
	request->operation.username = username;
	accounts_authenticate(requests->config.accounts, &request->operation, wanted.key,
	    &request->client, on_account_authenticated);
	return 0;
}

static int
on_metrics(void *context, uint64_t id, struct reader *body, int fd)
{
	struct requests *requests = front_context(context);
	unsigned char message[MESSAGE_MAX];
	uint64_t values[STATISTICS];
	struct writer writer;

	(void)body;
	(void)fd;
	summary_read(requests->config.summary, values);
	message_begin(&writer, message, MESSAGE_METRICS_ANSWER, id);
	message_put_all_statistics(&writer, values);
	send_answer(requests, requests->link_number, &writer);
	return 0;
}

static int
on_ready(void *context, uint64_t id, struct reader *body, int fd)
{
	struct requests *requests = front_context(context);
	unsigned char message[MESSAGE_MAX];
	struct writer writer;

	(void)body;
	(void)fd;
	message_begin(&writer, message, MESSAGE_READY_ANSWER, id);
	message_put_ready(
	    &writer, ready_parts(requests->config.accounts, requests->config.registration->room));
	send_answer(requests, requests->link_number, &writer);
	return 0;
}

static void
on_up(void *context, struct link *link)
{
	struct requests *requests = context;

	(void)link;
	requests->link_number++;
	requests->answers.length = 0;
}

static const struct message_rule rules[] = {
    FRONT_HELLO_RULE,
    FRONT_STATISTICS_RULE(STATISTIC_APID_END - STATISTIC_DNSD_END),
    {MESSAGE_REGISTER, 1U << FRONT_STATE_OPEN, 16 + 1 + 2, MESSAGE_MAX - MESSAGE_HEADER, 0,
	on_register},
    {MESSAGE_UPDATE, 1U << FRONT_STATE_OPEN, MESSAGE_LEAST_UPDATE, MESSAGE_MAX - MESSAGE_HEADER, 0,
	on_update},
    {MESSAGE_ACCOUNT, 1U << FRONT_STATE_OPEN, 1 + 16 + 1 + 1 + MESSAGE_KEY + 1 + 2 + 2,
	MESSAGE_MAX - MESSAGE_HEADER, 0, on_account},
    {MESSAGE_METRICS, 1U << FRONT_STATE_OPEN, 0, 0, 0, on_metrics},
    {MESSAGE_READY, 1U << FRONT_STATE_OPEN, 0, 0, 0, on_ready},
};

struct requests *
requests_start(uv_loop_t *loop, const struct requests_config *config)
{
	struct requests *requests = calloc(1, sizeof(*requests));
	struct front_config front = {.name = "apid",
	    .door = "apid.door",
	    .uid = config->apid_uid,
	    .role = MESSAGE_ROLE_APID,
	    .source = STATISTIC_APID,
	    .summary = config->summary,
	    .rules = rules,
	    .rule_count = sizeof(rules) / sizeof(rules[0]),
	    .queue_maximum = REQUESTS_QUEUE,
	    .context = requests,
	    .up = on_up};

	if (requests == NULL)
		fatal("no memory for the requests");
	requests->config = *config;
	requests->counters = summary_counters(config->summary, SUMMARY_LOOP);
	uv_prepare_init(loop, &requests->sender);
	requests->sender.data = requests;
	requests->front = front_start(loop, &front);
	return requests;
}

void
requests_change_limits(struct requests *requests, const struct record_limits *limits)
{
	requests->config.limits = *limits;
}

int
requests_is_linked(const struct requests *requests)
{
	return front_link(requests->front) != NULL;
}

void
requests_stop(struct requests *requests)
{
	requests->stopping = 1;
	finish_stopping(requests);
}
