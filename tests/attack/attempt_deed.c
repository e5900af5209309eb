/* Attempts that take more than one system call, or none. */
#include "attempt.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum {
	DESCRIPTORS = 2048,
	MANY_THREADS = 2000, /* more than anybody needs, and no harm to the machine */
	SMALL_STACK = 65536
};

static int
result(long code)
{
	return code < 0 ? errno : 0;
}

/* An option of a socket that is a number, or -1. */
static int
option_of(int fd, int name)
{
	int value;
	socklen_t length = sizeof(value);

	return getsockopt(fd, SOL_SOCKET, name, &value, &length) == 0 ? value : -1;
}

/* The first socket of this kind and type, or -1. */
static int
find_socket(int domain, int type)
{
	for (int fd = 3; fd < DESCRIPTORS; fd++)
		if (option_of(fd, SO_DOMAIN) == domain && option_of(fd, SO_TYPE) == type)
			return fd;
	return -1;
}

/* Our end of a link, or -1: the last, because the first is our own door. */
static int
find_link(void)
{
	for (int fd = DESCRIPTORS; fd > 2; fd--)
		if (option_of(fd, SO_TYPE) == SOCK_SEQPACKET && option_of(fd, SO_ACCEPTCONN) == 0)
			return fd;
	return -1;
}

/* A socket of the network: one that is there, or else a new one. */
static int
network_socket(int type)
{
	int fd = find_socket(AF_INET, type);

	return fd >= 0 ? fd : socket(AF_INET, type, 0);
}

static struct sockaddr_in
somewhere(void)
{
	return (struct sockaddr_in){
	    .sin_family = AF_INET, .sin_port = htons(9), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

/* The way out of a chroot: a descriptor of a folder that lies outside. 0 if any descriptor gave one. */
static int
leave_by_descriptor(pid_t victim)
{
	int met = EBADF;

	(void)victim;
	for (int fd = 0; fd < DESCRIPTORS; fd++) {
		if (syscall(SYS_openat, fd, "..", O_RDONLY | O_DIRECTORY) >= 0)
			return 0;
		met = errno;
	}
	return met;
}

/* fstat() is made of this call; the flag allows an empty path and does not insist on one. */
static int
stat_by_descriptor_call(pid_t victim)
{
	struct stat status;

	(void)victim;
	return result(
	    syscall(SYS_newfstatat, AT_FDCWD, "/etc/passwd", &status, (long)AT_EMPTY_PATH));
}

static int
wipe_log(pid_t victim)
{
	(void)victim;
	return result(ftruncate(STDERR_FILENO, 0));
}

static int
connect_tcp(pid_t victim)
{
	struct sockaddr_in address = somewhere();

	(void)victim;
	return result(
	    connect(network_socket(SOCK_STREAM), (struct sockaddr *)&address, sizeof(address)));
}

/* What a process with Unix sockets could reach that it was not given: the victim listens at both. */
static int
connect_abstract(pid_t victim)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	int length = snprintf(
	    address.sun_path + 1, sizeof(address.sun_path) - 1, "sallyport-attack-%d", (int)victim);

	return result(connect(fd, (struct sockaddr *)&address,
	    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)length)));
}

static int
connect_unix(pid_t victim)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	(void)snprintf(
	    address.sun_path, sizeof(address.sun_path), "/tmp/sallyport-attack-%d", (int)victim);
	return result(connect(fd, (struct sockaddr *)&address, sizeof(address)));
}

/* Fast Open: connect() by three other names. */
static int
dial_by_sendto(pid_t victim)
{
	struct sockaddr_in address = somewhere();

	(void)victim;
	return result(sendto(network_socket(SOCK_STREAM), "x", 1, MSG_FASTOPEN,
	    (struct sockaddr *)&address, sizeof(address)));
}

static int
dial_by_sendmsg(pid_t victim)
{
	struct sockaddr_in address = somewhere();
	struct iovec bytes = {(char[]){"x"}, 1};
	struct msghdr header = {.msg_name = &address,
	    .msg_namelen = sizeof(address),
	    .msg_iov = &bytes,
	    .msg_iovlen = 1};

	(void)victim;
	return result(sendmsg(network_socket(SOCK_STREAM), &header, MSG_FASTOPEN));
}

