/*
 * Whatever arrives on a link or at a door, in any state: the check and every body's reader. The first
 * byte chooses the state and what came along.
 */
#include "control_message.h"
#include "message.h"
#include "status_message.h"
#include "token_message.h"

#include <stdlib.h>
#include <string.h>

static int
get_hello(struct reader *body)
{
	struct message_hello hello;

	return message_get_hello(body, &hello);
}

/* What was read must fit what the protocol promises. */
static void
insist(int holds)
{
	if (!holds)
		abort();
}

/* Either front's report: read when it has its exact size, and then nothing but its part is written. */
static int
get_statistics(struct reader *body)
{
	static const enum statistic_source fronts[] = {STATISTIC_DNSD, STATISTIC_APID};
	uint64_t values[STATISTICS];
	struct reader copy;

	for (unsigned front = 0; front < sizeof(fronts) / sizeof(fronts[0]); front++) {
		struct statistic_range range = statistic_range(fronts[front]);
		int whole = body->length == range.count * MESSAGE_STATISTIC;

		for (unsigned i = 0; i < STATISTICS; i++)
			values[i] = i;
		copy = *body;
		insist((message_get_statistics(&copy, fronts[front], values) == 0) == whole);
		for (unsigned i = 0; i < STATISTICS; i++)
			insist((whole && i - range.first < range.count) || values[i] == i);
	}
	return 0;
}

static int
get_all_statistics(struct reader *body)
{
	int whole = body->length == (size_t)STATISTICS * MESSAGE_STATISTIC;
	uint64_t values[STATISTICS];

	insist((message_get_all_statistics(body, values) == 0) == whole);
	return 0;
}

static int
get_ready(struct reader *body)
{
	unsigned parts;

	if (message_get_ready(body, &parts) == 0)
		insist(parts <= MESSAGE_READY_PARTS);
	return 0;
}

static int
get_names(struct reader *body)
{
	struct message_name name;

	while (reader_left(body) > 0) {
		if (message_get_name(body, &name) != 0)
			return -1;
		insist(name.label.length >= 1 && name.label.length <= MESSAGE_MAX_SUBDOMAIN);
		insist(name.count <= MESSAGE_MAX_VALUES);
		for (unsigned i = 0; i < name.count; i++)
			insist(name.values[i].length <= MESSAGE_MAX_TXT);
	}
	return reader_end(body);
}

static int
get_register(struct reader *body)
{
	struct message_register request;

	if (message_get_register(body, &request) != 0)
		return -1;
	insist(request.token.length <= MESSAGE_MAX_TOKEN);
	for (unsigned i = 0; i < request.count; i++)
		insist(request.networks[i].length < NETWORK_MAX_TEXT);
	return 0;
}

static int
get_register_answer(struct reader *body)
{
	struct message_register_answer answer;

	return message_get_register_answer(body, &answer);
}

static int
get_update(struct reader *body)
{
	struct message_update request;

	while (reader_left(body) > 0) {
		size_t left = reader_left(body);

		if (message_get_update(body, &request) != 0)
			return -1;
		insist(request.key.length == MESSAGE_KEY &&
		       request.txt.length <= MESSAGE_MAX_ASKED_TXT);
		insist(request.username.length <= MESSAGE_MAX_USER);
		insist(request.subdomain.length <= MESSAGE_MAX_SUBDOMAIN);
		left -= reader_left(body);
		insist(left >= MESSAGE_LEAST_UPDATE && left <= MESSAGE_MOST_UPDATE);
	}
	return reader_end(body);
}

static int
get_update_answer(struct reader *body)
{
	struct message_update_answer answer;

	while (reader_left(body) > 0) {
		if (message_get_update_answer(body, &answer) != 0)
			return -1;
		insist(answer.result < MESSAGE_RESULTS);
	}
	return reader_end(body);
}

static int
get_account(struct reader *body)
{
	struct message_account request;

	if (message_get_account(body, &request) != 0)
		return -1;
	insist(request.key.length == MESSAGE_KEY && request.username.length <= MESSAGE_MAX_USER);
	insist(request.subdomain.length <= MESSAGE_MAX_SUBDOMAIN);
	insist(request.action == MESSAGE_ACCOUNT_REMOVE || request.txt.length == 0);
	insist(request.action == MESSAGE_ACCOUNT_NETWORKS || request.count == 0);
	for (unsigned i = 0; i < request.count; i++)
		insist(request.networks[i].length < NETWORK_MAX_TEXT);
	return 0;
}

static int
get_account_answer(struct reader *body)
{
	struct message_account_answer answer;

	if (message_get_account_answer(body, &answer) != 0)
		return -1;
	insist(answer.count <= MESSAGE_MAX_NETWORKS && answer.value_count <= MESSAGE_MAX_VALUES);
	for (unsigned i = 0; i < answer.value_count; i++)
		insist(answer.values[i].length <= MESSAGE_MAX_TXT);
	return 0;
}

static int
get_nothing(struct reader *body)
{
	return reader_end(body);
}

