/*
 * What a confined process can still do: each attempt in a process of its own that was confined with dnsd's
 * list. As root all of confinement is in force, otherwise what needs no root.
 */
#include "confine.h"
#include "filter.h"
#include "log.h"

#include "suite.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum { TEST_UID = 64999, KILLED = -1, FINE = 0 };

/* Made before confinement, as a daemon's are. */
static int stream, datagram;
static int pinned, peer; /* a pair of datagram sockets, as systemd's is */
static int log_socket;	 /* likewise, as the journal's is */

/* Each returns 0, or the errno that it met. */
static int
result(long code)
{
	return code < 0 ? errno : 0;
}

static int
open_file(void)
{
	return result(open("/etc/passwd", O_RDONLY));
}

static int
make_socket(void)
{
	return result(socket(AF_INET, SOCK_STREAM, 0));
}

static int
dial(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(1)};

	return result(connect(stream, (struct sockaddr *)&address, sizeof(address)));
}

/* Fast Open: a connect() by another name. */
static int
dial_by_sendto(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(1)};

	return result(
	    sendto(stream, "x", 1, MSG_FASTOPEN, (struct sockaddr *)&address, sizeof(address)));
}

static int
dial_by_sendmsg(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(1)};
	struct msghdr header = {.msg_name = &address, .msg_namelen = sizeof(address)};

	return result(sendmsg(stream, &header, MSG_FASTOPEN));
}

static int
dial_by_sendmmsg(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(1)};
	struct mmsghdr header = {.msg_hdr = {.msg_name = &address, .msg_namelen = sizeof(address)}};

	return result(sendmmsg(stream, &header, 1, MSG_FASTOPEN));
}

static int
send_datagram(void)
{
	struct sockaddr_in address = {
	    .sin_family = AF_INET, .sin_port = htons(1), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct mmsghdr header = {.msg_hdr = {.msg_name = &address, .msg_namelen = sizeof(address)}};

	return result(sendmmsg(datagram, &header, 1, 0));
}

/* As far as its kind goes it could reach any socket of a name, this one too. */
static const struct sockaddr_un elsewhere = {
    .sun_family = AF_UNIX, .sun_path = "\0sallyport-test-confine"};

static int
send_to_peer(void)
{
	char byte;

	if (send(pinned, "x", 1, MSG_NOSIGNAL) != 1 || read(peer, &byte, 1) != 1)
		return errno;
	return 0;
}

static int
send_past_peer_by_sendto(void)
{
	return result(
	    sendto(pinned, "x", 1, 0, (const struct sockaddr *)&elsewhere, sizeof(elsewhere)));
}

static int
send_past_peer_by_sendmsg(void)
{
	struct msghdr header = {.msg_name = (void *)&elsewhere, .msg_namelen = sizeof(elsewhere)};

	return result(sendmsg(pinned, &header, 0));
}

/* The kernel looks at 32 bits of a descriptor. */
static int
send_past_peer_with_high_bits(void)
{
	struct msghdr header = {.msg_name = (void *)&elsewhere, .msg_namelen = sizeof(elsewhere)};

	return result(syscall(SYS_sendmsg, (1L << 32) | pinned, &header, 0L));
}

static int
send_past_peer_by_sendmmsg(void)
{
	struct mmsghdr header = {
	    .msg_hdr = {.msg_name = (void *)&elsewhere, .msg_namelen = sizeof(elsewhere)}};

	return result(sendmmsg(pinned, &header, 1, 0));
}

static int
copy_pinned(void)
{
	return result(fcntl(pinned, F_DUPFD, 0));
}

static int
send_past_the_journal(void)
{
	struct msghdr header = {.msg_name = (void *)&elsewhere, .msg_namelen = sizeof(elsewhere)};

	return result(sendmsg(log_socket, &header, 0));
}

static int
look_at_other(void)
{
	return result(fcntl(datagram, F_GETFL));
}

static int
linger(void)
{
	struct linger option = {1, 100};

	return result(setsockopt(stream, SOL_SOCKET, SO_LINGER, &option, sizeof(option)));
}

static int
set_no_delay(void)
{
	int on = 1;

	return result(setsockopt(stream, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)));
}

static int
map_code(void)
{
	void *map = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return map == MAP_FAILED ? errno : 0;
}

static int
make_code(void)
{
	static _Alignas(4096) unsigned char page[4096];

	return result(mprotect(page, sizeof(page), PROT_READ | PROT_EXEC));
}

static int
map_data(void)
{
	void *map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return map == MAP_FAILED ? errno : 0;
}

static int
make_process(void)
{
	return result(fork());
}

static void *
do_nothing(void *argument)
{
	return argument;
}

static int
make_thread(void)
{
	pthread_t thread;
	int failed = pthread_create(&thread, NULL, do_nothing, NULL);

	return failed != 0 ? failed : pthread_join(thread, NULL);
}

static int
execute(void)
{
	char name[] = "/bin/true";
	char *arguments[] = {name, NULL};

	return result(execv(name, arguments));
}

static int
send_signal(void)
{
	return result(kill(getppid(), SIGTERM));
}

