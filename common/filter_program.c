#include "filter_program.h"

#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { DEADLINE = 60 /* seconds for one writing */ };

static const char advice[] = "that happens where memory is short";

/* In the process that writes: a defect of libseccomp is none of the program that watches over its own memory. */
static void __attribute__((noreturn))
write_to(int fd, uint32_t otherwise, filter_rules *rules, const void *context)
{
	static const int watched[] = {SIGSEGV, SIGBUS, SIGABRT, SIGALRM};
	scmp_filter_ctx filter;

	for (size_t i = 0; i < sizeof(watched) / sizeof(watched[0]); i++)
		(void)signal(watched[i], SIG_DFL);
	(void)alarm(DEADLINE);
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0)
		_exit(1);
	filter = seccomp_init(otherwise);
	if (filter == NULL ||
	    seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS) != 0)
		_exit(1);
	/* A search tree instead of a long chain; an older libseccomp does without. */
	(void)seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	rules(filter, context);
	_exit(seccomp_export_bpf(filter, fd) == 0 ? 0 : 1);
}

/* Bytes up to the end of the pipe, or more than there may be. */
static size_t
read_all(int fd, void *bytes, size_t capacity)
{
	unsigned char *at = bytes, surplus;
	size_t length = 0;

	for (;;) {
		ssize_t more = length < capacity ? read(fd, at + length, capacity - length)
						 : read(fd, &surplus, 1);

		if (more < 0 && errno == EINTR)
			continue;
		if (more <= 0)
			return length;
		length += (size_t)more;
		if (length > capacity)
			return length;
	}
}

static void
check_end(pid_t writer)
{
	int status = 0;

	while (waitpid(writer, &status, 0) < 0)
		if (errno != EINTR)
			fatal("cannot wait for the system call filter: %s", strerror(errno));
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM)
		fatal("the system call filter was not written within %d s; %s", DEADLINE, advice);
	if (WIFSIGNALED(status))
		fatal("the writing of the system call filter was ended by signal %d (%s); %s",
		    WTERMSIG(status), strsignal(WTERMSIG(status)), advice);
	if (status != 0)
		fatal("the system call filter cannot be written; %s", advice);
}

static void
write_once(
    struct filter_program *program, uint32_t otherwise, filter_rules *rules, const void *context)
{
	size_t length;
	int ends[2];
	pid_t writer;

	if (pipe2(ends, O_CLOEXEC) != 0)
		fatal("cannot make a pipe for the system call filter: %s", strerror(errno));
	writer = fork();
	if (writer < 0)
		fatal("cannot make a process to write the system call filter: %s", strerror(errno));
	if (writer == 0)
		write_to(ends[1], otherwise, rules, context);
	close(ends[1]);
	length = read_all(ends[0], program->instructions, sizeof(program->instructions));
	close(ends[0]);
	check_end(writer);
	if (length == 0 || length > sizeof(program->instructions) ||
	    length % sizeof(program->instructions[0]) != 0)
		fatal("the system call filter has %zu bytes, which cannot be", length);
	program->count = (unsigned short)(length / sizeof(program->instructions[0]));
}

void
filter_program_write(
    struct filter_program *program, uint32_t otherwise, filter_rules *rules, const void *context)
{
	static struct filter_program again;

	write_once(program, otherwise, rules, context);
	write_once(&again, otherwise, rules, context);
	if (program->count != again.count ||
	    memcmp(program->instructions, again.instructions,
		program->count * sizeof(again.instructions[0])) != 0)
		fatal("the system call filter was written twice, and differently; %s", advice);
}

void
filter_program_soften(struct filter_program *program)
{
	for (unsigned i = 0; i < program->count; i++) {
		struct sock_filter *instruction = &program->instructions[i];

		if (instruction->code == (BPF_RET | BPF_K) &&
		    instruction->k == SECCOMP_RET_KILL_PROCESS)
			instruction->k = SECCOMP_RET_TRAP;
	}
}

void
filter_program_load(struct filter_program *program)
{
	struct sock_fprog shown = {.len = program->count, .filter = program->instructions};
	long code =
	    syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &shown);

	if (code < 0)
		fatal("cannot load the system call filter: %s", strerror(errno));
	if (code > 0)
		fatal("cannot load the system call filter for thread %ld", code);
}
