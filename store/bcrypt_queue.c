#include "bcrypt_queue.h"

#include <string.h>

void
bcrypt_queue_init(struct bcrypt_queue *queue)
{
	memset(queue, 0, sizeof(*queue));
	for (unsigned lane = 0; lane < BCRYPT_LANES; lane++)
		for (unsigned bin = 0; bin < BCRYPT_QUEUE_BINS; bin++)
			queue->bins[lane][bin].end = &queue->bins[lane][bin].head;
}

static struct bcrypt_bin *
bin_of_job(struct bcrypt_queue *queue, const struct bcrypt_job *job)
{
	return &queue->bins[job->lane][job->network % BCRYPT_QUEUE_BINS];
}

void
bcrypt_queue_add(struct bcrypt_queue *queue, struct bcrypt_job *job)
{
	struct bcrypt_bin *bin = bin_of_job(queue, job);

	job->next = NULL;
	*bin->end = job;
	bin->end = &job->next;
	bin->jobs++;
	queue->jobs[job->lane]++;
}

/* Takes the job at `place` out of its bin. */
static struct bcrypt_job *
take_out(struct bcrypt_queue *queue, struct bcrypt_bin *bin, struct bcrypt_job **place)
{
	struct bcrypt_job *job = *place;

	*place = job->next;
	if (*place == NULL)
		bin->end = place;
	bin->jobs--;
	queue->jobs[job->lane]--;
	return job;
}

/* The new and the first lane take turns; one of them goes on while the other is empty. */
static enum bcrypt_lane
next_before_later(const struct bcrypt_queue *queue)
{
	enum bcrypt_lane other = queue->last == BCRYPT_NEW ? BCRYPT_FIRST : BCRYPT_NEW;

	return queue->jobs[other] > 0 ? other : queue->last;
}

static enum bcrypt_lane
next_lane(struct bcrypt_queue *queue)
{
	enum bcrypt_lane lane = next_before_later(queue);

	if (queue->jobs[BCRYPT_LATER] == 0 ||
	    (queue->jobs[lane] > 0 && ++queue->passed < BCRYPT_QUEUE_TURNS)) {
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
	unsigned *bin = &queue->last_bin[lane];

	if (queue->jobs[lane] == 0)
		return NULL;
	do
		*bin = (*bin + 1) % BCRYPT_QUEUE_BINS;
	while (queue->bins[lane][*bin].jobs == 0);
	return take_out(queue, &queue->bins[lane][*bin], &queue->bins[lane][*bin].head);
}

struct bcrypt_job *
bcrypt_queue_give_way(struct bcrypt_queue *queue, const struct bcrypt_job *job)
{
	struct bcrypt_bin *bins = queue->bins[job->lane], *fullest = bins;
	struct bcrypt_job **place;

	for (unsigned bin = 1; bin < BCRYPT_QUEUE_BINS; bin++) {
		if (bins[bin].jobs > fullest->jobs)
			fullest = &bins[bin];
	}
	if (fullest->jobs <= bin_of_job(queue, job)->jobs + 1)
		return NULL;
	place = &fullest->head;
	while ((*place)->next != NULL)
		place = &(*place)->next;
	return take_out(queue, fullest, place);
}
