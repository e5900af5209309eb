/*
 * Token buckets in a table of fixed size: how often each of very many is let through. Pure; the time is an
 * argument.
 *
 * Who is counted is a 64-bit hash, keyed by the caller so that nobody can choose which buckets meet. The buckets
 * lie in sets of one cache line. In a full set the newcomer takes the place of the bucket with most tokens, that is
 * of the one whose loss forgives least; a full bucket is as good as none. One thread.
 */
#ifndef COMMON_BUCKET_TABLE_H
#define COMMON_BUCKET_TABLE_H

#include <stdint.h>

enum {
	BUCKET_TABLE_BUCKETS = 64 * 1024, /* of one table: 1 MiB */
	BUCKET_TABLE_MAX_TOKENS = 1000 * 1000
};

struct bucket_table_config {
	uint32_t tokens; /* of a full bucket; 1 to BUCKET_TABLE_MAX_TOKENS */
	uint32_t
	    period; /* ticks in which an empty bucket fills, steadily; (tokens + 1) * period fits 32 bits */
};

struct bucket_table;

/* NULL when memory is short. */
struct bucket_table *bucket_table_new(const struct bucket_table_config *config);
void bucket_table_free(struct bucket_table *table);

/* Asks for a bucket's memory without waiting for it. */
void bucket_table_prefetch(const struct bucket_table *table, uint64_t who);

/*
 * Takes a token. 0, or where there is none how many takes this bucket has refused, this one included. `now` in ticks
 * of any clock that does not go back.
 */
uint32_t bucket_table_take(struct bucket_table *table, uint64_t who, uint64_t now);

/* Gives back a token that was taken. */
void bucket_table_give(struct bucket_table *table, uint64_t who, uint64_t now);

#endif
