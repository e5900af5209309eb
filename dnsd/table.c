/*
 * Open addressing over buckets of one cache line: five hashes and five pointers, so that a name
 * that does not exist costs one line and one that does two more. Probing goes on to the next
 * bucket until one has an empty slot.
 */
#include "table.h"

#include <stdalign.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum {
	CACHE_LINE = 64,
	SLOTS = 5,
	/* Values of a slot's hash that are no hash. */
	SLOT_EMPTY = 0,	  /* ends a search */
	SLOT_DELETED = 1, /* does not: the bucket was full once */
	HASH_FIRST = 2,
	MIN_BUCKETS = 16,
	LOAD_PERCENT = 70, /* slots in use, deleted ones included, before a larger array is made */
	MAX_STRING = 255,  /* bytes of one character-string (RFC 1035, 3.3) */
	ENTRY_PREFETCH =
	    160, /* bytes of an entry asked for: a UUID and two values of 43 characters */
	ALLOCATION_OVERHEAD = 16 /* what the allocator adds to an entry, roughly */
};

/*
 * One name. After it was replaced the writer uses its commit's place to queue it; readers never
 * look there.
 */
struct entry {
	union {
		uint64_t commit;
		struct entry *next;
	} writer;
	uint8_t count; /* values */
	uint8_t label_length;
	uint8_t bytes[]; /* the label; then the values as struct table_values has them */
};

struct bucket {
	alignas(CACHE_LINE) _Atomic(uint32_t) hashes[SLOTS];
	_Atomic(struct entry *) entries[SLOTS];
};

struct array {
	/* For the readers. */
	alignas(CACHE_LINE) struct bucket *buckets;
	size_t mask;	       /* buckets, a power of two, less one */
	atomic_int incomplete; /* something was left out */

	/* The writer's own, on another line. */
	alignas(CACHE_LINE) size_t names;
	size_t used;	    /* slots that are not empty */
	size_t bytes;	    /* of this array and its entries */
	struct array *next; /* while it waits to be freed */
};

struct table_reader {
	alignas(CACHE_LINE) _Atomic(uint64_t) seen; /* the epoch it entered in; 0 outside */
	struct table *table;
};

struct retired {
	struct entry *entries;
	struct array *arrays;
};

struct table {
	/*
	 * Read by every reader, written only when an array is replaced or something is reclaimed.
	 */
	alignas(CACHE_LINE) _Atomic(struct array *) live;
	_Atomic(uint64_t) epoch;
	uint8_t key[SIPHASH_KEY];

	/* The writer's own. */
	alignas(CACHE_LINE) struct array *shadow;
	struct table_limits limits;
	struct retired fresh;	/* replaced since the last epoch began */
	struct retired waiting; /* replaced before `waiting_epoch` ended */
	uint64_t waiting_epoch;
	struct table_reader *readers;
	unsigned reader_count;
};

/* Where the search for a label ended. */
struct place {
	struct bucket *bucket; /* NULL: not found */
	unsigned slot;
	struct entry *entry;
};

/*
 * Zeroed memory that starts a cache line, to be freed with aligned_free(). Over calloc(), which
 * takes large pieces from the kernel untouched; what it gave stands in front of what is handed
 * out.
 */
static void *
aligned_new(size_t size)
{
	unsigned char *whole = calloc(1, size + 2 * CACHE_LINE);
	unsigned char *aligned;

	if (whole == NULL)
		return NULL;
	aligned = whole + 2 * CACHE_LINE - (uintptr_t)whole % CACHE_LINE;
	memcpy(aligned - sizeof(whole), &whole, sizeof(whole));
	return aligned;
}

static void
aligned_free(void *aligned)
{
	void *whole;

	if (aligned == NULL)
		return;
	memcpy(&whole, (unsigned char *)aligned - sizeof(whole), sizeof(whole));
	free(whole);
}

static uint32_t
hash_label(const struct table *table, const uint8_t *label, size_t length)
{
	uint32_t hash = (uint32_t)siphash(table->key, label, length);

	return hash < HASH_FIRST ? hash + HASH_FIRST : hash;
}

/* The array. */

