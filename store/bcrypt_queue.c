#include "bcrypt_queue.h"

void
bcrypt_queue_init(struct bcrypt_queue *queue)
{
	*queue = (struct bcrypt_queue){.last = BCRYPT_NEW};
	for (unsigned lane = 0; lane < BCRYPT_LANES; lane++)
		queue->end[lane] = &queue->head[lane];
}

void
bcrypt_queue_add(struct bcrypt_queue *queue, struct bcrypt_job *job)
{
	job->next = NULL;
	*queue->end[job->lane] = job;
	queue->end[job->lane] = &job->next;
}

/* The new and the first lane take turns; one of them goes on while the other is empty. */
static enum bcrypt_lane
next_before_later(const struct bcrypt_queue *queue)
{
	enum bcrypt_lane other = queue->last == BCRYPT_NEW ? BCRYPT_FIRST : BCRYPT_NEW;

	return queue->head[other] != NULL ? other : queue->last;
}

static enum bcrypt_lane
next_lane(struct bcrypt_queue *queue)
{
	enum bcrypt_lane lane = next_before_later(queue);

	if (queue->head[BCRYPT_LATER] == NULL ||
	    (queue->head[lane] != NULL && ++queue->passed < BCRYPT_QUEUE_TURNS)) {
		queue->last = lane;
		return lane;
	}
	queue->passed = 0;
	return BCRYPT_LATER;
}

struct bcrypt_job *
bcrypt_queue_take(struct bcrypt_queue *queue)
{
	enum bcrypt_lane lane = next_lane(queue);
	struct bcrypt_job *job = queue->head[lane];

	if (job == NULL)
		return NULL;
	queue->head[lane] = job->next;
	if (queue->head[lane] == NULL)
		queue->end[lane] = &queue->head[lane];
	return job;
}
