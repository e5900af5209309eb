#include "bcrypt_pool.h"

#include "log.h"
#include "password.h"

#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

enum { NICE = 10 };

struct bcrypt_pool {
	uv_async_t wake; /* tells the loop that there are finished jobs */
	uv_thread_t threads[BCRYPT_MAX_THREADS];
	unsigned thread_count;
	unsigned outstanding[BCRYPT_LANES]; /* the loop's: submitted, not handed back */
	uv_mutex_t lock;		    /* guards what is below */
	uv_cond_t work;
	struct bcrypt_queue waiting;
	struct bcrypt_job *finished;
	int stopping;
};

static void
compute(struct bcrypt_job *job)
{
	if (job->kind == BCRYPT_HASH)
		job->outcome = password_hash(job->key, job->hash) == 0 ? BCRYPT_YES : BCRYPT_NO;
	else
		job->outcome = password_verify(job->key, job->hash) ? BCRYPT_YES : BCRYPT_NO;
}

/* It is handed back in a turn of the loop of its own, also if that is the thread that calls. */
static void
finish(struct bcrypt_pool *pool, struct bcrypt_job *job)
{
	job->next = pool->finished;
	pool->finished = job;
	uv_async_send(&pool->wake);
}

static struct bcrypt_job *
take_waiting(struct bcrypt_pool *pool)
{
	struct bcrypt_job *job = NULL;

	while (!pool->stopping && (job = bcrypt_queue_take(&pool->waiting)) == NULL)
		uv_cond_wait(&pool->work, &pool->lock);
	return job;
}

static void
work(void *argument)
{
	struct bcrypt_pool *pool = argument;
	struct bcrypt_job *job;

	if (setpriority(PRIO_PROCESS, 0, NICE) != 0)
		log_warning("the bcrypt threads cannot be made nice");
	uv_mutex_lock(&pool->lock);
	while ((job = take_waiting(pool)) != NULL) {
		uv_mutex_unlock(&pool->lock);
		compute(job);
		uv_mutex_lock(&pool->lock);
		finish(pool, job);
	}
	uv_mutex_unlock(&pool->lock);
}

static void
hand_back(uv_async_t *wake)
{
	struct bcrypt_pool *pool = wake->data;
	struct bcrypt_job *job;

	uv_mutex_lock(&pool->lock);
	job = pool->finished;
	pool->finished = NULL;
	uv_mutex_unlock(&pool->lock);
	while (job != NULL) {
		struct bcrypt_job *next = job->next;

		if (job->outcome != BCRYPT_GAVE_WAY)
			pool->outstanding[job->lane]--;
		job->done(job);
		job = next;
	}
}

struct bcrypt_pool *
bcrypt_pool_start(uv_loop_t *loop, unsigned threads)
{
	struct bcrypt_pool *pool = calloc(1, sizeof(*pool));

	if (pool == NULL || uv_mutex_init(&pool->lock) != 0 || uv_cond_init(&pool->work) != 0 ||
	    uv_async_init(loop, &pool->wake, hand_back) != 0)
		fatal("cannot prepare the bcrypt threads");
	pool->wake.data = pool;
	bcrypt_queue_init(&pool->waiting);
	pool->thread_count = threads < BCRYPT_MAX_THREADS ? threads : BCRYPT_MAX_THREADS;
	for (unsigned i = 0; i < pool->thread_count; i++)
		if (uv_thread_create(&pool->threads[i], work, pool) != 0)
			fatal("cannot start a bcrypt thread");
	return pool;
}

/* Has another job of the full lane give its place to this one. 0, or -1: none does. */
static int
displace(struct bcrypt_pool *pool, const struct bcrypt_job *job)
{
	struct bcrypt_job *displaced = bcrypt_queue_give_way(&pool->waiting, job);

	if (displaced == NULL)
		return -1;
	displaced->outcome = BCRYPT_GAVE_WAY;
	pool->outstanding[displaced->lane]--;
	finish(pool, displaced);
	return 0;
}

int
bcrypt_pool_submit(struct bcrypt_pool *pool, struct bcrypt_job *job)
{
	static const unsigned bounds[BCRYPT_LANES] = {[BCRYPT_NEW] = BCRYPT_QUEUE_NEW,
	    [BCRYPT_FIRST] = BCRYPT_QUEUE,
	    [BCRYPT_LATER] = BCRYPT_QUEUE_LATER};
	int result = 0;

	uv_mutex_lock(&pool->lock);
	if (pool->outstanding[job->lane] >= bounds[job->lane])
		result = displace(pool, job);
	if (result == 0) {
		pool->outstanding[job->lane]++;
		bcrypt_queue_add(&pool->waiting, job);
		uv_cond_signal(&pool->work);
	}
	uv_mutex_unlock(&pool->lock);
	return result;
}

unsigned
bcrypt_pool_outstanding(const struct bcrypt_pool *pool)
{
	unsigned jobs = 0;

	for (unsigned lane = 0; lane < BCRYPT_LANES; lane++)
		jobs += pool->outstanding[lane];
	return jobs;
}

static void
free_pool(uv_handle_t *handle)
{
	struct bcrypt_pool *pool = handle->data;

	uv_cond_destroy(&pool->work);
	uv_mutex_destroy(&pool->lock);
	free(pool);
}

void
bcrypt_pool_stop(struct bcrypt_pool *pool)
{
	uv_mutex_lock(&pool->lock);
	pool->stopping = 1;
	uv_cond_broadcast(&pool->work);
	uv_mutex_unlock(&pool->lock);
	for (unsigned i = 0; i < pool->thread_count; i++)
		uv_thread_join(&pool->threads[i]);
	uv_close((uv_handle_t *)&pool->wake, free_pool);
}
