/* The table of requests outstanding at store: slots, a list by age, a list of free ones. */
#include "pending.h"

#include <string.h>

void
pending_init(struct pending *pending)
{
	memset(pending, 0, sizeof(*pending));
	for (uint16_t slot = 0; slot < PENDING_MAX; slot++)
		pending->entries[slot].newer = (uint16_t)(slot + 1);
	pending->oldest = pending->newest = PENDING_MAX;
}

/* An id is a sequence number above its slot, so that an old id never meets a new entry. */
static struct pending_entry *
find(struct pending *pending, uint64_t id)
{
	struct pending_entry *entry = &pending->entries[id % PENDING_MAX];

	return id != 0 && entry->id == id ? entry : NULL;
}

uint64_t
pending_add(struct pending *pending, enum message_type answer_type, uint64_t now, void *owner)
{
	uint16_t slot = pending->free;
	struct pending_entry *entry;

	if (slot == PENDING_MAX)
		return 0;
	entry = &pending->entries[slot];
	pending->free = entry->newer;
	entry->id = ++pending->sequence * PENDING_MAX + slot;
	entry->deadline = now + PENDING_PATIENCE_MS;
	entry->answer_type = (uint16_t)answer_type;
	entry->owner = owner;
	entry->older = pending->newest;
	entry->newer = PENDING_MAX;
	if (pending->newest == PENDING_MAX)
		pending->oldest = slot;
	else
		pending->entries[pending->newest].newer = slot;
	pending->newest = slot;
	pending->count++;
	return entry->id;
}

static void
release(struct pending *pending, struct pending_entry *entry)
{
	uint16_t slot = (uint16_t)(entry - pending->entries);

	if (entry->older == PENDING_MAX)
		pending->oldest = entry->newer;
	else
		pending->entries[entry->older].newer = entry->newer;
	if (entry->newer == PENDING_MAX)
		pending->newest = entry->older;
	else
		pending->entries[entry->newer].older = entry->older;
	memset(entry, 0, sizeof(*entry));
	entry->newer = pending->free;
	pending->free = slot;
	pending->count--;
}

int
pending_take(struct pending *pending, uint64_t id, enum message_type answer_type, void **owner)
{
	struct pending_entry *entry = find(pending, id);

	if (entry == NULL || entry->answer_type != answer_type)
		return -1;
	*owner = entry->owner;
	release(pending, entry);
	return 0;
}

void
pending_forget(struct pending *pending, uint64_t id)
{
	struct pending_entry *entry = find(pending, id);

	if (entry != NULL)
		entry->owner = NULL;
}

/* The entry that has waited longest for somebody, or NULL. */
static const struct pending_entry *
oldest_owned(const struct pending *pending)
{
	for (uint16_t slot = pending->oldest; slot != PENDING_MAX;
	    slot = pending->entries[slot].newer) {
		if (pending->entries[slot].owner != NULL)
			return &pending->entries[slot];
	}
	return NULL;
}

void *
pending_expire(struct pending *pending, uint64_t now)
{
	const struct pending_entry *entry = oldest_owned(pending);
	void *owner;

	if (entry == NULL || entry->deadline > now)
		return NULL;
	owner = entry->owner;
	pending_forget(pending, entry->id);
	return owner;
}

uint64_t
pending_deadline(const struct pending *pending)
{
	const struct pending_entry *entry = oldest_owned(pending);

	return entry == NULL ? 0 : entry->deadline;
}

void *
pending_drop(struct pending *pending)
{
	while (pending->oldest != PENDING_MAX) {
		struct pending_entry *entry = &pending->entries[pending->oldest];
		void *owner = entry->owner;

		release(pending, entry);
		if (owner != NULL)
			return owner;
	}
	return NULL;
}
