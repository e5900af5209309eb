/* Readers, the writer, and what lies between them; see table.h. */
#include "table.h"

#include "bucket.h"

#include <stdlib.h>
#include <string.h>

enum {
	ENTRY_PREFETCH = 160
}; /* bytes of an entry asked for: a UUID and two values of 43 characters */

struct table_reader {
	alignas(BUCKET_LINE) _Atomic(uint64_t) seen; /* the epoch it entered in; 0 outside */
	struct table *table;
};

struct retired {
	struct entry *entries;
	struct bucket_array *arrays;
};

struct table {
	/*
	 * Read by every reader, written only when an array is replaced, something is reclaimed, or a
	 * snapshot ends.
	 */
	alignas(BUCKET_LINE) _Atomic(struct bucket_array *) array;
	_Atomic(uint64_t) epoch;
	atomic_int incomplete; /* there may be names that are not here */
	uint8_t key[SIPHASH_KEY];

	/* The writer's own. */
	alignas(BUCKET_LINE) struct table_limits limits;
	size_t entry_bytes;  /* of all entries that readers can find */
	uint32_t generation; /* the number of the last snapshot that began */
	size_t told;	     /* names of this generation */
	int in_snapshot;
	int left_out;		/* something did not fit since it began */
	struct retired fresh;	/* replaced since the last epoch began */
	struct retired waiting; /* replaced before `waiting_epoch` ended */
	uint64_t waiting_epoch;
	struct table_reader *readers;
	unsigned reader_count;
};

static uint32_t
hash_label(const struct table *table, const uint8_t *label, size_t length)
{
	uint32_t hash = (uint32_t)siphash(table->key, label, length);

	return hash < BUCKET_FIRST_HASH ? hash + BUCKET_FIRST_HASH : hash;
}

/* What was replaced and may still be read. */

static void
retire_entry(struct table *table, struct entry *entry)
{
	entry->writer.next = table->fresh.entries;
	table->fresh.entries = entry;
}

static void
retire_array(struct table *table, struct bucket_array *array)
{
	array->next = table->fresh.arrays;
	table->fresh.arrays = array;
}

