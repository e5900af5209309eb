#include "page_origin.h"

#include <string.h>

void
page_origins_note(
    struct page_origins *origins, const void *inside, unsigned table, struct slice key)
{
	uintptr_t page = (uintptr_t)inside & ~(uintptr_t)(origins->page_size - 1), origin;
	struct page_origin *entry;
	size_t number;
	unsigned i;

	if (page == origins->last)
		return;
	origins->last = page;
	memcpy(&number, (const unsigned char *)inside - ((uintptr_t)inside - page), sizeof(number));
	origin = page - number * origins->page_size;
	for (i = 0; i < origins->count && origins->entries[i].origin != origin; i++)
		;
	if (i == PAGE_ORIGINS)
		return;
	entry = &origins->entries[i];
	if (i == origins->count) {
		origins->count++;
		entry->origin = origin;
		entry->table = table;
		entry->length = key.length < sizeof(entry->key) ? key.length : sizeof(entry->key);
		memcpy(entry->key, key.data, entry->length);
	}
	entry->pages++;
}

const struct page_origin *
page_origins_stray(const struct page_origins *origins, unsigned *place)
{
	unsigned most = 0;

	for (unsigned i = 1; i < origins->count; i++) {
		if (origins->entries[i].pages > origins->entries[most].pages)
			most = i;
	}
	while (*place < origins->count) {
		unsigned i = (*place)++;

		if (i != most)
			return &origins->entries[i];
	}
	return NULL;
}
