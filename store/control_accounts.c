#include "control_accounts.h"

#include "accounts.h"
#include "authority.h"
#include "control.h"
#include "control_message.h"
#include "log.h"
#include "name.h"
#include "static_name.h"

#include <stdlib.h>
#include <string.h>

/* One change under way, or an account that is read. */
struct work {
	struct account_operation operation;
	struct control_ticket ticket;
	uint8_t action;
	unsigned char text[MESSAGE_MAX_TXT];
	struct database_account account;
	struct database_name name;
};

static struct slice
slice_of(const char *text)
{
	return (struct slice){(const unsigned char *)text, strlen(text)};
}

/* Reads an account with its name, for the administrator to see; `username` is to hold its text. */
static enum database_result
read_account(struct database *database, const struct uuid *user, struct work *work,
    char username[UUID_TEXT + 1], struct control_account *seen)
{
	const struct account_record *account = &work->account.record;
	const struct name_record *name = &work->name.record;
	enum database_result result = database_read_account(database, user, &work->account);

	if (result == DATABASE_OK)
		result = database_read_name(database, account->subdomain, &work->name);
	if (result != DATABASE_OK)
		return result;
	uuid_to_text(user, username);
	*seen = (struct control_account){.username = slice_of(username),
	    .subdomain = account->subdomain,
	    .hash = account->hash,
	    .token = account->token,
	    .created = account->created,
	    .updated = name->updated,
	    .network_count = account->network_count,
	    .value_count = name->count};
	memcpy(seen->networks, account->networks, sizeof(seen->networks));
	for (unsigned i = 0; i < name->count; i++)
		seen->values[i] =
		    (struct control_value){name->values[i].time, name->values[i].text};
	return DATABASE_OK;
}

/* User names in the order of the table, one more than a page may have. */
struct page_names {
	struct uuid users[CONTROL_PAGE + 1];
	unsigned count, maximum;
};

static int
collect(void *context, const struct uuid *username, const struct account_record *account)
{
	struct page_names *names = context;

	(void)account;
	names->users[names->count++] = *username;
	return names->count > names->maximum;
}

/* Writes the accounts of a page and what comes behind it. */
static void
put_page(struct database *database, const struct page_names *names, int hashes, struct work *work,
    struct writer *writer)
{
	enum { NEXT = 1 + CONTROL_USERNAME };
	struct control_page page = {.result = MESSAGE_RESULT_OK};
	char username[UUID_TEXT + 1], last[UUID_TEXT + 1] = "";
	struct writer head = *writer;
	unsigned i;

	control_put_page(writer, &page);
	writer->capacity -= NEXT;
	for (i = 0; i < names->count && i < names->maximum; i++) {
		struct writer before = *writer;
		struct control_account seen;

		/* One that is damaged has been logged; one that was deleted meanwhile is no more. */
		if (read_account(database, &names->users[i], work, username, &seen) ==
		    DATABASE_OK) {
			if (!hashes)
				seen.hash.length = 0;
			control_put_account(writer, &seen);
			if (writer->failed) {
				*writer = before;
				break;
			}
			page.count++;
		}
		uuid_to_text(&names->users[i], last);
	}
	writer->capacity += NEXT;
	control_put_next(writer, i < names->count ? slice_of(last) : (struct slice){NULL, 0});
	control_put_page(&head, &page);
}

int
control_accounts_list(void *peer, uint64_t id, struct reader *body, int fd)
{
	struct page_names *names = NULL;
	unsigned char message[MESSAGE_MAX];
	struct control_page failed = {.result = MESSAGE_RESULT_DB_ERROR};
	enum database_result result = DATABASE_FAILED;
	struct control_ticket ticket;
	struct control_list wanted;
	struct database *database = control_config_of(peer)->database;
	struct work *work;
	struct writer writer;
	struct uuid after;

	(void)fd;
	if (control_get_list(body, &wanted) != 0 ||
	    (wanted.after.length > 0 &&
		uuid_from_text(&after, wanted.after.data, wanted.after.length) != 0) ||
	    control_take(peer, id, &ticket) != 0)
		return -1;
	names = calloc(1, sizeof(*names));
	work = calloc(1, sizeof(*work));
	if (names != NULL && work != NULL) {
		names->maximum = wanted.maximum;
		result = database_walk_accounts(
		    database, wanted.after.length > 0 ? &after : NULL, collect, names);
	}
	message_begin(&writer, message, MESSAGE_LIST_ACCOUNTS_ANSWER, id);
	if (result == DATABASE_OK || result == DATABASE_MISSING) {
		put_page(database, names, wanted.hashes, work, &writer);
	} else {
		control_put_page(&writer, &failed);
		control_put_next(&writer, (struct slice){NULL, 0});
	}
	free(names);
	free(work);
	control_answer(&ticket, &writer);
	return 0;
}

