#include "feed.h"

#include "damage.h"
#include "front.h"
#include "log.h"

#include <stdlib.h>
#include <string.h>

enum {
	FEED_PASSED_OVER = 1024, /* retired names passed over in one turn of the loop */
	NS_IN_MICROSECOND = 1000
};

/*
 * Snapshot and deltas share one ordered link, and both are read and queued on one thread: a chunk is
 * read in a transaction and queued before the loop can queue anything else. So a chunk can never
 * follow a delta that is newer than what it read, and a deleted name cannot come back.
 */
struct feed {
	struct front *front;
	struct link *link; /* NULL while dnsd is not linked */
	struct database *database;
	struct record_limits limits;
	void (*applied)(void *context);
	void *context;
	uint64_t sent_commit;	 /* highest in a delta on this link */
	uint64_t applied_commit; /* highest acknowledged on this link */
	uint64_t moved;		 /* uv_hrtime() when it last got nearer to being served */
	struct statistic_counters *counters;
	struct {
		uint64_t commit; /* 0: none is timed */
		uint64_t begun;	 /* uv_hrtime() */
	} timed;		 /* one delta, until it is acknowledged */
	uint64_t snapshot_begun; /* uv_hrtime() */
	unsigned char delta[MESSAGE_MAX];
	struct writer delta_writer;
	uint64_t delta_commit; /* highest in the delta being gathered; 0: it is empty */
	uv_idle_t sender;      /* runs while a snapshot is being sent and the link takes more */
	int sending;
	int again;			  /* another snapshot follows the one being sent */
	const struct message_name *trial; /* NULL: none is shown */
	struct database_place place;	  /* up to which names were sent, or passed over */
	uint64_t names;			  /* there were when it began */
	uint64_t names_sent, names_read;
	unsigned passed_over; /* retired names since the last chunk */
	unsigned char chunk[MESSAGE_MAX];
	struct writer chunk_writer;
};

static int
send_number(struct feed *feed, enum message_type type, uint64_t number)
{
	unsigned char message[MESSAGE_MAX];
	struct writer writer;

	message_begin(&writer, message, type, 0);
	writer_u64(&writer, number);
	return link_send(feed->link, message, message_end(&writer));
}

/* Its commit, 0, is no one's: nothing is acknowledged. 0, or -1: the queue is full. */
static int
send_trial(struct feed *feed, const struct message_name *trial)
{
	unsigned char message[MESSAGE_MAX];
	struct writer writer;

	message_begin(&writer, message, MESSAGE_DELTA, 0);
	message_put_name(&writer, trial);
	return link_send(feed->link, message, message_end(&writer));
}

/* Adds one name to the chunk, unless it is retired; 1 when it is full, or has taken long enough. */
static int
add_to_chunk(void *context, struct slice label, const struct name_record *name)
{
	struct feed *feed = context;
	struct message_name message = name_record_message(name, label, feed->limits.lifetime);

	if (feed->passed_over >= FEED_PASSED_OVER ||
	    message_name_size(&message) > feed->chunk_writer.capacity - feed->chunk_writer.length)
		return 1;
	feed->names_read++;
	if (name->retired) {
		feed->passed_over++;
		return 0;
	}
	message_put_name(&feed->chunk_writer, &message);
	feed->names_sent++;
	return 0;
}

/* All names that could be read were sent: what dnsd is to think of the others. 0, or -1: the queue is full. */
static int
end_snapshot(struct feed *feed)
{
	/* Names are never taken out of their table, and new ones only make more of them. */
	int damaged = feed->place.damaged || feed->names_read < feed->names;
	unsigned char message[MESSAGE_MAX];
	struct writer writer;

	feed->sending = 0;
	statistic_set(feed->counters, STATISTIC_STORE_SNAPSHOT_TIME,
	    (uv_hrtime() - feed->snapshot_begun) / NS_IN_MICROSECOND);
	statistic_set(feed->counters, STATISTIC_STORE_SNAPSHOT_DAMAGED, (uint64_t)damaged);
	message_begin(&writer, message, MESSAGE_SNAPSHOT_END, 0);
	writer_u64(&writer, feed->names_sent);
	writer_u8(&writer, !damaged);
	if (link_send(feed->link, message, message_end(&writer)) != 0 ||
	    (feed->trial != NULL && send_trial(feed, feed->trial) != 0))
		return -1;
	log_info("dnsd was sent %llu names", (unsigned long long)feed->names_sent);
	if (damaged)
		log_error(
		    "the database is damaged: dnsd was not told of names that cannot be read, "
		    "and answers SERVFAIL for any name that it does not know; " DAMAGE_ADVICE);
	return 0;
}

