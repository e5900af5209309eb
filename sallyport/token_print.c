#include "token_print.h"

#include "time_text.h"

#include <inttypes.h>
#include <jansson.h>

enum { NUMBER_TEXT = 24 };

static const struct table_column columns[] = {{.title = "NAME"}, {.title = "STATE"},
    {.title = "USED", .is_number = 1}, {.title = "QUOTA", .is_number = 1}, {.title = "EXPIRES"},
    {.title = "FROM"}, {.title = "LAST USE"}, {.title = "BY"}};

static const struct table_column account_columns[] = {
    {.title = "SUBDOMAIN"}, {.title = "USERNAME"}, {.title = "REGISTERED"}};

enum {
	COLUMNS = sizeof(columns) / sizeof(columns[0]),
	ACCOUNT_COLUMNS = sizeof(account_columns) / sizeof(account_columns[0])
};

const char *
token_print_state(const struct token_message *token, uint64_t now)
{
	if (token->revoked != 0)
		return "revoked";
	if (token->expires != 0 && now >= token->expires)
		return "expired";
	return token->quota != 0 && token->used >= token->quota ? "used up" : "good";
}

struct table_print *
token_print_table(FILE *out)
{
	return table_print_new(out, columns, COLUMNS);
}

struct table_print *
token_print_accounts(FILE *out)
{
	return table_print_new(out, account_columns, ACCOUNT_COLUMNS);
}

static const char *
quota_text(uint64_t quota, char text[NUMBER_TEXT])
{
	if (quota == 0)
		(void)snprintf(text, NUMBER_TEXT, "any");
	else
		(void)snprintf(text, NUMBER_TEXT, "%" PRIu64, quota);
	return text;
}

static const char *
client_text(const struct token_message *token, char text[INET6_ADDRSTRLEN])
{
	if (token->last_used == 0)
		text[0] = '\0';
	else
		client_address_to_text(&token->last_client, text);
	return text;
}

int
token_print_row(struct table_print *table, const struct token_message *token, uint64_t now)
{
	char name[CONTROL_MAX_TOKEN + 1], used[NUMBER_TEXT], quota[NUMBER_TEXT];
	char expires[TIME_TEXT], last[TIME_TEXT], from[NETWORK_MAX_TEXT];
	char client[INET6_ADDRSTRLEN];
	const char *cells[COLUMNS] = {name, token_print_state(token, now), used,
	    quota_text(token->quota, quota), time_text(token->expires, expires), from,
	    time_text(token->last_used, last), client_text(token, client)};

	(void)snprintf(
	    name, sizeof(name), "%.*s", (int)token->name.length, (const char *)token->name.data);
	(void)snprintf(used, sizeof(used), "%" PRIu64, token->used);
	if (token->network_count == 0)
		(void)snprintf(from, sizeof(from), "anywhere");
	else if (token->network_count == 1)
		network_to_text(&token->networks[0], from);
	else
		(void)snprintf(from, sizeof(from), "%u networks", token->network_count);
	return table_print_row(table, cells);
}

int
token_print_account(struct table_print *table, const struct token_message_account *account)
{
	char username[CONTROL_USERNAME + 1], subdomain[MESSAGE_MAX_SUBDOMAIN + 1];
	char created[TIME_TEXT];
	const char *cells[ACCOUNT_COLUMNS] = {
	    subdomain, username, time_text(account->created, created)};

	(void)snprintf(username, sizeof(username), "%.*s", (int)account->username.length,
	    (const char *)account->username.data);
	(void)snprintf(subdomain, sizeof(subdomain), "%.*s", (int)account->subdomain.length,
	    (const char *)account->subdomain.data);
	return table_print_row(table, cells);
}

void
token_print_one(FILE *out, const struct token_message *token, uint64_t now)
{
	char text[TIME_TEXT], number[NUMBER_TEXT], client[INET6_ADDRSTRLEN];
	char network[NETWORK_MAX_TEXT];

	(void)fprintf(
	    out, "%-13s %.*s\n", "name", (int)token->name.length, (const char *)token->name.data);
	(void)fprintf(out, "%-13s %s\n", "state", token_print_state(token, now));
	(void)fprintf(out, "%-13s %" PRIu64 " of %s\n", "accounts", token->used,
	    quota_text(token->quota, number));
	for (unsigned i = 0; i < token->network_count; i++) {
		network_to_text(&token->networks[i], network);
		(void)fprintf(out, "%-13s %s\n", i == 0 ? "from" : "", network);
	}
	if (token->network_count == 0)
		(void)fprintf(out, "%-13s anywhere\n", "from");
	(void)fprintf(out, "%-13s %s\n", "added", time_text(token->created, text));
	(void)fprintf(out, "%-13s %s\n", "expires", time_text(token->expires, text));
	if (token->revoked != 0)
		(void)fprintf(out, "%-13s %s\n", "revoked", time_text(token->revoked, text));
	(void)fprintf(out, "%-13s %s", "last use", time_text(token->last_used, text));
	if (token->last_used != 0)
		(void)fprintf(out, " by %s", client_text(token, client));
	(void)fputc('\n', out);
}

static json_t *
string_of(struct slice text)
{
	return json_stringn((const char *)text.data, text.length);
}

/* 0 stands for what is not: null. */
static json_t *
number_of(uint64_t number)
{
	return number == 0 ? json_null() : json_integer((json_int_t)number);
}

static json_t *
networks_of(const struct token_message *token)
{
	json_t *list = json_array();
	char text[NETWORK_MAX_TEXT];

	for (unsigned i = 0; list != NULL && i < token->network_count; i++) {
		network_to_text(&token->networks[i], text);
		json_array_append_new(list, json_string(text));
	}
	return list;
}

/* Takes the object over. */
static int
print_object(FILE *out, json_t *object)
{
	int failed =
	    object == NULL || json_dumpf(object, out, JSON_COMPACT) != 0 || fputc('\n', out) == EOF;

	json_decref(object);
	return failed ? -1 : 0;
}

int
token_print_json(FILE *out, const struct token_message *token, struct slice secret, uint64_t now)
{
	char client[INET6_ADDRSTRLEN];
	json_t *object = json_pack("{s:o, s:s, s:I, s:o, s:I, s:o, s:o, s:o, s:o, s:o}", "name",
	    string_of(token->name), "state", token_print_state(token, now), "used",
	    (json_int_t)token->used, "quota", number_of(token->quota), "created",
	    (json_int_t)token->created, "expires", number_of(token->expires), "revoked",
	    number_of(token->revoked), "last_used", number_of(token->last_used), "last_address",
	    token->last_used == 0 ? json_null() : json_string(client_text(token, client)),
	    "allowfrom", networks_of(token));

	if (object != NULL && secret.length > 0)
		json_object_set_new(object, "secret", string_of(secret));
	return print_object(out, object);
}

int
token_print_account_json(FILE *out, const struct token_message_account *account)
{
	return print_object(
	    out, json_pack("{s:o, s:o, s:I}", "username", string_of(account->username), "subdomain",
		     string_of(account->subdomain), "created", (json_int_t)account->created));
}