/* Accounts with a name that begins with some letters: one such name of each. */
struct matches {
	struct slice beginning;
	unsigned count, more;
	struct uuid users[CONTROL_CANDIDATES];
	char names[CONTROL_CANDIDATES][MESSAGE_MAX_SUBDOMAIN + 1];
};

/* Returns not 0 when there is no room for another. */
static int
add_match(struct matches *matches, const struct uuid *user, struct slice name)
{
	for (unsigned i = 0; i < matches->count; i++)
		if (memcmp(&matches->users[i], user, sizeof(*user)) == 0)
			return 0;
	if (matches->count == CONTROL_CANDIDATES) {
		matches->more = 1;
		return 1;
	}
	matches->users[matches->count] = *user;
	memcpy(matches->names[matches->count++], name.data, name.length);
	return 0;
}

static int
begins(struct slice text, struct slice beginning)
{
	return text.length >= beginning.length &&
	       memcmp(text.data, beginning.data, beginning.length) == 0;
}

static int
match_name(void *context, struct slice label, const struct name_record *name)
{
	struct matches *matches = context;

	if (!begins(label, matches->beginning))
		return 1;
	return name->retired ? 0 : add_match(matches, &name->owner, label);
}

static int
match_account(void *context, const struct uuid *username, const struct account_record *account)
{
	struct matches *matches = context;
	char text[UUID_TEXT + 1];

	(void)account;
	uuid_to_text(username, text);
	if (!begins(slice_of(text), matches->beginning))
		return 1;
	return add_match(matches, username, slice_of(text));
}

/* Walks begin behind this one to see all user names that begin like that. 0, or -1: none does. */
static int
user_before(struct slice beginning, struct uuid *user)
{
	static const struct uuid zero;
	char text[UUID_TEXT + 1] = "00000000-0000-0000-0000-000000000000";

	if (beginning.length > UUID_TEXT)
		return -1;
	memcpy(text, beginning.data, beginning.length);
	if (uuid_from_text(user, (const unsigned char *)text, UUID_TEXT) != 0)
		return -1;
	/* One less than the smallest; the zero, which has no version, is nobody's. */
	if (memcmp(user, &zero, sizeof(zero)) != 0)
		for (unsigned i = sizeof(user->bytes); user->bytes[i - 1]-- == 0; i--)
			;
	return 0;
}

static enum database_result
match_beginnings(struct database *database, struct matches *matches)
{
	struct database_place place = {.length = matches->beginning.length};
	enum database_result result = DATABASE_MISSING;
	struct uuid before;

	if (place.length <= MESSAGE_MAX_SUBDOMAIN) {
		memcpy(place.key, matches->beginning.data, place.length);
		result = database_walk_names(database, &place, match_name, matches);
	}
	if (result == DATABASE_FAILED || user_before(matches->beginning, &before) != 0)
		return result;
	return database_walk_accounts(database, &before, match_account, matches);
}

/* Whose user name or subdomain this is, all of it. */
static enum control_found
find(struct database *database, struct slice who, struct work *work, struct uuid *user)
{
	enum database_result result = DATABASE_MISSING;

	if (uuid_from_text(user, who.data, who.length) == 0)
		result = database_read_account(database, user, &work->account);
	if (result == DATABASE_MISSING) {
		result = database_read_name(database, who, &work->name);
		if (result == DATABASE_OK && work->name.record.retired)
			result = DATABASE_MISSING;
		else if (result == DATABASE_OK)
			*user = work->name.record.owner;
	}
	if (result == DATABASE_OK)
		return CONTROL_FOUND_ONE;
	return result == DATABASE_MISSING ? CONTROL_FOUND_NONE : CONTROL_FOUND_FAILED;
}

static void
put_candidates(const struct matches *matches, struct writer *writer)
{
	struct control_candidates candidates = {
	    .count = (uint8_t)matches->count, .more = (uint8_t)matches->more};

	for (unsigned i = 0; i < matches->count; i++)
		candidates.names[i] = slice_of(matches->names[i]);
	control_put_candidates(writer, &candidates);
}

