/*
 * How much room there is for more accounts: on the database's disk, and below store.map_max. When less than the reserve is left
 * nobody registers and nothing is imported, so that those who are there can go on setting values.
 */
#ifndef STORE_ROOM_H
#define STORE_ROOM_H

#include "database.h"
#include "log.h"

#include <uv.h>

enum {
	ROOM_WATCH_MS = 1000,
	ROOM_READERS_MS = 10000, /* between looks for readers that died */
	ROOM_WARNING = 80	 /* percent of map_max */
};

struct room {
	struct database *database;
	uint64_t map_max, reserve; /* bytes; no reserve: there is always room */
	/* Zero at first: */
	int is_short;
	int is_filling; /* ROOM_WARNING was reached */
	struct log_limit changes;
	uv_timer_t watch, readers;
};

/* Looks from now on, without keeping the loop alive; a change is logged. `room` stays where it is as long as the loop. */
void room_start(uv_loop_t *loop, struct room *room);

/* Looks now. 1: there is less than the reserve. Thread of the loop. */
int room_is_short(struct room *room);

/* The same for what was measured already. */
int room_judge(struct room *room, const struct database_size *size);

#endif
