#include "accounts.h"

#include "account_print.h"
#include "control_client.h"
#include "control_message.h"
#include "log.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { WHO = NAME_MAX_TEXT };

static struct slice
slice_of(const char *text)
{
	return (struct slice){(const unsigned char *)text, strlen(text)};
}

/* Says on standard error that a request was refused, and why. Returns the exit code. */
static int
complain(enum message_result result, const char *about)
{
	static const char *const texts[MESSAGE_RESULTS] = {
	    [MESSAGE_RESULT_FORBIDDEN] = "there is no such account any more",
	    [MESSAGE_RESULT_BAD_SUBDOMAIN] = "it must be 1 to 63 lower-case letters, digits, \"-\" "
					     "and \"_\", not \"-\" at an end",
	    [MESSAGE_RESULT_BAD_TXT] =
		"it must be the value of a DNS-01 challenge, 43 characters of base64url, or as "
		"zone.txt_max allows",
	    [MESSAGE_RESULT_BAD_NETWORK] = "an address or network is wrong; it must be such as "
					   "192.0.2.0/24 or 2001:db8::1/128",
	    [MESSAGE_RESULT_DB_ERROR] =
		"the database has failed, nothing was changed; the log says why",
	    [MESSAGE_RESULT_BUSY] = "the server is too busy, nothing was changed; try again",
	    [MESSAGE_RESULT_TAKEN] = "it is taken: by an account, by one that was deleted, or by a "
				     "record of the configuration"};
	const char *text = result < MESSAGE_RESULTS ? texts[result] : NULL;

	(void)fprintf(stderr, "sallyport: %s%s%s\n", about, about[0] != '\0' ? ": " : "",
	    text != NULL ? text : "the server has refused it");
	return 1;
}

/* 0, or -1: there are too many, or one is longer than any network. Nothing else is judged here. */
static int
take_networks(const char *const *texts, unsigned count, struct slice *networks)
{
	if (count > MESSAGE_MAX_NETWORKS)
		return -1;
	for (unsigned i = 0; i < count; i++) {
		networks[i] = slice_of(texts[i]);
		if (networks[i].length >= NETWORK_MAX_TEXT)
			return -1;
	}
	return 0;
}

static int
finish_output(void)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return 0;
	perror("sallyport: standard output");
	return 1;
}

/* --- list --- */

/* Prints the accounts of one page, and copies the name to go on behind; empty: that was the last page. 0 or -1. */
static int
print_page(struct control_client *client, struct reader *answer, struct account_print *print,
    char next[CONTROL_USERNAME + 1])
{
	struct control_page page;
	struct control_account account;
	struct slice behind;

	if (control_get_page(answer, &page) != 0)
		return control_client_puzzled(client);
	if (page.result != MESSAGE_RESULT_OK) {
		complain(page.result, "the accounts cannot be read");
		return -1;
	}
	for (unsigned i = 0; i < page.count; i++) {
		if (control_get_account(answer, &account) != 0)
			return control_client_puzzled(client);
		if (account_print_row(print, &account) != 0)
			return -1;
	}
	if (control_get_next(answer, &behind) != 0)
		return control_client_puzzled(client);
	if (behind.length > 0)
		memcpy(next, behind.data, behind.length);
	next[behind.length] = '\0';
	return 0;
}

int
accounts_print_all(struct control_client *client, struct account_print *print, int hashes)
{
	char next[CONTROL_USERNAME + 1] = "";
	struct writer writer;
	struct reader answer;

	do {
		struct control_list request = {
		    .after = slice_of(next), .maximum = CONTROL_PAGE, .hashes = hashes ? 1 : 0};

		control_client_begin(client, &writer, MESSAGE_LIST_ACCOUNTS);
		control_put_list(&writer, &request);
		if (control_client_ask(client, &writer, &answer) != 0 ||
		    print_page(client, &answer, print, next) != 0)
			return 1;
	} while (next[0] != '\0');
	return 0;
}

int
accounts_list(const struct invocation *invocation)
{
	struct control_client *client;
	struct account_print *print;
	int code = control_client_open(&client, invocation->config, 0);

	if (code != 0)
		return code;
	print = account_print_new(stdout, invocation_has(invocation, "json"));
	code = print == NULL || accounts_print_all(client, print, 0) != 0;
	control_client_close(client);
	if (account_print_end(print) != 0)
		code = 1;
	return finish_output() != 0 ? 1 : code;
}

/* --- one account --- */

