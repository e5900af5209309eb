#include "import_rule.h"

#include "authority.h"
#include "name.h"

#include <string.h>

static int
is_digit(unsigned char c)
{
	return c >= '0' && c <= '9';
}

/* $2a$10$ and 53 characters: what bcrypt makes, at a cost that can be borne (crypt(5)). */
static int
is_bcrypt(struct slice hash)
{
	static const char alphabet[] =
	    "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
	const unsigned char *text = hash.data;
	int cost;

	if (hash.length != 60 || text[0] != '$' || text[1] != '2' || text[3] != '$' ||
	    text[6] != '$' || !is_digit(text[4]) || !is_digit(text[5]) ||
	    (text[2] != 'a' && text[2] != 'b' && text[2] != 'y'))
		return 0;
	cost = (text[4] - '0') * 10 + (text[5] - '0');
	for (size_t i = 7; i < hash.length; i++)
		if (text[i] == '\0' || strchr(alphabet, text[i]) == NULL)
			return 0;
	return cost >= 4 && cost <= IMPORT_RULE_MAX_COST;
}

/* What a client can send as its key: exactly what registration hands out. */
static int
is_key(struct slice key)
{
	if (key.length != MESSAGE_KEY)
		return 0;
	for (size_t i = 0; i < key.length; i++)
		if (key.data[i] <= ' ' || key.data[i] > '~')
			return 0;
	return 1;
}

static int
has_value(const struct name_record *state, struct slice text)
{
	for (unsigned i = 0; i < state->count; i++)
		if (state->values[i].text.length == text.length &&
		    memcmp(state->values[i].text.data, text.data, text.length) == 0)
			return 1;
	return 0;
}

/* Fills in the values that may be. CONTROL_VALUES_LEFT_OUT, or 0. */
static unsigned
judge_values(const struct control_import *import, const struct record_limits *limits, uint64_t now,
    struct name_record *state)
{
	const struct control_account *account = &import->account;
	uint64_t unknown = account->updated > 0 && account->updated < now ? account->updated : now;
	unsigned flags = 0;

	*state = (struct name_record){.count = 0};
	for (unsigned i = 0; i < account->value_count; i++) {
		const struct control_value *value = &account->values[i];
		uint64_t time = value->time > 0 ? value->time : unknown;

		if (!authority_value_is_valid(value->text, limits)) {
			flags = CONTROL_VALUES_LEFT_OUT;
			continue;
		}
		if (state->count == limits->values && !has_value(state, value->text))
			flags = CONTROL_VALUES_LEFT_OUT; /* the oldest makes room */
		name_record_set(state, value->text, limits->values, i, time < now ? time : now);
	}
	state->updated = account->updated < now ? account->updated : now;
	for (unsigned i = 0; i < state->count; i++)
		if (state->values[i].time > state->updated)
			state->updated = state->values[i].time;
	return flags;
}

unsigned
import_rule_judge(const struct control_import *import, const struct record_limits *limits,
    uint64_t now, struct uuid *username, struct name_record *state)
{
	const struct control_account *account = &import->account;

	if (uuid_from_text(username, account->username.data, account->username.length) != 0)
		return CONTROL_BAD_USERNAME;
	if (!label_is_valid((const char *)account->subdomain.data, account->subdomain.length))
		return CONTROL_BAD_SUBDOMAIN;
	if (account->hash.length > 0 ? import->key.length > 0 || !is_bcrypt(account->hash)
				     : import->key.length == 0)
		return CONTROL_BAD_HASH;
	if (import->key.length > 0 && !is_key(import->key))
		return CONTROL_BAD_KEY;
	for (unsigned i = 0; i < account->network_count; i++) {
		const struct slice *text = &account->networks[i];
		char clean[NETWORK_MAX_TEXT];
		struct network network;

		if (network_from_text(&network, (const char *)text->data, text->length, clean) != 0)
			return CONTROL_BAD_NETWORK;
	}
	return CONTROL_ADDED | judge_values(import, limits, now, state);
}
