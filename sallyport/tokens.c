#include "tokens.h"

#include "conf_value.h"
#include "control_client.h"
#include "expiry.h"
#include "token_print.h"

#include <string.h>
#include <time.h>

enum { MAX_QUOTA = 1000 * 1000 * 1000 };

static uint64_t
now(void)
{
	return (uint64_t)time(NULL);
}

static struct slice
slice_of(const char *text)
{
	return (struct slice){(const unsigned char *)text, strlen(text)};
}

/* Says on standard error that a request was refused, and why. Returns the exit code. */
static int
complain(enum message_result result, const char *name)
{
	switch (result) {
	case MESSAGE_RESULT_TAKEN:
		(void)fprintf(stderr,
		    "sallyport: there is, or was, a token \"%s\"; give another name\n", name);
		break;
	case MESSAGE_RESULT_FORBIDDEN:
		(void)fprintf(stderr, "sallyport: there is no token \"%s\"\n", name);
		break;
	case MESSAGE_RESULT_BUSY:
		fputs(
		    "sallyport: the server is too busy, nothing was changed; try again\n", stderr);
		break;
	default:
		fputs("sallyport: the database has failed, nothing was changed; the log says why\n",
		    stderr);
		break;
	}
	return 1;
}

static int
finish_output(void)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return 0;
	perror("sallyport: standard output");
	return 1;
}

/* The name given; 0, or the exit code of a mistake. */
static int
take_name(const struct invocation *invocation, struct slice *name)
{
	*name = slice_of(invocation->arguments[0]);
	if (token_message_name_is_valid(*name))
		return 0;
	(void)fprintf(stderr,
	    "sallyport: a token's name must be 1 to %d letters, digits, \".\", \"-\" and \"_\"\n",
	    CONTROL_MAX_TOKEN);
	return COMMAND_USAGE_EXIT;
}

static int
take_networks(const struct invocation *invocation, struct token_message *token)
{
	const char *texts[TOKEN_MESSAGE_NETWORKS];
	char clean[NETWORK_MAX_TEXT];
	unsigned count = invocation_values(invocation, "allow-from", texts, TOKEN_MESSAGE_NETWORKS);

	if (count > TOKEN_MESSAGE_NETWORKS) {
		(void)fprintf(stderr, "sallyport: --allow-from: no more than %d networks\n",
		    TOKEN_MESSAGE_NETWORKS);
		return COMMAND_USAGE_EXIT;
	}
	for (unsigned i = 0; i < count; i++) {
		if (network_from_text(&token->networks[i], texts[i], strlen(texts[i]), clean) !=
		    0) {
			(void)fprintf(stderr,
			    "sallyport: --allow-from: \"%s\" is not a network such as 192.0.2.0/24 "
			    "or 2001:db8::1/128\n",
			    texts[i]);
			return COMMAND_USAGE_EXIT;
		}
	}
	token->network_count = (uint16_t)count;
	return 0;
}

/* What is to be added; 0, or the exit code of a mistake. */
static int
take_token(const struct invocation *invocation, struct token_message *token)
{
	const char *quota = invocation_value(invocation, "quota");
	const char *expires = invocation_value(invocation, "expires");
	int64_t number = quota != NULL ? conf_value_number(quota) : 0;
	int code = take_name(invocation, &token->name);

	if (code != 0)
		return code;
	if (quota != NULL && (number < 1 || number > MAX_QUOTA)) {
		(void)fprintf(stderr,
		    "sallyport: --quota: \"%s\" is not a number of accounts from 1 to %d\n", quota,
		    MAX_QUOTA);
		return COMMAND_USAGE_EXIT;
	}
	token->quota = (uint64_t)number;
	if (expires != NULL && expiry_from_text(expires, now(), &token->expires) != 0) {
		(void)fprintf(stderr,
		    "sallyport: --expires: \"%s\" is not a time to come such as 30d, 12h, "
		    "2027-01-31 or 2027-01-31T12:00:00Z\n",
		    expires);
		return COMMAND_USAGE_EXIT;
	}
	return take_networks(invocation, token);
}

