/* Buckets; see bucket.h. */
#include "bucket.h"

#include <stdlib.h>
#include <string.h>

enum {
	/* Values of a slot's hash that are no hash. */
	SLOT_EMPTY = 0,	  /* ends a search */
	SLOT_DELETED = 1, /* does not: the bucket was full once */
	MIN_BUCKETS = 16,
	LOAD_PERCENT = 70 /* slots in use, deleted ones included, before a larger array is made */
};

/*
 * Over calloc(), which takes large pieces from the kernel untouched; what it gave stands in front of what is
 * handed out.
 */
void *
bucket_memory_new(size_t size)
{
	unsigned char *whole = calloc(1, size + 2 * BUCKET_LINE);
	unsigned char *aligned;

	if (whole == NULL)
		return NULL;
	aligned = whole + 2 * BUCKET_LINE - (uintptr_t)whole % BUCKET_LINE;
	memcpy(aligned - sizeof(whole), &whole, sizeof(whole));
	return aligned;
}

void
bucket_memory_free(void *memory)
{
	void *whole;

	if (memory == NULL)
		return;
	memcpy(&whole, (unsigned char *)memory - sizeof(whole), sizeof(whole));
	free(whole);
}

static size_t
buckets_for(uint64_t names)
{
	uint64_t slots = names * 100 / LOAD_PERCENT + 1;
	size_t buckets = MIN_BUCKETS;

	while (buckets * BUCKET_SLOTS < slots)
		buckets *= 2;
	return buckets;
}

size_t
bucket_array_bytes(uint64_t names)
{
	return sizeof(struct bucket_array) + buckets_for(names) * sizeof(struct bucket);
}

struct bucket_array *
bucket_array_new(uint64_t names)
{
	struct bucket_array *array = bucket_memory_new(bucket_array_bytes(names));

	if (array == NULL)
		return NULL;
	array->buckets = (struct bucket *)(array + 1);
	array->mask = buckets_for(names) - 1;
	return array;
}

size_t
bucket_array_size(const struct bucket_array *array)
{
	return sizeof(*array) + (array->mask + 1) * sizeof(struct bucket);
}

int
bucket_array_is_due(const struct bucket_array *array)
{
	return array->used * 100 >= (array->mask + 1) * BUCKET_SLOTS * LOAD_PERCENT;
}

void
bucket_array_copy(struct bucket_array *array, const struct bucket_array *from)
{
	const struct bucket *bucket;
	struct entry *entry;

	for (size_t i = 0; i <= from->mask; i++) {
		bucket = &from->buckets[i];
		for (unsigned slot = 0; slot < BUCKET_SLOTS; slot++) {
			entry = atomic_load_explicit(&bucket->entries[slot], memory_order_relaxed);
			if (entry != NULL)
				bucket_array_insert(array,
				    atomic_load_explicit(
					&bucket->hashes[slot], memory_order_relaxed),
				    entry);
		}
	}
}

struct bucket_place
bucket_array_find(
    const struct bucket_array *array, uint32_t hash, const uint8_t *label, size_t length)
{
	struct bucket_place place = {NULL, 0, NULL};
	struct bucket *bucket;
	struct entry *entry;
	uint32_t found;
	int last;

	for (size_t i = hash & array->mask;; i = (i + 1) & array->mask) {
		bucket = &array->buckets[i];
		last = 0;
		for (unsigned slot = 0; slot < BUCKET_SLOTS; slot++) {
			found = atomic_load(&bucket->hashes[slot]);
			last |= found == SLOT_EMPTY;
			if (found != hash)
				continue;
			/* The slot may have changed hands since: what the entry says counts. */
			entry = atomic_load(&bucket->entries[slot]);
			if (entry == NULL || entry->label_length != length ||
			    memcmp(entry->bytes, label, length) != 0)
				continue;
			place = (struct bucket_place){bucket, slot, entry};
			return place;
		}
		/* There is always an empty slot somewhere: see bucket_array_is_due(). */
		if (last)
			return place;
	}
}

static int
has_empty(struct bucket *bucket)
{
	for (unsigned slot = 0; slot < BUCKET_SLOTS; slot++) {
		if (atomic_load_explicit(&bucket->hashes[slot], memory_order_relaxed) == SLOT_EMPTY)
			return 1;
	}
	return 0;
}

/* Into the first free slot on its way. */
void
bucket_array_insert(struct bucket_array *array, uint32_t hash, struct entry *entry)
{
	struct bucket *bucket;
	uint32_t found;

	for (size_t i = hash & array->mask;; i = (i + 1) & array->mask) {
		bucket = &array->buckets[i];
		for (unsigned slot = 0; slot < BUCKET_SLOTS; slot++) {
			found = atomic_load_explicit(&bucket->hashes[slot], memory_order_relaxed);
			if (found >= BUCKET_FIRST_HASH)
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

void
bucket_replace(const struct bucket_place *place, struct entry *entry)
{
	atomic_store(&place->bucket->entries[place->slot], entry);
}

void
bucket_array_remove(struct bucket_array *array, const struct bucket_place *place)
{
	/* A bucket that has an empty slot was never full, so no search went on behind it. */
	int empty = has_empty(place->bucket);

	atomic_store(&place->bucket->hashes[place->slot], empty ? SLOT_EMPTY : SLOT_DELETED);
	bucket_replace(place, NULL);
	if (empty)
		array->used--;
	array->names--;
}