static int
dial_by_sendmmsg(pid_t victim)
{
	struct sockaddr_in address = somewhere();
	struct mmsghdr header = {.msg_hdr = {.msg_name = &address, .msg_namelen = sizeof(address)}};

	(void)victim;
	return result(sendmmsg(network_socket(SOCK_STREAM), &header, 1, MSG_FASTOPEN));
}

static int
send_datagram(pid_t victim)
{
	struct sockaddr_in address = somewhere();
	struct iovec bytes = {(char[]){"x"}, 1};
	struct msghdr header = {.msg_name = &address,
	    .msg_namelen = sizeof(address),
	    .msg_iov = &bytes,
	    .msg_iovlen = 1};

	(void)victim;
	return result(sendmsg(network_socket(SOCK_DGRAM), &header, MSG_NOSIGNAL));
}

/* To speak as somebody else to whoever believes the kernel's word on who speaks. */
static int
forge_credentials(pid_t victim)
{
	struct ucred root = {.pid = 1, .uid = 0, .gid = 0};
	_Alignas(struct cmsghdr) char space[CMSG_SPACE(sizeof(root))] = {0};
	struct iovec bytes = {(char[]){"x"}, 1};
	struct msghdr header = {.msg_iov = &bytes,
	    .msg_iovlen = 1,
	    .msg_control = space,
	    .msg_controllen = sizeof(space)};
	struct cmsghdr *message = CMSG_FIRSTHDR(&header);

	(void)victim;
	message->cmsg_level = SOL_SOCKET;
	message->cmsg_type = SCM_CREDENTIALS;
	message->cmsg_len = CMSG_LEN(sizeof(root));
	memcpy(CMSG_DATA(message), &root, sizeof(root));
	return result(sendmsg(find_link(), &header, MSG_NOSIGNAL));
}

/* Whoever closes such a socket waits, store included, if it is given away. */
static int
linger(pid_t victim)
{
	struct linger option = {1, 100};

	(void)victim;
	return result(setsockopt(
	    network_socket(SOCK_STREAM), SOL_SOCKET, SO_LINGER, &option, sizeof(option)));
}

/* Serving where nobody asked for it: a socket that is no listener cannot become one. */
static int
listen_elsewhere(pid_t victim)
{
	(void)victim;
	return result(listen(find_link(), 1));
}

/* Signals to others by way of a descriptor that is to tell them of its traffic. */
static int
signal_by_descriptor(pid_t victim)
{
	(void)victim;
	return result(fcntl(find_link(), F_SETOWN, victim));
}

static int
signal_of_choice_by_descriptor(pid_t victim)
{
	(void)victim;
	return result(fcntl(find_link(), F_SETSIG, SIGKILL));
}

static int
traffic_signals(pid_t victim)
{
	(void)victim;
	return result(fcntl(find_link(), F_SETFL, O_ASYNC | O_NONBLOCK));
}

static int
watch_folder_by_descriptor(pid_t victim)
{
	(void)victim;
	return result(fcntl(STDERR_FILENO, F_NOTIFY, 1));
}

static int
ignore_sigterm(pid_t victim)
{
	(void)victim;
	return result(signal(SIGTERM, SIG_IGN) == SIG_ERR ? -1 : 0);
}

static void *
dial_in_thread(void *met)
{
	*(int *)met = connect_tcp(0);
	return NULL;
}

static int
connect_in_a_thread(pid_t victim)
{
	pthread_t thread;
	int met = 0, failed = pthread_create(&thread, NULL, dial_in_thread, &met);

	(void)victim;
	if (failed == 0)
		failed = pthread_join(thread, NULL);
	return failed != 0 ? failed : met;
}

/* Only that there is an end matters here. */
static int
fill_descriptors(pid_t victim)
{
	int pairs[DESCRIPTORS][2], count = 0, met = 0;

	(void)victim;
	while (count < DESCRIPTORS && met == 0) {
		if (pipe2(pairs[count], O_CLOEXEC) == 0)
			count++;
		else
			met = errno;
	}
	while (count-- > 0) {
		close(pairs[count][0]);
		close(pairs[count][1]);
	}
	return met;
}