static struct array *
array_new(const struct table *table, uint64_t names, enum table_result *result)
{
	uint64_t slots = names * 100 / LOAD_PERCENT + 1;
	size_t buckets = MIN_BUCKETS, bytes;
	struct array *array;

	while (buckets * SLOTS < slots)
		buckets *= 2;
	bytes = sizeof(*array) + buckets * sizeof(struct bucket);
	if (bytes > table->limits.bytes) {
		*result = TABLE_FULL;
		return NULL;
	}
	*result = TABLE_NO_MEMORY;
	array = aligned_new(bytes);
	if (array == NULL)
		return NULL;
	array->buckets = (struct bucket *)(array + 1);
	array->mask = buckets - 1;
	array->bytes = bytes;
	*result = TABLE_OK;
	return array;
}

static void
array_free_all(struct array *array)
{
	if (array == NULL)
		return;
	for (size_t i = 0; i <= array->mask; i++) {
		for (unsigned slot = 0; slot < SLOTS; slot++)
			free(atomic_load_explicit(
			    &array->buckets[i].entries[slot], memory_order_relaxed));
	}
	aligned_free(array);
}

static int
array_is_due(const struct array *array)
{
	return array->used * 100 >= (array->mask + 1) * SLOTS * LOAD_PERCENT;
}

static struct place
array_find(const struct array *array, uint32_t hash, const uint8_t *label, size_t length)
{
	struct place place = {NULL, 0, NULL};
	struct bucket *bucket;
	struct entry *entry;
	uint32_t found;
	int last;

	for (size_t i = hash & array->mask;; i = (i + 1) & array->mask) {
		bucket = &array->buckets[i];
		last = 0;
		for (unsigned slot = 0; slot < SLOTS; slot++) {
			found = atomic_load(&bucket->hashes[slot]);
			last |= found == SLOT_EMPTY;
			if (found != hash)
				continue;
			/* The slot may have changed hands since: what the entry says counts. */
			entry = atomic_load(&bucket->entries[slot]);
			if (entry == NULL || entry->label_length != length ||
			    memcmp(entry->bytes, label, length) != 0)
				continue;
			place = (struct place){bucket, slot, entry};
			return place;
		}
		/* There is always an empty slot somewhere: see array_is_due(). */
		if (last)
			return place;
	}
}

static int
bucket_has_empty(struct bucket *bucket)
{
	for (unsigned slot = 0; slot < SLOTS; slot++) {
		if (atomic_load_explicit(&bucket->hashes[slot], memory_order_relaxed) == SLOT_EMPTY)
			return 1;
	}
	return 0;
}

/* Puts an entry whose label is not there into the first free slot on its way. */
static void
array_insert(struct array *array, uint32_t hash, struct entry *entry)
{
	struct bucket *bucket;
	uint32_t found;

	for (size_t i = hash & array->mask;; i = (i + 1) & array->mask) {
		bucket = &array->buckets[i];
		for (unsigned slot = 0; slot < SLOTS; slot++) {
			found = atomic_load_explicit(&bucket->hashes[slot], memory_order_relaxed);
			if (found >= HASH_FIRST)
				continue;
			if (found == SLOT_EMPTY)
				array->used++;
			/* In this order: who sees the hash finds the entry. */
			atomic_store(&bucket->entries[slot], entry);
			atomic_store(&bucket->hashes[slot], hash);
			array->names++;
			return;
		}
	}
}

static void
array_remove(struct array *array, const struct place *place)
{
	/* A bucket that has an empty slot was never full, so no search went on behind it. */
	int empty = bucket_has_empty(place->bucket);

	atomic_store(&place->bucket->hashes[place->slot], empty ? SLOT_EMPTY : SLOT_DELETED);
	atomic_store(&place->bucket->entries[place->slot], NULL);
	if (empty)
		array->used--;
	array->names--;
}

/*
 * The same entries in an array with room for half as many again, without looking at any of them:
 * twice the size, or the same one where most of what filled it was deleted.
 */
static struct array *
array_grown(const struct table *table, const struct array *old, enum table_result *result)
{
	struct array *array = array_new(table, (uint64_t)old->names * 3 / 2, result);
	struct bucket *bucket;
	struct entry *entry;

	if (array == NULL)
		return NULL;
	for (size_t i = 0; i <= old->mask; i++) {
		bucket = &old->buckets[i];
		for (unsigned slot = 0; slot < SLOTS; slot++) {
			entry = atomic_load_explicit(&bucket->entries[slot], memory_order_relaxed);
			if (entry != NULL)
				array_insert(array,
				    atomic_load_explicit(
					&bucket->hashes[slot], memory_order_relaxed),
				    entry);
		}
	}
	array->bytes += old->bytes - sizeof(*old) - (old->mask + 1) * sizeof(struct bucket);
	atomic_store(&array->incomplete, atomic_load(&old->incomplete));
	return array;
}

