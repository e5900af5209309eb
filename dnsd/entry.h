/*
 * What the table keeps of one name: its label and its values, in one piece of memory that is never changed
 * once readers can find it. Pure.
 */
#ifndef DNSD_ENTRY_H
#define DNSD_ENTRY_H

#include "message.h"

#include <stddef.h>
#include <stdint.h>

/*
 * A value, as readers find it: four bytes in the machine's order that say from when on it is not served any
 * more (seconds since 1970; 0: never), then TXT rdata behind its length in two bytes.
 */
enum { ENTRY_VALUE_HEAD = 6 };

struct entry {
	/* The writer's alone. After the name was replaced, what of it waits to be freed. */
	union {
		uint64_t commit;
		struct entry *next;
	} writer;
	uint32_t generation; /* the writer's alone: of the snapshot that told of it last */

	uint8_t count; /* values */
	uint8_t label_length;
	uint8_t bytes[]; /* the label; then the values, oldest first */
};

/* NULL when memory is short. Freed with free(). */
struct entry *entry_new(const struct message_name *name, uint32_t generation);

/* Bytes that it takes, roughly what the allocator adds included. */
size_t entry_cost(const struct entry *entry);

/* 1 if it says what `name`, whose label it has, says: the same commit, values and ends. */
int entry_says(const struct entry *entry, const struct message_name *name);

#endif
