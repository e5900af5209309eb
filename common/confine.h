/*
 * Giving up, in one order and with proof, everything a daemon does not need
 * any more (docs/architecture.md, "Start, confine, serve").
 */
#ifndef COMMON_CONFINE_H
#define COMMON_CONFINE_H

#include <stddef.h>
#include <sys/types.h>

/*
 * One system call that is answered, perhaps only with one argument in one form. The C type of
 * `number` fits libseccomp's SCMP_SYS(), which is negative where a machine lacks the call.
 */
struct confine_call {
	int number;
	int refuse;	 /* 0: allow; otherwise answer this errno instead of killing */
	int by_argument; /* 1: only if (argument & mask) == value */
	unsigned argument;
	unsigned long mask;
	unsigned long value;
};

struct confine_plan {
	uid_t uid;
	gid_t gid;
	int root_fd;	     /* O_PATH folder that becomes the root; without root only entered */
	unsigned long files; /* RLIMIT_NOFILE */
	int quiet;	     /* 1: the parent has said what is left out without root */
	/*
	 * What this daemon calls beyond what all of them need for memory, threads, clocks, the
	 * loop and the log (the list in confine.c).
	 */
	const struct confine_call *calls;
	size_t call_count;
};

/*
 * no_new_privs; limits; chroot and chdir; groups, gid, uid; capabilities and bounding set
 * empty; the proof that none of it comes back; Landlock; seccomp with KILL_PROCESS over all
 * threads. Fatal when a step fails. Started without root, skips those that need it
 * and says so in one warning. Call before any thread exists. Closes `root_fd`.
 *
 * A build with sanitizers leaves the seccomp step out (their runtimes make calls of their
 * own) and says so.
 */
void confine(const struct confine_plan *plan);

#endif