/* Entries. */

static size_t
rdata_length(size_t value_length)
{
	size_t strings = value_length == 0 ? 1 : (value_length + MAX_STRING - 1) / MAX_STRING;

	return value_length + strings;
}

static size_t
entry_size(const struct message_name *name)
{
	size_t size = sizeof(struct entry) + name->label.length;

	for (unsigned i = 0; i < name->count; i++)
		size += TABLE_VALUE_HEAD + rdata_length(name->values[i].length);
	return size;
}

static size_t
entry_cost(const struct entry *entry)
{
	const uint8_t *next = entry->bytes + entry->label_length;

	for (unsigned i = 0; i < entry->count; i++)
		next += TABLE_VALUE_HEAD + (size_t)(next[4] << 8 | next[5]);
	return (size_t)(next - (const uint8_t *)entry) + ALLOCATION_OVERHEAD;
}

/* As TXT rdata: character-strings of at most 255 bytes, at least one (RFC 1035, 3.3.14). */
static uint8_t *
write_value(uint8_t *out, struct slice value, uint64_t end)
{
	size_t length = rdata_length(value.length), part, offset = 0;
	uint32_t near = end < UINT32_MAX ? (uint32_t)end : UINT32_MAX;

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

static struct entry *
entry_new(const struct message_name *name)
{
	struct entry *entry = malloc(entry_size(name));
	uint8_t *next;

	if (entry == NULL)
		return NULL;
	entry->writer.commit = name->commit;
	entry->count = name->count;
	entry->label_length = (uint8_t)name->label.length;
	memcpy(entry->bytes, name->label.data, name->label.length);
	next = entry->bytes + name->label.length;
	for (unsigned i = 0; i < name->count; i++)
		next = write_value(next, name->values[i], name->ends[i]);
	return entry;
}

/* What was replaced and may still be read. */

static void
retire_entry(struct table *table, struct entry *entry)
{
	entry->writer.next = table->fresh.entries;
	table->fresh.entries = entry;
}

static void
retire_array(struct table *table, struct array *array)
{
	array->next = table->fresh.arrays;
	table->fresh.arrays = array;
}

static void
retire_all(struct table *table, struct array *array)
{
	struct entry *entry;

	if (array == NULL)
		return;
	for (size_t i = 0; i <= array->mask; i++) {
		for (unsigned slot = 0; slot < SLOTS; slot++) {
			entry = atomic_load_explicit(
			    &array->buckets[i].entries[slot], memory_order_relaxed);
			if (entry != NULL)
				retire_entry(table, entry);
		}
	}
	retire_array(table, array);
}

/* Frees at most `turn` entries. 1 if something is left. */
static int
retired_free(struct retired *retired, size_t turn)
{
	struct entry *entry;
	struct array *array;

	for (; retired->entries != NULL && turn > 0; turn--) {
		entry = retired->entries;
		retired->entries = entry->writer.next;
		free(entry);
	}
	while (retired->arrays != NULL) {
		array = retired->arrays;
		retired->arrays = array->next;
		aligned_free(array);
	}
	return retired->entries != NULL;
}

static int
retired_any(const struct retired *retired)
{
	return retired->entries != NULL || retired->arrays != NULL;
}

static int
readers_passed(const struct table *table, uint64_t epoch)
{
	uint64_t seen;

	for (unsigned i = 0; i < table->reader_count; i++) {
		seen = atomic_load(&table->readers[i].seen);
		if (seen != 0 && seen <= epoch)
			return 0;
	}
	return 1;
}

int
table_reclaim(struct table *table)
{
	uint64_t epoch;

	if (!retired_any(&table->waiting) && retired_any(&table->fresh)) {
		table->waiting = table->fresh;
		table->fresh = (struct retired){NULL, NULL};
		epoch = atomic_load(&table->epoch);
		table->waiting_epoch = epoch;
		/* Who enters from now on cannot find any of them. */
		atomic_store(&table->epoch, epoch + 1);
	}
	if (retired_any(&table->waiting) && readers_passed(table, table->waiting_epoch))
		retired_free(&table->waiting, TABLE_RECLAIM_TURN);
	return retired_any(&table->waiting) || retired_any(&table->fresh);
}

/* The writer. */

struct table *
table_new(const struct table_limits *limits, const uint8_t key[SIPHASH_KEY], unsigned readers)
{
	struct table *table = aligned_new(sizeof(*table));

	if (table == NULL)
		return NULL;
	table->readers = aligned_new(readers * sizeof(*table->readers));
	if (table->readers == NULL) {
		aligned_free(table);
		return NULL;
	}
	table->reader_count = readers;
	for (unsigned i = 0; i < readers; i++)
		table->readers[i].table = table;
	table->limits = *limits;
	memcpy(table->key, key, SIPHASH_KEY);
	atomic_store(&table->epoch, 1);
	return table;
}

void
table_free(struct table *table)
{
	if (table == NULL)
		return;
	array_free_all(atomic_load(&table->live));
	array_free_all(table->shadow);
	(void)retired_free(&table->fresh, SIZE_MAX);
	(void)retired_free(&table->waiting, SIZE_MAX);
	aligned_free(table->readers);
	aligned_free(table);
}

/*
 * Makes sure that one more name fits, if need be with a larger array, which then stands in
 * *array.
 */
static enum table_result
make_room(struct table *table, struct array **array, size_t cost)
{
	enum table_result result = TABLE_OK;
	struct array *grown;

	if ((*array)->names >= table->limits.names)
		return TABLE_FULL;
	if (array_is_due(*array)) {
		grown = array_grown(table, *array, &result);
		if (grown == NULL)
			return result;
		if (grown->bytes + cost > table->limits.bytes) {
			aligned_free(grown);
			return TABLE_FULL;
		}
		if (*array == table->shadow) {
			table->shadow = grown;
			aligned_free(*array);
		} else {
			atomic_store(&table->live, grown);
			retire_array(table, *array);
		}
		*array = grown;
	}
	return (*array)->bytes + cost > table->limits.bytes ? TABLE_FULL : TABLE_OK;
}

static void
discard(struct table *table, struct array *array, struct entry *entry)
{
	array->bytes -= entry_cost(entry);
	if (array == table->shadow)
		free(entry);
	else
		retire_entry(table, entry);
}

static void
remove_at(struct table *table, struct array *array, const struct place *place)
{
	if (place->bucket == NULL)
		return;
	array_remove(array, place);
	discard(table, array, place->entry);
}

static enum table_result
put(struct table *table, struct array **array, uint32_t hash, const struct place *place,
    const struct message_name *name)
{
	struct entry *entry = entry_new(name);
	enum table_result result;
	size_t cost;

	if (entry == NULL)
		return TABLE_NO_MEMORY;
	cost = entry_cost(entry);
	if (place->bucket == NULL) {
		result = make_room(table, array, cost);
		if (result != TABLE_OK) {
			free(entry);
			return result;
		}
		array_insert(*array, hash, entry);
	} else {
		if ((*array)->bytes + cost - entry_cost(place->entry) > table->limits.bytes) {
			free(entry);
			return TABLE_FULL;
		}
		atomic_store(&place->bucket->entries[place->slot], entry);
		discard(table, *array, place->entry);
	}
	(*array)->bytes += cost;
	return TABLE_OK;
}

static uint32_t
hash_name(const struct table *table, const struct message_name *name)
{
	return hash_label(table, name->label.data, name->label.length);
}

static enum table_result
change(struct table *table, struct array *array, uint32_t hash, const struct message_name *name)
{
	struct place place = array_find(array, hash, name->label.data, name->label.length);
	enum table_result result;

	if (place.bucket != NULL && name->commit < place.entry->writer.commit)
		return TABLE_OK;
	if (!name->exists) {
		remove_at(table, array, &place);
		return TABLE_OK;
	}
	result = put(table, &array, hash, &place, name);
	if (result != TABLE_OK) {
		/* Better no answer than an old one, and no name is denied from now on. */
		atomic_store(&array->incomplete, 1);
		remove_at(table, array, &place);
	}
	return result;
}

enum table_result
table_apply(struct table *table, const struct message_name *name)
{
	struct array *live = atomic_load(&table->live);
	enum table_result result = TABLE_OK, shadow_result = TABLE_OK;
	uint32_t hash = hash_name(table, name);

	if (live != NULL)
		result = change(table, live, hash, name);
	if (table->shadow != NULL)
		shadow_result = change(table, table->shadow, hash, name);
	return result != TABLE_OK ? result : shadow_result;
}

enum table_result
table_snapshot_begin(struct table *table, uint64_t expected)
{
	enum table_result result;

	table_snapshot_abort(table);
	/* What the other side expects only saves growing; the limit is ours. */
	if (expected > table->limits.names)
		expected = table->limits.names;
	table->shadow = array_new(table, expected, &result);
	if (table->shadow == NULL)
		table->shadow = array_new(table, 1, &result);
	return result;
}

enum table_result
table_snapshot_add(struct table *table, const struct message_name *names, unsigned count)
{
	enum table_result result = TABLE_OK, each;
	uint32_t hashes[TABLE_SNAPSHOT_BATCH];

	if (table->shadow == NULL)
		return TABLE_OK;
	for (unsigned i = 0; i < count; i++) {
		hashes[i] = hash_name(table, &names[i]);
		__builtin_prefetch(&table->shadow->buckets[hashes[i] & table->shadow->mask], 1);
	}
	for (unsigned i = 0; i < count; i++) {
		each = change(table, table->shadow, hashes[i], &names[i]);
		if (each != TABLE_OK)
			result = each;
	}
	return result;
}

void
table_snapshot_end(struct table *table)
{
	struct array *old = atomic_load(&table->live);

	if (table->shadow == NULL)
		return;
	atomic_store(&table->live, table->shadow);
	table->shadow = NULL;
	retire_all(table, old);
}

void
table_snapshot_abort(struct table *table)
{
	array_free_all(table->shadow);
	table->shadow = NULL;
}

int
table_complete(const struct table *table)
{
	return atomic_load(&table->live) != NULL;
}

size_t
table_names(const struct table *table)
{
	const struct array *live = atomic_load(&table->live);

	return live == NULL ? 0 : live->names;
}

size_t
table_bytes(const struct table *table)
{
	const struct array *live = atomic_load(&table->live);

	return live == NULL ? 0 : live->bytes;
}

/* The readers. */

struct table_reader *
table_reader(struct table *table, unsigned index)
{
	return &table->readers[index];
}

void
table_enter(struct table_reader *reader)
{
	atomic_store(&reader->seen, atomic_load(&reader->table->epoch));
}

void
table_leave(struct table_reader *reader)
{
	atomic_store_explicit(&reader->seen, 0, memory_order_release);
}

struct table_label
table_label(const struct table_reader *reader, const uint8_t *bytes, size_t length)
{
	return (struct table_label){bytes, length, hash_label(reader->table, bytes, length)};
}

void
table_prefetch_bucket(struct table_reader *reader, const struct table_label *label)
{
	const struct array *array = atomic_load(&reader->table->live);

	if (array != NULL)
		__builtin_prefetch(&array->buckets[label->hash & array->mask]);
}

void
table_prefetch_entry(struct table_reader *reader, const struct table_label *label)
{
	const struct array *array = atomic_load(&reader->table->live);
	struct bucket *bucket;
	const char *entry;

	if (array == NULL)
		return;
	bucket = &array->buckets[label->hash & array->mask];
	for (unsigned slot = 0; slot < SLOTS; slot++) {
		if (atomic_load_explicit(&bucket->hashes[slot], memory_order_relaxed) !=
		    label->hash)
			continue;
		entry = (const char *)atomic_load_explicit(
		    &bucket->entries[slot], memory_order_relaxed);
		for (size_t offset = 0; offset < ENTRY_PREFETCH; offset += CACHE_LINE)
			__builtin_prefetch(entry + offset);
		return;
	}
}

enum table_find
table_find(
    struct table_reader *reader, const struct table_label *label, struct table_values *values)
{
	const struct array *array = atomic_load(&reader->table->live);
	struct place place;

	if (array == NULL)
		return TABLE_UNKNOWN;
	place = array_find(array, label->hash, label->bytes, label->length);
	if (place.bucket == NULL)
		return atomic_load(&array->incomplete) ? TABLE_UNKNOWN : TABLE_ABSENT;
	values->count = place.entry->count;
	values->records = place.entry->bytes + place.entry->label_length;
	return TABLE_FOUND;
}