static void
print_added(const struct token_message *token, struct slice secret)
{
	const char *text = (const char *)secret.data;
	int length = (int)secret.length;

	token_print_one(stdout, token, now());
	(void)printf(
	    "%-13s %.*s\n\n"
	    "This is the only time that the secret is shown. A client presents it as its URL,\n"
	    "    https://HOST/t/%.*s\n"
	    "in front of /register and /update; as user or password of HTTP Basic; in\n"
	    "\"Authorization: Bearer\"; or in the header X-Registration-Token.\n",
	    "secret", length, text, length, text);
}

int
tokens_add(const struct invocation *invocation)
{
	struct token_message token = {.created = 0};
	struct token_message_added added;
	struct control_client *client;
	struct writer writer;
	struct reader answer;
	int code = take_token(invocation, &token);

	if (code == 0)
		code = control_client_open(&client, invocation->config, 0);
	if (code != 0)
		return code;
	control_client_begin(client, &writer, MESSAGE_ADD_TOKEN);
	token_message_put(&writer, &token);
	token.created = now();
	if (control_client_ask(client, &writer, &answer) != 0)
		code = 1;
	else if (token_message_get_added(&answer, &added) != 0)
		code = control_client_puzzled(client) != 0;
	else if (added.result != MESSAGE_RESULT_OK)
		code = complain((enum message_result)added.result, invocation->arguments[0]);
	else if (invocation_has(invocation, "json"))
		code = token_print_json(stdout, &token, added.secret, now()) != 0;
	else
		print_added(&token, added.secret);
	control_client_close(client);
	return finish_output() != 0 ? 1 : code;
}

/* Prints the tokens of one page, and copies the name of the last. 1: there is more, 0, or -1: said why. */
static int
print_page(struct control_client *client, struct reader *answer, struct table_print *table,
    char last[CONTROL_MAX_TOKEN + 1])
{
	struct token_message_page page;
	struct token_message token;
	int failed;

	if (token_message_get_page(answer, &page) != 0)
		return control_client_puzzled(client);
	if (page.result != MESSAGE_RESULT_OK) {
		complain((enum message_result)page.result, "");
		return -1;
	}
	for (unsigned i = 0; i < page.count; i++) {
		if (token_message_get(answer, &token) != 0)
			return control_client_puzzled(client);
		failed = table != NULL
			     ? token_print_row(table, &token, now())
			     : token_print_json(stdout, &token, (struct slice){NULL, 0}, now());
		if (failed != 0)
			return -1;
		memcpy(last, token.name.data, token.name.length);
		last[token.name.length] = '\0';
	}
	/* A page that promises more and has nothing would be asked for again and again. */
	if (reader_end(answer) != 0 || (page.more && page.count == 0))
		return control_client_puzzled(client);
	return page.more;
}

int
tokens_list(const struct invocation *invocation)
{
	char last[CONTROL_MAX_TOKEN + 1] = "";
	struct table_print *table = NULL;
	struct control_client *client;
	struct writer writer;
	struct reader answer;
	int more = 1, code = control_client_open(&client, invocation->config, 0);

	if (code != 0)
		return code;
	if (!invocation_has(invocation, "json") && (table = token_print_table(stdout)) == NULL)
		more = -1;
	while (more > 0) {
		control_client_begin(client, &writer, MESSAGE_LIST_TOKENS);
		token_message_put_after(&writer, slice_of(last));
		more = control_client_ask(client, &writer, &answer) != 0
			   ? -1
			   : print_page(client, &answer, table, last);
	}
	control_client_close(client);
	if (table_print_end(table) != 0)
		more = -1;
	return finish_output() != 0 || more < 0 ? 1 : 0;
}

