#include "requests.h"

#include "authority.h"
#include "front.h"
#include "log.h"
#include "password.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { PUBLISH_TIMER_MS = 100 };

struct requests {
	struct requests_config config;
	struct statistic_counters *counters;
	struct front *front;
	struct feed *feed;
	struct committer *committer;
	struct bcrypt_pool *pool;
	struct credential_cache *credentials;
	unsigned outstanding;
	uint64_t link_number; /* of apid's link; an answer is not sent over a later one */
	struct request *publishing, **publishing_end; /* in the order of their commits */
	uv_timer_t publish_timer;
	struct log_limit unacknowledged;
	int stopping;
};

/* One registration or update under way. */
struct request {
	struct requests *requests;
	uint64_t id;
	uint64_t link_number;
	struct bcrypt_job job; /* holds the key until it is not needed any more */
	struct change change;
	struct uuid username;
	char subdomain[MESSAGE_MAX_SUBDOMAIN];
	size_t subdomain_length;
	uint64_t publish_until; /* uv_hrtime() */
	struct request *next;
	/* an update's */
	struct client_address client;
	unsigned char txt[MESSAGE_MAX_ASKED_TXT];
	size_t txt_length;
	/* a registration's */
	struct account_record account;
	char (*networks)[NETWORK_MAX_TEXT]; /* owned: MESSAGE_MAX_NETWORKS of them */
};

static void
free_request(struct request *request)
{
	if (request == NULL)
		return;
	explicit_bzero(&request->job, sizeof(request->job));
	free(request->change.name);
	free(request->networks);
	free(request);
}

static void
free_requests(uv_handle_t *handle)
{
	free(handle->data);
}

static void
finish_stopping(struct requests *requests)
{
	if (!requests->stopping || requests->outstanding > 0)
		return;
	uv_close((uv_handle_t *)&requests->publish_timer, free_requests);
	front_stop(requests->front);
	feed_stop(requests->feed);
	bcrypt_pool_stop(requests->pool);
	committer_stop(requests->committer);
	credential_cache_free(requests->credentials);
}

static enum statistic
statistic_of_change(enum change_kind kind)
{
	switch (kind) {
	case CHANGE_REGISTER:
		return STATISTIC_STORE_REGISTRATIONS;
	case CHANGE_SET:
		return STATISTIC_STORE_VALUES_SET;
	default:
		return STATISTIC_STORE_VALUES_CLEARED;
	}
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
	struct message_update_answer answer = {.result = (uint8_t)result};
	unsigned char message[MESSAGE_MAX];
	struct writer writer;

	count_busy(requests, result);
	message_begin(&writer, message, MESSAGE_UPDATE_ANSWER, id);
	message_put_update_answer(&writer, &answer);
	send_answer(requests, link_number, &writer);
}

static void
answer_registration(struct requests *requests, uint64_t link_number, uint64_t id,
    enum message_result result, const struct request *request)
{
	struct message_register_answer answer = {.result = (uint8_t)result};
	unsigned char message[MESSAGE_MAX];
	char username[UUID_TEXT + 1];
	struct writer writer;

	count_busy(requests, result);
	message_begin(&writer, message, MESSAGE_REGISTER_ANSWER, id);
	if (result == MESSAGE_RESULT_OK) {
		uuid_to_text(&request->username, username);
		answer.username = (struct slice){(const unsigned char *)username, UUID_TEXT};
		answer.password =
		    (struct slice){(const unsigned char *)request->job.key, MESSAGE_KEY};
		answer.subdomain = request->change.label;
		answer.count = request->account.network_count;
		memcpy(answer.networks, request->account.networks, sizeof(answer.networks));
	}
	message_put_register_answer(&writer, &answer);
	send_answer(requests, link_number, &writer);
	explicit_bzero(message, sizeof(message));
}