static int
abort_parent(void)
{
	return result(syscall(SYS_tgkill, getppid(), getppid(), SIGABRT));
}

static int
kill_self(void)
{
	return result(syscall(SYS_tgkill, getpid(), gettid(), SIGKILL));
}

static int
trace(void)
{
	return result(ptrace(PTRACE_TRACEME, 0, NULL, NULL));
}

static int
become_dumpable(void)
{
	return result(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0));
}

static int
become_root(void)
{
	return result(setuid(0));
}

static int
leave_root(void)
{
	return result(chroot("."));
}

static int
raise_limit(void)
{
	struct rlimit limit = {10, 10};

	return result(setrlimit(RLIMIT_NOFILE, &limit));
}

static int
make_ring(void)
{
	struct io_uring_params parameters = {0};

	return result(syscall(SYS_io_uring_setup, 4, &parameters));
}

static int
make_memory_file(void)
{
	return result(syscall(SYS_memfd_create, "x", 0));
}

static const struct {
	const char *name;
	int (*attempt)(void);
	int outcome; /* KILLED, FINE, or an errno */
} attempts[] = {
    {"open_file", open_file, EACCES},
    {"make_socket", make_socket, KILLED},
    {"dial", dial, KILLED},
    {"dial_by_sendto", dial_by_sendto, KILLED},
    {"dial_by_sendmsg", dial_by_sendmsg, KILLED},
    {"dial_by_sendmmsg", dial_by_sendmmsg, KILLED},
    {"send_datagram", send_datagram, FINE},
    {"send_to_peer", send_to_peer, FINE},
    {"send_past_peer_by_sendto", send_past_peer_by_sendto, KILLED},
    {"send_past_peer_by_sendmsg", send_past_peer_by_sendmsg, KILLED},
    {"send_past_peer_with_high_bits", send_past_peer_with_high_bits, KILLED},
    {"send_past_peer_by_sendmmsg", send_past_peer_by_sendmmsg, KILLED},
    {"copy_pinned", copy_pinned, KILLED},
    {"send_past_the_journal", send_past_the_journal, KILLED},
    {"look_at_other", look_at_other, FINE},
    {"linger", linger, KILLED},
    {"set_no_delay", set_no_delay, KILLED},
    {"map_code", map_code, KILLED},
    {"make_code", make_code, KILLED},
    {"map_data", map_data, FINE},
    {"make_process", make_process, KILLED},
    {"make_thread", make_thread, FINE},
    {"execute", execute, KILLED},
    {"send_signal", send_signal, KILLED},
    {"abort_parent", abort_parent, KILLED},
    {"kill_self", kill_self, KILLED},
    {"trace", trace, KILLED},
    {"become_dumpable", become_dumpable, KILLED},
    {"become_root", become_root, KILLED},
    {"leave_root", leave_root, KILLED},
    {"raise_limit", raise_limit, KILLED},
    {"make_ring", make_ring, ENOSYS},
    {"make_memory_file", make_memory_file, KILLED},
};

static void
confine_self(void)
{
	int pair[2] = {-1, -1};
	struct confine_plan plan = {.uid = geteuid() == 0 ? TEST_UID : geteuid(),
	    .gid = geteuid() == 0 ? TEST_UID : getegid(),
	    .root_fd = open(suite_folder, O_PATH | O_DIRECTORY),
	    .files = 64,
	    .quiet = 1,
	    .calls = filter_calls,
	    .call_count = filter_call_count};

	stream = socket(AF_INET, SOCK_STREAM, 0);
	datagram = socket(AF_INET, SOCK_DGRAM, 0);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair), 0);
	pinned = plan.pinned_fds[0] = pair[0];
	peer = pair[1];
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair), 0);
	log_socket = plan.pinned_fds[1] = pair[0];
	confine(&plan);
}

START_TEST(does_what_it_must_and_nothing_else)
{
	pid_t child = fork();
	int status;

	if (child == 0) {
		confine_self();
		_exit(attempts[_i].attempt());
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	if (attempts[_i].outcome == KILLED)
		ck_assert_msg(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS, "%s: status %x",
		    attempts[_i].name, (unsigned)status);
	else
		ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == attempts[_i].outcome,
		    "%s: status %x", attempts[_i].name, (unsigned)status);
}
END_TEST

static void *
abort_in_a_thread(void *nothing)
{
	(void)nothing;
	abort();
}

/* What libc and libuv do where they cannot go on; the parent's log tells the two ends apart. */
START_TEST(an_abort_is_no_violation)
{
	pthread_t thread;
	pid_t child = fork();
	int status;

	if (child == 0) {
		confine_self();
		if (_i == 0)
			abort();
		_exit(pthread_create(&thread, NULL, abort_in_a_thread, NULL) == 0 &&
		      pthread_join(thread, NULL) == 0);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_msg(
	    WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT, "status %x", (unsigned)status);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("confine");
	TCase *tests = tcase_create("confine");

	log_init("test", LOG_LEVEL_ERROR, LOG_FORMAT_TEXT);
	tcase_add_loop_test(tests, does_what_it_must_and_nothing_else, 0, ROWS(attempts));
	tcase_add_loop_test(tests, an_abort_is_no_violation, 0, 2);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
