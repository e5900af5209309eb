/* The thread round udp.c and tcp.c; see worker.h. */
#include "worker.h"

#include "log.h"
#include "tcp.h"
#include "udp.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <uv.h>

enum { TASK_SERVE = 1, TASK_STOP = 2, TASK_ANSWER = 4, TASK_ADOPT = 8 };

struct worker {
	struct worker_config config;
	struct answer_source source;
	uv_thread_t thread;
	uv_loop_t loop;
	uv_async_t wake;
	atomic_uint tasks;     /* what the main thread wants; the wake-up carries nothing */
	struct notify *caller; /* of TASK_ANSWER */
	struct terms *next;    /* of TASK_ADOPT */
	struct udp **udp;
	struct udp_limiter limiter;
	struct tcp *tcp;
	int serving;
};

static void
serve(struct worker *worker)
{
	if (worker->serving)
		return;
	worker->serving = 1;
	for (size_t i = 0; i < worker->config.udp_count; i++) {
		if (udp_serve(worker->udp[i]) < 0)
			fatal("a worker cannot watch its UDP socket");
	}
	for (size_t i = 0; i < worker->config.tcp_count; i++) {
		if (tcp_listen(worker->tcp, worker->config.tcp_fds[i]) < 0)
			fatal("a worker cannot watch its TCP socket");
	}
}

static void
stop(struct worker *worker)
{
	if (uv_is_closing((uv_handle_t *)&worker->wake))
		return;
	for (size_t i = 0; i < worker->config.udp_count; i++)
		udp_stop(worker->udp[i]);
	tcp_stop(worker->tcp);
	uv_close((uv_handle_t *)&worker->wake, NULL);
}

static void
use_limiter(struct worker *worker, const struct terms *terms)
{
	struct udp_limiter *limiter = &worker->limiter;
	struct rate_limit **fresh =
	    terms->limiters != NULL ? &terms->limiters[worker->config.index] : NULL;

	if (fresh != NULL || terms->rate_limit.rate == 0) {
		rate_limit_free(limiter->limit);
		limiter->limit = NULL;
	}
	if (fresh != NULL) {
		limiter->limit = *fresh;
		*fresh = NULL;
	} else if (limiter->limit != NULL) {
		rate_limit_change(limiter->limit, &terms->rate_limit);
	}
}

static void
use_terms(struct worker *worker, const struct terms *terms)
{
	worker->source.zone = terms->zone;
	worker->source.settings = &terms->settings;
	use_limiter(worker, terms);
}

/* Between two batches: nothing refers to the old terms when this returns. */
static void
adopt(struct worker *worker)
{
	use_terms(worker, worker->next);
	tcp_change_limits(worker->tcp, &worker->next->tcp_limits);
	worker->config.adopted(worker->config.context);
}

static void
on_wake(uv_async_t *wake)
{
	struct worker *worker = wake->data;
	unsigned tasks = atomic_exchange(&worker->tasks, 0);

	if (tasks & TASK_ANSWER)
		notify_answer(worker->caller);
	if (tasks & TASK_ADOPT)
		adopt(worker);
	if (tasks & TASK_STOP)
		stop(worker);
	else if (tasks & TASK_SERVE)
		serve(worker);
}

static void
run(void *argument)
{
	struct worker *worker = argument;
	char name[16];

	(void)snprintf(name, sizeof(name), "dns-%u", worker->config.index);
	(void)pthread_setname_np(pthread_self(), name);
	(void)uv_run(&worker->loop, UV_RUN_DEFAULT);
	worker->config.ended(worker->config.context);
}

static void
make_tcp(struct worker *worker)
{
	uint8_t key[SIPHASH_KEY];

	if (getrandom(key, sizeof(key), 0) != sizeof(key))
		fatal("no random numbers for TCP");
	worker->tcp = tcp_new(&worker->loop, &worker->source, worker->config.counters,
	    &worker->config.terms->tcp_limits, key);
	if (worker->tcp == NULL)
		fatal("no memory for a worker");
}

struct worker *
worker_start(const struct worker_config *config)
{
	struct worker *worker = calloc(1, sizeof(*worker));

	if (worker == NULL)
		fatal("no memory for a worker");
	worker->config = *config;
	worker->source.names = config->names;
	worker->limiter.report = config->rate_report;
	use_terms(worker, config->terms);
	worker->udp = calloc(config->udp_count + 1, sizeof(struct udp *));
	if (worker->udp == NULL || uv_loop_init(&worker->loop) < 0 ||
	    uv_async_init(&worker->loop, &worker->wake, on_wake) < 0)
		fatal("no memory for a worker");
	worker->wake.data = worker;
	make_tcp(worker);
	for (size_t i = 0; i < config->udp_count; i++) {
		worker->udp[i] = udp_new(&worker->loop, config->udp_fds[i], &worker->source,
		    &worker->limiter, config->counters);
		if (worker->udp[i] == NULL)
			fatal("no memory for a worker");
	}
	if (uv_thread_create(&worker->thread, run, worker) < 0)
		fatal("cannot start a worker's thread");
	return worker;
}

static void
give(struct worker *worker, unsigned task)
{
	(void)atomic_fetch_or(&worker->tasks, task);
	(void)uv_async_send(&worker->wake);
}

void
worker_serve(struct worker *worker)
{
	give(worker, TASK_SERVE);
}

void
worker_stop(struct worker *worker)
{
	give(worker, TASK_STOP);
}

void
worker_adopt(struct worker *worker, struct terms *terms)
{
	worker->next = terms;
	give(worker, TASK_ADOPT);
}

void
worker_call(struct worker *worker, struct notify *notify)
{
	worker->caller = notify;
	give(worker, TASK_ANSWER);
}

void
worker_join(struct worker *worker)
{
	(void)uv_thread_join(&worker->thread);
	(void)uv_loop_close(&worker->loop);
	tcp_free(worker->tcp);
	rate_limit_free(worker->limiter.limit);
	free(worker->udp);
	free(worker);
}
