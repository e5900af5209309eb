/* Messages of store to calls of the table; see sync.h. */
#include "sync.h"

#include "link.h"
#include "log.h"
#include "message.h"
#include "report.h"

#include <stdlib.h>

/* What the peer may say next. */
enum state {
	STATE_GREETING, /* we said HELLO */
	STATE_READY,	/* greeted; the snapshot comes next */
	STATE_SNAPSHOT,
	STATE_LIVE
};

struct sync {
	uv_timer_t reclaim;
	uv_timer_t anew; /* until everything is asked for again */
	int open_handles;
	uv_loop_t *loop;
	struct table *table;
	struct statistic_counters *counters; /* of all threads, ours first */
	unsigned counter_count;
	struct report *report;
	struct link *link; /* NULL: store is away */
	atomic_int *stale;
	void (*complete)(void *context);
	void *context;
	uint64_t received;   /* names of the running snapshot */
	int short_of_memory; /* a name found none since the last snapshot began */
	uint64_t pause;	     /* ms, until everything is asked for again the next time */
	uint64_t applied;    /* highest commit of this link's deltas */
	uint64_t acknowledged;
	struct log_limit full;
	struct message_name batch[TABLE_SNAPSHOT_BATCH]; /* of a snapshot, taken out of its chunk */
};

static void
on_reclaim(uv_timer_t *timer)
{
	struct sync *sync = timer->data;

	if (!table_reclaim(sync->table))
		(void)uv_timer_stop(timer);
}

/* Starts freeing what was replaced; most of it goes at once. */
static void
reclaim(struct sync *sync)
{
	if (table_reclaim(sync->table) && !uv_is_active((uv_handle_t *)&sync->reclaim))
		(void)uv_timer_start(&sync->reclaim, on_reclaim, SYNC_RECLAIM_MS, SYNC_RECLAIM_MS);
}

static void
lose_link(struct sync *sync)
{
	sync->link = NULL;
	statistic_set(sync->counters, STATISTIC_DNS_SYNCHRONISED, 0);
	report_use(sync->report, NULL);
	atomic_store_explicit(sync->stale, 1, memory_order_relaxed);
}

/* store dials anew, and tells all names. */
static void
on_anew(uv_timer_t *timer)
{
	struct sync *sync = timer->data;

	if (sync->link == NULL)
		return;
	sync->pause = sync->pause < SYNC_ANEW_MAX_MS ? 2 * sync->pause : SYNC_ANEW_MAX_MS;
	link_close(sync->link);
	lose_link(sync);
	log_info("asking store for all names again, because memory was short");
}

/* Not while a snapshot runs, or one that takes long would never end. */
static void
ask_later(struct sync *sync)
{
	if (link_state(sync->link) == STATE_LIVE && !uv_is_active((uv_handle_t *)&sync->anew))
		(void)uv_timer_start(&sync->anew, on_anew, sync->pause, 0);
}

static void
check_room(struct sync *sync, enum table_result result)
{
	if (result == TABLE_OK)
		return;
	/* There may be memory again later; a full table stays full. */
	if (result != TABLE_FULL) {
		sync->short_of_memory = 1;
		ask_later(sync);
	}
	statistic_count(sync->counters, STATISTIC_DNS_FULL);
	if (!log_allowed(&sync->full))
		return;
	log_error("%s at %zu names and %zu MiB: a name is left out, and names that are not held "
		  "are answered with SERVFAIL",
	    result == TABLE_FULL ? "the table of names is full"
				 : "no memory for the table of names",
	    table_names(sync->table), table_bytes(sync->table) / (1024 * 1024));
}

static int
on_hello_answer(void *context, uint64_t id, struct reader *body, int fd)
{
	struct sync *sync = context;
	struct message_hello hello;

	(void)id;
	(void)fd;
	if (message_get_hello(body, &hello) < 0 || hello.version != MESSAGE_VERSION ||
	    hello.role != MESSAGE_ROLE_DNSD)
		return -1;
	link_set_state(sync->link, STATE_READY);
	report_use(sync->report, sync->link);
	return 0;
}