/* What somebody calls an account: in lower case, and without the zone's name behind it. 0, or -1: it is no such name. */
static int
tidy(const struct conf *conf, const char *given, char who[WHO])
{
	char zone[NAME_MAX_TEXT + 1] = ".";
	size_t length = strlen(given), tail;

	if (length >= WHO)
		return -1;
	(void)snprintf(who, WHO, "%s", given);
	for (char *c = who; *c != '\0'; c++)
		*c = (char)tolower((unsigned char)*c);
	name_to_text(&conf->zone.name, zone + 1);
	tail = strlen(zone);
	if (length > 0 && who[length - 1] != '.')
		tail--;
	if (length > tail && strncmp(who + length - tail, zone, tail) == 0)
		who[length - tail] = '\0';
	return who[0] == '\0' || strlen(who) > MESSAGE_MAX_SUBDOMAIN ? -1 : 0;
}

/* What may stand for an account. */
enum naming {
	NAMING_WHOLE, /* its user name or its subdomain */
	NAMING_BEGINNING /* also a beginning of one of them: a wrong one does no harm, or somebody is asked first */
};

/* How somebody may go on who has not named an account: with these. */
static void
print_candidates(const char *shown, const struct control_candidates *candidates, enum naming naming)
{
	(void)fprintf(stderr, "sallyport: there is no account \"%s\"", shown);
	if (candidates->count > 0) {
		fputs(naming == NAMING_WHOLE
			  ? ": a whole user name or subdomain is needed here, and these begin so:"
			  : ", and more than one begins so:",
		    stderr);
		for (unsigned i = 0; i < candidates->count; i++)
			(void)fprintf(stderr, "%s %.*s", i > 0 ? "," : "",
			    (int)candidates->names[i].length,
			    (const char *)candidates->names[i].data);
		if (candidates->more)
			fputs(", ...", stderr);
	}
	fputc('\n', stderr);
}

/* Asks for an account by a whole name. 0 with what was `found`; the rest of the answer is `answer`. -1: said why. */
static int
ask_for(struct control_client *client, const char *who, enum control_found *found,
    struct reader *answer)
{
	struct writer writer;

	control_client_begin(client, &writer, MESSAGE_FIND_ACCOUNT);
	control_put_find(&writer, slice_of(who));
	if (control_client_ask(client, &writer, answer) != 0)
		return -1;
	return control_get_found(answer, found) == 0 ? 0 : control_client_puzzled(client);
}

/* Finds the account that `given` names. 0 with `account`, which is valid until the next request, or -1. */
static int
find(struct control_client *client, const char *given, enum naming naming,
    struct control_account *account)
{
	struct control_candidates candidates = {0};
	enum control_found found;
	struct reader answer;
	char who[WHO], shown[WHO];

	log_safe(shown, sizeof(shown), given, strlen(given));
	if (tidy(control_client_conf(client), given, who) != 0) {
		print_candidates(shown, &candidates, naming);
		return -1;
	}
	if (ask_for(client, who, &found, &answer) != 0)
		return -1;
	if (found == CONTROL_FOUND_NONE) {
		if (control_get_candidates(&answer, &candidates) != 0) {
			control_client_puzzled(client);
			return -1;
		}
		if (naming == NAMING_WHOLE || candidates.count != 1 || candidates.more) {
			print_candidates(shown, &candidates, naming);
			return -1;
		}
		(void)snprintf(who, sizeof(who), "%.*s", (int)candidates.names[0].length,
		    (const char *)candidates.names[0].data);
		if (ask_for(client, who, &found, &answer) != 0)
			return -1;
	}
	if (found == CONTROL_FOUND_ONE) {
		if (control_get_account(&answer, account) == 0 && reader_end(&answer) == 0)
			return 0;
		control_client_puzzled(client);
		return -1;
	}
	/* Of none there is only one that was deleted since it was a candidate. */
	complain(found == CONTROL_FOUND_NONE ? MESSAGE_RESULT_FORBIDDEN : MESSAGE_RESULT_DB_ERROR,
	    shown);
	return -1;
}

/* Asks for one change. MESSAGE_RESULT_OK with the `answer`, another result, or -1: said why. */
static int
change(struct control_client *client, const struct control_change *wanted,
    struct control_changed *answer)
{
	struct writer writer;
	struct reader reader;

	control_client_begin(client, &writer, MESSAGE_CHANGE_ACCOUNT);
	control_put_change(&writer, wanted);
	if (control_client_ask(client, &writer, &reader) != 0)
		return -1;
	if (control_get_changed(&reader, answer) != 0)
		return control_client_puzzled(client);
	return answer->result;
}

