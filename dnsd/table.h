/*
 * The dynamic names: one table for all workers, filled by the main thread alone.
 *
 * A reader takes no lock and writes no cache line that another one touches: it announces itself
 * on a line of its own around each batch of queries. What the writer replaces is freed only when
 * every reader has been seen outside since (quiescent-state reclamation). The orders between the
 * two sides are sequentially consistent; for readers that costs no more than an acquire.
 *
 * A snapshot is taken into the table as it is, name by name; what it did not tell of is removed at its end. So it
 * needs no second table, a name that it leaves as it was costs nothing, and each name is at any time one
 * that store had. Until the first snapshot is complete no name is known not to exist.
 *
 * Memory: about 35 bytes a slot in use and one allocation a name, 160 bytes with two values of 43
 * characters.
 *
 * Pure: no clock, no system call. Functions of the writer are called from one thread.
 */
#ifndef DNSD_TABLE_H
#define DNSD_TABLE_H

#include "entry.h"
#include "message.h"
#include "siphash.h"

#include <stddef.h>
#include <stdint.h>

enum {
	TABLE_RECLAIM_TURN = 4096, /* names freed in one call of table_reclaim() at most */
	TABLE_SNAPSHOT_BATCH = 16 /* names added in one call; their memory is waited for together */
};

struct table_limits {
	size_t names; /* at least 1 */
	size_t bytes;
};

struct table;
struct table_reader;

/* What the writer's functions answer. */
enum table_result {
	TABLE_OK = 0,
	TABLE_FULL =
	    -1, /* a limit was reached: the name is not held, and no name is known not to exist */
	TABLE_NO_MEMORY = -2 /* the same, because the system has no more */
};

/*
 * `key` seeds the hash and must be secret and random; `readers` is how many threads will
 * read. NULL when memory is short. Before table_free() every reader is outside for good.
 */
struct table *table_new(
    const struct table_limits *limits, const uint8_t key[SIPHASH_KEY], unsigned readers);
void table_free(struct table *table);

/*
 * Writer: applies one committed change. One whose commit is lower than what is held is ignored (TABLE_OK), unless
 * that is from before the running snapshot. The readers see it when this returns.
 */
enum table_result table_apply(struct table *table, const struct message_name *name);

/*
 * Writer: a snapshot. begin makes room for `expected` names and ends an unfinished one, what came of which stays; add
 * takes up to TABLE_SNAPSHOT_BATCH names and answers for the last one that did not fit; end, without begin nothing,
 * removes the names that the snapshot did not have, and unless it had `all` there are, none is known not to exist. What store says now counts, whatever the commits: its database
 * may have been put back.
 */
void table_snapshot_begin(struct table *table, uint64_t expected);
enum table_result table_snapshot_add(
    struct table *table, const struct message_name *names, unsigned count);
void table_snapshot_end(struct table *table, int all);

/* Writer: frees what no reader can still hold, a turn's worth. 1 if something is left to free. */
int table_reclaim(struct table *table);

/* Writer: names held, and bytes counted against the limit. */
size_t table_names(const struct table *table);
size_t table_bytes(const struct table *table);

/* The reader's end number `index`, for one thread; lives as long as the table. */
struct table_reader *table_reader(struct table *table, unsigned index);

/* Reader: everything found between the two stays valid until table_leave(). */
void table_enter(struct table_reader *reader);
void table_leave(struct table_reader *reader);

enum table_find {
	TABLE_FOUND,
	TABLE_ABSENT,
	TABLE_UNKNOWN /* no complete snapshot yet, or not everything was there or fitted: it may exist */
};

/* The values of a name, oldest first, as entry.h has them. */
struct table_values {
	unsigned count;
	const uint8_t *records;
};

/* A label to look up, with its place in the table. */
struct table_label {
	const uint8_t *bytes; /* in lower case; the caller's */
	size_t length;
	uint32_t hash;
};

struct table_label table_label(
    const struct table_reader *reader, const uint8_t *bytes, size_t length);

/*
 * Reader: ask for the memory that finding a label will need, without waiting for it: first its bucket
 * and, when that has had the time to come, its entry. With a batch of labels most of the waiting for
 * memory is thereby done side by side. Only hints: the order, or leaving them out, changes no result.
 */
void table_prefetch_bucket(struct table_reader *reader, const struct table_label *label);
void table_prefetch_entry(struct table_reader *reader, const struct table_label *label);

/* Reader: looks up a label. */
enum table_find table_find(
    struct table_reader *reader, const struct table_label *label, struct table_values *values);

#endif
