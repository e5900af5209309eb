#include "message.h"

#include <string.h>

const char *
message_verdict_text(enum message_verdict verdict)
{
	static const char *const texts[] = {
	    [MESSAGE_ACCEPTED] = "accepted",
	    [MESSAGE_TRUNCATED] = "larger than any message, or with more descriptors",
	    [MESSAGE_BAD_LENGTH] = "the header's length is not the message's",
	    [MESSAGE_BAD_FLAGS] = "unknown flags",
	    [MESSAGE_UNKNOWN] = "a type that this link does not carry",
	    [MESSAGE_WRONG_STATE] = "not allowed at this moment",
	    [MESSAGE_BAD_SIZE] = "a size outside the type's bounds",
	    [MESSAGE_BAD_FDS] = "a descriptor too many or too few",
	    [MESSAGE_BAD_BODY] = "a body that makes no sense",
	};

	return texts[verdict];
}

static const struct message_rule *
find_rule(const struct message_rule *rules, size_t count, uint16_t type)
{
	for (size_t i = 0; i < count; i++)
		if (rules[i].type == type)
			return &rules[i];
	return NULL;
}

enum message_verdict
message_check(const struct message_rule *rules, size_t count, unsigned state,
    const struct message_received *received, struct message_header *header,
    const struct message_rule **rule)
{
	struct reader reader;
	size_t body;

	*rule = NULL;
	if (received->truncated)
		return MESSAGE_TRUNCATED;
	reader_init(&reader, received->data, received->length);
	header->type = reader_u16(&reader);
	header->flags = reader_u16(&reader);
	header->length = reader_u32(&reader);
	header->id = reader_u64(&reader);
	if (reader.failed || received->length > MESSAGE_MAX || header->length != received->length)
		return MESSAGE_BAD_LENGTH;
	if (header->flags != 0)
		return MESSAGE_BAD_FLAGS;
	*rule = find_rule(rules, count, header->type);
	if (*rule == NULL)
		return MESSAGE_UNKNOWN;
	if (state >= 32 || ((*rule)->states & (UINT32_C(1) << state)) == 0)
		return MESSAGE_WRONG_STATE;
	body = received->length - MESSAGE_HEADER;
	if (body < (*rule)->minimum || body > (*rule)->maximum)
		return MESSAGE_BAD_SIZE;
	if (received->fds != (*rule)->fds)
		return MESSAGE_BAD_FDS;
	return MESSAGE_ACCEPTED;
}

void
message_begin(
    struct writer *writer, unsigned char buffer[MESSAGE_MAX], enum message_type type, uint64_t id)
{
	writer_init(writer, buffer, MESSAGE_MAX);
	writer_u16(writer, (uint16_t)type);
	writer_u16(writer, 0);
	writer_u32(writer, 0);
	writer_u64(writer, id);
}

void
message_set_id(struct writer *writer, uint64_t id)
{
	struct writer field;

	writer_init(&field, writer->data + 8, 8);
	writer_u64(&field, id);
}

size_t
message_end(struct writer *writer)
{
	struct writer length;

	if (writer->failed)
		return 0;
	writer_init(&length, writer->data + 4, 4);
	writer_u32(&length, (uint32_t)writer->length);
	return writer->length;
}

void
message_put_hello(struct writer *writer, const struct message_hello *hello)
{
	writer_u16(writer, hello->version);
	writer_u8(writer, hello->role);
}

int
message_get_hello(struct reader *reader, struct message_hello *hello)
{
	hello->version = reader_u16(reader);
	hello->role = reader_u8(reader);
	if (hello->role < MESSAGE_ROLE_DNSD || hello->role > MESSAGE_ROLE_CONTROL)
		return -1;
	return reader_end(reader);
}

void
message_put_statistics(
    struct writer *writer, enum statistic_source source, const uint64_t values[STATISTICS])
{
	struct statistic_range range = statistic_range(source);

	for (unsigned i = 0; i < range.count; i++)
		writer_u64(writer, values[range.first + i]);
}

int
message_get_statistics(
    struct reader *reader, enum statistic_source source, uint64_t values[STATISTICS])
{
	struct statistic_range range = statistic_range(source);

	if (reader_left(reader) != (size_t)range.count * MESSAGE_STATISTIC)
		return -1;
	for (unsigned i = 0; i < range.count; i++)
		values[range.first + i] = reader_u64(reader);
	return reader_end(reader);
}

void
message_put_all_statistics(struct writer *writer, const uint64_t values[STATISTICS])
{
	for (unsigned i = 0; i < STATISTICS; i++)
		writer_u64(writer, values[i]);
}

int
message_get_all_statistics(struct reader *reader, uint64_t values[STATISTICS])
{
	for (unsigned i = 0; i < STATISTICS; i++)
		values[i] = reader_u64(reader);
	return reader_end(reader);
}

size_t
message_name_size(const struct message_name *name)
{
	size_t size = 8 + 1 + name->label.length + 1 + 1;

	for (unsigned i = 0; i < name->count; i++)
		size += 8 + 2 + name->values[i].length;
	return size;
}

