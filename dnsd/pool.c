/* Threads, and their common beginning and end; see pool.h. */
#include "pool.h"

#include "log.h"
#include "sockets.h"
#include "worker.h"

#include <stdatomic.h>
#include <stdlib.h>

enum {
	LOOP_FILES = 8,	  /* descriptors a loop needs for itself */
	COMMON_FILES = 64 /* door, link, log and the main loop */
};

struct pool {
	unsigned count;
	struct rate_report *rate_report;
	struct sockets sockets;
	struct worker **workers;
	uv_async_t on_adopted, on_ended;
	atomic_uint adopted, ended;
	unsigned joined;
	int serving;
	void (*terms_adopted)(void *context);
	void *adopted_context;
	void (*stopped)(void *context);
	void *context;
};

struct pool *
pool_bind(const struct conf *conf, struct passed_sockets *passed, struct notify *notify)
{
	struct pool *pool = calloc(1, sizeof(*pool));

	if (pool == NULL)
		fatal("no memory for the workers");
	pool->count = conf->dns.workers;
	pool->rate_report = rate_report_new();
	if (pool->rate_report == NULL)
		fatal("no memory for the workers");
	sockets_open(&pool->sockets, conf, passed, notify);
	return pool;
}

unsigned long
pool_files(const struct conf *conf)
{
	unsigned long worker = 2 * conf->dns.listen.count + LOOP_FILES;
	unsigned protocols = 0;

	for (size_t i = 0; i < conf->dns.listen.count; i++)
		protocols |= conf->dns.listen_protocols[i];
	if (protocols & CONF_PROTOCOL_TCP)
		worker += conf->dns.tcp.connections;
	return COMMON_FILES + conf->dns.workers * worker;
}

static void
on_worker_adopted(void *context)
{
	struct pool *pool = context;

	(void)atomic_fetch_add(&pool->adopted, 1);
	(void)uv_async_send(&pool->on_adopted);
}

static void
on_adopted(uv_async_t *async)
{
	struct pool *pool = async->data;

	if (atomic_load(&pool->adopted) < pool->count)
		return;
	atomic_store(&pool->adopted, 0);
	pool->terms_adopted(pool->adopted_context);
}

static void
on_worker_ended(void *context)
{
	struct pool *pool = context;

	(void)atomic_fetch_add(&pool->ended, 1);
	(void)uv_async_send(&pool->on_ended);
}

static void
on_async_closed(uv_handle_t *handle)
{
	struct pool *pool = handle->data;

	pool->stopped(pool->context);
}

static void
on_ended(uv_async_t *async)
{
	struct pool *pool = async->data;

	if (atomic_load(&pool->ended) < pool->count || pool->joined > 0)
		return;
	for (; pool->joined < pool->count; pool->joined++)
		worker_join(pool->workers[pool->joined]);
	uv_close((uv_handle_t *)&pool->on_adopted, NULL);
	uv_close((uv_handle_t *)&pool->on_ended, on_async_closed);
}

void
pool_start(struct pool *pool, uv_loop_t *loop, struct terms *terms, struct table *table,
    struct statistic_counters *counters)
{
	struct worker_config config = {.terms = terms,
	    .rate_report = pool->rate_report,
	    .udp_count = pool->sockets.udp.per_worker,
	    .tcp_count = pool->sockets.tcp.per_worker,
	    .adopted = on_worker_adopted,
	    .ended = on_worker_ended,
	    .context = pool};

	pool->workers = calloc(pool->count, sizeof(struct worker *));
	if (pool->workers == NULL || uv_async_init(loop, &pool->on_ended, on_ended) < 0 ||
	    uv_async_init(loop, &pool->on_adopted, on_adopted) < 0)
		fatal("no memory for the workers");
	pool->on_ended.data = pool->on_adopted.data = pool;
	for (unsigned i = 0; i < pool->count; i++) {
		config.index = i;
		config.names = table_reader(table, i);
		config.counters = &counters[i];
		config.udp_fds = sockets_row(&pool->sockets.udp, i);
		config.tcp_fds = sockets_row(&pool->sockets.tcp, i);
		pool->workers[i] = worker_start(&config);
	}
}

void
pool_serve(struct pool *pool)
{
	if (pool->serving)
		return;
	pool->serving = 1;
	for (unsigned i = 0; i < pool->count; i++)
		worker_serve(pool->workers[i]);
}

void
pool_adopt(struct pool *pool, struct terms *terms, void (*adopted)(void *context), void *context)
{
	pool->terms_adopted = adopted;
	pool->adopted_context = context;
	for (unsigned i = 0; i < pool->count; i++)
		worker_adopt(pool->workers[i], terms);
}

unsigned
pool_call(struct pool *pool, struct notify *notify)
{
	for (unsigned i = 0; i < pool->count; i++)
		worker_call(pool->workers[i], notify);
	return pool->count;
}

void
pool_stop(struct pool *pool, void (*stopped)(void *context), void *context)
{
	pool->serving = 1; /* there is no way back */
	pool->stopped = stopped;
	pool->context = context;
	for (unsigned i = 0; i < pool->count; i++)
		worker_stop(pool->workers[i]);
}

void
pool_free(struct pool *pool)
{
	if (pool == NULL)
		return;
	rate_report_free(pool->rate_report);
	free(pool->workers);
	sockets_free(&pool->sockets);
	free(pool);
}
