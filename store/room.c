#include "room.h"

static unsigned long long
mib(uint64_t bytes)
{
	return bytes / 1024 / 1024;
}

/* Wants to be far from the border before it takes a warning back. */
static void
judge_fill(struct room *room, uint64_t live_bytes)
{
	unsigned percent = (unsigned)(live_bytes / (room->map_max / 100 + 1));
	int is_filling = percent >= ROOM_WARNING - (room->is_filling ? ROOM_WARNING / 10 : 0);

	if (is_filling && !room->is_filling && log_allowed(&room->changes))
		log_warning("the database has %llu MiB, %u %% of store.map_max: raise that before "
			    "nothing can be written any more",
		    mib(live_bytes), percent);
	room->is_filling = is_filling;
}

int
room_judge(struct room *room, const struct database_size *size)
{
	uint64_t below_max =
	    room->map_max > size->live_bytes ? room->map_max - size->live_bytes : 0;
	int is_disk = size->disk_free_bytes < below_max;
	uint64_t left = is_disk ? size->disk_free_bytes : below_max;
	int is_short = left < room->reserve;

	judge_fill(room, size->live_bytes);
	if (is_short && !room->is_short && log_allowed(&room->changes))
		log_warning("only %llu MiB are left %s: nobody can register until there are %llu "
			    "MiB (store.reserve)",
		    mib(left), is_disk ? "on the disk of the database" : "below store.map_max",
		    mib(room->reserve));
	if (!is_short && room->is_short && log_allowed(&room->changes))
		log_info("there is room again: %llu MiB", mib(left));
	room->is_short = is_short;
	return is_short;
}

int
room_is_short(struct room *room)
{
	struct database_size size;

	/* What cannot be read is in the log; then it is as it was. */
	if (database_measure(room->database, &size) != DATABASE_OK)
		return room->is_short;
	return room_judge(room, &size);
}

static void
on_watch(uv_timer_t *timer)
{
	room_is_short(timer->data);
}

static void
on_readers(uv_timer_t *timer)
{
	struct room *room = timer->data;

	database_forget_readers(room->database);
}

void
room_start(uv_loop_t *loop, struct room *room)
{
	room->watch.data = room->readers.data = room;
	uv_timer_init(loop, &room->watch);
	uv_timer_init(loop, &room->readers);
	uv_timer_start(&room->watch, on_watch, 0, ROOM_WATCH_MS);
	uv_timer_start(&room->readers, on_readers, 0, ROOM_READERS_MS);
	uv_unref((uv_handle_t *)&room->watch);
	uv_unref((uv_handle_t *)&room->readers);
}
