#include "confine.h"

#include "filter_program.h"
#include "log.h"
#include "rehearsal.h"

#include <cap-ng.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/landlock.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The runtimes of sanitizers make system calls of their own. */
#ifdef SALLYPORT_SANITIZED
enum { FILTER = 0 };
#else
enum { FILTER = 1 };
#endif

/* Flags of clone(2) that make a namespace. */
enum {
	NAMESPACES = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER |
		     CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWTIME
};

static const struct confine_call every_daemon[] = {
    /* memory; never executable */
    CONFINE_ALLOW(brk),
    CONFINE_ALLOW_IF(mmap, CONFINE_BITS_ARE(2, PROT_EXEC, 0)),
    CONFINE_ALLOW_IF(mprotect, CONFINE_BITS_ARE(2, PROT_EXEC, 0)),
    CONFINE_ALLOW(mremap),
    CONFINE_ALLOW(munmap),
    CONFINE_ALLOW(madvise),
    CONFINE_ALLOW(getrandom),
    /* threads, never processes or namespaces; clone3 hides its flags from a filter, so libc falls back */
    CONFINE_ALLOW_IF(clone, CONFINE_BITS_ARE(0, CLONE_THREAD | NAMESPACES, CLONE_THREAD)),
    CONFINE_REFUSE(clone3, ENOSYS),
    CONFINE_ALLOW(futex),
    CONFINE_ALLOW(set_robust_list),
    CONFINE_ALLOW(rseq),
    CONFINE_ALLOW(gettid), /* abort(), for its own thread */
    CONFINE_ALLOW(getpid),
    CONFINE_ALLOW(sched_yield),
    CONFINE_ALLOW(sched_getaffinity),
    CONFINE_ALLOW(uname),   /* libuv since 1.45 asks for the kernel's version */
    CONFINE_ALLOW(sysinfo), /* qsort of older glibc asks how much memory there is */
    CONFINE_ALLOW_IF(prctl, CONFINE_INT_IS(0, PR_SET_NAME)),
    CONFINE_ALLOW_IF(prlimit64, CONFINE_INT_IS(0, 0),
	CONFINE_BITS_ARE(2, ~0UL, 0)), /* how large our stack may be: read, never set */
    CONFINE_ALLOW(exit),
    CONFINE_ALLOW(exit_group),
    /* signals */
    CONFINE_ALLOW(rt_sigaction),
    CONFINE_ALLOW(rt_sigprocmask),
    CONFINE_ALLOW(rt_sigreturn),
    CONFINE_ALLOW(restart_syscall), /* a wait that a stop and a continuation came into */
    /* clocks, where the vDSO has none */
    CONFINE_ALLOW(clock_gettime),
    CONFINE_ALLOW(gettimeofday),
    CONFINE_ALLOW(clock_nanosleep),
    CONFINE_ALLOW(nanosleep),
    /* the loop */
    CONFINE_ALLOW(epoll_create1),
    CONFINE_ALLOW(epoll_ctl),
    CONFINE_ALLOW(epoll_wait),
    CONFINE_ALLOW(epoll_pwait),
    CONFINE_ALLOW(poll),
    CONFINE_ALLOW(ppoll), /* what poll() is on arm64 */
    CONFINE_ALLOW(eventfd2),
    CONFINE_ALLOW(pipe2),
    CONFINE_ALLOW_IF(
	fcntl, CONFINE_INT_IS(1, F_GETFL)), /* libuv looks what a pipe is open for; nothing else,
							    or F_SETOWN and F_SETSIG would be kill() */
    CONFINE_ALLOW_IF(
	ioctl, CONFINE_INT_IS(1, FIONBIO)), /* how libuv makes a descriptor non-blocking */
    CONFINE_ALLOW(close),
    CONFINE_ALLOW(read),
    CONFINE_ALLOW(write),
    CONFINE_REFUSE(io_uring_setup, ENOSYS), /* libuv then stays with epoll */
    /* doors, links, readiness and the log */
    CONFINE_ALLOW(listen),
    CONFINE_ALLOW(accept4),
    CONFINE_ALLOW(recvmsg),
    /* sending may not connect: TCP Fast Open is a connect() that neither list nor Landlock sees */
    /* and leaves nothing half sent in a socket that outlives us */
    CONFINE_ALLOW_IF(sendmsg, CONFINE_BITS_ARE(2, MSG_FASTOPEN | MSG_MORE, 0)),
    CONFINE_ALLOW_IF(sendto, CONFINE_BITS_ARE(4, ~0UL, 0), CONFINE_BITS_ARE(3, MSG_MORE, 0)),
    CONFINE_ALLOW(getsockopt),
    /* stdio looks at what it writes to; libraries probe for files and live without */
    CONFINE_ALLOW(fstat),
    CONFINE_ALLOW_IF(newfstatat, CONFINE_BITS_ARE(3, AT_EMPTY_PATH, AT_EMPTY_PATH)),
    CONFINE_REFUSE(openat, EACCES),
    /* the same, by its older names */
    CONFINE_REFUSE(open, EACCES),
    CONFINE_REFUSE(access, EACCES),
    CONFINE_REFUSE(readlink, EACCES),
};