/* Answers and forgets a request. */
static void
finish(struct request *request, enum message_result result)
{
	struct requests *requests = request->requests;

	if (request->change.kind == CHANGE_REGISTER)
		answer_registration(requests, request->link_number, request->id, result, request);
	else
		answer_update(requests, request->link_number, request->id, result);
	free_request(request);
	requests->outstanding--;
	finish_stopping(requests);
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

/* Answers the requests at the head of the queue that are served, or have waited long enough. */
static void
release_published(void *context)
{
	struct requests *requests = context;
	uint64_t now = uv_hrtime();

	while (requests->publishing != NULL) {
		struct request *request = requests->publishing;
		int applied = feed_has_applied(requests->feed, request->change.commit);

		if (!applied && now < request->publish_until)
			return;
		if (!applied)
			statistic_count(requests->counters, STATISTIC_STORE_UNACKNOWLEDGED);
		if (!applied && log_allowed(&requests->unacknowledged))
			log_warning(
			    "dnsd has not acknowledged a commit within %d ms; it is durable "
			    "and the client is told so",
			    REQUESTS_PUBLISH_MS);
		requests->publishing = request->next;
		if (requests->publishing == NULL)
			requests->publishing_end = &requests->publishing;
		finish(request, MESSAGE_RESULT_OK);
	}
	if (!uv_is_closing((uv_handle_t *)&requests->publish_timer))
		uv_timer_stop(&requests->publish_timer);
}

static void
on_publish_timer(uv_timer_t *timer)
{
	release_published(timer->data);
}

static void
on_group_ended(void *context)
{
	struct requests *requests = context;

	feed_flush(requests->feed);
	release_published(requests);
}

static void
on_committed(struct change *change)
{
	struct request *request =
	    (struct request *)((char *)change - offsetof(struct request, change));
	struct requests *requests = request->requests;
	struct name_record name;

	if (change->result != MESSAGE_RESULT_OK) {
		finish(request, change->result);
		return;
	}
	if (name_record_decode(
		&name, change->label, (struct slice){change->name, change->name_length}) != 0)
		fatal("a record that was just written cannot be read");
	statistic_count(requests->counters, statistic_of_change(change->kind));
	feed_add(requests->feed, change->label, &name);
	request->publish_until = uv_hrtime() + (uint64_t)REQUESTS_PUBLISH_MS * 1000000;
	request->next = NULL;
	*requests->publishing_end = request;
	requests->publishing_end = &request->next;
	if (!uv_is_active((uv_handle_t *)&requests->publish_timer))
		uv_timer_start(
		    &requests->publish_timer, on_publish_timer, PUBLISH_TIMER_MS, PUBLISH_TIMER_MS);
}

static void
submit_change(struct request *request, enum change_kind kind)
{
	struct change *change = &request->change;

	change->kind = kind;
	change->username = request->username;
	change->label =
	    (struct slice){(const unsigned char *)request->subdomain, request->subdomain_length};
	change->time = (uint64_t)time(NULL);
	change->done = on_committed;
	if (committer_submit(request->requests->committer, change) != 0)
		finish(request, MESSAGE_RESULT_BUSY);
}

static struct request *
request_of_job(struct bcrypt_job *job)
{
	return (struct request *)((char *)job - offsetof(struct request, job));
}

static void
on_hashed(struct bcrypt_job *job)
{
	struct request *request = request_of_job(job);

	if (!job->succeeded) {
		log_error("a key cannot be hashed: no memory");
		finish(request, MESSAGE_RESULT_DB_ERROR);
		return;
	}
	request->account.hash = (struct slice){(const unsigned char *)job->hash, strlen(job->hash)};
	request->account.created = (uint64_t)time(NULL);
	request->change.account = &request->account;
	submit_change(request, CHANGE_REGISTER);
}

/* New names and a new key; the subdomain is as random as the user name. */
static void
invent_account(struct request *request)
{
	unsigned char random[16];
	char text[UUID_TEXT + 1];
	struct uuid subdomain;

	password_random(random, sizeof(random));
	request->username = uuid_from_random(random);
	password_random(random, sizeof(random));
	subdomain = uuid_from_random(random);
	uuid_to_text(&subdomain, text);
	memcpy(request->subdomain, text, UUID_TEXT);
	request->subdomain_length = UUID_TEXT;
	request->account.subdomain =
	    (struct slice){(const unsigned char *)request->subdomain, UUID_TEXT};
	password_generate(request->job.key);
}

static enum message_result
begin_registration(struct request *request, const struct message_register *wanted)
{
	enum message_result result;

	request->networks = calloc(MESSAGE_MAX_NETWORKS, sizeof(*request->networks));
	if (request->networks == NULL)
		return MESSAGE_RESULT_BUSY;
	result = authority_judge_networks(wanted, request->networks, request->account.networks);
	if (result != MESSAGE_RESULT_OK)
		return result;
	request->account.network_count = wanted->count;
	invent_account(request);
	request->job.kind = BCRYPT_HASH;
	request->job.done = on_hashed;
	if (bcrypt_pool_submit(request->requests->pool, &request->job) != 0)
		return MESSAGE_RESULT_BUSY;
	statistic_count(request->requests->counters, STATISTIC_STORE_BCRYPT_HASH);
	return MESSAGE_RESULT_OK;
}

static int
on_register(void *context, uint64_t id, struct reader *body, int fd)
{
	struct requests *requests = front_context(context);
	struct message_register wanted;
	enum message_result result = MESSAGE_RESULT_BUSY;
	struct request *request;

	(void)fd;
	if (message_get_register(body, &wanted) != 0)
		return -1;
	if (requests->config.disable_registration) {
		answer_registration(
		    requests, requests->link_number, id, MESSAGE_RESULT_REGISTRATION_CLOSED, NULL);
		return 0;
	}
	request = new_request(requests, id);
	if (request == NULL) {
		answer_registration(requests, requests->link_number, id, result, NULL);
		return 0;
	}
	request->change.kind = CHANGE_REGISTER;
	result = begin_registration(request, &wanted);
	if (result != MESSAGE_RESULT_OK)
		finish(request, result);
	return 0;
}

/* The credentials are right: judges the rest and submits it. */
static void
go_on_with_update(struct request *request, const struct account_record *account)
{
	struct message_update update = {.client = request->client,
	    .subdomain = {(const unsigned char *)request->subdomain, request->subdomain_length},
	    .txt = {request->txt, request->txt_length}};
	enum message_result result =
	    authority_judge_update(account, &update, &request->requests->config.limits);

	if (result != MESSAGE_RESULT_OK) {
		finish(request, result);
		return;
	}
	request->change.text = update.txt;
	submit_change(request, authority_is_clear(update.txt) ? CHANGE_CLEAR : CHANGE_SET);
}

/* The account is read again: 50 ms have passed since, in which its hash may have changed. */
static void
on_verified(struct bcrypt_job *job)
{
	struct request *request = request_of_job(job);
	struct requests *requests = request->requests;
	struct slice key = {(const unsigned char *)job->key, MESSAGE_KEY};
	struct database_account account;

	if (!job->succeeded) {
		finish(request, MESSAGE_RESULT_FORBIDDEN);
		return;
	}
	switch (database_read_account(requests->config.database, &request->username, &account)) {
	case DATABASE_OK:
		break;
	case DATABASE_MISSING:
		finish(request, MESSAGE_RESULT_FORBIDDEN);
		return;
	case DATABASE_FAILED:
	case DATABASE_FULL:
		finish(request, MESSAGE_RESULT_DB_ERROR);
		return;
	}
	if (!slice_equals(account.record.hash, job->hash)) {
		finish(request, MESSAGE_RESULT_FORBIDDEN);
		return;
	}
	credential_remember(requests->credentials, &request->username, key, account.record.hash);
	go_on_with_update(request, &account.record);
}

static void
verify(struct request *request, struct slice key, struct slice hash)
{
	struct bcrypt_job *job = &request->job;

	job->kind = BCRYPT_VERIFY;
	job->done = on_verified;
	memcpy(job->key, key.data, MESSAGE_KEY);
	memcpy(job->hash, hash.data, hash.length);
	job->hash[hash.length] = '\0';
	if (bcrypt_pool_submit(request->requests->pool, job) != 0)
		finish(request, MESSAGE_RESULT_BUSY);
	else
		statistic_count(request->requests->counters, STATISTIC_STORE_BCRYPT_VERIFY);
}

static void
authenticate(struct request *request, struct slice key)
{
	struct requests *requests = request->requests;
	struct slice nobody = {(const unsigned char *)password_nobody, strlen(password_nobody)};
	struct database_account account;

	switch (database_read_account(requests->config.database, &request->username, &account)) {
	case DATABASE_OK:
		if (credential_known(
			requests->credentials, &request->username, key, account.record.hash)) {
			statistic_count(requests->counters, STATISTIC_STORE_REMEMBERED);
			go_on_with_update(request, &account.record);
		} else {
			verify(request, key, account.record.hash);
		}
		return;
	case DATABASE_MISSING:
		verify(request, key, nobody);
		return;
	case DATABASE_FAILED:
	case DATABASE_FULL:
		finish(request, MESSAGE_RESULT_DB_ERROR);
		return;
	}
}

static int
on_update(void *context, uint64_t id, struct reader *body, int fd)
{
	struct requests *requests = front_context(context);
	struct message_update update;
	struct request *request;
	struct uuid username;

	(void)fd;
	if (message_get_update(body, &update) != 0)
		return -1;
	/* Anybody can see that this is no user name: it costs no bcrypt. */
	if (uuid_from_text(&username, update.username.data, update.username.length) != 0) {
		answer_update(requests, requests->link_number, id, MESSAGE_RESULT_FORBIDDEN);
		return 0;
	}
	request = new_request(requests, id);
	if (request == NULL) {
		answer_update(requests, requests->link_number, id, MESSAGE_RESULT_BUSY);
		return 0;
	}
	request->change.kind = CHANGE_SET;
	request->username = username;
	request->client = update.client;
	memcpy(request->subdomain, update.subdomain.data, update.subdomain.length);
	request->subdomain_length = update.subdomain.length;
	memcpy(request->txt, update.txt.data, update.txt.length);
	request->txt_length = update.txt.length;
	authenticate(request, update.key);
	return 0;
}

static void
on_up(void *context, struct link *link)
{
	struct requests *requests = context;

	(void)link;
	requests->link_number++;
}

static const struct message_rule rules[] = {
    FRONT_HELLO_RULE,
    FRONT_STATISTICS_RULE(STATISTIC_APID_END - STATISTIC_DNSD_END),
    {MESSAGE_REGISTER, 1U << FRONT_STATE_OPEN, 16 + 1 + 2, MESSAGE_MAX - MESSAGE_HEADER, 0,
	on_register},
    {MESSAGE_UPDATE, 1U << FRONT_STATE_OPEN, 16 + 1 + 1 + MESSAGE_KEY + 1 + 2,
	16 + 1 + MESSAGE_MAX_USER + 1 + MESSAGE_KEY + 1 + MESSAGE_MAX_SUBDOMAIN + 2 +
	    MESSAGE_MAX_ASKED_TXT,
	0, on_update},
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
	requests->publishing_end = &requests->publishing;
	requests->publish_timer.data = requests;
	uv_timer_init(loop, &requests->publish_timer);
	requests->credentials = credential_cache_new();
	requests->pool = bcrypt_pool_start(loop, config->bcrypt_threads);
	requests->committer = committer_start(loop, config->database, &config->limits,
	    summary_counters(config->summary, SUMMARY_COMMITTER), on_group_ended, requests);
	requests->feed = feed_start(loop, config->database, &config->limits, config->summary,
	    config->dnsd_uid, release_published, requests);
	requests->front = front_start(loop, &front);
	return requests;
}

void
requests_stop(struct requests *requests)
{
	requests->stopping = 1;
	finish_stopping(requests);
}