static int
get_control_list(struct reader *body)
{
	struct control_list list;

	return control_get_list(body, &list);
}

/* A page of accounts, as the administrator's program reads it. */
static int
get_control_page(struct reader *body)
{
	struct control_account account;
	struct control_page page;
	struct slice next;

	if (control_get_page(body, &page) != 0)
		return -1;
	insist(page.count <= CONTROL_PAGE);
	for (unsigned i = 0; i < page.count; i++) {
		if (control_get_account(body, &account) != 0)
			return -1;
		insist(account.username.length == CONTROL_USERNAME);
		insist(account.network_count <= MESSAGE_MAX_NETWORKS);
		insist(account.value_count <= MESSAGE_MAX_VALUES);
	}
	return control_get_next(body, &next);
}

static int
get_control_find(struct reader *body)
{
	struct slice who;

	return control_get_find(body, &who);
}

static int
get_control_add(struct reader *body)
{
	struct control_add add;

	if (control_get_add(body, &add) != 0)
		return -1;
	insist(add.subdomain.length <= MESSAGE_MAX_SUBDOMAIN);
	insist(add.network_count <= MESSAGE_MAX_NETWORKS);
	return 0;
}

static int
get_control_change(struct reader *body)
{
	struct control_change change;

	if (control_get_change(body, &change) != 0)
		return -1;
	insist(change.action < CONTROL_ACTIONS && change.text.length <= MESSAGE_MAX_TXT);
	return 0;
}

static int
get_control_changed(struct reader *body)
{
	struct control_changed changed;

	return control_get_changed(body, &changed);
}

static void
insist_on_token(const struct token_message *token)
{
	insist(token_message_name_is_valid(token->name));
	insist(token->network_count <= TOKEN_MESSAGE_NETWORKS);
	for (unsigned i = 0; i < token->network_count; i++)
		insist(token->networks[i].bits <= 128);
}

static int
get_token(struct reader *body)
{
	struct token_message token;

	if (token_message_get(body, &token) != 0)
		return -1;
	insist_on_token(&token);
	return reader_end(body);
}

static int
get_token_added(struct reader *body)
{
	struct token_message_added added;

	return token_message_get_added(body, &added);
}

static int
get_token_name(struct reader *body)
{
	struct slice name;

	if (token_message_get_name(body, &name) != 0)
		return -1;
	insist(token_message_name_is_valid(name));
	return 0;
}

static int
get_token_page(struct reader *body)
{
	struct token_message_page page;
	struct token_message token;

	if (token_message_get_page(body, &page) != 0)
		return -1;
	for (unsigned i = 0; i < page.count; i++) {
		if (token_message_get(body, &token) != 0)
			return -1;
		insist_on_token(&token);
	}
	return reader_end(body);
}

static int
get_token_accounts(struct reader *body)
{
	struct token_message_accounts accounts;

	return token_message_get_accounts(body, &accounts);
}

static int
get_token_account_page(struct reader *body)
{
	struct token_message_account account;
	struct token_message_page page;
	struct slice next;

	if (token_message_get_page(body, &page) != 0)
		return -1;
	for (unsigned i = 0; i < page.count; i++) {
		if (token_message_get_account(body, &account) != 0)
			return -1;
		insist(account.username.length == CONTROL_USERNAME);
	}
	return page.more ? token_message_get_next(body, &next) : reader_end(body);
}

static int
get_trial(struct reader *body)
{
	struct control_trial trial;

	if (control_get_trial(body, &trial) != 0)
		return -1;
	insist((trial.result == MESSAGE_RESULT_OK) == (trial.label.length == CONTROL_TRIAL_LABEL));
	insist(trial.value.length <= CONTROL_TRIAL_VALUE);
	return 0;
}

static int
get_status(struct reader *body)
{
	struct status_message status;

	if (status_message_get(body, &status) != 0)
		return -1;
	insist(
	    status.refusal_count <= STATUS_MESSAGE_REFUSALS && status.parts <= MESSAGE_READY_PARTS);
	for (unsigned i = 0; i < status.refusal_count; i++)
		insist(status.refusals[i].count > 0 &&
		       strlen(status.refusals[i].reason) < REFUSAL_REASON);
	return 0;
}

enum { ANY = MESSAGE_MAX - MESSAGE_HEADER };

static int
get_reload_answer(struct reader *body)
{
	struct message_reload_answer answer;

	if (message_get_reload_answer(body, &answer) != 0)
		return -1;
	insist(answer.is_busy <= 1 && answer.reason.length <= MESSAGE_MAX_REASON &&
	       answer.keys.length <= MESSAGE_MAX_KEYS);
	return 0;
}

static int
get_digest(struct reader *body)
{
	(void)reader_u64(body);
	return reader_end(body);
}

