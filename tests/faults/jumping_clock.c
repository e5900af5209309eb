/*
 * A clock that jumps. Preloaded (LD_PRELOAD) it stands before each call by which a program asks for the time of day, and adds to it what
 * the test wishes that shares a file with it (clock.py). The monotonic clock is left alone, as the kernel leaves it when somebody sets the
 * time.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define SHOWN __attribute__((visibility("default")))

/* Shared with clock.py, which knows the order; all of it starts as 0. */
struct plan {
	_Atomic int64_t offset; /* seconds that the time of day is ahead, or behind */
	_Atomic uint64_t asked; /* how often anybody has asked */
};

static struct plan *plan; /* NULL: nothing is changed */

static void __attribute__((constructor))
prepare(void)
{
	const char *path = getenv("SALLYPORT_FAULTS_CLOCK");
	int fd = path == NULL ? -1 : open(path, O_RDWR | O_CLOEXEC);
	void *memory = MAP_FAILED;

	if (fd >= 0) {
		memory = mmap(NULL, sizeof(*plan), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		close(fd);
	}
	if (memory != MAP_FAILED)
		plan = memory;
}

static time_t
ahead(void)
{
	if (plan == NULL)
		return 0;
	atomic_fetch_add(&plan->asked, 1);
	return (time_t)atomic_load(&plan->offset);
}

SHOWN int
clock_gettime(clockid_t id, struct timespec *time)
{
	static int (*real)(clockid_t, struct timespec *);
	int result;

	if (real == NULL)
		*(void **)&real = dlsym(RTLD_NEXT, "clock_gettime");
	result = real(id, time);
	if (result == 0 && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE))
		time->tv_sec += ahead();
	return result;
}

SHOWN time_t
time(time_t *kept)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	if (kept != NULL)
		*kept = now.tv_sec;
	return now.tv_sec;
}

SHOWN int
gettimeofday(struct timeval *now, void *zone)
{
	struct timespec precise;

	(void)zone;
	clock_gettime(CLOCK_REALTIME, &precise);
	now->tv_sec = precise.tv_sec;
	now->tv_usec = (suseconds_t)(precise.tv_nsec / 1000);
	return 0;
}
