#include "accounts.h"

#include "authority.h"
#include "feed.h"
#include "log.h"
#include "name.h"
#include "password.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { PUBLISH_TIMER_MS = 100 };

struct accounts {
	struct statistic_counters *counters;
	struct feed *feed;
	struct committer *committer;
	struct keys *keys;
	unsigned outstanding;
	struct account_operation *rotating;			/* by their owners */
	struct account_operation *publishing, **publishing_end; /* in the order of their commits */
	uv_timer_t publish_timer;
	struct log_limit unacknowledged;
	int stopping;
};

void
accounts_clear(struct account_operation *operation)
{
	explicit_bzero(&operation->work, sizeof(operation->work));
	free(operation->change.name);
	operation->change.name = NULL;
	free(operation->networks);
	operation->networks = NULL;
}

static void
free_accounts(uv_handle_t *handle)
{
	free(handle->data);
}

static void
finish_stopping(struct accounts *accounts)
{
	if (!accounts->stopping || accounts->outstanding > 0)
		return;
	/* It may hand back what concerns no account, and then tells the feed. */
	committer_stop(accounts->committer);
	uv_close((uv_handle_t *)&accounts->publish_timer, free_accounts);
	feed_stop(accounts->feed);
	keys_stop(accounts->keys);
}

static enum statistic
statistic_of_change(enum change_kind kind)
{
	switch (kind) {
	case CHANGE_REGISTER:
		return STATISTIC_STORE_REGISTRATIONS;
	case CHANGE_SET:
		return STATISTIC_STORE_VALUES_SET;
	case CHANGE_REMOVE:
	case CHANGE_CLEAR:
		return STATISTIC_STORE_VALUES_CLEARED;
	case CHANGE_NETWORKS:
		return STATISTIC_STORE_NETWORKS_CHANGED;
	case CHANGE_HASH:
		return STATISTIC_STORE_KEYS_ROTATED;
	case CHANGE_DELETE:
		return STATISTIC_STORE_DELETIONS;
	default:
		break; /* no change of an account */
	}
	return STATISTIC_STORE_VALUES_SET;
}

static void
begin(struct accounts *accounts, struct account_operation *operation)
{
	operation->accounts = accounts;
	accounts->outstanding++;
}

static int
is_rotating(const struct accounts *accounts, const struct uuid *username)
{
	const struct account_operation *operation = accounts->rotating;

	while (operation != NULL && !uuid_equal(&operation->username, username))
		operation = operation->next_rotating;
	return operation != NULL;
}

static void
forget_rotating(struct account_operation *operation)
{
	struct account_operation **place = &operation->accounts->rotating;

	while (*place != NULL && *place != operation)
		place = &(*place)->next_rotating;
	if (*place != NULL)
		*place = operation->next_rotating;
}

/* Counted until its owner has had the chance to go on with it, so that stopping waits for that too. */
static void
finish(struct account_operation *operation, enum message_result result)
{
	struct accounts *accounts = operation->accounts;

	forget_rotating(operation);
	operation->done(operation, result);
	accounts->outstanding--;
	finish_stopping(accounts);
}

/* Ends the operations at the head of the queue that are served, or have waited long enough. */
static void
release_published(void *context)
{
	struct accounts *accounts = context;
	uint64_t now = uv_hrtime();

	while (accounts->publishing != NULL) {
		struct account_operation *operation = accounts->publishing;
		int applied = feed_has_applied(accounts->feed, operation->change.commit);

		if (!applied && now < operation->publish_until)
			return;
		if (!applied)
			statistic_count(accounts->counters, STATISTIC_STORE_UNACKNOWLEDGED);
		if (!applied && log_allowed(&accounts->unacknowledged))
			log_warning(
			    "dnsd has not acknowledged a commit within %d ms; it is durable "
			    "and the client is told so",
			    ACCOUNTS_PUBLISH_MS);
		accounts->publishing = operation->next;
		if (accounts->publishing == NULL)
			accounts->publishing_end = &accounts->publishing;
		finish(operation, MESSAGE_RESULT_OK);
	}
	if (!uv_is_closing((uv_handle_t *)&accounts->publish_timer))
		uv_timer_stop(&accounts->publish_timer);
}

