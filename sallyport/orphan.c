#include "orphan.h"

#include <sys/wait.h>

enum { ORPHANS = 1000 }; /* at a time; the next SIGCHLD goes on */

void
orphan_reap(const pid_t *ours, unsigned count)
{
	for (unsigned round = 0; round < ORPHANS; round++) {
		siginfo_t ended = {.si_pid = 0};

		/* A look first: whose it is must be known before it is gone. */
		if (waitid(P_ALL, 0, &ended, WEXITED | WNOHANG | WNOWAIT) != 0 || ended.si_pid == 0)
			return;
		for (unsigned i = 0; i < count; i++)
			if (ours[i] == ended.si_pid)
				return;
		(void)waitpid(ended.si_pid, NULL, WNOHANG);
	}
}
