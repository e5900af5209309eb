/*
 * Giving up, in one order and with proof, everything a daemon does not need
 * any more (docs/architecture.md, "Start, confine, serve").
 */
#ifndef COMMON_CONFINE_H
#define COMMON_CONFINE_H

#include <stddef.h>
#include <sys/types.h>

enum {
	CONFINE_CONDITIONS = 2,
	CONFINE_PINNED = 2,
	CONFINE_THREADS = 1024 /* of one uid, so of all our installations on a machine together */
};

/*
 * One system call that is answered, perhaps only with arguments of one form. The C type of
 * `number` fits libseccomp's SCMP_SYS(), which is negative where a machine lacks the call.
 */
struct confine_call {
	int number;
	int refuse; /* 0: allow; otherwise answer this errno instead of killing */
	struct confine_condition {
		unsigned argument;
		unsigned long mask;	  /* 0: no condition */
		unsigned long value;	  /* holds if (argument & mask) == value */
	} conditions[CONFINE_CONDITIONS]; /* all must hold */
};

/* Rows of a list, for files that include <seccomp.h>. */
#define CONFINE_ALLOW(CALL)	    {.number = SCMP_SYS(CALL)}
#define CONFINE_REFUSE(CALL, ERRNO) {.number = SCMP_SYS(CALL), .refuse = (ERRNO)}
#define CONFINE_ALLOW_IF(CALL, ...)                                                                \
	{                                                                                          \
		.number = SCMP_SYS(CALL), .conditions = { __VA_ARGS__ }                            \
	}

/* A condition: an int argument is `value`; these bits of an argument are `value`. */
#define CONFINE_INT_IS(ARGUMENT, VALUE)		{(ARGUMENT), 0xffffffff, (VALUE)}
#define CONFINE_BITS_ARE(ARGUMENT, MASK, VALUE) {(ARGUMENT), (MASK), (VALUE)}

struct confine_plan {
	uid_t uid;
	gid_t gid;
	int root_fd;	     /* O_PATH folder that becomes the root; without root only entered */
	unsigned long files; /* RLIMIT_NOFILE */
	int quiet;	     /* 1: the parent has said what is left out without root */
	/* connected datagram sockets, through which nobody but their peers may be reached; -1: none */
	int pinned_fds[CONFINE_PINNED];
	/*
	 * What this daemon calls beyond what all of them need for memory, threads, clocks, the
	 * loop and the log (the list in confine.c).
	 */
	const struct confine_call *calls;
	size_t call_count;
};

/*
 * no_new_privs; memory left out of dumps; limits; chroot and chdir; groups, gid, uid; capabilities and bounding set
 * empty; the proof that none of it comes back; Landlock; the filter's rehearsal (rehearsal.h); seccomp with KILL_PROCESS over all
 * threads. Fatal when a step fails. Started without root, skips those that need it
 * and says so in one warning. Call before any thread exists. Closes `root_fd`.
 *
 * A build with sanitizers leaves the seccomp step out (their runtimes make calls of their
 * own) and says so.
 */
void confine(const struct confine_plan *plan);

#endif
