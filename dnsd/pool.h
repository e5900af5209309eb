/*
 * All workers: their sockets are bound before confinement, their threads started after it, and
 * they begin to read together.
 */
#ifndef DNSD_POOL_H
#define DNSD_POOL_H

#include "conf.h"
#include "notify.h"
#include "passed_sockets.h"
#include "statistic.h"
#include "table.h"
#include "terms.h"

#include <uv.h>

struct pool;

/* Has the sockets of every worker (sockets_open()). The configuration must outlive the pool. Fatal on failure. */
struct pool *pool_bind(
    const struct conf *conf, struct passed_sockets *passed, struct notify *notify);

/* Descriptors that the workers may need, for the limit. */
unsigned long pool_files(const struct conf *conf);

/*
 * Starts the threads; `loop` hears of their end. Of `counters` there is one for each worker; they outlive the pool.
 * Fatal on failure.
 */
void pool_start(struct pool *pool, uv_loop_t *loop, struct terms *terms, struct table *table,
    struct statistic_counters *counters);

/*
 * Has every worker use other terms; `adopted` is called on the loop when all do, and nothing refers to the ones before. Not
 * again before that.
 */
void pool_adopt(
    struct pool *pool, struct terms *terms, void (*adopted)(void *context), void *context);

/* Reads the sockets from now on. Calling it again does nothing. */
void pool_serve(struct pool *pool);

/* Has every worker call notify_answer() in its next turn (struct notify_config). Returns how many there are. */
unsigned pool_call(struct pool *pool, struct notify *notify);

/* Stops all workers; `stopped` is called on the loop when the last one has ended. */
void pool_stop(struct pool *pool, void (*stopped)(void *context), void *context);

void pool_free(struct pool *pool);

#endif
