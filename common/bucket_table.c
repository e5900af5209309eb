/* Buckets in sets of one cache line. */
#include "bucket_table.h"

#include <stdlib.h>
#include <string.h>

enum {
	WAYS = 4, /* buckets of a set */
	SETS = BUCKET_TABLE_BUCKETS / WAYS,
	CACHE_LINE = 64
};

/* 16 bytes, so that a set is one cache line. */
struct bucket {
	uint32_t tag;	  /* the hash's bits that do not choose the set */
	uint32_t time;	  /* of the last refill; it wraps, and then a bucket is a bit poorer */
	uint32_t content; /* a token is `period`, so that one tick refills `tokens` */
	uint32_t refused;
};

struct set {
	_Alignas(CACHE_LINE) struct bucket buckets[WAYS];
};

_Static_assert(sizeof(struct set) == CACHE_LINE, "a set is one cache line");

struct bucket_table {
	struct bucket_table_config config;
	uint32_t full; /* content of a full bucket */
	struct set *sets;
};

struct bucket_table *
bucket_table_new(const struct bucket_table_config *config)
{
	struct bucket_table *table = malloc(sizeof(*table));

	if (table == NULL)
		return NULL;
	table->config = *config;
	table->full = config->tokens * config->period;
	table->sets = aligned_alloc(CACHE_LINE, SETS * sizeof(struct set));
	if (table->sets == NULL) {
		free(table);
		return NULL;
	}
	for (unsigned i = 0; i < SETS; i++)
		for (unsigned k = 0; k < WAYS; k++)
			table->sets[i].buckets[k] = (struct bucket){.content = table->full};
	return table;
}

void
bucket_table_free(struct bucket_table *table)
{
	if (table == NULL)
		return;
	free(table->sets);
	free(table);
}

/* What the bucket holds after a refill. */
static uint32_t
refilled(const struct bucket_table *table, const struct bucket *bucket, uint32_t now)
{
	uint32_t elapsed = now - bucket->time;
	uint64_t content = bucket->content + (uint64_t)elapsed * table->config.tokens;

	return content < table->full ? (uint32_t)content : table->full;
}

static struct set *
set_of(const struct bucket_table *table, uint64_t who)
{
	return &table->sets[who % SETS];
}

/* The bucket of that hash, refilled; if there is none the least useful one of its set, made new. */
static struct bucket *
find(struct bucket_table *table, uint64_t who, uint32_t now)
{
	struct set *set = set_of(table, who);
	uint32_t tag = (uint32_t)(who >> 32), most = 0;
	struct bucket *found = NULL;

	for (unsigned i = 0; i < WAYS; i++) {
		struct bucket *bucket = &set->buckets[i];
		uint32_t content = refilled(table, bucket, now);

		if (bucket->tag == tag) {
			bucket->content = content;
			bucket->time = now;
			return bucket;
		}
		if (found == NULL || content > most) {
			found = bucket;
			most = content;
		}
	}
	*found = (struct bucket){.tag = tag, .time = now, .content = table->full};
	return found;
}

void
bucket_table_prefetch(const struct bucket_table *table, uint64_t who)
{
	__builtin_prefetch(set_of(table, who), 1);
}

uint32_t
bucket_table_take(struct bucket_table *table, uint64_t who, uint64_t now)
{
	struct bucket *bucket = find(table, who, (uint32_t)now);

	if (bucket->content >= table->config.period) {
		bucket->content -= table->config.period;
		return 0;
	}
	if (bucket->refused < UINT32_MAX)
		bucket->refused++;
	return bucket->refused;
}

void
bucket_table_give(struct bucket_table *table, uint64_t who, uint64_t now)
{
	struct bucket *bucket = find(table, who, (uint32_t)now);

	/* What is beyond a full one, the next refill takes away. */
	bucket->content += table->config.period;
}
