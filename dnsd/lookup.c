/* From a name to what there is at it; see lookup.h. */
#include "lookup.h"

#include <string.h>

int
lookup_labels(const struct zone *zone, const struct qname *name)
{
	int labels = name->label_count - (int)zone->label_count;
	size_t start;

	if (labels < 0)
		return -1;
	if (name->length < zone->name.length)
		return -1;
	start = (size_t)name->length - zone->name.length;
	if (zone->label_count > 0 && name->labels[labels] != start)
		return -1;
	return memcmp(name->lower + start, zone->name.wire, zone->name.length) == 0 ? labels : -1;
}

struct table_label
lookup_label(const struct table_reader *names, const struct qname *name, int labels)
{
	const uint8_t *label = name->lower + name->labels[labels - 1];

	return table_label(names, label + 1, label[0]);
}

struct lookup
lookup_name(const struct zone *zone, struct table_reader *names, const struct qname *name,
    int labels, const struct table_label *label)
{
	size_t length = (size_t)name->length - zone->name.length;
	struct lookup lookup = {.kind = LOOKUP_STATIC};
	const struct zone_node *encloser;

	lookup.node = zone_find(zone, name->lower, length);
	if (lookup.node != NULL)
		return lookup;
	encloser = zone_encloser(zone, name->lower, length);
	/* The table is asked only where no static name stands between. */
	if (encloser == &zone->nodes[0]) {
		switch (table_find(names, label, &lookup.values)) {
		case TABLE_FOUND:
			/* Below a dynamic name is nothing, not even a wildcard's. */
			lookup.kind = labels == 1 ? LOOKUP_DYNAMIC : LOOKUP_NOTHING;
			return lookup;
		case TABLE_UNKNOWN:
			if (labels == 1 || encloser->wildcard != NULL) {
				lookup.kind = LOOKUP_UNKNOWN;
				return lookup;
			}
			break;
		case TABLE_ABSENT:
			break;
		}
	}
	lookup.node = encloser->wildcard;
	if (lookup.node == NULL)
		lookup.kind = LOOKUP_NOTHING;
	return lookup;
}

static uint64_t
hash_bytes(const uint8_t *bytes, size_t length)
{
	uint64_t hash = length + 1, word;

	for (; length >= sizeof(word); length -= sizeof(word), bytes += sizeof(word)) {
		memcpy(&word, bytes, sizeof(word));
		hash = (hash ^ word) * 0x9e3779b97f4a7c15U;
		hash ^= hash >> 32;
	}
	word = 0;
	memcpy(&word, bytes, length);
	hash = (hash ^ word) * 0x9e3779b97f4a7c15U;
	return hash ^ hash >> 32;
}

uint64_t
lookup_hash(const struct lookup *lookup, const struct zone *zone, const struct qname *name)
{
	if (lookup->kind == LOOKUP_STATIC)
		return hash_bytes(lookup->node->relative, lookup->node->length);
	return hash_bytes(name->lower, (size_t)name->length - zone->name.length);
}