/* Every type with the reader of its body. */
static const struct {
	uint16_t type;
	uint32_t states, minimum, maximum;
	unsigned fds;
	int (*read)(struct reader *body);
} bodies[] = {
    {MESSAGE_HELLO, 1, 3, 3, 0, get_hello},
    {MESSAGE_HELLO_ANSWER, 1, 3, 3, 0, get_hello},
    {MESSAGE_STATISTICS, 2, 0, ANY, 0, get_statistics},
    {MESSAGE_SNAPSHOT_CHUNK, 2, 1, ANY, 0, get_names},
    {MESSAGE_DELTA, 3, 1, ANY, 0, get_names},
    {MESSAGE_DELTA_APPLIED, 2, 0, 0, 0, get_nothing},
    {MESSAGE_REGISTER, 2, 19, ANY, 0, get_register},
    {MESSAGE_REGISTER_ANSWER, 2, 1, ANY, 0, get_register_answer},
    {MESSAGE_UPDATE, 2, MESSAGE_LEAST_UPDATE, ANY, 0, get_update},
    {MESSAGE_UPDATE_ANSWER, 2, MESSAGE_UPDATE_ANSWER_SIZE, ANY, 0, get_update_answer},
    {MESSAGE_ACCOUNT, 2, 63, ANY, 0, get_account},
    {MESSAGE_ACCOUNT_ANSWER, 2, 1, ANY, 0, get_account_answer},
    {MESSAGE_METRICS, 2, 0, 0, 0, get_nothing},
    {MESSAGE_READY, 2, 0, 0, 0, get_nothing},
    {MESSAGE_READY_ANSWER, 2, 1, 1, 0, get_ready},
    {MESSAGE_METRICS_ANSWER, 2, 1, ANY, 0, get_all_statistics},
    {MESSAGE_SHOW_TRIAL, 2, 0, 0, 0, get_nothing},
    {MESSAGE_SHOW_TRIAL_ANSWER, 2, 1, ANY, 0, get_trial},
    {MESSAGE_STATUS, 2, 0, 0, 0, get_nothing},
    {MESSAGE_STATUS_ANSWER, 2, 1, ANY, 0, get_status},
    {MESSAGE_LIST_TOKENS_ANSWER, 2, 1, ANY, 0, get_token_page},
    {MESSAGE_READ_TOKEN, 2, 2, 65, 0, get_token_name},
    {MESSAGE_LIST_TOKEN_ACCOUNTS, 2, 3, ANY, 0, get_token_accounts},
    {MESSAGE_LIST_TOKEN_ACCOUNTS_ANSWER, 2, 1, ANY, 0, get_token_account_page},
    {MESSAGE_ADD_TOKEN, 2, 1, ANY, 0, get_token},
    {MESSAGE_ADD_TOKEN_ANSWER, 2, 1, ANY, 0, get_token_added},
    {MESSAGE_LINK, 3, 0, 0, 1, get_nothing},
    {MESSAGE_RELOAD, 3, MESSAGE_RELOAD_BODY, MESSAGE_RELOAD_BODY, 1, get_digest},
    {MESSAGE_RELOAD_PAIR, 3, 0, 0, 2, get_nothing},
    {MESSAGE_RELOAD_APPLY, 3, 0, 0, 0, get_nothing},
    {MESSAGE_RELOAD_ANSWER, 3, 1, ANY, 0, get_reload_answer},
    {MESSAGE_LIST_ACCOUNTS, 2, 0, ANY, 0, get_control_list},
    {MESSAGE_LIST_ACCOUNTS_ANSWER, 2, 0, ANY, 0, get_control_page},
    {MESSAGE_FIND_ACCOUNT, 2, 0, ANY, 0, get_control_find},
    {MESSAGE_ADD_ACCOUNT, 2, 0, ANY, 0, get_control_add},
    {MESSAGE_CHANGE_ACCOUNT, 2, 0, ANY, 0, get_control_change},
    {MESSAGE_CHANGE_ACCOUNT_ANSWER, 2, 0, ANY, 0, get_control_changed},
};

enum { BODIES = sizeof(bodies) / sizeof(bodies[0]) };

static struct message_rule rules[BODIES];

static void
fill_rules(void)
{
	for (unsigned i = 0; i < BODIES; i++)
		rules[i] = (struct message_rule){.type = bodies[i].type,
		    .states = bodies[i].states,
		    .minimum = bodies[i].minimum,
		    .maximum = bodies[i].maximum,
		    .fds = bodies[i].fds};
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct message_received received;
	const struct message_rule *rule;
	struct message_header header;
	struct reader body;

	if (size < 1)
		return 0;
	received = (struct message_received){.data = data + 1,
	    .length = size - 1,
	    .fds = (data[0] >> 1 & 1) + (data[0] >> 2 & 2),
	    .truncated = data[0] >> 2 & 1};
	if (rules[0].type == 0)
		fill_rules();
	if (message_check(rules, BODIES, data[0] & 1, &received, &header, &rule) !=
	    MESSAGE_ACCEPTED)
		return 0;
	insist(header.length == received.length && header.flags == 0);
	reader_init(&body, received.data + MESSAGE_HEADER, received.length - MESSAGE_HEADER);
	(void)bodies[rule - rules].read(&body);
	return 0;
}
