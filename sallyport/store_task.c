#include "store_task.h"

#include "program.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { TICK_NS = 100 * 1000 * 1000 };

/* Waits for the end of the process, or ours. Returns the wait status; -1: we are to end, and it has. */
static int
await(const struct store_task *task, pid_t pid, const sigset_t *watched)
{
	const struct timespec patience = {.tv_nsec = TICK_NS};
	int status, interrupted = 0;

	while (waitpid(pid, &status, WNOHANG) == 0) {
		int number = sigtimedwait(watched, NULL, &patience);

		if (number > 0 && number != SIGCHLD && !interrupted) {
			interrupted = 1;
			kill(pid, SIGKILL);
		}
		if (task->tick != NULL && !interrupted)
			task->tick(task->context);
	}
	return interrupted ? -1 : status;
}

int
store_task_run(const struct store_task *task, int *number)
{
	struct program_start start = {.role = CONF_ROLE_STORE,
	    .config = task->config,
	    .option = "--task",
	    .value = task->name,
	    .in = task->in,
	    .out = STDOUT_FILENO,
	    .extra = task->extra};
	sigset_t watched, before;
	int status;
	pid_t pid;

	if (number != NULL)
		*number = 0;
	sigemptyset(&watched);
	sigaddset(&watched, SIGCHLD);
	sigaddset(&watched, SIGINT);
	sigaddset(&watched, SIGTERM);
	sigaddset(&watched, SIGHUP);
	sigprocmask(SIG_BLOCK, &watched, &before);
	fflush(stdout);
	pid = program_start(&start);
	status = pid < 0 ? -1 : await(task, pid, &watched);
	sigprocmask(SIG_SETMASK, &before, NULL);
	if (status == -1)
		return STORE_TASK_BROKEN;
	if (WIFEXITED(status))
		return WEXITSTATUS(status);
	if (number != NULL)
		*number = WTERMSIG(status);
	else
		fprintf(stderr, "sallyport: the process that did it was ended by signal %d\n",
		    WTERMSIG(status));
	return 1;
}