/* Reads and sends the next part of the snapshot, or its end. 0, or -1 with `why`. */
static int
send_chunk(struct feed *feed, const char **why)
{
	enum database_result result;

	feed->passed_over = 0;
	message_begin(&feed->chunk_writer, feed->chunk, MESSAGE_SNAPSHOT_CHUNK, 0);
	result = database_walk_names(feed->database, &feed->place, add_to_chunk, feed);
	*why = "the names cannot be read";
	if (result != DATABASE_OK && result != DATABASE_MISSING)
		return -1;
	*why = "its queue is full";
	if (feed->chunk_writer.length > MESSAGE_HEADER &&
	    link_send(feed->link, feed->chunk, message_end(&feed->chunk_writer)) != 0)
		return -1;
	feed->moved = uv_hrtime();
	if (result == DATABASE_OK)
		return 0;
	return end_snapshot(feed);
}

/* From the first name on. 0, or -1: the link is dropped. */
static int
begin_snapshot(struct feed *feed)
{
	feed->again = 0;
	feed->snapshot_begun = uv_hrtime();
	feed->place = (struct database_place){.length = 0};
	feed->names_sent = feed->names_read = 0;
	feed->sending = 1;
	if (database_count_names(feed->database, &feed->names) != DATABASE_OK ||
	    send_number(feed, MESSAGE_SNAPSHOT_BEGIN, feed->names) != 0) {
		front_drop(feed->front, "the names cannot be read");
		return -1;
	}
	return 0;
}

/*
 * One chunk in each turn of the loop, and none while the link still holds something: updates go on
 * meanwhile, and nothing of the snapshot piles up.
 */
static void
on_sender(uv_idle_t *sender)
{
	struct feed *feed = sender->data;
	const char *why;

	if (feed->link != NULL && !feed->sending && feed->again)
		(void)begin_snapshot(feed);
	else if (feed->link == NULL || !feed->sending || link_queued(feed->link) > 0)
		uv_idle_stop(sender);
	else if (send_chunk(feed, &why) != 0)
		front_drop(feed->front, why);
}

static void
on_drained(void *context)
{
	struct feed *feed = context;

	if (feed->sending || feed->again)
		uv_idle_start(&feed->sender, on_sender);
}

static void
on_up(void *context, struct link *link)
{
	struct feed *feed = context;

	feed->link = link;
	feed->sent_commit = feed->applied_commit = 0;
	feed->timed.commit = 0;
	if (begin_snapshot(feed) != 0)
		return;
	uv_idle_start(&feed->sender, on_sender);
	feed->applied(feed->context);
}

static void
on_down(void *context)
{
	struct feed *feed = context;

	feed->link = NULL;
	feed->sending = 0;
	feed->timed.commit = 0;
	feed->delta_commit = 0;
	feed->applied(feed->context);
}

static int
on_delta_applied(void *context, uint64_t id, struct reader *body, int fd)
{
	struct feed *feed = front_context(context);

	(void)fd;
	if (reader_end(body) != 0 || id > feed->sent_commit || id <= feed->applied_commit)
		return -1;
	feed->applied_commit = id;
	feed->moved = uv_hrtime();
	if (feed->timed.commit != 0 && feed->timed.commit <= id) {
		statistic_observe(feed->counters, STATISTIC_STORE_DELTA_TIME,
		    (feed->moved - feed->timed.begun) / NS_IN_MICROSECOND);
		feed->timed.commit = 0;
	}
	feed->applied(feed->context);
	return 0;
}

/* While a snapshot is on its way its chunks count as movement, too: they stand in front of the deltas. */
static uint64_t
waits_since(void *context)
{
	const struct feed *feed = context;

	return feed->applied_commit < feed->sent_commit ? feed->moved : 0;
}

static const struct message_rule rules[] = {
    FRONT_HELLO_RULE,
    FRONT_STATISTICS_RULE(STATISTIC_DNSD_END),
    {MESSAGE_DELTA_APPLIED, 1U << FRONT_STATE_OPEN, 0, 0, 0, on_delta_applied},
};