/* Frees at most `turn` entries. 1 if something is left. */
static int
retired_free(struct retired *retired, size_t turn)
{
	struct entry *entry;
	struct bucket_array *array;

	for (; retired->entries != NULL && turn > 0; turn--) {
		entry = retired->entries;
		retired->entries = entry->writer.next;
		free(entry);
	}
	while (retired->arrays != NULL) {
		array = retired->arrays;
		retired->arrays = array->next;
		bucket_memory_free(array);
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
	struct table *table = bucket_memory_new(sizeof(*table));
	struct bucket_array *array = bucket_array_new(0);

	if (table == NULL || array == NULL)
		goto fail;
	table->readers = bucket_memory_new(readers * sizeof(*table->readers));
	if (table->readers == NULL)
		goto fail;
	table->reader_count = readers;
	for (unsigned i = 0; i < readers; i++)
		table->readers[i].table = table;
	table->limits = *limits;
	memcpy(table->key, key, SIPHASH_KEY);
	atomic_store(&table->array, array);
	atomic_store(&table->epoch, 1);
	atomic_store(&table->incomplete, 1);
	return table;
fail:
	bucket_memory_free(array);
	bucket_memory_free(table);
	return NULL;
}

static void
free_entries(struct bucket_array *array)
{
	for (size_t i = 0; i <= array->mask; i++) {
		for (unsigned slot = 0; slot < BUCKET_SLOTS; slot++)
			free(atomic_load_explicit(
			    &array->buckets[i].entries[slot], memory_order_relaxed));
	}
}

void
table_free(struct table *table)
{
	struct bucket_array *array;

	if (table == NULL)
		return;
	array = atomic_load(&table->array);
	free_entries(array);
	bucket_memory_free(array);
	(void)retired_free(&table->fresh, SIZE_MAX);
	(void)retired_free(&table->waiting, SIZE_MAX);
	bucket_memory_free(table->readers);
	bucket_memory_free(table);
}

/* Makes the array one with room for `names`; the readers find the same in both. */
static enum table_result
resize(struct table *table, uint64_t names)
{
	struct bucket_array *old = atomic_load(&table->array), *array;

	if (bucket_array_bytes(names) + table->entry_bytes > table->limits.bytes)
		return TABLE_FULL;
	array = bucket_array_new(names);
	if (array == NULL)
		return TABLE_NO_MEMORY;
	bucket_array_copy(array, old);
	atomic_store(&table->array, array);
	retire_array(table, old);
	return TABLE_OK;
}

/* Makes sure that one more name of `cost` bytes fits. */
static enum table_result
make_room(struct table *table, size_t cost)
{
	const struct bucket_array *array = atomic_load(&table->array);
	enum table_result result;

	if (array->names >= table->limits.names)
		return TABLE_FULL;
	if (bucket_array_is_due(array)) {
		/* Twice the size, or the same one where most of what filled it was deleted. */
		result = resize(table, (uint64_t)array->names * 3 / 2);
		if (result != TABLE_OK)
			return result;
	}
	return table_bytes(table) + cost > table->limits.bytes ? TABLE_FULL : TABLE_OK;
}

/* Readers can no longer find the entry. */
static void
forget(struct table *table, struct entry *entry)
{
	table->entry_bytes -= entry_cost(entry);
	table->told -= entry->generation == table->generation;
	retire_entry(table, entry);
}

static void
remove_at(struct table *table, const struct bucket_place *place)
{
	if (place->bucket == NULL)
		return;
	bucket_array_remove(atomic_load(&table->array), place);
	forget(table, place->entry);
}

static enum table_result
put(struct table *table, uint32_t hash, const struct bucket_place *place,
    const struct message_name *name)
{
	struct entry *entry = entry_new(name, table->generation);
	enum table_result result = TABLE_OK;
	size_t cost;

	if (entry == NULL)
		return TABLE_NO_MEMORY;
	cost = entry_cost(entry);
	if (place->bucket == NULL)
		result = make_room(table, cost);
	else if (table_bytes(table) + cost - entry_cost(place->entry) > table->limits.bytes)
		result = TABLE_FULL;
	if (result != TABLE_OK) {
		free(entry);
		return result;
	}
	table->entry_bytes += cost;
	table->told++;
	if (place->bucket == NULL) {
		bucket_array_insert(atomic_load(&table->array), hash, entry);
	} else {
		bucket_replace(place, entry);
		forget(table, place->entry);
	}
	return TABLE_OK;
}

static uint32_t
hash_name(const struct table *table, const struct message_name *name)
{
	return hash_label(table, name->label.data, name->label.length);
}

/* 1 if what is held is as good as `name`; it then counts as told of. */
static int
is_held(struct table *table, struct entry *entry, const struct message_name *name)
{
	if (entry->generation == table->generation)
		return name->commit < entry->writer.commit;
	if (!name->exists || !entry_says(entry, name))
		return 0;
	entry->generation = table->generation;
	table->told++;
	return 1;
}

static enum table_result
change(struct table *table, uint32_t hash, const struct message_name *name)
{
	struct bucket_place place = bucket_array_find(
	    atomic_load(&table->array), hash, name->label.data, name->label.length);
	enum table_result result;

	if (place.bucket != NULL && is_held(table, place.entry, name))
		return TABLE_OK;
	if (!name->exists) {
		remove_at(table, &place);
		return TABLE_OK;
	}
	result = put(table, hash, &place, name);
	if (result != TABLE_OK) {
		/* Better no answer than an old one, and no name is denied from now on. */
		table->left_out = 1;
		atomic_store(&table->incomplete, 1);
		remove_at(table, &place);
	}
	return result;
}

enum table_result
table_apply(struct table *table, const struct message_name *name)
{
	return change(table, hash_name(table, name), name);
}

void
table_snapshot_begin(struct table *table, uint64_t expected)
{
	const struct bucket_array *array = atomic_load(&table->array);

	table->generation++;
	table->told = 0;
	table->in_snapshot = 1;
	table->left_out = 0;
	/* What the other side expects only saves growing; the limit is ours. */
	if (expected > table->limits.names)
		expected = table->limits.names;
	if (bucket_array_bytes(expected) > bucket_array_size(array))
		(void)resize(table, expected);
}

enum table_result
table_snapshot_add(struct table *table, const struct message_name *names, unsigned count)
{
	const struct bucket_array *array = atomic_load(&table->array);
	enum table_result result = TABLE_OK, each;
	uint32_t hashes[TABLE_SNAPSHOT_BATCH];

	if (!table->in_snapshot)
		return TABLE_OK;
	for (unsigned i = 0; i < count; i++) {
		hashes[i] = hash_name(table, &names[i]);
		__builtin_prefetch(bucket_array_first(array, hashes[i]), 1);
	}
	for (unsigned i = 0; i < count; i++) {
		each = change(table, hashes[i], &names[i]);
		if (each != TABLE_OK)
			result = each;
	}
	return result;
}

/* Removes what the snapshot did not tell of. */
static void
sweep(struct table *table)
{
	struct bucket_array *array = atomic_load(&table->array);
	struct bucket_place place;

	for (size_t i = 0; i <= array->mask && table->told < array->names; i++) {
		place.bucket = &array->buckets[i];
		for (place.slot = 0; place.slot < BUCKET_SLOTS; place.slot++) {
			place.entry = atomic_load_explicit(
			    &place.bucket->entries[place.slot], memory_order_relaxed);
			if (place.entry != NULL && place.entry->generation != table->generation)
				remove_at(table, &place);
		}
	}
}

void
table_snapshot_end(struct table *table, int all)
{
	if (!table->in_snapshot)
		return;
	table->in_snapshot = 0;
	sweep(table);
	atomic_store(&table->incomplete, !all || table->left_out);
}

size_t
table_names(const struct table *table)
{
	return atomic_load(&table->array)->names;
}

size_t
table_bytes(const struct table *table)
{
	return bucket_array_size(atomic_load(&table->array)) + table->entry_bytes;
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
	const struct bucket_array *array = atomic_load(&reader->table->array);

	__builtin_prefetch(bucket_array_first(array, label->hash));
}

void
table_prefetch_entry(struct table_reader *reader, const struct table_label *label)
{
	const struct bucket_array *array = atomic_load(&reader->table->array);
	struct bucket *bucket = bucket_array_first(array, label->hash);
	/* A number: the slot may be emptied meanwhile, and an entry be shorter than what is asked for. */
	uintptr_t entry;

	for (unsigned slot = 0; slot < BUCKET_SLOTS; slot++) {
		if (atomic_load_explicit(&bucket->hashes[slot], memory_order_relaxed) !=
		    label->hash)
			continue;
		entry =
		    (uintptr_t)atomic_load_explicit(&bucket->entries[slot], memory_order_relaxed);
		for (size_t offset = 0; offset < ENTRY_PREFETCH; offset += BUCKET_LINE)
			__builtin_prefetch((const void *)(entry + offset));
		return;
	}
}

enum table_find
table_find(
    struct table_reader *reader, const struct table_label *label, struct table_values *values)
{
	struct table *table = reader->table;
	/* Before and after: the name may come, or be left out, while it is being looked for. */
	int incomplete = atomic_load(&table->incomplete);
	struct bucket_place place =
	    bucket_array_find(atomic_load(&table->array), label->hash, label->bytes, label->length);

	if (place.bucket == NULL)
		return incomplete || atomic_load(&table->incomplete) ? TABLE_UNKNOWN : TABLE_ABSENT;
	values->count = place.entry->count;
	values->records = place.entry->bytes + place.entry->label_length;
	return TABLE_FOUND;
}
