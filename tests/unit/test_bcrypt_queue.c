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

int
main(void)
{
	Suite *suite = suite_create("bcrypt_queue");
	TCase *tests = tcase_create("bcrypt_queue");

	tcase_add_loop_test(
	    tests, jobs_are_taken_in_turn, 0, (int)(sizeof(orders) / sizeof(orders[0])));
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
