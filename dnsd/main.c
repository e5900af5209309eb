/* sallyport-dnsd: answers DNS from memory. This file only wires. */
#include "conf.h"
#include "count_text.h"
#include "daemon.h"
#include "door.h"
#include "filter.h"
#include "log.h"
#include "pool.h"
#include "renewal.h"
#include "statistic.h"
#include "sync.h"
#include "table.h"
#include "terms.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

enum {
	/*
	 * After this long the sockets are read without a snapshot: the static names can be
	 * answered.
	 */
	PATIENCE_MS = 1000
};

/* What the table may hold: a hundred times what an installation of that kind has seen. */
static const struct table_limits limits = {
    .names = 20 * 1000 * 1000, .bytes = (size_t)4 * 1024 * 1024 * 1024};

struct dnsd {
	struct daemon daemon;
	uv_loop_t loop;
	uv_timer_t patience;
	struct renewal renewal;
	struct terms *terms;
	struct terms *next; /* asked for, not in use yet */
	struct table *table;
	struct statistic_counters *counters; /* the main thread's, and one of each worker */
	struct pool *pool;
	struct door *door;
	struct sync *sync;
	int complete; /* there was a snapshot */
};

static struct table *
make_table(unsigned workers)
{
	uint8_t key[SIPHASH_KEY];
	struct table *table;

	if (getrandom(key, sizeof(key), 0) != sizeof(key))
		fatal("no random numbers for the table");
	table = table_new(&limits, key, workers);
	if (table == NULL)
		fatal("no memory for the table");
	return table;
}

static void
on_complete(void *context)
{
	struct dnsd *dnsd = context;

	dnsd->complete = 1;
	(void)uv_timer_stop(&dnsd->patience);
	pool_serve(dnsd->pool);
}

static void
on_patience(uv_timer_t *timer)
{
	struct dnsd *dnsd = timer->data;

	log_warning("no snapshot from store yet: dynamic names are answered with SERVFAIL");
	pool_serve(dnsd->pool);
}

static void
on_link(void *context, int fd)
{
	struct dnsd *dnsd = context;

	sync_link(dnsd->sync, fd);
}

static void
on_stopped(void *context)
{
	struct dnsd *dnsd = context;

	sync_close(dnsd->sync);
}

static void
stop(void *context)
{
	struct dnsd *dnsd = context;

	door_close(dnsd->door);
	uv_close((uv_handle_t *)&dnsd->patience, NULL);
	pool_stop(dnsd->pool, on_stopped, dnsd);
}

static void
describe(void *context, char *text, size_t capacity)
{
	const struct dnsd *dnsd = context;
	char zone[NAME_MAX_TEXT], names[COUNT_TEXT];
	size_t count = table_names(dnsd->table);

	name_to_text(&dnsd->daemon.conf.zone.name, zone);
	count_text(names, count);
	if (!dnsd->complete)
		(void)snprintf(text, capacity, "waiting for store's names");
	else
		(void)snprintf(text, capacity, "answering %s dynamic name%s of %s, %s", names,
		    count == 1 ? "" : "s", zone,
		    sync_is_live(dnsd->sync) ? "linked to store"
					     : "as when the link to store ended");
}

static unsigned
call(void *context, struct notify *notify)
{
	struct dnsd *dnsd = context;

	return pool_call(dnsd->pool, notify);
}

static struct sync *
make_sync(struct dnsd *dnsd)
{
	const struct sync_config config = {.table = dnsd->table,
	    .stale = &dnsd->terms->settings.stale,
	    .counters = dnsd->counters,
	    .counter_count = 1 + dnsd->daemon.conf.dns.workers,
	    .complete = on_complete,
	    .context = dnsd};

	return sync_new(&dnsd->loop, &config);
}

static int
prepare(void *context, const struct conf *next, struct door_reply *reply)
{
	struct dnsd *dnsd = context;
	const struct conf *started = &dnsd->renewal.started;

	/* There are descriptors for as many, and no more can be had. */
	if (next->dns.tcp.connections > started->dns.tcp.connections)
		renewal_add_key(reply, "dns.tcp.connections");
	dnsd->next =
	    terms_new(next, dnsd->terms, started->dns.workers, started->dns.tcp.connections);
	if (dnsd->next != NULL)
		return 0;
	(void)snprintf(reply->reason, sizeof(reply->reason), "no memory for the new zone");
	return -1;
}

static void
on_adopted(void *context)
{
	struct dnsd *dnsd = context;

	terms_free(dnsd->terms);
	dnsd->terms = dnsd->next;
	dnsd->next = NULL;
	renewal_done(&dnsd->renewal);
}

static void
apply(void *context)
{
	struct dnsd *dnsd = context;

	sync_move_stale(dnsd->sync, &dnsd->next->settings.stale);
	pool_adopt(dnsd->pool, dnsd->next, on_adopted, dnsd);
}

static void
discard(void *context)
{
	struct dnsd *dnsd = context;

	terms_free(dnsd->next);
	dnsd->next = NULL;
}

/* After confinement: from here on there is nothing to open. */
static void
start(struct dnsd *dnsd, int door_fd)
{
	if (uv_loop_init(&dnsd->loop) < 0 || uv_timer_init(&dnsd->loop, &dnsd->patience) < 0)
		fatal("cannot make a loop");
	dnsd->patience.data = dnsd;
	dnsd->sync = make_sync(dnsd);
	if (dnsd->sync == NULL)
		fatal("no memory for the link");
	dnsd->door = renewal_listen(&dnsd->renewal, &dnsd->loop, door_fd, on_link, dnsd);
	pool_start(dnsd->pool, &dnsd->loop, dnsd->terms, dnsd->table, dnsd->counters + 1);
	(void)uv_timer_start(&dnsd->patience, on_patience, PATIENCE_MS, 0);
}

int
main(int argc, char **argv)
{
	static struct dnsd dnsd;
	const struct conf *conf = &dnsd.daemon.conf;
	const struct daemon_service service = {
	    .context = &dnsd, .stop = stop, .describe = describe, .call = call};
	const struct renewal_service renewed = {
	    .context = &dnsd, .prepare = prepare, .apply = apply, .discard = discard};
	int door_fd, status;

	daemon_begin(&dnsd.daemon, CONF_ROLE_DNSD, argc, argv);
	renewal_init(&dnsd.renewal, &dnsd.daemon, &renewed);
	dnsd.terms = terms_new(conf, NULL, conf->dns.workers, conf->dns.tcp.connections);
	if (dnsd.terms == NULL)
		fatal("no memory for the zone");
	dnsd.table = make_table(conf->dns.workers);
	dnsd.counters = statistic_counters_new(1 + conf->dns.workers);
	if (dnsd.counters == NULL)
		fatal("no memory for statistics");
	statistic_set(dnsd.counters, STATISTIC_DNS_STARTED, (uint64_t)time(NULL));
	dnsd.pool = pool_bind(conf, &dnsd.daemon.passed, dnsd.daemon.notify);
	door_fd = door_bind(dnsd.daemon.runtime_fd, "dnsd.door", 0600,
	    conf->privsep.users[CONF_ROLE_STORE].uid, (gid_t)-1);
	daemon_confine(&dnsd.daemon, 0, pool_files(conf), filter_calls, filter_call_count);
	start(&dnsd, door_fd);
	status = daemon_serve(&dnsd.daemon, &dnsd.loop, &service);
	pool_free(dnsd.pool);
	free(dnsd.counters);
	table_free(dnsd.table);
	terms_free(dnsd.terms);
	terms_free(dnsd.next);
	renewal_free(&dnsd.renewal);
	return status;
}
