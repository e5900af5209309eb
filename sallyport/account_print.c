#include "account_print.h"

#include "account_line.h"
#include "log.h"
#include "table_print.h"
#include "time_text.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

enum {
	/* Of a value; each of its bytes may take four. */
	VALUE_TEXT = MESSAGE_MAX_TXT * 4 + 1
};

static const struct table_column columns[] = {{.title = "SUBDOMAIN"}, {.title = "USERNAME"},
    {.title = "LAST UPDATE"}, {.title = "VALUES", .is_number = 1}, {.title = "ALLOWED FROM"}};

enum { COLUMNS = sizeof(columns) / sizeof(columns[0]) };

struct account_print {
	FILE *out;
	struct table_print *table; /* NULL: JSON */
	struct buf line;
};

static int
complain(const char *what)
{
	(void)fprintf(stderr, "sallyport: %s\n", what);
	return -1;
}

static struct account_entry
entry_of(const struct control_account *account)
{
	struct account_entry entry = {.username = account->username,
	    .hash = account->hash,
	    .subdomain = account->subdomain,
	    .token = account->token,
	    .created = account->created,
	    .updated = account->updated,
	    .network_count = account->network_count,
	    .value_count = account->value_count};

	memcpy(entry.networks, account->networks, sizeof(entry.networks));
	for (unsigned i = 0; i < account->value_count; i++)
		entry.values[i] =
		    (struct account_value){account->values[i].time, account->values[i].text};
	return entry;
}

struct account_print *
account_print_new(FILE *out, int as_json)
{
	struct account_print *print = calloc(1, sizeof(*print));

	if (print == NULL) {
		complain("no memory");
		return NULL;
	}
	print->out = out;
	buf_init(&print->line, ACCOUNT_LINE_MAX);
	if (as_json)
		return print;
	print->table = table_print_new(out, columns, COLUMNS);
	if (print->table != NULL)
		return print;
	complain("no memory");
	free(print);
	return NULL;
}

static int
print_line(struct account_print *print, const struct control_account *account)
{
	struct account_entry entry = entry_of(account);

	buf_clear(&print->line);
	if (account_line_write(&entry, &print->line) != 0)
		return complain("an account cannot be written as JSON");
	return fwrite(print->line.data, 1, print->line.length, print->out) == print->line.length
		   ? 0
		   : -1;
}

static int
print_cells(struct account_print *print, const struct control_account *account)
{
	char username[CONTROL_USERNAME + 1], subdomain[MESSAGE_MAX_SUBDOMAIN + 1],
	    updated[TIME_TEXT], values[8], networks[NETWORK_MAX_TEXT + 16];
	const char *cells[COLUMNS] = {subdomain, username, updated, values, networks};

	(void)snprintf(username, sizeof(username), "%.*s", (int)account->username.length,
	    (const char *)account->username.data);
	(void)snprintf(subdomain, sizeof(subdomain), "%.*s", (int)account->subdomain.length,
	    (const char *)account->subdomain.data);
	(void)snprintf(values, sizeof(values), "%u", account->value_count);
	time_text(account->updated, updated);
	if (account->network_count == 0)
		(void)snprintf(networks, sizeof(networks), "anywhere");
	else if (account->network_count == 1)
		(void)snprintf(networks, sizeof(networks), "%.*s", (int)account->networks[0].length,
		    (const char *)account->networks[0].data);
	else
		(void)snprintf(networks, sizeof(networks), "%u networks", account->network_count);
	return table_print_row(print->table, cells);
}

int
account_print_row(struct account_print *print, const struct control_account *account)
{
	return print->table != NULL ? print_cells(print, account) : print_line(print, account);
}

int
account_print_end(struct account_print *print)
{
	int result;

	if (print == NULL)
		return 0;
	result = table_print_end(print->table);
	buf_free(&print->line);
	free(print);
	return result;
}

static void
print_slice(FILE *out, const char *title, struct slice text)
{
	(void)fprintf(out, "%-13s %.*s\n", title, (int)text.length, (const char *)text.data);
}

