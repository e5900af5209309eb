#include "bcrypt_queue.h"

void
bcrypt_queue_init(struct bcrypt_queue *queue)
{
	*queue = (struct bcrypt_queue){.passed = 0};
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

static enum bcrypt_lane
next_lane(struct bcrypt_queue *queue)
{
	if (queue->head[BCRYPT_LATER] == NULL)
		return BCRYPT_FIRST;
	if (queue->head[BCRYPT_FIRST] != NULL && ++queue->passed < BCRYPT_QUEUE_TURNS)
		return BCRYPT_FIRST;
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