int
control_accounts_find(void *peer, uint64_t id, struct reader *body, int fd)
{
	struct database *database = control_config_of(peer)->database;
	enum control_found found = CONTROL_FOUND_FAILED;
	unsigned char message[MESSAGE_MAX];
	char username[UUID_TEXT + 1];
	struct control_ticket ticket;
	struct control_account seen;
	struct matches matches = {0};
	struct work *work;
	struct writer writer;
	struct slice who;
	struct uuid user;

	(void)fd;
	if (control_get_find(body, &who) != 0 || control_take(peer, id, &ticket) != 0)
		return -1;
	work = calloc(1, sizeof(*work));
	if (work != NULL)
		found = find(database, who, work, &user);
	if (found == CONTROL_FOUND_ONE) {
		enum database_result result = read_account(database, &user, work, username, &seen);

		if (result != DATABASE_OK)
			found =
			    result == DATABASE_MISSING ? CONTROL_FOUND_NONE : CONTROL_FOUND_FAILED;
	}
	matches.beginning = who;
	if (found == CONTROL_FOUND_NONE && match_beginnings(database, &matches) == DATABASE_FAILED)
		found = CONTROL_FOUND_FAILED;
	message_begin(&writer, message, MESSAGE_FIND_ACCOUNT_ANSWER, id);
	control_put_found(&writer, found);
	if (found == CONTROL_FOUND_ONE) {
		seen.hash.length = 0;
		control_put_account(&writer, &seen);
	} else if (found == CONTROL_FOUND_NONE) {
		put_candidates(&matches, &writer);
	}
	free(work);
	control_answer(&ticket, &writer);
	return 0;
}

static struct work *
work_of(struct account_operation *operation)
{
	return (struct work *)((char *)operation - offsetof(struct work, operation));
}

static void
free_work(struct work *work)
{
	accounts_clear(&work->operation);
	free(work);
}

static void
log_change(const struct work *work, const char *name)
{
	const struct account_operation *operation = &work->operation;
	char username[UUID_TEXT + 1];
	const struct audit_event event = {.name = name,
	    .uid = work->ticket.uid,
	    .account = username,
	    .subdomain = {
		(const unsigned char *)operation->subdomain, operation->subdomain_length}};

	uuid_to_text(&operation->username, username);
	audit_write(work->ticket.audit, &event);
}

static void
answer_addition(const struct control_ticket *ticket, enum message_result result,
    const struct account_operation *operation)
{
	struct message_register_answer answer = {.result = (uint8_t)result};
	unsigned char message[MESSAGE_MAX];
	char username[UUID_TEXT + 1];
	struct writer writer;

	message_begin(&writer, message, MESSAGE_ADD_ACCOUNT_ANSWER, ticket->id);
	if (result == MESSAGE_RESULT_OK) {
		uuid_to_text(&operation->username, username);
		answer.username = slice_of(username);
		answer.password =
		    (struct slice){(const unsigned char *)operation->work.job.key, MESSAGE_KEY};
		answer.subdomain = operation->account.subdomain;
		answer.count = operation->account.network_count;
		memcpy(answer.networks, operation->account.networks, sizeof(answer.networks));
	}
	message_put_register_answer(&writer, &answer);
	control_answer(ticket, &writer);
	explicit_bzero(message, sizeof(message));
}

static void
on_added(struct account_operation *operation, enum message_result result)
{
	struct work *work = work_of(operation);

	if (result == MESSAGE_RESULT_OK)
		log_change(work, "account_added");
	answer_addition(&work->ticket, result, operation);
	free_work(work);
}

int
control_accounts_add(void *peer, uint64_t id, struct reader *body, int fd)
{
	const struct control_config *config = control_config_of(peer);
	struct control_ticket ticket;
	struct account_wishes wishes;
	struct control_add wanted;
	struct work *work;

	(void)fd;
	if (control_get_add(body, &wanted) != 0 || control_take(peer, id, &ticket) != 0)
		return -1;
	if (label_is_valid((const char *)wanted.subdomain.data, wanted.subdomain.length) &&
	    static_name_is(config->conf, wanted.subdomain)) {
		answer_addition(&ticket, MESSAGE_RESULT_TAKEN, NULL);
		return 0;
	}
	work = calloc(1, sizeof(*work));
	if (work == NULL) {
		answer_addition(&ticket, MESSAGE_RESULT_BUSY, NULL);
		return 0;
	}
	work->ticket = ticket;
	work->operation.done = on_added;
	wishes = (struct account_wishes){.subdomain = wanted.subdomain,
	    .networks = wanted.networks,
	    .network_count = wanted.network_count};
	accounts_create(config->accounts, &work->operation, &wishes);
	return 0;
}

static void
answer_change(const struct control_ticket *ticket, enum message_result result, struct slice key)
{
	struct control_changed answer = {.result = (uint8_t)result, .key = key};
	unsigned char message[MESSAGE_MAX];
	struct writer writer;

	message_begin(&writer, message, MESSAGE_CHANGE_ACCOUNT_ANSWER, ticket->id);
	control_put_changed(&writer, &answer);
	control_answer(ticket, &writer);
	explicit_bzero(message, sizeof(message));
}