void
message_put_name(struct writer *writer, const struct message_name *name)
{
	writer_u64(writer, name->commit);
	writer_string8(writer, name->label.data, name->label.length);
	writer_u8(writer, name->exists);
	writer_u8(writer, name->count);
	for (unsigned i = 0; i < name->count; i++) {
		writer_u64(writer, name->ends[i]);
		writer_string16(writer, name->values[i].data, name->values[i].length);
	}
}

int
message_get_name(struct reader *reader, struct message_name *name)
{
	name->commit = reader_u64(reader);
	name->label = reader_string8(reader, MESSAGE_MAX_SUBDOMAIN);
	name->exists = reader_u8(reader);
	name->count = reader_u8(reader);
	if (reader->failed || name->label.length == 0 || name->exists > 1 ||
	    name->count > MESSAGE_MAX_VALUES || (!name->exists && name->count != 0))
		return -1;
	for (unsigned i = 0; i < name->count; i++) {
		name->ends[i] = reader_u64(reader);
		name->values[i] = reader_string16(reader, MESSAGE_MAX_TXT);
	}
	return reader->failed ? -1 : 0;
}

static void
put_networks(struct writer *writer, const struct slice *networks, uint16_t count)
{
	writer_u16(writer, count);
	for (unsigned i = 0; i < count; i++)
		writer_string8(writer, networks[i].data, networks[i].length);
}

static int
get_networks(struct reader *reader, struct slice *networks, uint16_t *count)
{
	*count = reader_u16(reader);
	if (*count > MESSAGE_MAX_NETWORKS)
		return -1;
	for (unsigned i = 0; i < *count; i++)
		networks[i] = reader_string8(reader, NETWORK_MAX_TEXT - 1);
	return reader->failed ? -1 : 0;
}

static void
get_client(struct reader *reader, struct client_address *client)
{
	struct slice bytes = reader_bytes(reader, sizeof(client->bytes));

	memset(client, 0, sizeof(*client));
	if (bytes.length == sizeof(client->bytes))
		memcpy(client->bytes, bytes.data, bytes.length);
}

void
message_put_register(struct writer *writer, const struct message_register *request)
{
	writer_bytes(writer, request->client.bytes, sizeof(request->client.bytes));
	writer_string8(writer, request->token.data, request->token.length);
	put_networks(writer, request->networks, request->count);
}

int
message_get_register(struct reader *reader, struct message_register *request)
{
	get_client(reader, &request->client);
	request->token = reader_string8(reader, MESSAGE_MAX_TOKEN);
	if (get_networks(reader, request->networks, &request->count) != 0)
		return -1;
	return reader_end(reader);
}

void
message_put_register_answer(struct writer *writer, const struct message_register_answer *answer)
{
	writer_u8(writer, answer->result);
	if (answer->result != MESSAGE_RESULT_OK)
		return;
	writer_string8(writer, answer->username.data, answer->username.length);
	writer_string8(writer, answer->password.data, answer->password.length);
	writer_string8(writer, answer->subdomain.data, answer->subdomain.length);
	put_networks(writer, answer->networks, answer->count);
}

int
message_get_register_answer(struct reader *reader, struct message_register_answer *answer)
{
	*answer = (struct message_register_answer){.result = reader_u8(reader)};
	if (answer->result >= MESSAGE_RESULTS)
		return -1;
	if (answer->result != MESSAGE_RESULT_OK)
		return reader_end(reader);
	answer->username = reader_string8(reader, MESSAGE_MAX_USER);
	answer->password = reader_string8(reader, MESSAGE_KEY);
	answer->subdomain = reader_string8(reader, MESSAGE_MAX_SUBDOMAIN);
	if (answer->password.length != MESSAGE_KEY || answer->subdomain.length == 0 ||
	    get_networks(reader, answer->networks, &answer->count) != 0)
		return -1;
	return reader_end(reader);
}

void
message_put_update(struct writer *writer, const struct message_update *request)
{
	writer_u64(writer, request->id);
	writer_bytes(writer, request->client.bytes, sizeof(request->client.bytes));
	writer_string8(writer, request->username.data, request->username.length);
	writer_string8(writer, request->key.data, request->key.length);
	writer_string8(writer, request->subdomain.data, request->subdomain.length);
	writer_string16(writer, request->txt.data, request->txt.length);
}

int
message_get_update(struct reader *reader, struct message_update *request)
{
	request->id = reader_u64(reader);
	get_client(reader, &request->client);
	request->username = reader_string8(reader, MESSAGE_MAX_USER);
	request->key = reader_string8(reader, MESSAGE_KEY);
	request->subdomain = reader_string8(reader, MESSAGE_MAX_SUBDOMAIN);
	request->txt = reader_string16(reader, MESSAGE_MAX_ASKED_TXT);
	return !reader->failed && request->key.length == MESSAGE_KEY ? 0 : -1;
}

void
message_put_update_answer(struct writer *writer, const struct message_update_answer *answer)
{
	writer_u64(writer, answer->id);
	writer_u8(writer, answer->result);
}

