#include "record.h"

#include "crc32c.h"

#include <string.h>

/* Leaves room for the CRC and writes the format. */
static void
begin(struct writer *writer)
{
	writer_u32(writer, 0);
	writer_u8(writer, RECORD_FORMAT);
}

static uint32_t
checksum(struct slice key, const unsigned char *record, size_t length)
{
	uint32_t crc = crc32c(0, key.data, key.length);

	return crc32c(crc, record + 4, length - 4);
}

static void
finish(struct writer *writer, struct slice key)
{
	struct writer head;

	if (writer->failed)
		return;
	writer_init(&head, writer->data, 4);
	writer_u32(&head, checksum(key, writer->data, writer->length));
}

/* Checks the head and leaves the reader behind it. */
static int
open_record(struct reader *reader, struct slice key, struct slice bytes)
{
	uint32_t crc;

	reader_init(reader, bytes.data, bytes.length);
	crc = reader_u32(reader);
	if (reader_u8(reader) != RECORD_FORMAT || reader->failed)
		return -1;
	return crc == checksum(key, bytes.data, bytes.length) ? 0 : -1;
}

static struct slice
uuid_slice(const struct uuid *uuid)
{
	return (struct slice){uuid->bytes, sizeof(uuid->bytes)};
}

void
account_record_encode(
    const struct account_record *account, const struct uuid *key, struct writer *writer)
{
	begin(writer);
	writer_string8(writer, account->subdomain.data, account->subdomain.length);
	writer_string8(writer, account->hash.data, account->hash.length);
	writer_u64(writer, account->created);
	writer_string8(writer, account->token.data, account->token.length);
	writer_u16(writer, account->network_count);
	for (unsigned i = 0; i < account->network_count; i++)
		writer_string8(writer, account->networks[i].data, account->networks[i].length);
	finish(writer, uuid_slice(key));
}

int
account_record_decode(struct account_record *account, const struct uuid *key, struct slice bytes)
{
	struct reader reader;

	if (open_record(&reader, uuid_slice(key), bytes) != 0)
		return -1;
	account->subdomain = reader_string8(&reader, MESSAGE_MAX_SUBDOMAIN);
	account->hash = reader_string8(&reader, RECORD_MAX_HASH);
	account->created = reader_u64(&reader);
	account->token = reader_string8(&reader, RECORD_MAX_TOKEN);
	account->network_count = reader_u16(&reader);
	if (account->network_count > MESSAGE_MAX_NETWORKS)
		return -1;
	for (unsigned i = 0; i < account->network_count; i++)
		account->networks[i] = reader_string8(&reader, NETWORK_MAX_TEXT - 1);
	return reader_end(&reader);
}

void
name_record_encode(const struct name_record *name, struct slice key, struct writer *writer)
{
	begin(writer);
	writer_bytes(writer, name->owner.bytes, sizeof(name->owner.bytes));
	writer_u64(writer, name->sequence);
	writer_u64(writer, name->updated);
	writer_u8(writer, name->retired);
	writer_u8(writer, name->count);
	for (unsigned i = 0; i < name->count; i++) {
		writer_u64(writer, name->values[i].sequence);
		writer_u64(writer, name->values[i].time);
		writer_string16(writer, name->values[i].text.data, name->values[i].text.length);
	}
	finish(writer, key);
}

int
name_record_decode(struct name_record *name, struct slice key, struct slice bytes)
{
	struct reader reader;
	struct slice owner;

	if (open_record(&reader, key, bytes) != 0)
		return -1;
	owner = reader_bytes(&reader, sizeof(name->owner.bytes));
	if (owner.length != sizeof(name->owner.bytes))
		return -1;
	memcpy(name->owner.bytes, owner.data, owner.length);
	name->sequence = reader_u64(&reader);
	name->updated = reader_u64(&reader);
	name->retired = reader_u8(&reader);
	name->count = reader_u8(&reader);
	if (name->retired > 1 || name->count > (name->retired ? 0 : MESSAGE_MAX_VALUES))
		return -1;
	for (unsigned i = 0; i < name->count; i++) {
		name->values[i].sequence = reader_u64(&reader);
		name->values[i].time = reader_u64(&reader);
		name->values[i].text = reader_string16(&reader, MESSAGE_MAX_TXT);
	}
	return reader_end(&reader);
}