static int
on_snapshot_begin(void *context, uint64_t id, struct reader *body, int fd)
{
	struct sync *sync = context;
	uint64_t expected = reader_u64(body);

	(void)id;
	(void)fd;
	if (reader_end(body) < 0)
		return -1;
	sync->received = 0;
	sync->short_of_memory = 0;
	(void)uv_timer_stop(&sync->anew);
	table_snapshot_begin(sync->table, expected);
	link_set_state(sync->link, STATE_SNAPSHOT);
	return 0;
}

static int
on_snapshot_chunk(void *context, uint64_t id, struct reader *body, int fd)
{
	struct sync *sync = context;
	unsigned count;

	(void)id;
	(void)fd;
	while (reader_left(body) > 0) {
		for (count = 0; count < TABLE_SNAPSHOT_BATCH && reader_left(body) > 0; count++) {
			if (message_get_name(body, &sync->batch[count]) < 0 ||
			    !sync->batch[count].exists)
				return -1;
		}
		check_room(sync, table_snapshot_add(sync->table, sync->batch, count));
		sync->received += count;
	}
	return reader_end(body);
}

static int
on_snapshot_end(void *context, uint64_t id, struct reader *body, int fd)
{
	struct sync *sync = context;
	uint64_t sent = reader_u64(body);
	uint8_t all = reader_u8(body);

	(void)id;
	(void)fd;
	if (reader_end(body) < 0 || sent != sync->received || all > 1)
		return -1;
	table_snapshot_end(sync->table, all);
	statistic_count(sync->counters, STATISTIC_DNS_SNAPSHOTS);
	statistic_set(sync->counters, STATISTIC_DNS_SYNCHRONISED, 1);
	link_set_state(sync->link, STATE_LIVE);
	if (sync->short_of_memory)
		ask_later(sync);
	else
		sync->pause = SYNC_ANEW_MS;
	log_info("synchronised: %zu names, %zu MiB", table_names(sync->table),
	    table_bytes(sync->table) / (1024 * 1024));
	if (!all)
		log_error(
		    "store cannot read all names, its log says why: names that are not held are "
		    "answered with SERVFAIL");
	atomic_store_explicit(sync->stale, 0, memory_order_relaxed);
	sync->complete(sync->context);
	return 0;
}

static int
on_delta(void *context, uint64_t id, struct reader *body, int fd)
{
	struct sync *sync = context;
	struct message_name name;

	(void)fd;
	while (reader_left(body) > 0) {
		if (message_get_name(body, &name) < 0 || name.commit > id)
			return -1;
		statistic_count(sync->counters, STATISTIC_DNS_CHANGES);
		check_room(sync, table_apply(sync->table, &name));
	}
	statistic_count(sync->counters, STATISTIC_DNS_DELTAS);
	if (id > sync->applied)
		sync->applied = id;
	return reader_end(body);
}

#define IN(STATE) (1U << (STATE))

enum { BODY_MAX = MESSAGE_MAX - MESSAGE_HEADER, HELLO_BODY = 3, COUNT_BODY = 8, END_BODY = 9 };

static const struct message_rule rules[] = {
    {MESSAGE_HELLO_ANSWER, IN(STATE_GREETING), HELLO_BODY, HELLO_BODY, 0, on_hello_answer},
    {MESSAGE_SNAPSHOT_BEGIN, IN(STATE_READY) | IN(STATE_LIVE), COUNT_BODY, COUNT_BODY, 0,
	on_snapshot_begin},
    {MESSAGE_SNAPSHOT_CHUNK, IN(STATE_SNAPSHOT), 1, BODY_MAX, 0, on_snapshot_chunk},
    {MESSAGE_SNAPSHOT_END, IN(STATE_SNAPSHOT), END_BODY, END_BODY, 0, on_snapshot_end},
    {MESSAGE_DELTA, IN(STATE_SNAPSHOT) | IN(STATE_LIVE), 1, BODY_MAX, 0, on_delta},
};

