#include "import.h"

#include "account_source.h"
#include "control_client.h"
#include "control_message.h"
#include "log.h"
#include "progress.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	SHOWN = 20,	   /* accounts left out that are told on standard error, too */
	NAME = 4 * 64 + 4, /* a user name made harmless */
	BATCH = MESSAGE_MAX - MESSAGE_HEADER
};

/* What store made of accounts, in the words of the report. NULL: taken, or there already. */
static const char *const refusals[CONTROL_IMPORTED] = {
    [CONTROL_BAD_USERNAME] = "its user name is no UUID",
    [CONTROL_BAD_SUBDOMAIN] =
	"its subdomain is no label: at most 63 lower case letters, digits, - and _",
    [CONTROL_BAD_HASH] = "its key's hash is not bcrypt's, or of a cost above 12",
    [CONTROL_BAD_KEY] = "its password does not have exactly 40 printable characters",
    [CONTROL_BAD_NETWORK] = "its allowfrom has an entry that is no network",
    [CONTROL_NAME_TAKEN] = "its subdomain belongs to another account, or to one that was deleted",
    [CONTROL_NAME_FIXED] = "its subdomain has a fixed record in zone.records",
    [CONTROL_OTHER_KEY] = "there is such a user name already, with another key",
    [CONTROL_OTHER_SUBDOMAIN] = "there is such a user name already, with another subdomain",
    [CONTROL_OTHER_NETWORKS] = "there is such an account already, with another allowfrom",
    [CONTROL_NO_ROOM] = ("there is no room for it: less than store.reserve is left on the disk, or "
			 "below store.map_max"),
    [CONTROL_IMPORT_FAILED] =
	"the database could not be written or read; the server's log says why",
    [CONTROL_IMPORT_STOPPED] = "the server was stopped; import the file again",
};

/* A message's accounts: being gathered, or sent and not answered yet. */
struct batch {
	uint64_t id; /* 0: not sent */
	struct writer writer;
	unsigned char body[BATCH];
	unsigned count;
	uint64_t lines[CONTROL_IMPORT_MOST]; /* of the file; 0: it has none */
};

struct importing {
	const char *path;
	const char *report_path; /* NULL: none */
	FILE *report;
	struct account_source *source;
	struct control_client *client;
	struct progress progress;
	uint64_t results[CONTROL_IMPORTED];
	uint64_t read, unreadable, incomplete, shown;

	struct batch batches[CONTROL_CLIENT_AT_ONCE];
	unsigned current; /* the one being gathered */
	unsigned sent;	  /* not answered yet */
};

/* One line about one account; on standard error only the first ones. */
static void
tell(struct importing *importing, const char *name, uint64_t line, const char *what)
{
	char where[32] = "";

	if (line > 0)
		snprintf(where, sizeof(where), "line %" PRIu64 ": ", line);
	if (importing->report != NULL)
		fprintf(importing->report, "%s%s: %s\n", where, name, what);
	if (importing->shown++ >= SHOWN)
		return;
	progress_clear(&importing->progress);
	fprintf(stderr, "%s%s: %s\n", where, name, what);
	if (importing->shown == SHOWN)
		fprintf(stderr, "%s\n",
		    importing->report != NULL ? "(the report has the others, if there are any)"
					      : "(others are only counted; --report FILE has all)");
}

static void
name_account(char name[NAME], struct slice username)
{
	if (username.length == 0)
		snprintf(name, NAME, "an account without a name");
	else
		log_safe(name, NAME, username.data, username.length);
}

/* The name of an account that was sent, for those few that something is said about. */
static void
name_sent(char name[NAME], const struct batch *batch, unsigned index)
{
	struct control_import sent;
	struct reader reader;

	reader_init(&reader, batch->body, batch->writer.length);
	for (unsigned i = 0; i <= index; i++)
		if (control_get_import(&reader, &sent) != 0)
			sent.account.username.length = 0;
	name_account(name, sent.account.username);
}

static void
note_result(struct importing *importing, const struct batch *batch, unsigned index, unsigned result)
{
	int is_incomplete = (result & CONTROL_VALUES_LEFT_OUT) != 0;
	char name[NAME];

	result &= ~(unsigned)CONTROL_VALUES_LEFT_OUT;
	importing->results[result]++;
	if (!is_incomplete && refusals[result] == NULL)
		return;
	name_sent(name, batch, index);
	if (is_incomplete) {
		importing->incomplete++;
		tell(importing, name, batch->lines[index],
		    "taken without some of its values: zone.txt_max or zone.values_per_name does "
		    "not allow "
		    "them");
	}
	if (refusals[result] != NULL)
		tell(importing, name, batch->lines[index], refusals[result]);
}

static void
start_batch(struct batch *batch)
{
	batch->id = 0;
	batch->count = 0;
	writer_init(&batch->writer, batch->body, sizeof(batch->body));
}

