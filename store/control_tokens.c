#include "control_tokens.h"

#include "accounts.h"
#include "control.h"
#include "log.h"
#include "token.h"
#include "token_message.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

_Static_assert((int)TOKEN_MESSAGE_NETWORKS == (int)RECORD_MAX_TOKEN_NETWORKS &&
		   (int)CONTROL_MAX_TOKEN == (int)RECORD_MAX_TOKEN,
    "what is kept fits into a message, and the other way round");

/* One token that is being added or revoked. */
struct work {
	struct change change;
	struct control_ticket ticket;
	char name[RECORD_MAX_TOKEN];
	struct token_record record;
	char secret[TOKEN_SECRET + 1];
};

static struct token_message
seen(struct slice name, const struct token_record *record)
{
	struct token_message token = {.name = name,
	    .created = record->created,
	    .expires = record->expires,
	    .revoked = record->revoked,
	    .quota = record->quota,
	    .used = record->used,
	    .last_used = record->last_used,
	    .last_client = record->last_client,
	    .network_count = record->network_count};

	memcpy(token.networks, record->networks, sizeof(token.networks));
	return token;
}

/* A page under way: what is behind its head. */
struct page {
	struct token_message_page head;
	struct writer *writer;
	/* of the accounts of a token */
	struct slice token;
	unsigned visited;
	struct uuid last;
};

static int
add_token(void *context, struct slice name, const struct token_record *record)
{
	struct page *page = context;
	struct token_message token;

	if (page->head.count == TOKEN_MESSAGE_PAGE) {
		page->head.more = 1;
		return 1;
	}
	token = seen(name, record);
	token_message_put(page->writer, &token);
	page->head.count++;
	return 0;
}

int
control_tokens_list(void *peer, uint64_t id, struct reader *body, int fd)
{
	unsigned char message[MESSAGE_MAX];
	struct page page = {.head = {.result = MESSAGE_RESULT_OK}};
	struct control_ticket ticket;
	enum database_result result;
	struct writer writer, head;
	struct slice after;

	(void)fd;
	if (token_message_get_after(body, &after) != 0 || control_take(peer, id, &ticket) != 0)
		return -1;
	message_begin(&writer, message, MESSAGE_LIST_TOKENS_ANSWER, id);
	head = writer;
	token_message_put_page(&writer, &page.head);
	page.writer = &writer;
	result = database_walk_tokens(control_config_of(peer)->database, after, add_token, &page);
	if (result != DATABASE_OK && result != DATABASE_MISSING) {
		writer = head;
		page.head = (struct token_message_page){.result = MESSAGE_RESULT_DB_ERROR};
		token_message_put_page(&writer, &page.head);
	}
	token_message_put_page(&head, &page.head);
	control_answer(&ticket, &writer);
	return 0;
}

static enum message_result
result_of_read(enum database_result result)
{
	if (result == DATABASE_OK)
		return MESSAGE_RESULT_OK;
	return result == DATABASE_MISSING ? MESSAGE_RESULT_FORBIDDEN : MESSAGE_RESULT_DB_ERROR;
}

int
control_tokens_read(void *peer, uint64_t id, struct reader *body, int fd)
{
	unsigned char message[MESSAGE_MAX];
	struct control_ticket ticket;
	struct token_record record;
	struct token_message token;
	enum message_result result;
	struct writer writer;
	struct slice name;

	(void)fd;
	if (token_message_get_name(body, &name) != 0 || control_take(peer, id, &ticket) != 0)
		return -1;
	result =
	    result_of_read(database_read_token(control_config_of(peer)->database, name, &record));
	message_begin(&writer, message, MESSAGE_READ_TOKEN_ANSWER, id);
	token_message_put_result(&writer, result);
	if (result == MESSAGE_RESULT_OK) {
		token = seen(name, &record);
		token_message_put(&writer, &token);
	}
	control_answer(&ticket, &writer);
	return 0;
}

static int
add_account(void *context, const struct uuid *username, const struct account_record *record)
{
	struct page *page = context;
	char text[UUID_TEXT + 1];
	struct token_message_account account = {
	    .username = {(const unsigned char *)text, UUID_TEXT},
	    .subdomain = record->subdomain,
	    .created = record->created};

	if (page->head.count == TOKEN_MESSAGE_ACCOUNTS || page->visited == CONTROL_TOKENS_VISITED) {
		page->head.more = 1;
		return 1;
	}
	page->visited++;
	page->last = *username;
	if (record->token.length != page->token.length ||
	    memcmp(record->token.data, page->token.data, page->token.length) != 0)
		return 0;
	uuid_to_text(username, text);
	token_message_put_account(page->writer, &account);
	page->head.count++;
	return 0;
}

