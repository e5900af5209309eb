/* A name's memory; see entry.h. */
#include "entry.h"

#include <stdlib.h>
#include <string.h>

enum {
	MAX_STRING = 255,	 /* bytes of one character-string (RFC 1035, 3.3) */
	ALLOCATION_OVERHEAD = 16 /* what the allocator adds to an entry, roughly */
};

static size_t
rdata_length(size_t value_length)
{
	size_t strings = value_length == 0 ? 1 : (value_length + MAX_STRING - 1) / MAX_STRING;

	return value_length + strings;
}

static size_t
size_for(const struct message_name *name)
{
	size_t size = sizeof(struct entry) + name->label.length;

	for (unsigned i = 0; i < name->count; i++)
		size += ENTRY_VALUE_HEAD + rdata_length(name->values[i].length);
	return size;
}

size_t
entry_cost(const struct entry *entry)
{
	const uint8_t *next = entry->bytes + entry->label_length;

	for (unsigned i = 0; i < entry->count; i++)
		next += ENTRY_VALUE_HEAD + (size_t)(next[4] << 8 | next[5]);
	return (size_t)(next - (const uint8_t *)entry) + ALLOCATION_OVERHEAD;
}

/* An end as an entry has it: nobody lives to see one that does not fit. */
static uint32_t
end_of(uint64_t end)
{
	return end < UINT32_MAX ? (uint32_t)end : UINT32_MAX;
}

/* As TXT rdata: character-strings of at most 255 bytes, at least one (RFC 1035, 3.3.14). */
static uint8_t *
write_value(uint8_t *out, struct slice value, uint64_t end)
{
	size_t length = rdata_length(value.length), part, offset = 0;
	uint32_t near = end_of(end);

	memcpy(out, &near, sizeof(near));
	out += sizeof(near);
	*out++ = (uint8_t)(length >> 8);
	*out++ = (uint8_t)length;
	do {
		part = value.length - offset;
		if (part > MAX_STRING)
			part = MAX_STRING;
		*out++ = (uint8_t)part;
		if (part > 0)
			memcpy(out, value.data + offset, part);
		out += part;
		offset += part;
	} while (offset < value.length);
	return out;
}

struct entry *
entry_new(const struct message_name *name, uint32_t generation)
{
	struct entry *entry = malloc(size_for(name));
	uint8_t *next;

	if (entry == NULL)
		return NULL;
	entry->writer.commit = name->commit;
	entry->generation = generation;
	entry->count = name->count;
	entry->label_length = (uint8_t)name->label.length;
	memcpy(entry->bytes, name->label.data, name->label.length);
	next = entry->bytes + name->label.length;
	for (unsigned i = 0; i < name->count; i++)
		next = write_value(next, name->values[i], name->ends[i]);
	return entry;
}

/* 1 if the rdata at `rdata` is that of the value. */
static int
is_rdata_of(const uint8_t *rdata, size_t length, struct slice value)
{
	size_t part, offset = 0;

	if (length != rdata_length(value.length))
		return 0;
	do {
		part = *rdata++;
		if (part > value.length - offset ||
		    (part > 0 && memcmp(rdata, value.data + offset, part) != 0))
			return 0;
		rdata += part;
		offset += part;
	} while (offset < value.length);
	return 1;
}

int
entry_says(const struct entry *entry, const struct message_name *name)
{
	const uint8_t *next = entry->bytes + entry->label_length;

	if (entry->writer.commit != name->commit || entry->count != name->count)
		return 0;
	for (unsigned i = 0; i < entry->count; i++) {
		size_t length = (size_t)(next[4] << 8 | next[5]);
		uint32_t end = end_of(name->ends[i]);

		if (memcmp(next, &end, sizeof(end)) != 0 ||
		    !is_rdata_of(next + ENTRY_VALUE_HEAD, length, name->values[i]))
			return 0;
		next += ENTRY_VALUE_HEAD + length;
	}
	return 1;
}
