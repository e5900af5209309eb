#include "import.h"

#include "import_rule.h"
#include "log.h"
#include "static_name.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

struct batch {
	struct control_ticket ticket;
	struct reader reader; /* over the accounts not begun yet */
	unsigned count, begun, ended;
	unsigned char *results; /* of `count` accounts */
	struct batch *next;
	unsigned char body[MESSAGE_MAX];
};

/* An account under way. */
struct entry {
	struct account_operation operation;
	struct import *import;
	struct batch *batch;
	unsigned index;
	unsigned flags; /* CONTROL_VALUES_LEFT_OUT */
	int hashing;
	struct control_import wanted;
	struct name_record state; /* values that it is to have */
	unsigned taken;		  /* of them; of an account that is there */
	struct entry *next;
};

struct import {
	struct accounts *accounts;
	struct database *database;
	struct room *room;
	struct record_limits limits;
	const struct conf *conf;
	struct batch *waiting, **waiting_end; /* with accounts that are not begun */
	struct entry *again;		      /* met a full queue */
	unsigned running, hashing;
	int pumping;
	int stopping;
	uv_timer_t retry;
};

static void pump(struct import *import);
static void on_retry(uv_timer_t *timer);

static void
answer(struct batch *batch)
{
	unsigned char message[MESSAGE_MAX];
	struct writer writer;

	message_begin(&writer, message, MESSAGE_IMPORT_ANSWER, batch->ticket.id);
	writer_bytes(&writer, batch->results, batch->count);
	control_answer(&batch->ticket, &writer);
	explicit_bzero(batch->body, sizeof(batch->body));
	free(batch->results);
	free(batch);
}

static void
note(struct batch *batch, unsigned index, unsigned result)
{
	batch->results[index] = (unsigned char)result;
	if (++batch->ended == batch->count)
		answer(batch);
}

/* The account is done with. */
static void
finish(struct entry *entry, unsigned result)
{
	struct import *import = entry->import;
	struct batch *batch = entry->batch;
	unsigned index = entry->index, flags = result < CONTROL_BAD_USERNAME ? entry->flags : 0;

	import->running--;
	import->hashing -= entry->hashing ? 1 : 0;
	accounts_clear(&entry->operation);
	free(entry);
	note(batch, index, result | flags);
	pump(import);
}

/* Tries the whole account once more, from its beginning. */
static void
try_again(struct entry *entry)
{
	struct import *import = entry->import;

	accounts_clear(&entry->operation);
	memset(&entry->operation, 0, sizeof(entry->operation));
	entry->taken = 0;
	entry->next = import->again;
	import->again = entry;
}

static struct entry *
entry_of(struct account_operation *operation)
{
	return (struct entry *)((char *)operation - offsetof(struct entry, operation));
}

static void
on_created(struct account_operation *operation, enum message_result result)
{
	struct entry *entry = entry_of(operation);

	switch (result) {
	case MESSAGE_RESULT_OK:
		finish(entry, CONTROL_ADDED);
		return;
	case MESSAGE_RESULT_TAKEN:
		finish(entry, CONTROL_NAME_TAKEN);
		return;
	case MESSAGE_RESULT_BUSY:
		try_again(entry);
		return;
	default:
		finish(entry, CONTROL_IMPORT_FAILED);
		return;
	}
}

static void
create(struct entry *entry)
{
	const struct control_account *account = &entry->wanted.account;
	struct account_wishes wishes = {.username = &entry->operation.username,
	    .subdomain = account->subdomain,
	    .hash = account->hash,
	    .key = entry->wanted.key,
	    .created = account->created,
	    .token = account->token,
	    .networks = account->networks,
	    .network_count = account->network_count,
	    .state = &entry->state};

	if (room_is_short(entry->import->room)) {
		finish(entry, CONTROL_NO_ROOM);
		return;
	}
	entry->operation.done = on_created;
	accounts_create(entry->import->accounts, &entry->operation, &wishes);
}

/* One value after the other, the oldest first. */
static void
on_value_set(struct account_operation *operation, enum message_result result)
{
	struct entry *entry = entry_of(operation);

	if (result == MESSAGE_RESULT_BUSY)
		try_again(entry);
	else if (result != MESSAGE_RESULT_OK)
		finish(entry, CONTROL_IMPORT_FAILED);
	else if (++entry->taken < entry->state.count)
		accounts_set_value(
		    entry->import->accounts, operation, entry->state.values[entry->taken].text);
	else
		finish(entry, CONTROL_RENEWED);
}