/* Prints the accounts of one page, and copies the name to go on behind. 1: there is more, 0, or -1: said why. */
static int
print_accounts(struct control_client *client, struct reader *answer, struct table_print *table,
    char next[CONTROL_USERNAME + 1])
{
	struct token_message_account account;
	struct token_message_page page;
	struct slice behind;
	int failed;

	if (token_message_get_page(answer, &page) != 0)
		return control_client_puzzled(client);
	if (page.result != MESSAGE_RESULT_OK) {
		complain((enum message_result)page.result, "");
		return -1;
	}
	for (unsigned i = 0; i < page.count; i++) {
		if (token_message_get_account(answer, &account) != 0)
			return control_client_puzzled(client);
		failed = table != NULL ? token_print_account(table, &account)
				       : token_print_account_json(stdout, &account);
		if (failed != 0)
			return -1;
	}
	if (!page.more)
		return reader_end(answer) != 0 ? control_client_puzzled(client) : 0;
	if (token_message_get_next(answer, &behind) != 0)
		return control_client_puzzled(client);
	memcpy(next, behind.data, behind.length);
	next[behind.length] = '\0';
	return 1;
}

/* The token by itself; 0 or an exit code. */
static int
show_token(struct control_client *client, const struct invocation *invocation, struct slice name)
{
	enum message_result result;
	struct token_message token;
	struct writer writer;
	struct reader answer;

	control_client_begin(client, &writer, MESSAGE_READ_TOKEN);
	token_message_put_name(&writer, name);
	if (control_client_ask(client, &writer, &answer) != 0)
		return 1;
	if (token_message_get_result(&answer, &result) != 0)
		return control_client_puzzled(client) != 0;
	if (result != MESSAGE_RESULT_OK)
		return complain(result, invocation->arguments[0]);
	if (token_message_get(&answer, &token) != 0 || reader_end(&answer) != 0)
		return control_client_puzzled(client) != 0;
	if (invocation_has(invocation, "json"))
		return token_print_json(stdout, &token, (struct slice){NULL, 0}, now()) != 0;
	token_print_one(stdout, &token, now());
	(void)fputc('\n', stdout);
	return 0;
}

int
tokens_show(const struct invocation *invocation)
{
	char next[CONTROL_USERNAME + 1] = "";
	struct table_print *table = NULL;
	struct control_client *client;
	struct writer writer;
	struct reader answer;
	struct slice name;
	int more, code = take_name(invocation, &name);

	if (code == 0)
		code = control_client_open(&client, invocation->config, 0);
	if (code != 0)
		return code;
	more = show_token(client, invocation, name) == 0 ? 1 : -1;
	if (more > 0 && !invocation_has(invocation, "json") &&
	    (table = token_print_accounts(stdout)) == NULL)
		more = -1;
	while (more > 0) {
		const struct token_message_accounts request = {
		    .token = name, .after = slice_of(next)};

		control_client_begin(client, &writer, MESSAGE_LIST_TOKEN_ACCOUNTS);
		token_message_put_accounts(&writer, &request);
		more = control_client_ask(client, &writer, &answer) != 0
			   ? -1
			   : print_accounts(client, &answer, table, next);
	}
	control_client_close(client);
	if (table_print_end(table) != 0)
		more = -1;
	return finish_output() != 0 || more < 0 ? 1 : 0;
}

int
tokens_revoke(const struct invocation *invocation)
{
	enum message_result result;
	struct control_client *client;
	struct writer writer;
	struct reader answer;
	struct slice name;
	int code = take_name(invocation, &name);

	if (code == 0)
		code = control_client_open(&client, invocation->config, 0);
	if (code != 0)
		return code;
	control_client_begin(client, &writer, MESSAGE_REVOKE_TOKEN);
	token_message_put_name(&writer, name);
	if (control_client_ask(client, &writer, &answer) != 0)
		code = 1;
	else if (token_message_get_result(&answer, &result) != 0 || reader_end(&answer) != 0)
		code = control_client_puzzled(client) != 0;
	else if (result != MESSAGE_RESULT_OK)
		code = complain(result, invocation->arguments[0]);
	else
		(void)printf("revoked %s\n", invocation->arguments[0]);
	control_client_close(client);
	return finish_output() != 0 ? 1 : code;
}
