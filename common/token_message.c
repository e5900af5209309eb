#include "token_message.h"

#include <string.h>

int
token_message_name_is_valid(struct slice name)
{
	static const char allowed[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";

	for (size_t i = 0; i < name.length; i++)
		if (memchr(allowed, name.data[i], sizeof(allowed) - 1) == NULL)
			return 0;
	return name.length > 0 && name.length <= CONTROL_MAX_TOKEN;
}

static struct slice
get_valid_name(struct reader *reader)
{
	struct slice name = reader_string8(reader, CONTROL_MAX_TOKEN);

	if (!token_message_name_is_valid(name))
		reader->failed = 1;
	return name;
}

static void
get_bytes(struct reader *reader, void *bytes, size_t length)
{
	struct slice from = reader_bytes(reader, length);

	if (from.length == length)
		memcpy(bytes, from.data, length);
}

void
token_message_put(struct writer *writer, const struct token_message *token)
{
	writer_string8(writer, token->name.data, token->name.length);
	writer_u64(writer, token->created);
	writer_u64(writer, token->expires);
	writer_u64(writer, token->revoked);
	writer_u64(writer, token->quota);
	writer_u64(writer, token->used);
	writer_u64(writer, token->last_used);
	writer_bytes(writer, token->last_client.bytes, sizeof(token->last_client.bytes));
	writer_u16(writer, token->network_count);
	for (unsigned i = 0; i < token->network_count; i++) {
		writer_bytes(writer, token->networks[i].bytes, sizeof(token->networks[i].bytes));
		writer_u8(writer, token->networks[i].bits);
	}
}

int
token_message_get(struct reader *reader, struct token_message *token)
{
	token->name = get_valid_name(reader);
	token->created = reader_u64(reader);
	token->expires = reader_u64(reader);
	token->revoked = reader_u64(reader);
	token->quota = reader_u64(reader);
	token->used = reader_u64(reader);
	token->last_used = reader_u64(reader);
	get_bytes(reader, token->last_client.bytes, sizeof(token->last_client.bytes));
	token->network_count = reader_u16(reader);
	if (token->network_count > TOKEN_MESSAGE_NETWORKS)
		return -1;
	for (unsigned i = 0; i < token->network_count; i++) {
		get_bytes(reader, token->networks[i].bytes, sizeof(token->networks[i].bytes));
		token->networks[i].bits = reader_u8(reader);
		if (token->networks[i].bits > 128)
			return -1;
	}
	return reader->failed ? -1 : 0;
}

void
token_message_put_added(struct writer *writer, const struct token_message_added *answer)
{
	writer_u8(writer, answer->result);
	writer_string8(writer, answer->secret.data, answer->secret.length);
}

int
token_message_get_added(struct reader *reader, struct token_message_added *answer)
{
	answer->result = reader_u8(reader);
	answer->secret = reader_string8(reader, MESSAGE_MAX_TOKEN);
	if (answer->result >= MESSAGE_RESULTS ||
	    (answer->result == MESSAGE_RESULT_OK) != (answer->secret.length > 0))
		return -1;
	return reader_end(reader);
}

void
token_message_put_name(struct writer *writer, struct slice name)
{
	writer_string8(writer, name.data, name.length);
}

int
token_message_get_name(struct reader *reader, struct slice *name)
{
	*name = get_valid_name(reader);
	return reader_end(reader);
}

void
token_message_put_result(struct writer *writer, enum message_result result)
{
	writer_u8(writer, (uint8_t)result);
}

int
token_message_get_result(struct reader *reader, enum message_result *result)
{
	uint8_t number = reader_u8(reader);

	if (reader->failed || number >= MESSAGE_RESULTS)
		return -1;
	*result = (enum message_result)number;
	return 0;
}

void
token_message_put_after(struct writer *writer, struct slice name)
{
	writer_string8(writer, name.data, name.length);
}

int
token_message_get_after(struct reader *reader, struct slice *name)
{
	*name = reader_string8(reader, CONTROL_MAX_TOKEN);
	return reader_end(reader);
}

void
token_message_put_page(struct writer *writer, const struct token_message_page *page)
{
	writer_u8(writer, page->result);
	writer_u16(writer, page->count);
	writer_u8(writer, page->more);
}

int
token_message_get_page(struct reader *reader, struct token_message_page *page)
{
	page->result = reader_u8(reader);
	page->count = reader_u16(reader);
	page->more = reader_u8(reader);
	return reader->failed || page->result >= MESSAGE_RESULTS || page->more > 1 ? -1 : 0;
}

static struct slice
get_username(struct reader *reader)
{
	struct slice username = reader_string8(reader, CONTROL_USERNAME);

	if (username.length != CONTROL_USERNAME)
		reader->failed = 1;
	return username;
}

void
token_message_put_accounts(struct writer *writer, const struct token_message_accounts *request)
{
	writer_string8(writer, request->token.data, request->token.length);
	writer_string8(writer, request->after.data, request->after.length);
}

int
token_message_get_accounts(struct reader *reader, struct token_message_accounts *request)
{
	request->token = get_valid_name(reader);
	request->after = reader_string8(reader, CONTROL_USERNAME);
	if (request->after.length != 0 && request->after.length != CONTROL_USERNAME)
		return -1;
	return reader_end(reader);
}

void
token_message_put_account(struct writer *writer, const struct token_message_account *account)
{
	writer_string8(writer, account->username.data, account->username.length);
	writer_string8(writer, account->subdomain.data, account->subdomain.length);
	writer_u64(writer, account->created);
}

int
token_message_get_account(struct reader *reader, struct token_message_account *account)
{
	account->username = get_username(reader);
	account->subdomain = reader_string8(reader, MESSAGE_MAX_SUBDOMAIN);
	account->created = reader_u64(reader);
	return reader->failed ? -1 : 0;
}

void
token_message_put_next(struct writer *writer, struct slice username)
{
	writer_string8(writer, username.data, username.length);
}

int
token_message_get_next(struct reader *reader, struct slice *username)
{
	*username = get_username(reader);
	return reader_end(reader);
}