static void
limit(unsigned resource, const char *name, rlim_t value)
{
	struct rlimit wanted = {value, value}, now;

	/* With fewer than it counts on a daemon would not refuse at its bound, but stand still. */
	if (getrlimit(resource, &now) == 0 && geteuid() != 0 && now.rlim_max < value)
		fatal("the limit %s is %lu here and must be at least %lu (ulimit -H, LimitNOFILE=)",
		    name, (unsigned long)now.rlim_max, (unsigned long)value);
	if (setrlimit(resource, &wanted) != 0)
		fatal("cannot set the limit %s to %lu: %s", name, (unsigned long)value,
		    strerror(errno));
}

/*
 * No memory of ours is in a dump of this process, whoever makes one: keys, tickets and passwords are in memory that OpenSSL and
 * the C library allocate, not only in pages that we could mark one by one (core(5), /proc/PID/coredump_filter).
 */
static void
leave_out_of_dumps(void)
{
	int fd = open("/proc/self/coredump_filter", O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, "0", 1) != 1)
		log_warning("cannot leave this process's memory out of dumps: "
			    "/proc/self/coredump_filter: %s",
		    strerror(errno));
	if (fd >= 0)
		close(fd);
}

static void
change_root(const struct confine_plan *plan, int as_root)
{
	if (fchdir(plan->root_fd) != 0)
		fatal("cannot enter the folder that is to be the root: %s", strerror(errno));
	if (as_root && (chroot(".") != 0 || chdir("/") != 0))
		fatal("cannot change the root: %s", strerror(errno));
	close(plan->root_fd);
}

static void
change_user(const struct confine_plan *plan)
{
	/* The bounding set needs CAP_SETPCAP, which the change of uid takes away. */
	capng_clear(CAPNG_SELECT_BOUNDS);
	if (capng_apply(CAPNG_SELECT_BOUNDS) != 0)
		fatal("cannot empty the capability bounding set: %s", strerror(errno));
	if (setgroups(0, NULL) != 0)
		fatal("cannot drop the supplementary groups: %s", strerror(errno));
	if (setresgid(plan->gid, plan->gid, plan->gid) != 0)
		fatal("cannot become gid %u: %s", plan->gid, strerror(errno));
	if (setresuid(plan->uid, plan->uid, plan->uid) != 0)
		fatal("cannot become uid %u: %s", plan->uid, strerror(errno));
}

static void
drop_capabilities(void)
{
	capng_clear(CAPNG_SELECT_ALL);
	if (capng_apply(CAPNG_SELECT_CAPS) != 0)
		fatal("cannot drop the capabilities: %s", strerror(errno));
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0 && errno != EINVAL)
		fatal("cannot clear the ambient capabilities: %s", strerror(errno));
}

