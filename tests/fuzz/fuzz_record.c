/* A database's records with any bytes: read to the same bytes again, or refused. */
#include "crc32c.h"
#include "record.h"

#include <stdlib.h>
#include <string.h>

static const struct uuid key = {{1}};
static const struct slice label = {(const unsigned char *)"label", 5};

static void
insist_same(const struct writer *writer, struct slice bytes)
{
	if (writer->failed || writer->length != bytes.length ||
	    memcmp(writer->data, bytes.data, bytes.length) != 0)
		abort();
}

/* A checksum that fits is worth more inputs than one that a fuzzer has to guess. */
static void
repair(unsigned char *bytes, size_t length, struct slice record_key)
{
	uint32_t crc = crc32c(0, record_key.data, record_key.length);
	struct writer writer;

	crc = crc32c(crc, bytes + 4, length - 4);
	writer_init(&writer, bytes, 4);
	writer_u32(&writer, crc);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static unsigned char again[RECORD_MAX];
	struct account_record account;
	struct name_record name;
	struct token_record token;
	struct writer writer;
	unsigned char *copy;
	struct slice bytes;

	if (size < 5 || size > RECORD_MAX)
		return 0;
	copy = malloc(size);
	if (copy == NULL)
		return 0;
	memcpy(copy, data, size);
	bytes = (struct slice){copy, size};
	repair(copy, size, label);
	if (name_record_decode(&name, label, bytes) == 0) {
		writer_init(&writer, again, sizeof(again));
		name_record_encode(&name, label, &writer);
		insist_same(&writer, bytes);
	}
	if (token_record_decode(&token, label, bytes) == 0) {
		writer_init(&writer, again, sizeof(again));
		token_record_encode(&token, label, &writer);
		insist_same(&writer, bytes);
	}
	repair(copy, size, (struct slice){key.bytes, sizeof(key.bytes)});
	if (account_record_decode(&account, &key, bytes) == 0) {
		writer_init(&writer, again, sizeof(again));
		account_record_encode(&account, &key, &writer);
		insist_same(&writer, bytes);
	}
	free(copy);
	return 0;
}