/* The account is there, and this is it: takes what is newer than its last update. */
static void
renew(struct entry *entry)
{
	struct account_operation *operation = &entry->operation;
	struct slice label = entry->wanted.account.subdomain;
	struct database_name *name = malloc(sizeof(*name));
	unsigned newer = 0;

	if (name == NULL ||
	    database_read_name(entry->import->database, label, name) != DATABASE_OK) {
		free(name);
		finish(entry, CONTROL_IMPORT_FAILED);
		return;
	}
	for (unsigned i = 0; i < entry->state.count; i++)
		if (entry->state.values[i].time > name->record.updated)
			entry->state.values[newer++] = entry->state.values[i];
	free(name);
	entry->state.count = (uint8_t)newer;
	if (newer == 0) {
		finish(entry, CONTROL_UNCHANGED);
		return;
	}
	operation->done = on_value_set;
	memcpy(operation->subdomain, label.data, label.length);
	operation->subdomain_length = label.length;
	accounts_set_value(entry->import->accounts, operation, entry->state.values[0].text);
}

static int
same_text(struct slice a, struct slice b)
{
	return a.length == b.length && memcmp(a.data, b.data, a.length) == 0;
}

static int
same_networks(const struct control_account *account, const struct account_record *there)
{
	if (account->network_count != there->network_count)
		return 0;
	for (unsigned i = 0; i < account->network_count; i++) {
		const struct slice *text = &account->networks[i];
		char clean[NETWORK_MAX_TEXT];
		struct network network;

		if (network_from_text(&network, (const char *)text->data, text->length, clean) !=
			0 ||
		    !slice_equals(there->networks[i], clean))
			return 0;
	}
	return 1;
}

static void
on_authenticated(struct account_operation *operation, enum message_result result,
    const struct account_record *account)
{
	struct entry *entry = entry_of(operation);

	(void)account;
	if (result == MESSAGE_RESULT_OK)
		renew(entry);
	else if (result == MESSAGE_RESULT_BUSY)
		try_again(entry);
	else
		finish(entry,
		    result == MESSAGE_RESULT_FORBIDDEN ? CONTROL_OTHER_KEY : CONTROL_IMPORT_FAILED);
}

/* Compares with the account of that user name. */
static void
meet(struct entry *entry, const struct account_record *there)
{
	const struct client_address unknown = {{0}}; /* whose wrong keys nobody counts */
	const struct control_account *account = &entry->wanted.account;

	if (!same_text(account->subdomain, there->subdomain))
		finish(entry, CONTROL_OTHER_SUBDOMAIN);
	else if (account->hash.length > 0 && !same_text(account->hash, there->hash))
		finish(entry, CONTROL_OTHER_KEY);
	else if (!same_networks(account, there))
		finish(entry, CONTROL_OTHER_NETWORKS);
	else if (account->hash.length > 0)
		renew(entry);
	else
		accounts_authenticate(entry->import->accounts, &entry->operation, entry->wanted.key,
		    &unknown, on_authenticated);
}

static void
begin(struct entry *entry)
{
	struct import *import = entry->import;
	struct database_account *there = malloc(sizeof(*there));
	enum database_result result = DATABASE_FAILED;
	unsigned judged;

	judged = import_rule_judge(&entry->wanted, &import->limits, (uint64_t)time(NULL),
	    &entry->operation.username, &entry->state);
	entry->flags = judged & CONTROL_VALUES_LEFT_OUT;
	judged &= ~(unsigned)CONTROL_VALUES_LEFT_OUT;
	if (judged == CONTROL_ADDED &&
	    static_name_is(import->conf, entry->wanted.account.subdomain))
		judged = CONTROL_NAME_FIXED;
	if (judged == CONTROL_ADDED && there != NULL)
		result = database_read_account(import->database, &entry->operation.username, there);
	if (judged != CONTROL_ADDED)
		finish(entry, judged);
	else if (result == DATABASE_MISSING)
		create(entry);
	else if (result == DATABASE_OK)
		meet(entry, &there->record);
	else
		finish(entry, CONTROL_IMPORT_FAILED);
	free(there);
}