struct feed *
feed_start(uv_loop_t *loop, struct database *database, const struct record_limits *limits,
    struct summary *summary, uid_t uid, void (*applied)(void *context), void *context)
{
	struct feed *feed = calloc(1, sizeof(*feed));
	struct front_config config = {.name = "dnsd",
	    .door = "dnsd.door",
	    .uid = uid,
	    .role = MESSAGE_ROLE_DNSD,
	    .source = STATISTIC_DNSD,
	    .summary = summary,
	    .rules = rules,
	    .rule_count = sizeof(rules) / sizeof(rules[0]),
	    .queue_maximum = FEED_QUEUE,
	    .context = feed,
	    .up = on_up,
	    .down = on_down,
	    .drained = on_drained,
	    .waits_since = waits_since};

	if (feed == NULL)
		fatal("no memory for dnsd's feed");
	feed->database = database;
	feed->counters = summary_counters(summary, SUMMARY_LOOP);
	feed->limits = *limits;
	feed->applied = applied;
	feed->context = context;
	uv_idle_init(loop, &feed->sender);
	feed->sender.data = feed;
	feed->front = front_start(loop, &config);
	return feed;
}

void
feed_flush(struct feed *feed)
{
	uint64_t commit = feed->delta_commit;

	feed->delta_commit = 0;
	if (feed->link == NULL || commit == 0)
		return;
	if (link_send(feed->link, feed->delta, message_end(&feed->delta_writer)) != 0) {
		front_drop(feed->front, "its queue is full");
		return;
	}
	if (feed->applied_commit == feed->sent_commit)
		feed->moved = uv_hrtime();
	feed->sent_commit = commit;
	if (feed->timed.commit == 0) {
		feed->timed.commit = commit;
		feed->timed.begun = uv_hrtime();
	}
}

/* The header's id becomes the highest commit in the message: what dnsd acknowledges. */
void
feed_add(struct feed *feed, struct slice label, const struct name_record *name)
{
	struct message_name message = name_record_message(name, label, feed->limits.lifetime);

	if (feed->link == NULL)
		return;
	if (feed->delta_commit != 0 &&
	    message_name_size(&message) > feed->delta_writer.capacity - feed->delta_writer.length)
		feed_flush(feed);
	if (feed->link == NULL)
		return;
	if (feed->delta_commit == 0)
		message_begin(&feed->delta_writer, feed->delta, MESSAGE_DELTA, 0);
	message_put_name(&feed->delta_writer, &message);
	message_set_id(&feed->delta_writer, name->sequence);
	feed->delta_commit = name->sequence;
}

void
feed_show_trial(struct feed *feed, const struct message_name *trial)
{
	struct message_name gone;
	int failed = 0;

	if (feed->link != NULL && trial != NULL)
		failed = send_trial(feed, trial);
	if (feed->link != NULL && trial == NULL && feed->trial != NULL) {
		gone = (struct message_name){.label = feed->trial->label};
		failed = send_trial(feed, &gone);
	}
	feed->trial = trial;
	if (failed != 0)
		front_drop(feed->front, "its queue is full");
}

int
feed_has_applied(struct feed *feed, uint64_t commit)
{
	return feed->link == NULL || feed->applied_commit >= commit || feed->sent_commit < commit;
}

void
feed_change_limits(struct feed *feed, const struct record_limits *limits)
{
	int differs = limits->lifetime != feed->limits.lifetime;

	/* What waits was made with the old ones; nothing of it may come behind the new snapshot. */
	feed_flush(feed);
	feed->limits = *limits;
	if (!differs || feed->link == NULL)
		return;
	feed->again = 1;
	uv_idle_start(&feed->sender, on_sender);
}

int
feed_is_linked(const struct feed *feed)
{
	return feed->link != NULL;
}

int
feed_is_synchronised(const struct feed *feed)
{
	return feed->link != NULL && !feed->sending;
}

uint64_t
feed_lag(const struct feed *feed)
{
	return feed->timed.commit != 0 ? (uv_hrtime() - feed->timed.begun) / NS_IN_MICROSECOND : 0;
}

static void
free_feed(uv_handle_t *handle)
{
	free(handle->data);
}

void
feed_stop(struct feed *feed)
{
	front_stop(feed->front);
	feed->link = NULL;
	uv_idle_stop(&feed->sender);
	uv_close((uv_handle_t *)&feed->sender, free_feed);
}