/* Opens a link and finds the account; its user name is copied, because the next request takes it away. Exit code. */
static int
open_account(const struct invocation *invocation, enum naming naming,
    struct control_client **client, struct control_account *account,
    char username[CONTROL_USERNAME + 1])
{
	int code = control_client_open(client, invocation->config, 0);

	if (code != 0)
		return code;
	if (find(*client, invocation->arguments[0], naming, account) != 0) {
		control_client_close(*client);
		return 1;
	}
	memcpy(username, account->username.data, CONTROL_USERNAME);
	username[CONTROL_USERNAME] = '\0';
	return 0;
}

int
accounts_show(const struct invocation *invocation)
{
	struct control_client *client;
	struct control_account account;
	char username[CONTROL_USERNAME + 1];
	int code = open_account(invocation, NAMING_BEGINNING, &client, &account, username);

	if (code != 0)
		return code;
	if (invocation_has(invocation, "json"))
		code = account_print_json(stdout, &account) != 0;
	else
		account_print_one(stdout, &account, &control_client_conf(client)->zone.name);
	control_client_close(client);
	return finish_output() != 0 ? 1 : code;
}

/* --- add --- */

static int
print_added(
    const struct control_client *client, const struct message_register_answer *answer, int as_json)
{
	const struct name *zone = &control_client_conf(client)->zone.name;

	if (as_json)
		return account_print_new_json(stdout, answer, zone);
	account_print_new_one(stdout, answer, zone);
	return 0;
}

int
accounts_add(const struct invocation *invocation)
{
	const char *subdomain = invocation_value(invocation, "subdomain");
	const char *networks[MESSAGE_MAX_NETWORKS];
	unsigned count =
	    invocation_values(invocation, "allow-from", networks, MESSAGE_MAX_NETWORKS);
	struct message_register_answer answer;
	struct control_add wanted = {0};
	struct control_client *client;
	struct writer writer;
	struct reader reader;
	int code;

	if (subdomain != NULL &&
	    (subdomain[0] == '\0' || strlen(subdomain) > MESSAGE_MAX_SUBDOMAIN))
		return complain(MESSAGE_RESULT_BAD_SUBDOMAIN, subdomain);
	if (take_networks(networks, count, wanted.networks) != 0)
		return complain(MESSAGE_RESULT_BAD_NETWORK, "--allow-from");
	code = control_client_open(&client, invocation->config, 0);
	if (code != 0)
		return code;
	wanted.network_count = (uint16_t)count;
	if (subdomain != NULL)
		wanted.subdomain = slice_of(subdomain);
	control_client_begin(client, &writer, MESSAGE_ADD_ACCOUNT);
	control_put_add(&writer, &wanted);
	if (control_client_ask(client, &writer, &reader) != 0)
		code = 1;
	else if (message_get_register_answer(&reader, &answer) != 0)
		code = control_client_puzzled(client) != 0;
	else if (answer.result != MESSAGE_RESULT_OK)
		code = complain(answer.result, subdomain != NULL ? subdomain : "");
	else
		code = print_added(client, &answer, invocation_has(invocation, "json")) != 0;
	control_client_close(client);
	return finish_output() != 0 ? 1 : code;
}

/* --- changes --- */

/* Asks on the terminal. 1: yes. */
static int
is_confirmed(const struct control_account *account)
{
	char answer[16] = "";

	if (!isatty(STDIN_FILENO)) {
		fputs("sallyport: standard input is no terminal to ask on; give --yes to delete\n",
		    stderr);
		return 0;
	}
	(void)fprintf(stderr,
	    "Delete the account %.*s with its name \"%.*s\", which is never given out again? "
	    "[y/N] ",
	    (int)account->username.length, (const char *)account->username.data,
	    (int)account->subdomain.length, (const char *)account->subdomain.data);
	if (fgets(answer, sizeof(answer), stdin) == NULL ||
	    (strcmp(answer, "y\n") != 0 && strcmp(answer, "yes\n") != 0)) {
		fputs("sallyport: nothing was deleted\n", stderr);
		return 0;
	}
	return 1;
}

int
accounts_delete(const struct invocation *invocation)
{
	struct control_change wanted = {.action = CONTROL_DELETE};
	struct control_changed answer;
	struct control_client *client;
	struct control_account account;
	char username[CONTROL_USERNAME + 1];
	int asks = !invocation_has(invocation, "yes");
	/* A question shows the whole names; without one a beginning would do for another account, once its own is gone. */
	enum naming naming = asks && isatty(STDIN_FILENO) ? NAMING_BEGINNING : NAMING_WHOLE;
	int code = open_account(invocation, naming, &client, &account, username), result;

	if (code != 0)
		return code;
	if (asks) {
		code = !is_confirmed(&account);
		control_client_close(client);
		/* A connection is not kept while somebody thinks. */
		if (code != 0 || (code = control_client_open(&client, invocation->config, 0)) != 0)
			return code;
	}
	wanted.username = slice_of(username);
	result = change(client, &wanted, &answer);
	if (result == MESSAGE_RESULT_OK)
		(void)printf("deleted %s\n", username);
	else
		code = result < 0 ? 1 : complain((enum message_result)result, username);
	control_client_close(client);
	return finish_output() != 0 ? 1 : code;
}