static void
on_publish_timer(uv_timer_t *timer)
{
	release_published(timer->data);
}

static void
on_group_ended(void *context)
{
	struct accounts *accounts = context;

	feed_flush(accounts->feed);
	release_published(accounts);
}

/* The name was changed: the operation ends when dnsd serves it. */
static void
publish(struct account_operation *operation)
{
	struct accounts *accounts = operation->accounts;
	struct change *change = &operation->change;
	struct name_record name;

	if (name_record_decode(
		&name, change->label, (struct slice){change->name, change->name_length}) != 0)
		fatal("a record that was just written cannot be read");
	feed_add(accounts->feed, change->label, &name);
	operation->publish_until = uv_hrtime() + (uint64_t)ACCOUNTS_PUBLISH_MS * 1000000;
	operation->next = NULL;
	*accounts->publishing_end = operation;
	accounts->publishing_end = &operation->next;
	if (!uv_is_active((uv_handle_t *)&accounts->publish_timer))
		uv_timer_start(
		    &accounts->publish_timer, on_publish_timer, PUBLISH_TIMER_MS, PUBLISH_TIMER_MS);
}

/* 1 if the change brings a key that was made or given here; an import may bring its hash alone. */
static int
has_new_key(const struct account_operation *operation)
{
	enum change_kind kind = operation->change.kind;

	return (kind == CHANGE_HASH || kind == CHANGE_REGISTER) &&
	       operation->work.job.key[0] != '\0';
}

static void
on_committed(struct change *change)
{
	struct account_operation *operation =
	    (struct account_operation *)((char *)change -
					 offsetof(struct account_operation, change));

	if (change->result != MESSAGE_RESULT_OK) {
		finish(operation, change->result);
		return;
	}
	statistic_count(operation->accounts->counters, statistic_of_change(change->kind));
	/* Or each new key would allow a burst of bcrypts, for the calls before it is remembered. */
	if (has_new_key(operation))
		keys_remember(operation->accounts->keys, &operation->username,
		    (struct slice){(const unsigned char *)operation->work.job.key, MESSAGE_KEY},
		    operation->account.hash);
	if (change->commit != 0)
		publish(operation);
	else
		finish(operation, MESSAGE_RESULT_OK);
}

/* Hands the operation to the commit thread; its kind is in the change. */
static void
submit(struct account_operation *operation)
{
	struct change *change = &operation->change;

	change->username = operation->username;
	change->label = (struct slice){
	    (const unsigned char *)operation->subdomain, operation->subdomain_length};
	change->account = &operation->account;
	change->expected_hash =
	    (struct slice){(const unsigned char *)operation->proven, operation->proven_length};
	change->time = (uint64_t)time(NULL);
	change->done = on_committed;
	if (committer_submit(operation->accounts->committer, change) != 0)
		finish(operation, MESSAGE_RESULT_BUSY);
}

static void
begin_change(struct accounts *accounts, struct account_operation *operation, enum change_kind kind,
    struct slice text)
{
	begin(accounts, operation);
	operation->change.kind = kind;
	operation->change.text = text;
	submit(operation);
}

static struct account_operation *
operation_of_work(struct key_work *work)
{
	return (
	    struct account_operation *)((char *)work - offsetof(struct account_operation, work));
}

static void
on_hashed(struct key_work *work, enum message_result result)
{
	struct account_operation *operation = operation_of_work(work);

	if (result != MESSAGE_RESULT_OK) {
		finish(operation, result);
		return;
	}
	operation->account.hash =
	    (struct slice){(const unsigned char *)work->job.hash, strlen(work->job.hash)};
	submit(operation);
}

/* The key's hash, then the commit. */
static void
hash_key(struct account_operation *operation, const struct client_address *client)
{
	operation->work.hashed = on_hashed;
	keys_hash(operation->accounts->keys, &operation->work, client);
}

