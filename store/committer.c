#include "committer.h"

#include "log.h"
#include "token_change.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { NS_IN_MICROSECOND = 1000 };

struct committer {
	uv_async_t wake; /* tells the loop that a group is finished */
	uv_thread_t thread;
	struct database *database;
	struct record_limits limits;	     /* of the group being committed */
	struct statistic_counters *counters; /* the thread's own */
	void (*group_ended)(void *context);
	void *context;
	unsigned outstanding; /* the loop's, as is what follows */
	/* What was submitted in this turn of the loop: it is handed over in one go, to be one group. */
	struct change *gathered, **gathered_end;
	uv_prepare_t sender;
	uv_mutex_t lock; /* guards what is below */
	uv_cond_t work;
	struct change *waiting, **waiting_end;
	struct change *finished, **finished_end;
	struct record_limits next_limits;
	struct notify *caller; /* who waits for a sign of life; or NULL */
	int stopping;
};

/* Keeps the stored form of the name for dnsd; 0 or -1. */
static int
keep_name(struct change *change, const struct name_record *name)
{
	/* 32 KiB, which every change would have zeroed for nothing. */
	__attribute__((uninitialized)) unsigned char bytes[RECORD_MAX];
	struct writer writer;

	writer_init(&writer, bytes, sizeof(bytes));
	name_record_encode(name, change->label, &writer);
	free(change->name);
	change->name = writer.failed ? NULL : malloc(writer.length);
	if (change->name == NULL)
		return -1;
	memcpy(change->name, bytes, writer.length);
	change->name_length = writer.length;
	change->commit = name->sequence;
	return 0;
}

/* What a read inside a transaction means for the change; OK where there is no such record as well. */
static enum message_result
result_of_read(enum database_result result)
{
	return result == DATABASE_OK || result == DATABASE_MISSING ? MESSAGE_RESULT_OK
								   : MESSAGE_RESULT_DB_ERROR;
}

/* Neither the user name nor the label, which may be a retired one, was ever given out. */
static enum message_result
check_free(struct database *database, const struct change *change)
{
	struct account_record account;
	struct name_record name;
	enum database_result result = database_get_account(database, &change->username, &account);

	if (result == DATABASE_MISSING)
		result = database_get_name(database, change->label, &name);
	return result == DATABASE_OK ? MESSAGE_RESULT_TAKEN : result_of_read(result);
}

/* Room for one more, and a token that is still good; the token is spent. */
static enum message_result
meet_terms(struct database *database, const struct change *change)
{
	const struct registration_terms *terms = change->terms;
	uint64_t count;

	if (terms == NULL)
		return MESSAGE_RESULT_OK;
	if (terms->cap > 0) {
		if (database_get_account_count(database, &count) != DATABASE_OK)
			return MESSAGE_RESULT_DB_ERROR;
		if (count >= terms->cap)
			return MESSAGE_RESULT_REGISTRATION_FORBIDDEN;
	}
	if (change->account->token.length == 0)
		return MESSAGE_RESULT_OK;
	return token_change_spend(database, change->account->token, &terms->client, change->time);
}

static enum message_result
apply_register(struct database *database, struct change *change)
{
	struct name_record name = {.owner = change->username};
	enum message_result result = check_free(database, change);

	if (result != MESSAGE_RESULT_OK)
		return result;
	if (change->name_state != NULL) {
		name.updated = change->name_state->updated;
		for (unsigned i = 0; i < change->name_state->count; i++) {
			name.values[i] = change->name_state->values[i];
			name.values[i].sequence = database_next_sequence(database);
		}
		name.count = change->name_state->count;
	}
	name.sequence = database_next_sequence(database);
	/* keep_name first: after a put, only a failed transaction takes account and token back. */
	if (keep_name(change, &name) != 0)
		return MESSAGE_RESULT_DB_ERROR;
	result = meet_terms(database, change);
	if (result != MESSAGE_RESULT_OK)
		return result;
	if (database_put_account(database, &change->username, change->account) != DATABASE_OK ||
	    database_put_name(database, change->label, &name) != DATABASE_OK)
		return MESSAGE_RESULT_DB_ERROR;
	return MESSAGE_RESULT_OK;
}

/* Reads the name and makes sure that it is the user's. */
static enum message_result
get_own_name(struct database *database, const struct change *change, struct name_record *name)
{
	enum database_result result = database_get_name(database, change->label, name);

	if (result == DATABASE_MISSING)
		return MESSAGE_RESULT_FORBIDDEN;
	if (result != DATABASE_OK)
		return MESSAGE_RESULT_DB_ERROR;
	return uuid_equal(&name->owner, &change->username) && !name->retired
		   ? MESSAGE_RESULT_OK
		   : MESSAGE_RESULT_FORBIDDEN;
}

