/* sallyport-dnsd: answers DNS from memory. This file only wires. */
#include "conf.h"
#include "count_text.h"
#include "daemon.h"
#include "door.h"
#include "filter.h"
#include "log.h"
#include "pool.h"
#include "statistic.h"
#include "sync.h"
#include "table.h"
#include "zone.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

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
	struct zone *zone;
	struct answer_settings settings;
	struct table *table;
	struct statistic_counters *counters; /* the main thread's, and one of each worker */
	struct pool *pool;
	struct door *door;
	struct sync *sync;
	int complete; /* there was a snapshot */
};

static struct zone *
make_zone(const struct conf *conf)
{
	struct zone_config config = {.name = &conf->zone.name,
	    .nameserver = &conf->zone.nameserver,
	    .admin = &conf->zone.admin,
	    .records = &conf->zone.records,
	    .txt_ttl = conf->zone.txt_ttl,
	    .negative_ttl = conf->zone.negative_ttl,
	    .serial = conf->zone.serial};
	struct zone *zone;

	if (config.serial == 0)
		config.serial = zone_serial(time(NULL));
	zone = zone_new(&config);
	if (zone == NULL)
		fatal("no memory for the zone");
	return zone;
}

static struct slice
slice_of(const char *text)
{
	if (text == NULL)
		return (struct slice){NULL, 0};
	return (struct slice){(const unsigned char *)text, strlen(text)};
}

static void
make_settings(struct answer_settings *settings, const struct conf *conf)
{
	const struct conf_cookies *configured = &conf->dns.cookies;
	struct cookie_secrets *cookies = &settings->cookies;

	settings->edns_size = (uint16_t)conf->dns.edns_size;
	settings->identity = (struct identity){.nsid = slice_of(conf->dns.nsid),
	    .version = slice_of(conf->dns.identity.version),
	    .hostname = slice_of(conf->dns.identity.hostname),
	    .id = slice_of(conf->dns.identity.id)};
	if (!configured->enabled)
		return;
	cookies->count = configured->secret_count;
	for (unsigned i = 0; i < configured->secret_count; i++)
		memcpy(cookies->keys[i], configured->secrets[i], SIPHASH_KEY);
	if (cookies->count > 0)
		return;
	cookies->count = 1;
	if (getrandom(cookies->keys[0], SIPHASH_KEY, 0) != SIPHASH_KEY)
		fatal("no random numbers for cookies");
}

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
	    .stale = &dnsd->settings.stale,
	    .counters = dnsd->counters,
	    .counter_count = 1 + dnsd->daemon.conf.dns.workers,
	    .complete = on_complete,
	    .context = dnsd};

	return sync_new(&dnsd->loop, &config);
}

/* After confinement: from here on there is nothing to open. */
static void
start(struct dnsd *dnsd, int door_fd)
{
	const struct conf *conf = &dnsd->daemon.conf;
	const struct door_config door = {.store_uid = conf->privsep.users[CONF_ROLE_STORE].uid,
	    .context = dnsd,
	    .arrived = on_link};

	if (uv_loop_init(&dnsd->loop) < 0 || uv_timer_init(&dnsd->loop, &dnsd->patience) < 0)
		fatal("cannot make a loop");
	dnsd->patience.data = dnsd;
	dnsd->sync = make_sync(dnsd);
	if (dnsd->sync == NULL)
		fatal("no memory for the link");
	dnsd->door = door_listen(&dnsd->loop, door_fd, &door);
	pool_start(
	    dnsd->pool, &dnsd->loop, dnsd->zone, &dnsd->settings, dnsd->table, dnsd->counters + 1);
	(void)uv_timer_start(&dnsd->patience, on_patience, PATIENCE_MS, 0);
}

int
main(int argc, char **argv)
{
	static struct dnsd dnsd;
	const struct conf *conf = &dnsd.daemon.conf;
	const struct daemon_service service = {
	    .context = &dnsd, .stop = stop, .describe = describe, .call = call};
	int door_fd, status;

	daemon_begin(&dnsd.daemon, CONF_ROLE_DNSD, argc, argv);
	dnsd.zone = make_zone(conf);
	make_settings(&dnsd.settings, conf);
	dnsd.table = make_table(conf->dns.workers);
	dnsd.counters = statistic_counters_new(1 + conf->dns.workers);
	if (dnsd.counters == NULL)
		fatal("no memory for statistics");
	statistic_set(dnsd.counters, STATISTIC_DNS_STARTED, (uint64_t)time(NULL));
	dnsd.pool = pool_bind(conf);
	door_fd = door_bind(dnsd.daemon.runtime_fd, "dnsd.door", 0600,
	    conf->privsep.users[CONF_ROLE_STORE].uid, (gid_t)-1);
	daemon_confine(&dnsd.daemon, 0, pool_files(conf), filter_calls, filter_call_count);
	start(&dnsd, door_fd);
	status = daemon_serve(&dnsd.daemon, &dnsd.loop, &service);
	pool_free(dnsd.pool);
	free(dnsd.counters);
	table_free(dnsd.table);
	zone_free(dnsd.zone);
	conf_free(&dnsd.daemon.conf);
	return status;
}