/* Waits for an answer; its batch is then free. 0 or -1. */
static int
take_answer(struct importing *importing)
{
	struct batch *batch = NULL;
	struct reader answer;
	uint64_t id;

	if (control_client_receive(importing->client, MESSAGE_IMPORT_ANSWER, &id, &answer) != 0)
		return -1;
	for (unsigned i = 0; i < CONTROL_CLIENT_AT_ONCE; i++)
		if (importing->batches[i].id == id)
			batch = &importing->batches[i];
	if (batch == NULL || reader_left(&answer) != batch->count)
		return control_client_puzzled(importing->client);
	for (unsigned i = 0; i < batch->count; i++) {
		unsigned result = reader_u8(&answer);

		if ((result & ~(unsigned)CONTROL_VALUES_LEFT_OUT) >= CONTROL_IMPORTED)
			return control_client_puzzled(importing->client);
		note_result(importing, batch, i, result);
	}
	start_batch(batch);
	importing->sent--;
	return 0;
}

/* Sends what has gathered; a free batch is the current one then. 0 or -1. */
static int
send_batch(struct importing *importing)
{
	struct batch *batch = &importing->batches[importing->current];
	struct writer writer;

	if (batch->count == 0)
		return 0;
	control_client_begin(importing->client, &writer, MESSAGE_IMPORT);
	writer_bytes(&writer, batch->body, batch->writer.length);
	batch->id = control_client_send(importing->client, &writer);
	if (batch->id == 0)
		return -1;
	importing->sent++;
	if (importing->sent == CONTROL_CLIENT_AT_ONCE && take_answer(importing) != 0)
		return -1;
	for (unsigned i = 0; i < CONTROL_CLIENT_AT_ONCE; i++)
		if (importing->batches[i].id == 0)
			importing->current = i;
	return 0;
}

/* Sends what is left, and waits for all answers. 0 or -1. */
static int
flush_batches(struct importing *importing)
{
	if (send_batch(importing) != 0)
		return -1;
	while (importing->sent > 0)
		if (take_answer(importing) != 0)
			return -1;
	return 0;
}

/* 1 if store could read what was written from `start` on: a text that is too long would end the link. */
static int
is_readable(const struct batch *batch, size_t start)
{
	struct control_import again;
	struct reader reader;

	reader_init(&reader, batch->body + start, batch->writer.length - start);
	return control_get_import(&reader, &again) == 0 && reader_end(&reader) == 0;
}

/* 0 if it fitted; else nothing was written. */
static int
put_account(struct batch *batch, const struct account_entry *entry)
{
	size_t start = batch->writer.length;
	struct control_import import = {.account = {.username = entry->username,
					    .subdomain = entry->subdomain,
					    .hash = entry->hash,
					    .token = entry->token,
					    .created = entry->created,
					    .updated = entry->updated,
					    .network_count = entry->network_count,
					    .value_count = entry->value_count},
	    .key = entry->password};

	memcpy(import.account.networks, entry->networks, sizeof(import.account.networks));
	for (unsigned i = 0; i < entry->value_count; i++)
		import.account.values[i] =
		    (struct control_value){entry->values[i].time, entry->values[i].text};
	control_put_import(&batch->writer, &import);
	if (!batch->writer.failed && is_readable(batch, start))
		return 0;
	batch->writer.failed = 0;
	batch->writer.length = start;
	return -1;
}

/* What is wrong with an account that does not even fit into a message. */
static const char *
what_is_too_long(const struct account_entry *account)
{
	if (account->username.length != CONTROL_USERNAME)
		return refusals[CONTROL_BAD_USERNAME];
	if (account->subdomain.length == 0 || account->subdomain.length > MESSAGE_MAX_SUBDOMAIN)
		return refusals[CONTROL_BAD_SUBDOMAIN];
	if (account->hash.length > CONTROL_MAX_HASH)
		return refusals[CONTROL_BAD_HASH];
	return "one of its texts is longer than in any account";
}

/* Adds an account to the batch; sends that when it is full. 0 or -1. */
static int
add(struct importing *importing, const struct account_entry *account)
{
	struct batch *batch = &importing->batches[importing->current];
	uint64_t line = account_source_line(importing->source);
	char name[NAME];

	if (put_account(batch, account) != 0) {
		if (send_batch(importing) != 0)
			return -1;
		batch = &importing->batches[importing->current];
		if (put_account(batch, account) != 0) {
			importing->unreadable++;
			name_account(name, account->username);
			tell(importing, name, line, what_is_too_long(account));
			return 0;
		}
	}
	batch->lines[batch->count++] = line;
	return 0;
}

