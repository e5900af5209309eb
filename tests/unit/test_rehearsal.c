/*
 * How the filter is written, with a libseccomp that fails, and its self-test, with lists from which a call is missing: the linker's --wrap
 * stands before each rule.
 */
#include "confine.h"
#include "log.h"

#include "suite.h"

#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { TEST_UID = 64999 };

static int missing = -1;

/* What libseccomp does when memory is short: once, at the rule after so many others, whichever process writes it. */
static struct {
	_Atomic int spared;
	_Atomic int happens; /* a signal; NO_MEMORY; LOST: the rule is forgotten */
} *short_memory;

enum { NO_MEMORY = -1, LOST = -2 };

int __real_seccomp_rule_add_array(scmp_filter_ctx filter, uint32_t action, int call, unsigned count,
    const struct scmp_arg_cmp *conditions);
int __wrap_seccomp_rule_add_array(scmp_filter_ctx filter, uint32_t action, int call, unsigned count,
    const struct scmp_arg_cmp *conditions);

int
__wrap_seccomp_rule_add_array(scmp_filter_ctx filter, uint32_t action, int call, unsigned count,
    const struct scmp_arg_cmp *conditions)
{
	if (call == missing)
		return 0;
	if (short_memory != NULL && short_memory->spared-- == 0) {
		int what = short_memory->happens;

		if (what > 0)
			(void)raise(what);
		return what == NO_MEMORY ? -ENOMEM : 0;
	}
	return __real_seccomp_rule_add_array(filter, action, call, count, conditions);
}

static const struct {
	const char *name;
	int number;
	int blocked; /* libc or libuv blocks signals around it */
} needed[] = {
    {"nothing", -1, 0},
    {"getrandom", SCMP_SYS(getrandom), 0},
    {"munmap", SCMP_SYS(munmap), 0},
    {"clone3", SCMP_SYS(clone3), 1},
    {"clone", SCMP_SYS(clone), 1},
    {"futex", SCMP_SYS(futex), 0},
    {"epoll_create1", SCMP_SYS(epoll_create1), 0},
    {"eventfd2", SCMP_SYS(eventfd2), 0},
    {"rt_sigaction", SCMP_SYS(rt_sigaction), 1},
    {"prctl", SCMP_SYS(prctl), 0},
};

/* Confines a copy of the process and gives what it said. */
static int
confine_copy(char *said, size_t capacity)
{
	struct confine_plan plan = {.uid = geteuid() == 0 ? TEST_UID : geteuid(),
	    .gid = geteuid() == 0 ? TEST_UID : getegid(),
	    .root_fd = open(suite_folder, O_PATH | O_DIRECTORY),
	    .files = 64,
	    .quiet = 1,
	    .pinned_fds = {-1, -1}};
	int words[2], status = 0;
	size_t length = 0;
	ssize_t more;
	pid_t copy;

	ck_assert_int_eq(pipe(words), 0);
	copy = fork();
	if (copy == 0) {
		dup2(words[1], STDERR_FILENO);
		close(words[1]);
		confine(&plan);
		_exit(0);
	}
	close(words[1]);
	close(plan.root_fd);
	while ((more = read(words[0], said + length, capacity - 1 - length)) > 0)
		length += (size_t)more;
	said[length] = '\0';
	close(words[0]);
	ck_assert_int_eq(waitpid(copy, &status, 0), copy);
	ck_assert_msg(WIFEXITED(status), "%s: status %x", said, (unsigned)status);
	return WEXITSTATUS(status);
}

START_TEST(names_the_call_that_is_missing)
{
	char said[4096], named[64];
	int code;

	missing = needed[_i].number;
	code = confine_copy(said, sizeof(said));
	if (missing < 0) {
		ck_assert_msg(code == 0, "%s", said);
		return;
	}
	if (needed[_i].blocked)
		(void)snprintf(named, sizeof(named), "journalctl -k");
	else
		(void)snprintf(
		    named, sizeof(named), "system call %d (%s)", missing, needed[_i].name);
	ck_assert_msg(code == 1 && strstr(said, named) != NULL, "without %s: %d, %s",
	    needed[_i].name, code, said);
}
END_TEST

static const struct {
	int happens, spared;
	const char *said;
} failures[] = {
    {NO_MEMORY, 0, "no memory for the system call filter"},
    {NO_MEMORY, 70, "no memory for the system call filter"},
    {SIGSEGV, 3, "was ended by signal 11 (Segmentation fault); that happens where memory is short"},
    {SIGABRT, 3, "was ended by signal 6 (Aborted); that happens where memory is short"},
    {SIGALRM, 3, "was not written within 60 s; that happens where memory is short"},
    {LOST, 3, "was written twice, and differently; that happens where memory is short"},
    {LOST, 70, "was written twice, and differently; that happens where memory is short"},
};

/* None of it is ever in force, and the line says why. */
START_TEST(a_filter_is_written_twice_alike)
{
	char said[4096];

	short_memory = mmap(
	    NULL, sizeof(*short_memory), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(short_memory, MAP_FAILED);
	short_memory->spared = failures[_i].spared;
	short_memory->happens = failures[_i].happens;
	ck_assert_msg(confine_copy(said, sizeof(said)) == 1 &&
			  strstr(said, failures[_i].said) != NULL &&
			  strstr(said, "this kernel") == NULL,
	    "%s", said);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("rehearsal");
	TCase *tests = tcase_create("rehearsal");

	log_init("test", LOG_LEVEL_ERROR, LOG_FORMAT_TEXT);
	tcase_add_loop_test(tests, names_the_call_that_is_missing, 0, ROWS(needed));
	tcase_add_loop_test(tests, a_filter_is_written_twice_alike, 0, ROWS(failures));
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