/* The name in full, without the final dot. */
static void
full_name(struct slice subdomain, const struct name *zone, char text[NAME_MAX_TEXT * 2])
{
	char parent[NAME_MAX_TEXT];

	name_to_text(zone, parent);
	(void)snprintf(text, NAME_MAX_TEXT * 2, "%.*s.%.*s", (int)subdomain.length,
	    (const char *)subdomain.data, (int)strlen(parent) - 1, parent);
}

static void
print_names(FILE *out, struct slice subdomain, const struct name *zone)
{
	char full[NAME_MAX_TEXT * 2];

	full_name(subdomain, zone, full);
	print_slice(out, "subdomain", subdomain);
	(void)fprintf(out, "%-13s %s\n", "full domain", full);
}

static void
print_networks(FILE *out, const struct slice *networks, unsigned count)
{
	if (count == 0)
		(void)fprintf(out, "%-13s anywhere\n", "allowed from");
	for (unsigned i = 0; i < count; i++)
		print_slice(out, i == 0 ? "allowed from" : "", networks[i]);
}

void
account_print_values(FILE *out, const struct control_account *account)
{
	char time[TIME_TEXT], text[VALUE_TEXT];

	if (account->value_count == 0)
		(void)fprintf(out, "%-13s none\n", "values");
	for (unsigned i = 0; i < account->value_count; i++) {
		const struct control_value *value = &account->values[i];

		(void)fprintf(out, "%-13s %s  \"%s\"\n", i == 0 ? "values" : "",
		    time_text(value->time, time),
		    log_safe(text, sizeof(text), value->text.data, value->text.length));
	}
}

void
account_print_one(FILE *out, const struct control_account *account, const struct name *zone)
{
	char time[TIME_TEXT];

	print_slice(out, "username", account->username);
	print_names(out, account->subdomain, zone);
	print_networks(out, account->networks, account->network_count);
	if (account->token.length > 0)
		print_slice(out, "token", account->token);
	(void)fprintf(out, "%-13s %s\n", "created", time_text(account->created, time));
	(void)fprintf(out, "%-13s %s\n", "last update", time_text(account->updated, time));
	account_print_values(out, account);
}

int
account_print_json(FILE *out, const struct control_account *account)
{
	struct account_print print = {.out = out};
	int result;

	buf_init(&print.line, ACCOUNT_LINE_MAX);
	result = print_line(&print, account);
	buf_free(&print.line);
	return result;
}

void
account_print_new_one(
    FILE *out, const struct message_register_answer *account, const struct name *zone)
{
	char full[NAME_MAX_TEXT * 2];

	full_name(account->subdomain, zone, full);
	print_slice(out, "username", account->username);
	print_slice(out, "password", account->password);
	print_names(out, account->subdomain, zone);
	print_networks(out, account->networks, account->count);
	(void)fprintf(out,
	    "\nThe password is not shown again. Each name that is to get a certificate needs a "
	    "CNAME:\n"
	    "    _acme-challenge.www.example.org.  CNAME  %s.\n",
	    full);
}

static json_t *
string_of(struct slice text)
{
	return json_stringn((const char *)text.data, text.length);
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
account_print_new_json(
    FILE *out, const struct message_register_answer *account, const struct name *zone)
{
	json_t *networks = json_array();
	char full[NAME_MAX_TEXT * 2];

	full_name(account->subdomain, zone, full);
	for (unsigned i = 0; i < account->count; i++)
		json_array_append_new(networks, string_of(account->networks[i]));
	return print_object(
	    out, json_pack("{s:o, s:o, s:s, s:o, s:o}", "username", string_of(account->username),
		     "password", string_of(account->password), "fulldomain", full, "subdomain",
		     string_of(account->subdomain), "allowfrom", networks));
}

void
account_print_key(FILE *out, const char *username, struct slice key)
{
	(void)fprintf(out, "%-13s %s\n", "username", username);
	print_slice(out, "password", key);
	fputs("\nThe password is not shown again; the one before is not valid any more.\n", out);
}

int
account_print_key_json(FILE *out, const char *username, struct slice key)
{
	return print_object(
	    out, json_pack("{s:s, s:o}", "username", username, "password", string_of(key)));
}