int
control_tokens_accounts(void *peer, uint64_t id, struct reader *body, int fd)
{
	unsigned char message[MESSAGE_MAX];
	struct page page = {.head = {.result = MESSAGE_RESULT_OK}};
	struct token_message_accounts wanted;
	struct control_ticket ticket;
	enum database_result result;
	struct writer writer, head;
	struct uuid after;
	char last[UUID_TEXT + 1];

	(void)fd;
	if (token_message_get_accounts(body, &wanted) != 0 ||
	    (wanted.after.length > 0 &&
		uuid_from_text(&after, wanted.after.data, wanted.after.length) != 0) ||
	    control_take(peer, id, &ticket) != 0)
		return -1;
	message_begin(&writer, message, MESSAGE_LIST_TOKEN_ACCOUNTS_ANSWER, id);
	head = writer;
	token_message_put_page(&writer, &page.head);
	page.writer = &writer;
	page.token = wanted.token;
	result = database_walk_accounts(control_config_of(peer)->database,
	    wanted.after.length > 0 ? &after : NULL, add_account, &page);
	if (result != DATABASE_OK && result != DATABASE_MISSING) {
		writer = head;
		page.head = (struct token_message_page){.result = MESSAGE_RESULT_DB_ERROR};
		token_message_put_page(&writer, &page.head);
	}
	if (page.head.more) {
		uuid_to_text(&page.last, last);
		token_message_put_next(
		    &writer, (struct slice){(const unsigned char *)last, UUID_TEXT});
	}
	token_message_put_page(&head, &page.head);
	control_answer(&ticket, &writer);
	return 0;
}

static void
answer_work(struct work *work, enum message_result result)
{
	unsigned char message[MESSAGE_MAX];
	struct token_message_added added = {.result = (uint8_t)result};
	int adds = work->change.kind == CHANGE_TOKEN_ADD;
	const struct audit_event event = {.name = adds ? "token_added" : "token_revoked",
	    .uid = work->ticket.uid,
	    .token = work->change.token_name};
	struct writer writer;

	if (result == MESSAGE_RESULT_OK)
		audit_write(work->ticket.audit, &event);
	if (adds) {
		if (result == MESSAGE_RESULT_OK)
			added.secret =
			    (struct slice){(const unsigned char *)work->secret, TOKEN_SECRET};
		message_begin(&writer, message, MESSAGE_ADD_TOKEN_ANSWER, work->ticket.id);
		token_message_put_added(&writer, &added);
	} else {
		message_begin(&writer, message, MESSAGE_REVOKE_TOKEN_ANSWER, work->ticket.id);
		token_message_put_result(&writer, result);
	}
	control_answer(&work->ticket, &writer);
	explicit_bzero(message, sizeof(message));
	explicit_bzero(work, sizeof(*work));
	free(work);
}

static void
on_committed(struct change *change)
{
	struct work *work = (struct work *)((char *)change - offsetof(struct work, change));

	answer_work(work, change->result);
}

/* Hands it to the commit thread; the rest of the change is set. */
static void
submit(void *peer, struct work *work, enum change_kind kind, struct slice name)
{
	memcpy(work->name, name.data, name.length);
	work->change.kind = kind;
	work->change.token_name = (struct slice){(const unsigned char *)work->name, name.length};
	work->change.token = &work->record;
	work->change.time = (uint64_t)time(NULL);
	work->change.done = on_committed;
	if (committer_submit(
		accounts_committer(control_config_of(peer)->accounts), &work->change) != 0)
		answer_work(work, MESSAGE_RESULT_BUSY);
}

/* Takes the request in; NULL: the handler breaks off. */
static struct work *
begin_work(void *peer, uint64_t id)
{
	struct work *work = calloc(1, sizeof(*work));

	if (work != NULL && control_take(peer, id, &work->ticket) == 0)
		return work;
	free(work);
	return NULL;
}

int
control_tokens_add(void *peer, uint64_t id, struct reader *body, int fd)
{
	struct token_message wanted;
	struct work *work;

	(void)fd;
	if (token_message_get(body, &wanted) != 0 || reader_end(body) != 0)
		return -1;
	work = begin_work(peer, id);
	if (work == NULL)
		return -1;
	token_generate(work->secret);
	token_hash(
	    (struct slice){(const unsigned char *)work->secret, TOKEN_SECRET}, work->record.hash);
	work->record.created = (uint64_t)time(NULL);
	work->record.expires = wanted.expires;
	work->record.quota = wanted.quota;
	work->record.network_count = wanted.network_count;
	memcpy(work->record.networks, wanted.networks, sizeof(work->record.networks));
	submit(peer, work, CHANGE_TOKEN_ADD, wanted.name);
	return 0;
}

int
control_tokens_revoke(void *peer, uint64_t id, struct reader *body, int fd)
{
	struct slice name;
	struct work *work;

	(void)fd;
	if (token_message_get_name(body, &name) != 0)
		return -1;
	work = begin_work(peer, id);
	if (work == NULL)
		return -1;
	submit(peer, work, CHANGE_TOKEN_REVOKE, name);
	return 0;
}