/* Judges them, and keeps their texts with the operation. */
static enum message_result
take_networks(struct account_operation *operation, const struct slice *networks, unsigned count)
{
	if (count == 0)
		return MESSAGE_RESULT_OK;
	if (operation->networks == NULL)
		operation->networks = calloc(MESSAGE_MAX_NETWORKS, sizeof(*operation->networks));
	if (operation->networks == NULL)
		return MESSAGE_RESULT_BUSY;
	operation->account.network_count = (uint16_t)count;
	return authority_judge_networks(
	    networks, count, operation->networks, operation->account.networks);
}

/* Fills in the names; random where none is wished for. */
static enum message_result
take_names(struct account_operation *operation, const struct account_wishes *wishes)
{
	unsigned char random[16];
	char text[UUID_TEXT + 1];
	struct uuid subdomain;

	if (wishes->username != NULL) {
		operation->username = *wishes->username;
	} else {
		password_random(random, sizeof(random));
		operation->username = uuid_from_random(random);
	}
	if (wishes->subdomain.length > 0) {
		if (!label_is_valid((const char *)wishes->subdomain.data, wishes->subdomain.length))
			return MESSAGE_RESULT_BAD_SUBDOMAIN;
		memcpy(operation->subdomain, wishes->subdomain.data, wishes->subdomain.length);
		operation->subdomain_length = wishes->subdomain.length;
	} else {
		password_random(random, sizeof(random));
		subdomain = uuid_from_random(random);
		uuid_to_text(&subdomain, text);
		memcpy(operation->subdomain, text, UUID_TEXT);
		operation->subdomain_length = UUID_TEXT;
	}
	operation->account.subdomain = (struct slice){
	    (const unsigned char *)operation->subdomain, operation->subdomain_length};
	return MESSAGE_RESULT_OK;
}

void
accounts_create(struct accounts *accounts, struct account_operation *operation,
    const struct account_wishes *wishes)
{
	struct account_record *account = &operation->account;
	enum message_result result;

	begin(accounts, operation);
	operation->change.kind = CHANGE_REGISTER;
	operation->change.name_state = wishes->state;
	if (wishes->terms != NULL) {
		operation->terms = *wishes->terms;
		operation->change.terms = &operation->terms;
	}
	*account = (struct account_record){.created = wishes->created};
	if (account->created == 0)
		account->created = (uint64_t)time(NULL);
	if (wishes->token.length > 0)
		memcpy(operation->token, wishes->token.data, wishes->token.length);
	account->token =
	    (struct slice){(const unsigned char *)operation->token, wishes->token.length};
	result = take_networks(operation, wishes->networks, wishes->network_count);
	if (result == MESSAGE_RESULT_OK)
		result = take_names(operation, wishes);
	if (result != MESSAGE_RESULT_OK) {
		finish(operation, result);
	} else if (wishes->hash.length > 0) {
		memcpy(operation->work.job.hash, wishes->hash.data, wishes->hash.length);
		account->hash = (struct slice){
		    (const unsigned char *)operation->work.job.hash, wishes->hash.length};
		submit(operation);
	} else {
		if (wishes->key.length > 0)
			memcpy(operation->work.job.key, wishes->key.data, MESSAGE_KEY);
		else
			password_generate(operation->work.job.key);
		hash_key(operation, &operation->terms.client);
	}
}

void
accounts_set_value(
    struct accounts *accounts, struct account_operation *operation, struct slice text)
{
	begin_change(accounts, operation, CHANGE_SET, text);
}

void
accounts_remove_value(
    struct accounts *accounts, struct account_operation *operation, struct slice text)
{
	begin_change(accounts, operation, CHANGE_REMOVE, text);
}

void
accounts_remove_values(struct accounts *accounts, struct account_operation *operation)
{
	begin_change(accounts, operation, CHANGE_CLEAR, (struct slice){NULL, 0});
}

void
accounts_change_networks(struct accounts *accounts, struct account_operation *operation,
    const struct slice *networks, unsigned count)
{
	enum message_result result;

	begin(accounts, operation);
	operation->change.kind = CHANGE_NETWORKS;
	operation->account = (struct account_record){0};
	result = take_networks(operation, networks, count);
	if (result != MESSAGE_RESULT_OK)
		finish(operation, result);
	else
		submit(operation);
}