static void
on_changed(struct account_operation *operation, enum message_result result)
{
	static const char *const done[CONTROL_ACTIONS] = {[CONTROL_DELETE] = "account_deleted",
	    [CONTROL_ROTATE_KEY] = "key_rotated",
	    [CONTROL_CHANGE_NETWORKS] = "allowfrom_changed",
	    [CONTROL_SET_VALUE] = "updated",
	    [CONTROL_REMOVE_VALUE] = "value_removed",
	    [CONTROL_REMOVE_VALUES] = "values_removed"};
	struct work *work = work_of(operation);
	struct slice key = {NULL, 0};

	if (result == MESSAGE_RESULT_OK) {
		log_change(work, done[work->action]);
		if (work->action == CONTROL_ROTATE_KEY)
			key = (struct slice){
			    (const unsigned char *)operation->work.job.key, MESSAGE_KEY};
	}
	answer_change(&work->ticket, result, key);
	free_work(work);
}

/* A value must be one that the account's owner could have set, from anywhere. */
static enum message_result
judge_value(
    const struct control_config *config, const struct account_record *account, struct slice text)
{
	struct record_limits limits = {.values = config->conf->zone.values_per_name,
	    .lifetime = config->conf->zone.value_lifetime,
	    .text = config->conf->zone.txt_max};
	struct account_record anywhere = *account;
	struct message_update update = {.subdomain = account->subdomain, .txt = text};

	anywhere.network_count = 0;
	if (authority_is_clear(text, &limits))
		return MESSAGE_RESULT_BAD_TXT;
	return authority_judge_update(&anywhere, &update, &limits);
}

static void
begin_change(const struct control_config *config, struct work *work,
    const struct control_change *wanted, struct slice text)
{
	struct account_operation *operation = &work->operation;
	struct accounts *accounts = config->accounts;

	switch ((enum control_action)work->action) {
	case CONTROL_DELETE:
		accounts_delete(accounts, operation);
		return;
	case CONTROL_ROTATE_KEY:
		accounts_rotate_key(accounts, operation);
		return;
	case CONTROL_CHANGE_NETWORKS:
		accounts_change_networks(
		    accounts, operation, wanted->networks, wanted->network_count);
		return;
	case CONTROL_SET_VALUE:
		accounts_set_value(accounts, operation, text);
		return;
	case CONTROL_REMOVE_VALUE:
		accounts_remove_value(accounts, operation, text);
		return;
	case CONTROL_REMOVE_VALUES:
		accounts_remove_values(accounts, operation);
		return;
	case CONTROL_ACTIONS:
		break;
	}
	fatal("a change of an account that nobody knows");
}

/* Reads the account that is to be changed and judges what store's records do not. */
static enum message_result
prepare_change(
    const struct control_config *config, struct work *work, const struct control_change *wanted)
{
	struct account_operation *operation = &work->operation;
	const struct account_record *account = &work->account.record;

	if (uuid_from_text(&operation->username, wanted->username.data, wanted->username.length) !=
	    0)
		return MESSAGE_RESULT_FORBIDDEN;
	switch (database_read_account(config->database, &operation->username, &work->account)) {
	case DATABASE_OK:
		break;
	case DATABASE_MISSING:
		return MESSAGE_RESULT_FORBIDDEN;
	case DATABASE_FAILED:
	case DATABASE_FULL:
		return MESSAGE_RESULT_DB_ERROR;
	}
	memcpy(operation->subdomain, account->subdomain.data, account->subdomain.length);
	operation->subdomain_length = account->subdomain.length;
	if (wanted->action == CONTROL_SET_VALUE)
		return judge_value(config, account, wanted->text);
	return MESSAGE_RESULT_OK;
}

int
control_accounts_change(void *peer, uint64_t id, struct reader *body, int fd)
{
	const struct control_config *config = control_config_of(peer);
	const struct slice none = {NULL, 0};
	struct control_ticket ticket;
	struct control_change wanted;
	enum message_result result;
	struct work *work;

	(void)fd;
	if (control_get_change(body, &wanted) != 0 || control_take(peer, id, &ticket) != 0)
		return -1;
	work = calloc(1, sizeof(*work));
	if (work == NULL) {
		answer_change(&ticket, MESSAGE_RESULT_BUSY, none);
		return 0;
	}
	work->ticket = ticket;
	work->action = wanted.action;
	work->operation.done = on_changed;
	memcpy(work->text, wanted.text.data, wanted.text.length);
	result = prepare_change(config, work, &wanted);
	if (result != MESSAGE_RESULT_OK) {
		answer_change(&ticket, result, none);
		free_work(work);
		return 0;
	}
	begin_change(config, work, &wanted, (struct slice){work->text, wanted.text.length});
	return 0;
}