int
accounts_rotate(const struct invocation *invocation)
{
	struct control_change wanted = {.action = CONTROL_ROTATE_KEY};
	struct control_changed answer;
	struct control_client *client;
	struct control_account account;
	char username[CONTROL_USERNAME + 1];
	int code = open_account(invocation, NAMING_WHOLE, &client, &account, username), result;

	if (code != 0)
		return code;
	wanted.username = slice_of(username);
	result = change(client, &wanted, &answer);
	if (result != MESSAGE_RESULT_OK)
		code = result < 0 ? 1 : complain((enum message_result)result, username);
	else if (invocation_has(invocation, "json"))
		code = account_print_key_json(stdout, username, answer.key) != 0;
	else
		account_print_key(stdout, username, answer.key);
	control_client_close(client);
	return finish_output() != 0 ? 1 : code;
}

int
accounts_allow(const struct invocation *invocation)
{
	struct control_change wanted = {.action = CONTROL_CHANGE_NETWORKS};
	unsigned count = invocation->argument_count - 1;
	struct control_changed answer;
	struct control_client *client;
	struct control_account account;
	char username[CONTROL_USERNAME + 1];
	int code, result;

	if ((count == 0) != invocation_has(invocation, "anywhere")) {
		fputs("sallyport: give either networks or --anywhere\n", stderr);
		return COMMAND_USAGE_EXIT;
	}
	if (take_networks((const char *const *)invocation->arguments + 1, count, wanted.networks) !=
	    0)
		return complain(MESSAGE_RESULT_BAD_NETWORK, "");
	wanted.network_count = (uint16_t)count;
	code = open_account(invocation, NAMING_WHOLE, &client, &account, username);
	if (code != 0)
		return code;
	wanted.username = slice_of(username);
	result = change(client, &wanted, &answer);
	if (result != MESSAGE_RESULT_OK)
		code = result < 0 ? 1 : complain((enum message_result)result, "");
	control_client_close(client);
	return code;
}

/* Makes the changes that options ask for, in the order clear, remove, set. 0 or an exit code. */
static int
change_values(
    struct control_client *client, const struct invocation *invocation, const char *username)
{
	static const struct {
		const char *option;
		enum control_action action;
	} steps[] = {{"clear", CONTROL_REMOVE_VALUES}, {"remove", CONTROL_REMOVE_VALUE},
	    {"set", CONTROL_SET_VALUE}};
	struct control_changed answer;

	for (unsigned i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		const char *texts[MESSAGE_MAX_VALUES];
		unsigned count =
		    invocation_values(invocation, steps[i].option, texts, MESSAGE_MAX_VALUES);

		for (unsigned k = 0; k < count && k < MESSAGE_MAX_VALUES; k++) {
			struct control_change wanted = {
			    .action = (uint8_t)steps[i].action, .username = slice_of(username)};
			int result;

			if (texts[k] != NULL)
				wanted.text = slice_of(texts[k]);
			result = texts[k] != NULL && (wanted.text.length == 0 ||
							 wanted.text.length > MESSAGE_MAX_TXT)
				     ? MESSAGE_RESULT_BAD_TXT
				     : change(client, &wanted, &answer);
			if (result != MESSAGE_RESULT_OK)
				return result < 0 ? 1
						  : complain((enum message_result)result,
							texts[k] != NULL ? texts[k] : "");
		}
	}
	return 0;
}

int
accounts_values(const struct invocation *invocation)
{
	struct control_client *client;
	struct control_account account;
	char username[CONTROL_USERNAME + 1];
	int code = open_account(invocation, NAMING_WHOLE, &client, &account, username);

	if (code != 0)
		return code;
	code = change_values(client, invocation, username);
	/* What there is now, whoever changed it meanwhile. */
	if (code == 0 && find(client, username, NAMING_WHOLE, &account) != 0)
		code = 1;
	if (code == 0 && invocation_has(invocation, "json"))
		code = account_print_json(stdout, &account) != 0;
	else if (code == 0)
		account_print_values(stdout, &account);
	control_client_close(client);
	return finish_output() != 0 ? 1 : code;
}
