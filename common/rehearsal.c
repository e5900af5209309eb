#include "rehearsal.h"

#include "log.h"

#include <errno.h>
#include <pthread.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

enum {
	DEADLINE = 60, /* seconds */
	FAILED = 1,
	CALL_MISSING = 2,
	LARGE = 8 * 1024 * 1024, /* bytes: mapped by malloc(), moved by realloc() */
	NUMBERS = 100000	 /* enough for older glibc's qsort() to ask for memory */
};

static void
on_missing_call(int number, siginfo_t *information, void *context)
{
	char *name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, information->si_syscall);

	(void)number;
	(void)context;
	log_error("this kernel or this C library needs the system call %d (%s), which our filter "
		  "does not allow",
	    information->si_syscall, name != NULL ? name : "unknown");
	_exit(CALL_MISSING);
}

static int
compare(const void *one, const void *other)
{
	const unsigned a = *(const unsigned *)one, b = *(const unsigned *)other;

	return (a > b) - (a < b);
}

/* 0, or -1: something failed, though no call is missing. */
static int
use_memory(void)
{
	unsigned *numbers = malloc(LARGE), *more, random;

	if (numbers == NULL || getrandom(&random, sizeof(random), 0) != sizeof(random))
		return -1;
	for (unsigned i = 0; i < NUMBERS; i++)
		numbers[i] = i * random;
	qsort(numbers, NUMBERS, sizeof(numbers[0]), compare);
	more = realloc(numbers, (size_t)2 * LARGE);
	free(more != NULL ? more : numbers);
	return more != NULL ? 0 : -1;
}

static void *
work(void *asynchronous)
{
	void *own = malloc(LARGE);

	free(own);
	(void)pthread_setname_np(pthread_self(), "rehearsal");
	(void)uv_async_send(asynchronous);
	return NULL;
}

static void
on_signal(uv_signal_t *handle, int number)
{
	(void)number;
	uv_close((uv_handle_t *)handle, NULL);
}

static void
on_called(uv_async_t *asynchronous)
{
	uv_close((uv_handle_t *)asynchronous, NULL);
}

static void
on_time(uv_timer_t *timer)
{
	uv_close((uv_handle_t *)timer, NULL);
}

/* A loop with a timer, a thread that calls it, and a watched signal. */
static int
turn_a_loop(void)
{
	uv_loop_t loop;
	uv_timer_t timer;
	uv_async_t asynchronous;
	uv_signal_t watched;
	pthread_t thread;

	if (uv_loop_init(&loop) != 0 || uv_timer_init(&loop, &timer) != 0 ||
	    uv_async_init(&loop, &asynchronous, on_called) != 0 ||
	    uv_signal_init(&loop, &watched) != 0 ||
	    uv_signal_start(&watched, on_signal, SIGTERM) != 0 ||
	    uv_timer_start(&timer, on_time, 1, 0) != 0 ||
	    pthread_create(&thread, NULL, work, &asynchronous) != 0)
		return -1;
	on_signal(&watched, 0);
	(void)uv_run(&loop, UV_RUN_DEFAULT);
	return pthread_join(thread, NULL) == 0 && uv_loop_close(&loop) == 0 ? 0 : -1;
}

static int
tell_time(void)
{
	struct timespec now;
	struct tm parts;

	return clock_gettime(CLOCK_REALTIME, &now) == 0 && gmtime_r(&now.tv_sec, &parts) != NULL
		   ? 0
		   : -1;
}

void
rehearse(void (*load)(const void *context), const void *context)
{
	const struct sigaction action = {.sa_sigaction = on_missing_call, .sa_flags = SA_SIGINFO};
	int status = 0;
	pid_t copy = fork();

	if (copy == 0) {
		(void)alarm(DEADLINE);
		if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0 ||
		    sigaction(SIGSYS, &action, NULL) != 0)
			_exit(FAILED);
		load(context);
		_exit(use_memory() == 0 && tell_time() == 0 && turn_a_loop() == 0 ? 0 : FAILED);
	}
	if (copy < 0)
		fatal("cannot make a process to try the system call filter: %s", strerror(errno));
	while (waitpid(copy, &status, 0) < 0)
		if (errno != EINTR)
			fatal("cannot wait for the trial of the system call filter: %s",
			    strerror(errno));
	if (WIFEXITED(status) && WEXITSTATUS(status) == CALL_MISSING)
		fatal("it would be killed while it serves: please report the line above, with "
		      "\"sallyport --version\"");
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM)
		fatal("the trial of the system call filter did not end within %d s", DEADLINE);
	/* libc and libuv block every signal around some of what they do. */
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS)
		fatal("this kernel or this C library needs a system call which our filter does not "
		      "allow; the kernel's log has its number (journalctl -k, after \"syscall=\"): "
		      "please report it, with \"sallyport --version\"");
	if (WIFSIGNALED(status))
		fatal("the trial of the system call filter was ended by signal %d (%s)",
		    WTERMSIG(status), strsignal(WTERMSIG(status)));
	if (status != 0)
		fatal("the trial of the system call filter failed: memory is short, or no thread "
		      "can be "
		      "made");
}
