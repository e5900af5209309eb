/* Sockets, threads, and their common beginning and end; see pool.h. */
#include "pool.h"

#include "listen.h"
#include "log.h"
#include "tcp.h"
#include "udp.h"
#include "worker.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum {
	LOOP_FILES = 8,	  /* descriptors a loop needs for itself */
	COMMON_FILES = 64 /* door, link, log and the main loop */
};

/* The sockets of one protocol, one row per worker. */
struct sockets {
	int *fds;
	size_t per_worker;
};

struct pool {
	unsigned count;
	struct rate_report *rate_report;
	struct sockets udp, tcp;
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

static void
bind_address(struct sockets *sockets, const struct conf *conf, const struct address *address,
    size_t place, int type)
{
	int fds[CONF_MAX_WORKERS];

	listen_bind(address, type, conf->dns.workers, fds);
	for (unsigned i = 0; i < conf->dns.workers; i++) {
		sockets->fds[i * sockets->per_worker + place] = fds[i];
		if (type == SOCK_DGRAM)
			udp_prepare(fds[i], address, conf->dns.socket_buffer);
		/* Who connects before we read waits in the backlog instead of being refused. */
		else if (listen(fds[i], TCP_BACKLOG) < 0)
			fatal("cannot listen for TCP: %s", strerror(errno));
	}
}

static void
bind_all(struct sockets *sockets, const struct conf *conf, int type)
{
	unsigned protocol = type == SOCK_DGRAM ? CONF_PROTOCOL_UDP : CONF_PROTOCOL_TCP;
	size_t place = 0;

	for (size_t i = 0; i < conf->dns.listen.count; i++)
		sockets->per_worker += (conf->dns.listen_protocols[i] & protocol) != 0;
	sockets->fds = calloc(conf->dns.workers * sockets->per_worker + 1, sizeof(int));
	if (sockets->fds == NULL)
		fatal("no memory for the sockets");
	for (size_t i = 0; i < conf->dns.listen.count; i++) {
		if (conf->dns.listen_protocols[i] & protocol)
			bind_address(sockets, conf, &conf->dns.listen.addresses[i], place++, type);
	}
}

struct pool *
pool_bind(const struct conf *conf)
{
	struct pool *pool = calloc(1, sizeof(*pool));

	if (pool == NULL)
		fatal("no memory for the workers");
	pool->count = conf->dns.workers;
	pool->rate_report = rate_report_new();
	if (pool->rate_report == NULL)
		fatal("no memory for the workers");
	bind_all(&pool->udp, conf, SOCK_DGRAM);
	bind_all(&pool->tcp, conf, SOCK_STREAM);
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

static const int *
row(const struct sockets *sockets, unsigned worker)
{
	return sockets->fds == NULL ? NULL : sockets->fds + worker * sockets->per_worker;
}

void
pool_start(struct pool *pool, uv_loop_t *loop, struct terms *terms, struct table *table,
    struct statistic_counters *counters)
{
	struct worker_config config = {.terms = terms,
	    .rate_report = pool->rate_report,
	    .udp_count = pool->udp.per_worker,
	    .tcp_count = pool->tcp.per_worker,
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
		config.udp_fds = row(&pool->udp, i);
		config.tcp_fds = row(&pool->tcp, i);
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
	free(pool->udp.fds);
	free(pool->tcp.fds);
	free(pool);
}
