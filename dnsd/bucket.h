/*
 * An array of buckets: where entries are found by the hash of their label. Open addressing over buckets of one cache
 * line, five hashes and five pointers, so that a name that does not exist costs one line and one that
 * does two more. Probing goes on to the next bucket until one has an empty slot.
 *
 * One writer and any number of readers at the same time, without a lock; freeing what a reader may still hold is the
 * caller's care. Pure.
 */
#ifndef DNSD_BUCKET_H
#define DNSD_BUCKET_H

#include "entry.h"

#include <stdalign.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

enum {
	BUCKET_LINE = 64, /* bytes of a cache line */
	BUCKET_SLOTS = 5,
	BUCKET_FIRST_HASH = 2 /* smaller hashes say that a slot is empty or was deleted */
};

struct bucket {
	alignas(BUCKET_LINE) _Atomic(uint32_t) hashes[BUCKET_SLOTS];
	_Atomic(struct entry *) entries[BUCKET_SLOTS];
};

struct bucket_array {
	/* For the readers. */
	alignas(BUCKET_LINE) struct bucket *buckets;
	size_t mask; /* buckets, a power of two, less one */

	/* The writer's own, on another line. */
	alignas(BUCKET_LINE) size_t names;
	size_t used;		   /* slots that are not empty */
	struct bucket_array *next; /* while it waits to be freed */
};

/* Where the search for a label ended. */
struct bucket_place {
	struct bucket *bucket; /* NULL: not found */
	unsigned slot;
	struct entry *entry;
};

/*
 * Zeroed memory that starts a cache line, to be freed with bucket_memory_free(), which accepts NULL.
 * NULL when memory is short.
 */
void *bucket_memory_new(size_t size);
void bucket_memory_free(void *memory);

/* Bytes of an array with room for `names`. */
size_t bucket_array_bytes(uint64_t names);

/* An empty array; to be freed with bucket_memory_free(), entries apart. NULL when memory is short. */
struct bucket_array *bucket_array_new(uint64_t names);

/* Bytes that an array takes, without its entries. */
size_t bucket_array_size(const struct bucket_array *array);

/* 1 if another name needs a larger array: one search too many would find no empty slot. */
int bucket_array_is_due(const struct bucket_array *array);

/* Puts all entries of one array into another, which has room, without looking at any of them. */
void bucket_array_copy(struct bucket_array *array, const struct bucket_array *from);

struct bucket_place bucket_array_find(
    const struct bucket_array *array, uint32_t hash, const uint8_t *label, size_t length);

/* Writer: an entry whose label is not there; one in the place of another; none in the place of one. */
void bucket_array_insert(struct bucket_array *array, uint32_t hash, struct entry *entry);
void bucket_replace(const struct bucket_place *place, struct entry *entry);
void bucket_array_remove(struct bucket_array *array, const struct bucket_place *place);

/* The bucket where the search for a hash begins. */
static inline struct bucket *
bucket_array_first(const struct bucket_array *array, uint32_t hash)
{
	return &array->buckets[hash & array->mask];
}

#endif