/* Tries what must be impossible now; a success is the worst news there can be. */
static void
prove(const struct confine_plan *plan, int as_root)
{
	uid_t real, effective, saved;
	gid_t real_group, effective_group, saved_group;

	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
		fatal("confinement failed: no_new_privs is not set");
	if (getresuid(&real, &effective, &saved) != 0 || real != plan->uid ||
	    effective != plan->uid || saved != plan->uid)
		fatal("confinement failed: the uid is not %u throughout", plan->uid);
	if (getresgid(&real_group, &effective_group, &saved_group) != 0 ||
	    real_group != plan->gid || effective_group != plan->gid || saved_group != plan->gid)
		fatal("confinement failed: the gid is not %u throughout", plan->gid);
	capng_clear(CAPNG_SELECT_ALL);
	if (capng_get_caps_process() != 0 ||
	    capng_have_capabilities(CAPNG_SELECT_CAPS) > CAPNG_NONE)
		fatal("confinement failed: a capability is left");
	if (!as_root)
		return;
	if (plan->uid == 0)
		fatal("confinement failed: the user is root");
	if (capng_have_capabilities(CAPNG_SELECT_BOUNDS) > CAPNG_NONE)
		fatal("confinement failed: the bounding set is not empty");
	if (getgroups(0, NULL) != 0)
		fatal("confinement failed: a supplementary group is left");
	if (setuid(0) == 0 || setresuid(0, 0, 0) == 0 || seteuid(0) == 0)
		fatal("confinement failed: uid 0 can be regained");
	if (setgid(0) == 0 || setegid(0) == 0)
		fatal("confinement failed: gid 0 can be regained");
	if (chroot("/") == 0)
		fatal("confinement failed: the root can be changed again");
}

/* Every file right of the kernel's ABI; bits that an older one does not know are an error there. */
static uint64_t
landlock_files(int abi)
{
	uint64_t rights = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1;

	if (abi >= 2)
		rights |= UINT64_C(1) << 13; /* refer */
	if (abi >= 3)
		rights |= UINT64_C(1) << 14; /* truncate */
	if (abi >= 5)
		rights |= UINT64_C(1) << 15; /* ioctl on devices */
	return rights;
}

/*
 * No path may be opened, made or removed, no TCP port bound or dialled, and nothing outside
 * signalled or reached by an abstract socket. The kernel's struct may be longer than
 * the build machine's header knows, hence our own.
 */
static void
landlock(void)
{
	struct {
		uint64_t files, network, scopes;
	} ruleset = {0, 0, 0};
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	size_t size = sizeof(uint64_t);
	int fd;

	if (abi < 1) {
		log_warning("this kernel has no Landlock (%s): confinement goes on without it",
		    strerror(errno));
		return;
	}
	ruleset.files = landlock_files((int)abi);
	if (abi >= 4) {
		ruleset.network = 3; /* bind and connect over TCP */
		size = 2 * sizeof(uint64_t);
	}
	if (abi >= 6) {
		ruleset.scopes = 3; /* abstract sockets and signals */
		size = sizeof(ruleset);
	}
	fd = (int)syscall(SYS_landlock_create_ruleset, &ruleset, size, 0);
	if (fd < 0 || syscall(SYS_landlock_restrict_self, fd, 0) != 0)
		fatal("Landlock cannot be switched on: %s", strerror(errno));
	close(fd);
}

static void
refuse_rule(int call, int code)
{
	if (code == -ENOMEM)
		fatal("no memory for the system call filter");
	fatal("the system call filter refuses a rule for call %d: %s", call, strerror(-code));
}

static void
add_calls(scmp_filter_ctx filter, const struct confine_call *calls, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct confine_call *call = &calls[i];
		uint32_t action =
		    call->refuse != 0 ? SCMP_ACT_ERRNO((uint32_t)call->refuse) : SCMP_ACT_ALLOW;
		struct scmp_arg_cmp compare[CONFINE_CONDITIONS];
		unsigned conditions = 0;
		int code;

		if (call->number < 0)
			continue;
		for (unsigned k = 0; k < CONFINE_CONDITIONS; k++) {
			const struct confine_condition *condition = &call->conditions[k];

			if (condition->mask == 0)
				continue;
			compare[conditions++] = (struct scmp_arg_cmp){.arg = condition->argument,
			    .op = SCMP_CMP_MASKED_EQ,
			    .datum_a = condition->mask,
			    .datum_b = condition->value};
		}
		code = seccomp_rule_add_array(filter, action, call->number, conditions, compare);
		if (code != 0)
			refuse_rule(call->number, code);
	}
}