static void
change_name(struct change *change, struct name_record *name, unsigned maximum, uint64_t sequence)
{
	switch (change->kind) {
	case CHANGE_SET:
		name_record_set(name, change->text, maximum, sequence, change->time);
		return;
	case CHANGE_REMOVE:
		name_record_remove(name, change->text, sequence, change->time);
		return;
	case CHANGE_DELETE:
		name_record_retire(name, sequence, change->time);
		return;
	default:
		name_record_clear(name, sequence, change->time);
		return;
	}
}

/* The account was judged before; that the name is still its own is certain only here. */
static enum message_result
apply_to_name(struct database *database, const struct record_limits *limits, struct change *change)
{
	struct name_record name;
	enum message_result result = get_own_name(database, change, &name);

	if (result != MESSAGE_RESULT_OK)
		return result;
	name_record_expire(&name, limits->lifetime, change->time);
	change_name(change, &name, limits->values, database_next_sequence(database));
	/* keep_name first: its bytes outlive the page that the old values stand on. */
	if (keep_name(change, &name) != 0 ||
	    name_record_decode(
		&name, change->label, (struct slice){change->name, change->name_length}) != 0 ||
	    database_put_name(database, change->label, &name) != DATABASE_OK)
		return MESSAGE_RESULT_DB_ERROR;
	return MESSAGE_RESULT_OK;
}

static int
is_expected(const struct account_record *account, struct slice hash)
{
	return hash.length == 0 || (hash.length == account->hash.length &&
				       memcmp(hash.data, account->hash.data, hash.length) == 0);
}

static enum message_result
delete_account(struct database *database, const struct record_limits *limits, struct change *change)
{
	enum message_result result = apply_to_name(database, limits, change);

	if (result != MESSAGE_RESULT_OK)
		return result;
	return database_delete_account(database, &change->username) == DATABASE_OK
		   ? MESSAGE_RESULT_OK
		   : MESSAGE_RESULT_DB_ERROR;
}

/* Only what the change is about: the rest stays as another change may have left it meanwhile. */
static enum message_result
apply_to_account(
    struct database *database, const struct record_limits *limits, struct change *change)
{
	struct account_record account;

	switch (database_get_account(database, &change->username, &account)) {
	case DATABASE_OK:
		break;
	case DATABASE_MISSING:
		return MESSAGE_RESULT_FORBIDDEN;
	default:
		return MESSAGE_RESULT_DB_ERROR;
	}
	if (!is_expected(&account, change->expected_hash))
		return MESSAGE_RESULT_FORBIDDEN;
	if (change->kind == CHANGE_DELETE)
		return delete_account(database, limits, change);
	if (change->kind == CHANGE_NETWORKS) {
		account.network_count = change->account->network_count;
		memcpy(account.networks, change->account->networks, sizeof(account.networks));
	} else {
		account.hash = change->account->hash;
	}
	return database_put_account(database, &change->username, &account) == DATABASE_OK
		   ? MESSAGE_RESULT_OK
		   : MESSAGE_RESULT_DB_ERROR;
}

static enum message_result
apply(struct committer *committer, struct change *change)
{
	struct database *database = committer->database;
	const struct record_limits *limits = &committer->limits;

	switch (change->kind) {
	case CHANGE_REGISTER:
		return apply_register(database, change);
	case CHANGE_SET:
	case CHANGE_REMOVE:
	case CHANGE_CLEAR:
		return apply_to_name(database, limits, change);
	case CHANGE_NETWORKS:
	case CHANGE_HASH:
	case CHANGE_DELETE:
		return apply_to_account(database, limits, change);
	case CHANGE_TOKEN_ADD:
		return token_change_add(database, change->token_name, change->token);
	case CHANGE_TOKEN_REVOKE:
		return token_change_revoke(database, change->token_name, change->time);
	}
	return MESSAGE_RESULT_DB_ERROR;
}

static void
fail_all(struct change *group)
{
	for (struct change *change = group; change != NULL; change = change->next)
		change->result = MESSAGE_RESULT_DB_ERROR;
}

/* One attempt at one transaction. */
static enum database_result
try_group(struct committer *committer, struct change *group)
{
	struct database *database = committer->database;
	enum database_result result = database_begin(database);

	if (result != DATABASE_OK)
		return result;
	for (struct change *change = group; change != NULL; change = change->next) {
		change->commit = 0;
		change->result = apply(committer, change);
	}
	return database_commit(database);
}

static void
commit_group(struct committer *committer, struct change *group)
{
	struct database *database = committer->database;
	uint64_t begun = uv_hrtime();
	enum database_result result = try_group(committer, group);
	unsigned size = 0;

	while (result != DATABASE_OK && database_wants_growth(database) &&
	       database_grow(database) == DATABASE_OK)
		result = try_group(committer, group);
	if (result != DATABASE_OK)
		fail_all(group);
	for (const struct change *change = group; change != NULL; change = change->next)
		size++;
	statistic_observe(committer->counters, STATISTIC_STORE_GROUP_SIZE, size);
	statistic_observe(committer->counters, STATISTIC_STORE_COMMIT_TIME,
	    (uv_hrtime() - begun) / NS_IN_MICROSECOND);
	statistic_count(committer->counters,
	    result == DATABASE_OK ? STATISTIC_STORE_COMMITS : STATISTIC_STORE_COMMITS_FAILED);
}