static void
read_fixed(struct reader *reader, void *bytes, size_t length)
{
	struct slice from = reader_bytes(reader, length);

	if (from.length == length)
		memcpy(bytes, from.data, length);
}

void
token_record_encode(const struct token_record *token, struct slice key, struct writer *writer)
{
	begin(writer);
	writer_bytes(writer, token->hash, sizeof(token->hash));
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
	finish(writer, key);
}

int
token_record_decode(struct token_record *token, struct slice key, struct slice bytes)
{
	struct reader reader;

	if (open_record(&reader, key, bytes) != 0)
		return -1;
	read_fixed(&reader, token->hash, sizeof(token->hash));
	token->created = reader_u64(&reader);
	token->expires = reader_u64(&reader);
	token->revoked = reader_u64(&reader);
	token->quota = reader_u64(&reader);
	token->used = reader_u64(&reader);
	token->last_used = reader_u64(&reader);
	read_fixed(&reader, token->last_client.bytes, sizeof(token->last_client.bytes));
	token->network_count = reader_u16(&reader);
	if (token->network_count > RECORD_MAX_TOKEN_NETWORKS)
		return -1;
	for (unsigned i = 0; i < token->network_count; i++) {
		read_fixed(&reader, token->networks[i].bytes, sizeof(token->networks[i].bytes));
		token->networks[i].bits = reader_u8(&reader);
		if (token->networks[i].bits > 128)
			return -1;
	}
	return reader_end(&reader);
}

static void
remove_value(struct name_record *name, unsigned place)
{
	memmove(&name->values[place], &name->values[place + 1],
	    (name->count - place - 1U) * sizeof(name->values[0]));
	name->count--;
}

static int
same_text(struct slice a, struct slice b)
{
	return a.length == b.length && (a.length == 0 || memcmp(a.data, b.data, a.length) == 0);
}

static void
remove_text(struct name_record *name, struct slice text)
{
	for (unsigned i = 0; i < name->count; i++) {
		if (same_text(name->values[i].text, text)) {
			remove_value(name, i);
			return;
		}
	}
}

void
name_record_set(
    struct name_record *name, struct slice text, unsigned maximum, uint64_t sequence, uint64_t time)
{
	remove_text(name, text);
	while (name->count >= maximum)
		remove_value(name, 0);
	name->values[name->count++] =
	    (struct value_record){.sequence = sequence, .time = time, .text = text};
	name->sequence = sequence;
	name->updated = time;
}

void
name_record_clear(struct name_record *name, uint64_t sequence, uint64_t time)
{
	name->count = 0;
	name->sequence = sequence;
	name->updated = time;
}

void
name_record_expire(struct name_record *name, uint32_t lifetime, uint64_t now)
{
	for (unsigned i = 0; lifetime > 0 && i < name->count;) {
		if (name->values[i].time + lifetime <= now)
			remove_value(name, i);
		else
			i++;
	}
}

void
name_record_remove(struct name_record *name, struct slice text, uint64_t sequence, uint64_t time)
{
	remove_text(name, text);
	name->sequence = sequence;
	name->updated = time;
}

void
name_record_retire(struct name_record *name, uint64_t sequence, uint64_t time)
{
	name_record_clear(name, sequence, time);
	name->retired = 1;
}

struct message_name
name_record_message(const struct name_record *name, struct slice label, uint32_t lifetime)
{
	struct message_name message = {.commit = name->sequence,
	    .label = label,
	    .exists = !name->retired,
	    .count = name->count};

	for (unsigned i = 0; i < name->count; i++) {
		message.values[i] = name->values[i].text;
		message.ends[i] = lifetime > 0 ? name->values[i].time + lifetime : 0;
	}
	return message;
}
