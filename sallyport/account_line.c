#include "account_line.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct reading {
	struct account_entry *entry;
	char *why;
};

static int __attribute__((format(printf, 2, 3)))
refuse(struct reading *reading, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(reading->why, ACCOUNT_LINE_WHY, format, arguments);
	va_end(arguments);
	return -1;
}

static struct slice
string_of(const json_t *value)
{
	return (struct slice){
	    (const unsigned char *)json_string_value(value), json_string_length(value)};
}

static int
read_text(struct reading *reading, const char *key, const json_t *value, struct slice *text)
{
	if (!json_is_string(value))
		return refuse(reading, "\"%s\" must be a text", key);
	*text = string_of(value);
	return 0;
}

static int
read_time(struct reading *reading, const char *key, const json_t *value, uint64_t *time)
{
	if (!json_is_integer(value) || json_integer_value(value) < 0)
		return refuse(reading, "\"%s\" must be a whole number of seconds since 1970", key);
	*time = (uint64_t)json_integer_value(value);
	return 0;
}

static int
read_networks(struct reading *reading, const char *key, const json_t *list)
{
	const json_t *item;
	size_t i;

	if (!json_is_array(list))
		return refuse(reading, "\"%s\" must be a list of networks", key);
	if (json_array_size(list) > MESSAGE_MAX_NETWORKS)
		return refuse(reading, "\"%s\" has more than 256 networks", key);
	json_array_foreach(list, i, item)
	{
		if (read_text(reading, key, item, &reading->entry->networks[i]) != 0)
			return -1;
	}
	reading->entry->network_count = (uint16_t)json_array_size(list);
	return 0;
}

static int
read_value(struct reading *reading, json_t *item, struct account_value *value)
{
	const char *key;
	json_t *member;

	if (json_is_string(item)) {
		value->text = string_of(item);
		return 0;
	}
	if (!json_is_object(item) || json_object_get(item, "txt") == NULL)
		return refuse(reading, "\"%s\" must be a list of texts, or of objects with \"txt\"",
		    "values");
	json_object_foreach(item, key, member)
	{
		int failed;

		if (strcmp(key, "txt") == 0)
			failed = read_text(reading, key, member, &value->text);
		else if (strcmp(key, "time") == 0)
			failed = read_time(reading, key, member, &value->time);
		else
			failed = refuse(reading,
			    "a value has an unknown key \"%.60s\"; it has txt and time", key);
		if (failed)
			return -1;
	}
	return 0;
}

static int
read_values(struct reading *reading, const char *key, const json_t *list)
{
	json_t *item;
	size_t i;

	if (!json_is_array(list))
		return refuse(reading, "\"%s\" must be a list", key);
	if (json_array_size(list) > MESSAGE_MAX_VALUES)
		return refuse(reading, "\"%s\" has more than 16 values", key);
	json_array_foreach(list, i, item)
	{
		if (read_value(reading, item, &reading->entry->values[i]) != 0)
			return -1;
	}
	reading->entry->value_count = (uint8_t)json_array_size(list);
	return 0;
}

static int
read_member(struct reading *reading, const char *key, const json_t *value)
{
	struct account_entry *entry = reading->entry;
	const struct {
		const char *key;
		struct slice *text;
	} texts[] = {{"username", &entry->username}, {"password_hash", &entry->hash},
	    {"password", &entry->password}, {"subdomain", &entry->subdomain},
	    {"token", &entry->token}};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (strcmp(key, texts[i].key) == 0)
			return read_text(reading, key, value, texts[i].text);
	}
	if (strcmp(key, "allowfrom") == 0)
		return read_networks(reading, key, value);
	if (strcmp(key, "values") == 0)
		return read_values(reading, key, value);
	if (strcmp(key, "created") == 0)
		return read_time(reading, key, value, &entry->created);
	if (strcmp(key, "updated") == 0)
		return read_time(reading, key, value, &entry->updated);
	return refuse(reading,
	    "unknown key \"%.60s\"; there are username, password_hash or password, subdomain, "
	    "allowfrom, "
	    "values, created, updated and token",
	    key);
}

static int
read_object(struct reading *reading, json_t *object)
{
	const char *key;
	json_t *value;

	if (!json_is_object(object))
		return refuse(reading, "%s", "the line must be an object of JSON");
	value = json_object_get(object, "username");
	if (json_is_string(value))
		reading->entry->username = string_of(value);
	json_object_foreach(object, key, value)
	{
		if (read_member(reading, key, value) != 0)
			return -1;
	}
	if (reading->entry->username.length == 0 || reading->entry->subdomain.length == 0)
		return refuse(reading, "%s", "username and subdomain must be there");
	if ((reading->entry->hash.length == 0) == (reading->entry->password.length == 0))
		return refuse(reading, "%s", "either password_hash or password must be there");
	return 0;
}

enum account_entry_result
account_line_read(struct account_line *line, struct account_entry *entry, const unsigned char *text,
    size_t length, char why[ACCOUNT_LINE_WHY])
{
	struct reading reading = {entry, why};
	json_error_t error;

	account_line_free(line);
	memset(entry, 0, sizeof(*entry));
	line->json = json_loadb((const char *)text, length, JSON_REJECT_DUPLICATES, &error);
	if (line->json == NULL) {
		/* Its text may repeat a part of the line, and with it a key. */
		snprintf(why, ACCOUNT_LINE_WHY, "no valid JSON, from column %d on", error.column);
		return ACCOUNT_ENTRY_REFUSED;
	}
	return read_object(&reading, line->json) == 0 ? ACCOUNT_ENTRY_READ : ACCOUNT_ENTRY_REFUSED;
}

void
account_line_free(struct account_line *line)
{
	json_decref(line->json);
	line->json = NULL;
}

static json_t *
text_json(struct slice text)
{
	return json_stringn((const char *)text.data, text.length);
}

static json_t *
values_json(const struct account_entry *entry)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < entry->value_count; i++)
		json_array_append_new(
		    list, json_pack("{s:o, s:I}", "txt", text_json(entry->values[i].text), "time",
			      (json_int_t)entry->values[i].time));
	return list;
}

static json_t *
networks_json(const struct account_entry *entry)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < entry->network_count; i++)
		json_array_append_new(list, text_json(entry->networks[i]));
	return list;
}

static int
append_json(const char *text, size_t length, void *out)
{
	return buf_append(out, text, length);
}

int
account_line_write(const struct account_entry *entry, struct buf *out)
{
	size_t before = out->length;
	int with_key = entry->password.length > 0;
	struct slice secret = with_key ? entry->password : entry->hash;
	json_t *object = json_pack("{s:o, s:o*, s:o, s:o, s:o, s:I, s:I}", "username",
	    text_json(entry->username), with_key ? "password" : "password_hash",
	    secret.length > 0 ? text_json(secret) : NULL, "subdomain", text_json(entry->subdomain),
	    "allowfrom", networks_json(entry), "values", values_json(entry), "created",
	    (json_int_t)entry->created, "updated", (json_int_t)entry->updated);
	int failed = object == NULL;

	if (!failed && entry->token.length > 0)
		failed = json_object_set_new(object, "token", text_json(entry->token)) != 0;
	if (!failed &&
	    (json_array_size(json_object_get(object, "allowfrom")) != entry->network_count ||
		json_array_size(json_object_get(object, "values")) != entry->value_count))
		failed = 1;
	if (!failed)
		failed = json_dump_callback(object, append_json, out, JSON_COMPACT) != 0 ||
			 buf_append(out, "\n", 1) != 0;
	json_decref(object);
	if (failed)
		out->length = before;
	return failed ? -1 : 0;
}