/*
 * What was applied is served, and is acknowledged once a turn with the highest commit.
 */
static void
on_turn_ended(void *context)
{
	struct sync *sync = context;
	unsigned char message[MESSAGE_MAX];
	struct writer writer;

	reclaim(sync);
	if (sync->applied == sync->acknowledged)
		return;
	message_begin(&writer, message, MESSAGE_DELTA_APPLIED, sync->applied);
	/* With a full queue the next turn says it, with a higher number. */
	if (link_send(sync->link, message, message_end(&writer)) == 0)
		sync->acknowledged = sync->applied;
}

static void
on_closed(void *context, enum link_end end)
{
	struct sync *sync = context;

	if (end == LINK_END_VIOLATION)
		fatal("store broke the protocol: starting afresh");
	lose_link(sync);
	log_info("the link to store ended: what is known stays served");
}

static void
greet(struct sync *sync)
{
	struct message_hello hello = {.version = MESSAGE_VERSION, .role = MESSAGE_ROLE_DNSD};
	unsigned char message[MESSAGE_MAX];
	struct writer writer;

	message_begin(&writer, message, MESSAGE_HELLO, 0);
	message_put_hello(&writer, &hello);
	(void)link_send(sync->link, message, message_end(&writer));
}

void
sync_link(struct sync *sync, int fd)
{
	const struct link_config config = {.peer = "store",
	    .rules = rules,
	    .rule_count = sizeof(rules) / sizeof(rules[0]),
	    .queue_maximum = SYNC_QUEUE,
	    .context = sync,
	    .closed = on_closed,
	    .turn_ended = on_turn_ended};

	report_use(sync->report, NULL);
	link_close(sync->link);
	sync->applied = 0;
	sync->acknowledged = 0;
	sync->link = link_open(sync->loop, fd, &config);
	if (sync->link != NULL)
		greet(sync);
}

void
sync_move_stale(struct sync *sync, atomic_int *stale)
{
	atomic_store(stale, atomic_load(sync->stale));
	sync->stale = stale;
}

int
sync_is_live(const struct sync *sync)
{
	return sync->link != NULL && link_state(sync->link) == STATE_LIVE;
}

static void
collect(void *context, uint64_t values[STATISTICS])
{
	struct sync *sync = context;

	statistic_set(sync->counters, STATISTIC_DNS_NAMES, table_names(sync->table));
	statistic_set(sync->counters, STATISTIC_DNS_BYTES, table_bytes(sync->table));
	statistic_sum(sync->counters, sync->counter_count, values);
}

struct sync *
sync_new(uv_loop_t *loop, const struct sync_config *config)
{
	struct sync *sync = calloc(1, sizeof(*sync));

	if (sync == NULL)
		return NULL;
	sync->report = report_new(loop, STATISTIC_DNSD, collect, sync);
	if (sync->report == NULL || uv_timer_init(loop, &sync->reclaim) < 0) {
		report_close(sync->report);
		free(sync);
		return NULL;
	}
	(void)uv_timer_init(loop, &sync->anew);
	sync->open_handles = 2;
	sync->reclaim.data = sync->anew.data = sync;
	sync->loop = loop;
	sync->pause = SYNC_ANEW_MS;
	sync->table = config->table;
	sync->stale = config->stale;
	sync->counters = config->counters;
	sync->counter_count = config->counter_count;
	sync->complete = config->complete;
	sync->context = config->context;
	return sync;
}

static void
on_timer_closed(uv_handle_t *handle)
{
	struct sync *sync = handle->data;

	if (--sync->open_handles == 0)
		free(sync);
}

void
sync_close(struct sync *sync)
{
	if (sync == NULL)
		return;
	report_flush(sync->report);
	report_close(sync->report);
	link_close(sync->link);
	sync->link = NULL;
	uv_close((uv_handle_t *)&sync->reclaim, on_timer_closed);
	uv_close((uv_handle_t *)&sync->anew, on_timer_closed);
}
