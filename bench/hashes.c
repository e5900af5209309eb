/*
 * What libxcrypt alone does: bcrypt hashes of new keys, by as many threads as store has for it, at the same
 * niceness. Each registration needs one.
 *
 *   hashes SECONDS THREADS
 *
 * Prints the hashes made in a second.
 */
#include "password.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { MAX_THREADS = 64, NICE = 10 };

static atomic_ulong made;
static atomic_int over;

static void *
work(void *unused)
{
	char key[MESSAGE_KEY + 1], hash[RECORD_MAX_HASH + 1];

	while (!atomic_load(&over)) {
		password_generate(key);
		if (password_hash(key, hash) != 0)
			exit(1);
		(void)atomic_fetch_add(&made, 1);
	}
	return unused;
}

int
main(int argc, char **argv)
{
	pthread_t threads[MAX_THREADS];
	unsigned count;
	double seconds;

	if (argc != 3) {
		(void)fprintf(stderr, "usage: hashes SECONDS THREADS\n");
		return 2;
	}
	seconds = strtod(argv[1], NULL);
	count = (unsigned)strtoul(argv[2], NULL, 10);
	if (count == 0 || count > MAX_THREADS || nice(NICE) < 0)
		return 2;
	for (unsigned i = 0; i < count; i++) {
		if (pthread_create(&threads[i], NULL, work, NULL) != 0)
			return 1;
	}
	(void)nanosleep(&(struct timespec){(time_t)seconds, 0}, NULL);
	(void)printf("%.1f\n", (double)atomic_load(&made) / (double)(time_t)seconds);
	atomic_store(&over, 1);
	for (unsigned i = 0; i < count; i++)
		(void)pthread_join(threads[i], NULL);
	return 0;
}