static struct change *
take_group(struct committer *committer)
{
	struct change *group;

	notify_answer(committer->caller);
	committer->caller = NULL;
	while (committer->waiting == NULL && !committer->stopping) {
		uv_cond_wait(&committer->work, &committer->lock);
		notify_answer(committer->caller);
		committer->caller = NULL;
	}
	group = committer->waiting;
	committer->limits = committer->next_limits;
	committer->waiting = NULL;
	committer->waiting_end = &committer->waiting;
	return group;
}

static void
work(void *argument)
{
	struct committer *committer = argument;
	struct change *group;

	(void)pthread_setname_np(pthread_self(), "commit");
	uv_mutex_lock(&committer->lock);
	while ((group = take_group(committer)) != NULL) {
		uv_mutex_unlock(&committer->lock);
		commit_group(committer, group);
		uv_mutex_lock(&committer->lock);
		*committer->finished_end = group;
		while (*committer->finished_end != NULL)
			committer->finished_end = &(*committer->finished_end)->next;
		uv_async_send(&committer->wake);
	}
	uv_mutex_unlock(&committer->lock);
}

static void
hand_back(uv_async_t *wake)
{
	struct committer *committer = wake->data;
	struct change *change;

	uv_mutex_lock(&committer->lock);
	change = committer->finished;
	committer->finished = NULL;
	committer->finished_end = &committer->finished;
	uv_mutex_unlock(&committer->lock);
	while (change != NULL) {
		struct change *next = change->next;

		committer->outstanding--;
		change->done(change);
		change = next;
	}
	committer->group_ended(committer->context);
}

struct committer *
committer_start(uv_loop_t *loop, struct database *database, const struct record_limits *limits,
    struct statistic_counters *counters, void (*group_ended)(void *context), void *context)
{
	struct committer *committer = calloc(1, sizeof(*committer));

	if (committer == NULL || uv_mutex_init(&committer->lock) != 0 ||
	    uv_cond_init(&committer->work) != 0 ||
	    uv_async_init(loop, &committer->wake, hand_back) != 0 ||
	    uv_prepare_init(loop, &committer->sender) != 0)
		fatal("cannot prepare the commit thread");
	committer->wake.data = committer->sender.data = committer;
	committer->database = database;
	committer->limits = committer->next_limits = *limits;
	committer->counters = counters;
	committer->group_ended = group_ended;
	committer->context = context;
	committer->gathered_end = &committer->gathered;
	committer->waiting_end = &committer->waiting;
	committer->finished_end = &committer->finished;
	if (uv_thread_create(&committer->thread, work, committer) != 0)
		fatal("cannot start the commit thread");
	return committer;
}

static void
hand_over(struct committer *committer)
{
	uv_prepare_stop(&committer->sender);
	if (committer->gathered == NULL)
		return;
	uv_mutex_lock(&committer->lock);
	*committer->waiting_end = committer->gathered;
	committer->waiting_end = committer->gathered_end;
	uv_cond_signal(&committer->work);
	uv_mutex_unlock(&committer->lock);
	committer->gathered = NULL;
	committer->gathered_end = &committer->gathered;
}

static void
on_sender(uv_prepare_t *sender)
{
	hand_over(sender->data);
}

int
committer_submit(struct committer *committer, struct change *change)
{
	if (committer->outstanding >= COMMITTER_QUEUE)
		return -1;
	committer->outstanding++;
	change->next = NULL;
	if (committer->gathered == NULL)
		uv_prepare_start(&committer->sender, on_sender);
	*committer->gathered_end = change;
	committer->gathered_end = &change->next;
	return 0;
}

void
committer_change_limits(struct committer *committer, const struct record_limits *limits)
{
	uv_mutex_lock(&committer->lock);
	committer->next_limits = *limits;
	uv_mutex_unlock(&committer->lock);
}

void
committer_call(struct committer *committer, struct notify *notify)
{
	uv_mutex_lock(&committer->lock);
	committer->caller = notify;
	uv_cond_signal(&committer->work);
	uv_mutex_unlock(&committer->lock);
}

unsigned
committer_outstanding(const struct committer *committer)
{
	return committer->outstanding;
}

static void
free_committer(uv_handle_t *handle)
{
	struct committer *committer = handle->data;

	uv_cond_destroy(&committer->work);
	uv_mutex_destroy(&committer->lock);
	free(committer);
}

static void
on_sender_closed(uv_handle_t *handle)
{
	struct committer *committer = handle->data;

	uv_close((uv_handle_t *)&committer->wake, free_committer);
}

void
committer_stop(struct committer *committer)
{
	hand_over(committer);
	uv_mutex_lock(&committer->lock);
	committer->stopping = 1;
	uv_cond_signal(&committer->work);
	uv_mutex_unlock(&committer->lock);
	uv_thread_join(&committer->thread);
	hand_back(&committer->wake);
	uv_close((uv_handle_t *)&committer->sender, on_sender_closed);
}