int
message_get_update_answer(struct reader *reader, struct message_update_answer *answer)
{
	answer->id = reader_u64(reader);
	answer->result = reader_u8(reader);
	return !reader->failed && answer->result < MESSAGE_RESULTS ? 0 : -1;
}

void
message_put_account(struct writer *writer, const struct message_account *request)
{
	writer_u8(writer, request->action);
	writer_bytes(writer, request->client.bytes, sizeof(request->client.bytes));
	writer_string8(writer, request->username.data, request->username.length);
	writer_string8(writer, request->key.data, request->key.length);
	writer_string8(writer, request->subdomain.data, request->subdomain.length);
	writer_string16(writer, request->txt.data, request->txt.length);
	put_networks(writer, request->networks, request->count);
}

int
message_get_account(struct reader *reader, struct message_account *request)
{
	request->action = reader_u8(reader);
	get_client(reader, &request->client);
	request->username = reader_string8(reader, MESSAGE_MAX_USER);
	request->key = reader_string8(reader, MESSAGE_KEY);
	request->subdomain = reader_string8(reader, MESSAGE_MAX_SUBDOMAIN);
	request->txt = reader_string16(reader, MESSAGE_MAX_ASKED_TXT);
	if (get_networks(reader, request->networks, &request->count) != 0 ||
	    request->action < MESSAGE_ACCOUNT_READ || request->action >= MESSAGE_ACCOUNT_ACTIONS ||
	    request->key.length != MESSAGE_KEY ||
	    (request->action != MESSAGE_ACCOUNT_REMOVE && request->txt.length > 0) ||
	    (request->action != MESSAGE_ACCOUNT_NETWORKS && request->count > 0))
		return -1;
	return reader_end(reader);
}

void
message_put_account_answer(struct writer *writer, const struct message_account_answer *answer)
{
	writer_u8(writer, answer->result);
	if (answer->result != MESSAGE_RESULT_OK)
		return;
	writer_u8(writer, answer->action);
	writer_string8(writer, answer->username.data, answer->username.length);
	writer_string8(writer, answer->password.data, answer->password.length);
	writer_string8(writer, answer->subdomain.data, answer->subdomain.length);
	writer_u64(writer, answer->created);
	writer_u64(writer, answer->updated);
	put_networks(writer, answer->networks, answer->count);
	writer_u8(writer, answer->value_count);
	for (unsigned i = 0; i < answer->value_count; i++) {
		writer_u64(writer, answer->times[i]);
		writer_string16(writer, answer->values[i].data, answer->values[i].length);
	}
}

int
message_get_account_answer(struct reader *reader, struct message_account_answer *answer)
{
	*answer = (struct message_account_answer){.result = reader_u8(reader)};
	if (answer->result >= MESSAGE_RESULTS)
		return -1;
	if (answer->result != MESSAGE_RESULT_OK)
		return reader_end(reader);
	answer->action = reader_u8(reader);
	answer->username = reader_string8(reader, MESSAGE_MAX_USER);
	answer->password = reader_string8(reader, MESSAGE_KEY);
	answer->subdomain = reader_string8(reader, MESSAGE_MAX_SUBDOMAIN);
	answer->created = reader_u64(reader);
	answer->updated = reader_u64(reader);
	if (answer->action < MESSAGE_ACCOUNT_READ || answer->action >= MESSAGE_ACCOUNT_ACTIONS ||
	    answer->subdomain.length == 0 ||
	    answer->password.length !=
		(answer->action == MESSAGE_ACCOUNT_ROTATE ? MESSAGE_KEY : 0) ||
	    get_networks(reader, answer->networks, &answer->count) != 0)
		return -1;
	answer->value_count = reader_u8(reader);
	if (answer->value_count > MESSAGE_MAX_VALUES)
		return -1;
	for (unsigned i = 0; i < answer->value_count; i++) {
		answer->times[i] = reader_u64(reader);
		answer->values[i] = reader_string16(reader, MESSAGE_MAX_TXT);
	}
	return reader_end(reader);
}

void
message_put_reload_answer(struct writer *writer, const struct message_reload_answer *answer)
{
	writer_u8(writer, answer->is_busy);
	writer_string8(writer, answer->reason.data, answer->reason.length);
	writer_string16(writer, answer->keys.data, answer->keys.length);
}

int
message_get_reload_answer(struct reader *reader, struct message_reload_answer *answer)
{
	answer->is_busy = reader_u8(reader);
	if (answer->is_busy > 1)
		return -1;
	answer->reason = reader_string8(reader, MESSAGE_MAX_REASON);
	answer->keys = reader_string16(reader, MESSAGE_MAX_KEYS);
	return reader_end(reader);
}

void
message_put_ready(struct writer *writer, unsigned parts)
{
	writer_u8(writer, (uint8_t)parts);
}

int
message_get_ready(struct reader *reader, unsigned *parts)
{
	*parts = reader_u8(reader);
	if (*parts > MESSAGE_READY_PARTS)
		return -1;
	return reader_end(reader);
}
