/*
 * From an older database to the one that this program knows: step by step, each in a transaction of its own that ends with the
 * new number, and a backup before the first. During start-up, with the database to ourselves: fatal on failure.
 */
#ifndef STORE_SCHEMA_H
#define STORE_SCHEMA_H

#include <lmdb.h>
#include <stddef.h>
#include <stdint.h>

/* From `from` to the next one. */
struct schema_step {
	uint32_t from;
	const char *what; /* it does, for the log: "gives names a colour" */
	int (*change)(
	    MDB_txn *transaction); /* 0 or LMDB's code; may be called again after MDB_MAP_FULL */
};

struct schema_plan {
	uint32_t target;		 /* what this program knows */
	const struct schema_step *steps; /* one for each older schema that there ever was */
	size_t count;
};

/* This program's. */
extern const struct schema_plan schema_plan;

struct schema_place {
	MDB_env *environment; /* without a transaction; its folder is the working folder */
	const char *path;     /* of that folder, for messages */
	uint64_t map_max;     /* bytes */
	uint64_t reserve;     /* bytes that have to stay free beside the backup */
};

/*
 * Brings the database from schema `from`, below the target, to the target. The backup is data.mdb.schema-N.backup in the
 * database's folder, and stays there. A database whose schema is newer, or older than any step, is fatal with nothing changed.
 */
void schema_migrate(
    const struct schema_place *place, const struct schema_plan *plan, uint32_t from);

#endif
