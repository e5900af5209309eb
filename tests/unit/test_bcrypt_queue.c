/* In which order keys are looked at. */
#include "bcrypt_queue.h"

#include "suite.h"

enum { JOBS = 'z' + 1 };

static struct bcrypt_queue queue;
static struct bcrypt_job jobs[JOBS];

/* Digits are new keys, small letters wait in the later lane; "." takes one, "-" finds none. */
static enum bcrypt_lane
lane_of(char name)
{
	if (name <= '9')
		return BCRYPT_NEW;
	return name >= 'a' ? BCRYPT_LATER : BCRYPT_FIRST;
}

static void
play(const char *events, char *taken)
{
	bcrypt_queue_init(&queue);
	for (const char *event = events; *event != '\0'; event++) {
		struct bcrypt_job *job = &jobs[(unsigned char)*event];

		if (*event != '.' && *event != '-') {
			*job = (struct bcrypt_job){.lane = lane_of(*event), .key = {*event}};
			bcrypt_queue_add(&queue, job);
			continue;
		}
		job = bcrypt_queue_take(&queue);
		ck_assert_int_eq(job == NULL, *event == '-');
		if (job != NULL)
			*taken++ = job->key[0];
	}
	*taken = '\0';
}

static const struct {
	const char *events, *taken;
} orders[] = {
    {"-A.-B.-", "AB"},
    {"ABC...-", "ABC"},
    {"abc...-", "abc"},
    /* Later ones first in time, but not in turn. */
    {"abAB....-", "ABab"},
    {"ab.A.B.", "aAB"},
    /* Whoever waits later has one turn in four. */
    {"abABCDEFGH..........-", "ABCaDEFbGH"},
    /* Turns in which nobody was passed do not count. */
    {"ABCDE....aF...-", "ABCDEFa"},
    /* New keys and those that were sent take turns, whichever came first. */
    {"-1.2.-", "12"},
    {"ABCDEF12........-", "A1B2CDEF"},
    {"123456AB........-", "A1B23456"},
    {"AB..12C...-", "AB1C2"},
    /* Together they go before the later ones. */
    {"abABCD1234..........-", "A1Ba2C3bD4"},
    {"ab123.....-", "123ab"},
};

START_TEST(jobs_are_taken_in_turn)
{
	char taken[JOBS + 1];

	play(orders[_i].events, taken);
	ck_assert_str_eq(taken, orders[_i].taken);
}
END_TEST

/*
 * "1a" is the job a of network 1, which comes to the first lane; "!2b" is b of network 2, which finds it full. "." takes one. In what is
 * taken "-a" says that a has given way.
 */
static void
play_networks(const char *events, char *taken)
{
	bcrypt_queue_init(&queue);
	for (const char *event = events; *event != '\0'; event++) {
		int full = *event == '!';
		struct bcrypt_job *job, *gone;

		if (*event == '.') {
			job = bcrypt_queue_take(&queue);
			ck_assert_ptr_nonnull(job);
			*taken++ = job->key[0];
			continue;
		}
		event += full;
		job = &jobs[(unsigned char)event[1]];
		*job = (struct bcrypt_job){
		    .lane = BCRYPT_FIRST, .network = (unsigned char)event[0], .key = {event[1]}};
		event++;
		gone = full ? bcrypt_queue_give_way(&queue, job) : NULL;
		if (full) {
			*taken++ = '-';
			*taken++ = gone != NULL ? gone->key[0] : job->key[0];
		}
		if (!full || gone != NULL)
			bcrypt_queue_add(&queue, job);
	}
	ck_assert_ptr_null(bcrypt_queue_take(&queue));
	*taken = '\0';
}

static const struct {
	const char *events, *taken;
} crowds[] = {
    /* A crowd waits for itself. */
    {"1a1b1c1d2e..3f..4g...", "aefbgcd"},
    {"1a1b2c2d3e3f......", "acebdf"},
    /* In a full lane the last one of the largest crowd gives way, */
    {"1a1b1c2d2e!3f.....", "-cadfbe"},
    {"1a1b1c2d2e!3f3g......", "-cadfbeg"},
    /* but to nobody whose own crowd would be as large, */
    {"1a1b2c!2d...", "-dacb"},
    {"1a1b1c!1d...", "-dabc"},
    {"!1a", "-a"},
    /* and whoever comes afterwards is behind those who are left. */
    {"1a1b1c!2d1e....", "-cadbe"},
};

START_TEST(networks_take_turns)
{
	char taken[2 * JOBS + 1];

	play_networks(crowds[_i].events, taken);
	ck_assert_str_eq(taken, crowds[_i].taken);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("bcrypt_queue");
	TCase *tests = tcase_create("bcrypt_queue");

	tcase_add_loop_test(
	    tests, jobs_are_taken_in_turn, 0, (int)(sizeof(orders) / sizeof(orders[0])));
	tcase_add_loop_test(
	    tests, networks_take_turns, 0, (int)(sizeof(crowds) / sizeof(crowds[0])));
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
