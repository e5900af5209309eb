/*
 * A body of IMPORT with any bytes, as store takes it: every account of it is read to the same bytes again or refused,
 * and what is judged to be right is within the bounds of a record.
 */
#include "control_message.h"
#include "import_rule.h"

#include <stdlib.h>
#include <string.h>

static const struct record_limits limits = {.values = 3, .text = 64};
static const uint64_t now = 1000000000;

static void
insist(int holds)
{
	if (!holds)
		abort();
}

static void
insist_on_the_same(const struct control_import *import, struct slice bytes)
{
	static unsigned char again[MESSAGE_MAX];
	struct writer writer;

	writer_init(&writer, again, sizeof(again));
	control_put_import(&writer, import);
	insist(!writer.failed && writer.length == bytes.length);
	insist(memcmp(again, bytes.data, bytes.length) == 0);
}

static void
judge(const struct control_import *import)
{
	struct name_record state;
	struct uuid username;
	unsigned judged = import_rule_judge(import, &limits, now, &username, &state);

	if ((judged & ~(unsigned)CONTROL_VALUES_LEFT_OUT) != CONTROL_ADDED)
		return;
	insist((import->account.hash.length == 60) != (import->key.length == MESSAGE_KEY));
	insist(state.count <= limits.values && state.count <= import->account.value_count);
	insist(state.updated <= now);
	for (unsigned i = 0; i < state.count; i++)
		insist(state.values[i].text.length <= limits.text &&
		       state.values[i].time <= state.updated);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct control_import import;
	struct reader reader;
	unsigned count = 0;

	if (size > MESSAGE_MAX - MESSAGE_HEADER)
		return 0;
	reader_init(&reader, data, size);
	while (reader_left(&reader) > 0) {
		size_t begin = size - reader_left(&reader);

		if (control_get_import(&reader, &import) != 0)
			return 0;
		insist_on_the_same(
		    &import, (struct slice){data + begin, size - reader_left(&reader) - begin});
		judge(&import);
		count++;
	}
	insist(count <= CONTROL_IMPORT_MOST);
	return 0;
}