/* The next account of the first batch that has one, not begun; NULL where memory is short. */
static struct entry *
take_entry(struct import *import)
{
	struct batch *batch = import->waiting;
	struct entry *entry = calloc(1, sizeof(*entry));

	if (entry == NULL)
		return NULL;
	if (control_get_import(&batch->reader, &entry->wanted) != 0)
		fatal("an account that was read before cannot be read");
	entry->import = import;
	entry->batch = batch;
	entry->index = batch->begun++;
	entry->hashing = entry->wanted.key.length > 0;
	if (batch->begun == batch->count) {
		import->waiting = batch->next;
		if (import->waiting == NULL)
			import->waiting_end = &import->waiting;
	}
	import->running++;
	import->hashing += entry->hashing ? 1 : 0;
	return entry;
}

/* What has not begun never will. */
static void
refuse_all(struct import *import)
{
	while (import->again != NULL) {
		struct entry *entry = import->again;

		import->again = entry->next;
		finish(entry, CONTROL_IMPORT_STOPPED);
	}
	while (import->waiting != NULL) {
		struct batch *batch = import->waiting;
		unsigned left = batch->count - batch->begun;

		import->waiting = batch->next;
		memset(batch->results + batch->begun, CONTROL_IMPORT_STOPPED, left);
		batch->begun += left;
		batch->ended += left;
		if (batch->ended == batch->count)
			answer(batch);
	}
	import->waiting_end = &import->waiting;
}

/* Begins what there is room for. An operation may end before the function that begins it returns: no recursion. */
static void
pump(struct import *import)
{
	struct entry *entry;

	if (import->pumping)
		return;
	import->pumping = 1;
	if (import->stopping)
		refuse_all(import);
	while (import->again == NULL && import->waiting != NULL &&
	       import->running < IMPORT_WINDOW && import->hashing < IMPORT_HASHING &&
	       (entry = take_entry(import)) != NULL)
		begin(entry);
	import->pumping = 0;
	if (!import->stopping &&
	    (import->again != NULL || (import->waiting != NULL && import->running == 0)))
		uv_timer_start(&import->retry, on_retry, IMPORT_RETRY_MS, 0);
}

static void
on_retry(uv_timer_t *timer)
{
	struct import *import = timer->data;
	struct entry *list = import->again;

	import->again = NULL;
	import->pumping = 1;
	while (list != NULL) {
		struct entry *entry = list;

		list = entry->next;
		begin(entry);
	}
	import->pumping = 0;
	pump(import);
}

struct import *
import_start(uv_loop_t *loop, struct accounts *accounts, struct database *database,
    struct room *room, const struct record_limits *limits, const struct conf *conf)
{
	struct import *import = calloc(1, sizeof(*import));

	if (import == NULL)
		fatal("no memory for imports");
	import->accounts = accounts;
	import->database = database;
	import->room = room;
	import->limits = *limits;
	import->conf = conf;
	import->waiting_end = &import->waiting;
	import->retry.data = import;
	uv_timer_init(loop, &import->retry);
	return import;
}

void
import_change_limits(struct import *import, const struct record_limits *limits)
{
	import->limits = *limits;
}

/* Accounts in a body; 0: malformed, or none. */
static unsigned
count_accounts(struct reader reader)
{
	struct control_import wanted;
	unsigned count = 0;

	while (reader_left(&reader) > 0) {
		if (control_get_import(&reader, &wanted) != 0)
			return 0;
		count++;
	}
	return count;
}

int
import_take(struct import *import, const struct control_ticket *ticket, struct reader *body)
{
	size_t length = reader_left(body);
	unsigned count = count_accounts(*body);
	struct slice bytes = reader_bytes(body, length);
	struct batch *batch = count > 0 ? calloc(1, sizeof(*batch)) : NULL;

	if (batch == NULL)
		return -1;
	batch->results = calloc(count, 1);
	if (batch->results == NULL) {
		free(batch);
		return -1;
	}
	memcpy(batch->body, bytes.data, length);
	reader_init(&batch->reader, batch->body, length);
	batch->ticket = *ticket;
	batch->count = count;
	*import->waiting_end = batch;
	import->waiting_end = &batch->next;
	pump(import);
	return 0;
}

void
import_stop(struct import *import)
{
	if (import->stopping)
		return;
	import->stopping = 1;
	uv_close((uv_handle_t *)&import->retry, NULL);
	pump(import);
}

void
import_free(struct import *import)
{
	free(import);
}