void
accounts_rotate_key(struct accounts *accounts, struct account_operation *operation)
{
	begin(accounts, operation);
	operation->change.kind = CHANGE_HASH;
	/* Only one of those with the same key can succeed: no other is worth a bcrypt. */
	if (operation->proven_length > 0) {
		if (is_rotating(accounts, &operation->username)) {
			finish(operation, MESSAGE_RESULT_BUSY);
			return;
		}
		operation->next_rotating = accounts->rotating;
		accounts->rotating = operation;
	}
	password_generate(operation->work.job.key);
	hash_key(operation, &operation->client);
}

void
accounts_delete(struct accounts *accounts, struct account_operation *operation)
{
	begin_change(accounts, operation, CHANGE_DELETE, (struct slice){NULL, 0});
}

static void
on_proved(struct key_work *work, enum message_result result, const struct account_record *account)
{
	struct account_operation *operation = operation_of_work(work);
	struct accounts *accounts = operation->accounts;

	if (result == MESSAGE_RESULT_OK) {
		memcpy(operation->proven, account->hash.data, account->hash.length);
		operation->proven_length = account->hash.length;
	}
	operation->authenticated(operation, result, account);
	accounts->outstanding--;
	finish_stopping(accounts);
}

void
accounts_authenticate(struct accounts *accounts, struct account_operation *operation,
    struct slice key, const struct client_address *client,
    void (*authenticated)(struct account_operation *operation, enum message_result result,
	const struct account_record *account))
{
	begin(accounts, operation);
	operation->authenticated = authenticated;
	operation->client = *client;
	operation->work.proved = on_proved;
	keys_prove(accounts->keys, &operation->work, &operation->username, key, client);
}

struct accounts *
accounts_start(uv_loop_t *loop, const struct accounts_config *config)
{
	struct accounts *accounts = calloc(1, sizeof(*accounts));
	struct keys_config keys = {.database = config->database,
	    .client_limit = config->client_limit,
	    .bcrypt_threads = config->bcrypt_threads};

	if (accounts == NULL)
		fatal("no memory for the accounts");
	accounts->counters = summary_counters(config->summary, SUMMARY_LOOP);
	accounts->publishing_end = &accounts->publishing;
	accounts->publish_timer.data = accounts;
	uv_timer_init(loop, &accounts->publish_timer);
	keys.counters = accounts->counters;
	accounts->keys = keys_start(loop, &keys);
	accounts->committer = committer_start(loop, config->database, &config->limits,
	    summary_counters(config->summary, SUMMARY_COMMITTER), on_group_ended, accounts);
	accounts->feed = feed_start(loop, config->database, &config->limits, config->summary,
	    config->dnsd_uid, release_published, accounts);
	return accounts;
}

void
accounts_change_limits(struct accounts *accounts, const struct record_limits *limits)
{
	committer_change_limits(accounts->committer, limits);
	feed_change_limits(accounts->feed, limits);
}

int
accounts_is_linked(const struct accounts *accounts)
{
	return feed_is_linked(accounts->feed);
}

int
accounts_is_synchronised(const struct accounts *accounts)
{
	return feed_is_synchronised(accounts->feed);
}

void
accounts_show_trial(struct accounts *accounts, const struct message_name *trial)
{
	feed_show_trial(accounts->feed, trial);
}

void
accounts_sample(struct accounts *accounts)
{
	struct statistic_counters *counters = accounts->counters;

	keys_sample(accounts->keys);
	statistic_set(
	    counters, STATISTIC_STORE_QUEUE_COMMIT, committer_outstanding(accounts->committer));
	statistic_set(counters, STATISTIC_STORE_DELTA_LAG, feed_lag(accounts->feed));
}

struct committer *
accounts_committer(struct accounts *accounts)
{
	return accounts->committer;
}

void
accounts_stop(struct accounts *accounts)
{
	accounts->stopping = 1;
	finish_stopping(accounts);
}