/* Reads and sends all accounts. 0, or -1 where it had to be broken off, as was said. */
static int
import_all(struct importing *importing)
{
	struct account_entry account;
	char why[ACCOUNT_SOURCE_WHY], name[NAME];

	for (;;) {
		switch (account_source_next(importing->source, &account, why)) {
		case ACCOUNT_ENTRY_END:
			return flush_batches(importing);
		case ACCOUNT_ENTRY_READ:
			importing->read++;
			if (add(importing, &account) != 0)
				return -1;
			break;
		case ACCOUNT_ENTRY_REFUSED:
			importing->read++;
			importing->unreadable++;
			name_account(name, account.username);
			tell(importing, name, account_source_line(importing->source), why);
			break;
		case ACCOUNT_ENTRY_FAILED:
			progress_clear(&importing->progress);
			fprintf(stderr, "sallyport: %s: %s\n", importing->path, why);
			flush_batches(importing);
			return -1;
		}
		progress_show(&importing->progress, account_source_progress(importing->source),
		    importing->read);
	}
}

static uint64_t
left_out(const struct importing *importing)
{
	uint64_t sum = importing->unreadable;

	for (unsigned i = 0; i < CONTROL_IMPORTED; i++)
		sum += refusals[i] != NULL ? importing->results[i] : 0;
	return sum;
}

static void
summarise(const struct importing *importing)
{
	printf("%" PRIu64 " accounts read from %s, %s\n", importing->read,
	    account_source_kind(importing->source), importing->path);
	printf("%10" PRIu64 " added\n", importing->results[CONTROL_ADDED]);
	if (importing->results[CONTROL_RENEWED] > 0)
		printf("%10" PRIu64 " there already, got newer values\n",
		    importing->results[CONTROL_RENEWED]);
	printf("%10" PRIu64 " there already, unchanged\n", importing->results[CONTROL_UNCHANGED]);
	if (importing->incomplete > 0)
		printf("%10" PRIu64 " of all these without some of their values\n",
		    importing->incomplete);
	printf("%10" PRIu64 " left out\n", left_out(importing));
	for (unsigned i = 0; i < CONTROL_IMPORTED; i++)
		if (refusals[i] != NULL && importing->results[i] > 0)
			printf("%14" PRIu64 ": %s\n", importing->results[i], refusals[i]);
	if (importing->unreadable > 0)
		printf("%14" PRIu64 ": they could not be understood\n", importing->unreadable);
}

/* The report may name accounts that somebody else has; nobody but us reads it. */
static int
open_report(struct importing *importing)
{
	int fd;

	if (importing->report_path == NULL)
		return 0;
	fd = open(importing->report_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	importing->report = fd >= 0 ? fdopen(fd, "w") : NULL;
	if (importing->report != NULL)
		return 0;
	fprintf(stderr, "sallyport: %s: %s\n", importing->report_path, strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

/* 0 or -1, as was said. */
static int
close_report(struct importing *importing)
{
	int failed;

	if (importing->report == NULL)
		return 0;
	failed = ferror(importing->report) != 0;
	if (fclose(importing->report) != 0 || failed) {
		fprintf(stderr, "sallyport: %s: the report could not be written\n",
		    importing->report_path);
		return -1;
	}
	return 0;
}

/* The exit code. */
static int
execute(struct importing *importing, const char *config)
{
	char why[ACCOUNT_SOURCE_WHY];
	int code;

	importing->source = account_source_open(importing->path, why);
	if (importing->source == NULL) {
		fprintf(stderr, "sallyport: %s: %s\n", importing->path, why);
		return 1;
	}
	code = control_client_open(&importing->client, config, 0);
	if (code != 0)
		return code;
	if (open_report(importing) != 0)
		return 1;
	for (unsigned i = 0; i < CONTROL_CLIENT_AT_ONCE; i++)
		start_batch(&importing->batches[i]);
	progress_init(&importing->progress, stderr, "accounts");
	code = import_all(importing) != 0 ? 1 : 0;
	progress_clear(&importing->progress);
	if (close_report(importing) != 0)
		code = 1;
	if (code != 0)
		fputs("sallyport: the import was broken off; what was done stays, and importing "
		      "the file "
		      "again goes on\n",
		    stderr);
	summarise(importing);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		perror("sallyport: standard output");
		code = 1;
	}
	return code == 0 && left_out(importing) > 0 ? 1 : code;
}

int
accounts_import(const struct invocation *invocation)
{
	struct importing *importing = calloc(1, sizeof(*importing));
	int code;

	if (importing == NULL) {
		fputs("sallyport: no memory\n", stderr);
		return 1;
	}
	importing->path = invocation->arguments[0];
	importing->report_path = invocation_value(invocation, "report");
	code = execute(importing, invocation->config);
	control_client_close(importing->client);
	account_source_close(importing->source);
	explicit_bzero(importing->batches, sizeof(importing->batches));
	free(importing);
	return code;
}