/*
 * A connected datagram socket still sends to any address that is named with a message, and may carry descriptors there.
 * The calls that can are forbidden for it, and with fcntl() it would become another number. A list of what
 * is allowed cannot say "but this one"; where two filters are loaded the stricter answer counts.
 */
static void
add_pin(scmp_filter_ctx filter, const void *context)
{
	static const int forbidden[] = {
	    SCMP_SYS(sendmsg), SCMP_SYS(sendmmsg), SCMP_SYS(fcntl), SCMP_SYS(connect)};
	const int *fd = context;
	const struct scmp_arg_cmp is_fd = {.arg = 0,
	    .op = SCMP_CMP_MASKED_EQ,
	    .datum_a = 0xffffffff,
	    .datum_b = (scmp_datum_t)*fd};

	for (size_t i = 0; i < sizeof(forbidden) / sizeof(forbidden[0]); i++) {
		int code =
		    seccomp_rule_add_array(filter, SCMP_ACT_KILL_PROCESS, forbidden[i], 1, &is_fd);

		if (code != 0)
			refuse_rule(forbidden[i], code);
	}
}

/* What the lists are made for: a process, and not one of those that write its filter. */
struct lists {
	const struct confine_plan *plan;
	pid_t pid;
};

static void
add_lists(scmp_filter_ctx filter, const void *context)
{
	const struct lists *lists = context;
	/* abort(): the end it makes shall have its own name, and not look like a call that is not allowed. */
	const struct confine_call abortion = CONFINE_ALLOW_IF(
	    tgkill, CONFINE_INT_IS(0, (uint64_t)lists->pid), CONFINE_INT_IS(2, SIGABRT));

	add_calls(filter, every_daemon, sizeof(every_daemon) / sizeof(every_daemon[0]));
	add_calls(filter, &abortion, 1);
	add_calls(filter, lists->plan->calls, lists->plan->call_count);
}

static void
filter_copy(const void *program)
{
	static struct filter_program softened;

	softened = *(const struct filter_program *)program;
	filter_program_soften(&softened);
	filter_program_load(&softened);
}

static void
filter_calls(const struct confine_plan *plan)
{
	static struct filter_program program, pins[CONFINE_PINNED];
	const struct lists lists = {.plan = plan, .pid = getpid()};

	filter_program_write(&program, SCMP_ACT_KILL_PROCESS, add_lists, &lists);
	for (size_t i = 0; i < CONFINE_PINNED; i++)
		if (plan->pinned_fds[i] >= 0)
			filter_program_write(
			    &pins[i], SCMP_ACT_ALLOW, add_pin, &plan->pinned_fds[i]);
	rehearse(filter_copy, &program);
	/* First, because loading a filter is on no list. */
	for (size_t i = 0; i < CONFINE_PINNED; i++)
		if (plan->pinned_fds[i] >= 0)
			filter_program_load(&pins[i]);
	filter_program_load(&program);
}

void
confine(const struct confine_plan *plan)
{
	int as_root = geteuid() == 0;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		fatal("cannot set no_new_privs: %s", strerror(errno));
	leave_out_of_dumps();
	limit(RLIMIT_NOFILE, "RLIMIT_NOFILE", plan->files);
	limit(RLIMIT_CORE, "RLIMIT_CORE", 0);
	/* Of a uid, which is ours alone only where we get our own. */
	if (as_root)
		limit(RLIMIT_NPROC, "RLIMIT_NPROC", CONFINE_THREADS);
	change_root(plan, as_root);
	if (as_root)
		change_user(plan);
	else if (!plan->quiet)
		log_warning(
		    "not started as root: no own uid, no chroot; the processes are kept apart "
		    "by no_new_privs, Landlock and seccomp only");
	drop_capabilities();
	prove(plan, as_root);
	/* After the change of uid, which sets it back to the system's default. */
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
		fatal("cannot forbid core dumps: %s", strerror(errno));
	landlock();
	if (FILTER)
		filter_calls(plan);
	else
		log_warning("this build has sanitizers and therefore no system call filter");
}