static void *
wait_for_end(void *end)
{
	struct pollfd ended = {.fd = *(const int *)end};

	(void)poll(&ended, 1, -1);
	return NULL;
}

static int
fill_process_table(pid_t victim)
{
	static pthread_t threads[MANY_THREADS];
	pthread_attr_t attributes;
	int failed = 0, count = 0, end[2];

	(void)victim;
	if (pipe2(end, O_CLOEXEC) != 0)
		return errno;
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, SMALL_STACK);
	while (count < MANY_THREADS && failed == 0) {
		failed = pthread_create(&threads[count], &attributes, wait_for_end, end);
		count += failed == 0;
	}
	pthread_attr_destroy(&attributes);
	close(end[1]);
	while (count-- > 0)
		pthread_join(threads[count], NULL);
	close(end[0]);
	return failed;
}

static unsigned char code[8192] __attribute__((aligned(4096))) = {0xc3}; /* ret, on x86 */

static int
make_code(pid_t victim)
{
	(void)victim;
	return result(mprotect(code, 4096, PROT_READ | PROT_EXEC));
}

static int
run_data(pid_t victim)
{
	void (*run)(void);
	void *where = code;

	(void)victim;
	memcpy(&run, &where, sizeof(run));
	run();
	return 0;
}

static int
run_stack(pid_t victim)
{
	unsigned char on_stack[64] = {0xc3};
	void (*run)(void);
	void *where = on_stack;

	(void)victim;
	memcpy(&run, &where, sizeof(run));
	run();
	return 0;
}

static int
write_own_code(pid_t victim)
{
	int (*self)(pid_t) = write_own_code;
	volatile unsigned char *where;

	(void)victim;
	memcpy(&where, &self, sizeof(where));
	*where = 0xc3;
	return 0;
}

/* What full RELRO is about: the table of the functions of libraries. */
extern char global_offset_table[] __asm__("_GLOBAL_OFFSET_TABLE_")
    __attribute__((visibility("hidden")));

static int
write_offset_table(pid_t victim)
{
	volatile char *where = global_offset_table;

	(void)victim;
	*where = 1;
	return 0;
}

#ifdef __x86_64__
/* The other way into the kernel: calls of 32 bits have other numbers. 359 is socket there. */
static int
call_of_32_bits(pid_t victim)
{
	long code_of_call = 359;

	(void)victim;
	__asm__ volatile("int $0x80"
	    : "+a"(code_of_call)
	    : "b"(AF_INET), "c"(SOCK_STREAM), "d"(0)
	    : "memory", "r8", "r9", "r10", "r11");
	return code_of_call < 0 ? (int)-code_of_call : 0;
}
#endif

#define DEED(NAME) {.name = #NAME, .run = (NAME)}

const struct attempt attempt_deeds[] = {
    DEED(leave_by_descriptor),
    DEED(stat_by_descriptor_call),
    DEED(wipe_log),
    DEED(connect_tcp),
    DEED(connect_abstract),
    DEED(connect_unix),
    DEED(dial_by_sendto),
    DEED(dial_by_sendmsg),
    DEED(dial_by_sendmmsg),
    DEED(send_datagram),
    DEED(forge_credentials),
    DEED(linger),
    DEED(listen_elsewhere),
    DEED(signal_by_descriptor),
    DEED(signal_of_choice_by_descriptor),
    DEED(traffic_signals),
    DEED(watch_folder_by_descriptor),
    DEED(ignore_sigterm),
    DEED(connect_in_a_thread),
    DEED(fill_descriptors),
    DEED(fill_process_table),
    DEED(make_code),
    DEED(run_data),
    DEED(run_stack),
    DEED(write_own_code),
    DEED(write_offset_table),
#ifdef __x86_64__
    DEED(call_of_32_bits),
#endif
};

const size_t attempt_deed_count = sizeof(attempt_deeds) / sizeof(attempt_deeds[0]);
