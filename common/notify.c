#include "notify.h"

#include "log.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

enum {
	MAX_MESSAGE = NOTIFY_MAX_STATUS + 64,
	KEPT_AT_ONCE = 64, /* descriptors in a message; the kernel takes 253 */
	US_PER_MS = 1000,
	NS_PER_US = 1000,
	NS_PER_MS = 1000 * 1000
};

struct notify {
	struct notify_config config;
	uv_timer_t status_timer, watchdog_timer;
	uv_async_t wake;   /* a thread has answered */
	uint64_t watchdog; /* ms between two calls; 0: nobody watches */
	int fd;
	char status[NOTIFY_MAX_STATUS]; /* as systemd has it */
	int owes_ready;			/* it did not take the last one */
	atomic_uint answered;		/* since the last call */
	unsigned expected;		/* answers to it; 0: all are there */
	uint64_t called;		/* uv_hrtime() */
	int stopping;
	struct log_limit failures, stuck;
};

/* Milliseconds; half of what systemd waits for. */
static uint64_t
watchdog_interval(void)
{
	const char *text = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
	char *end = NULL;
	unsigned long long interval;

	if (text == NULL || (pid != NULL && strtoll(pid, NULL, 10) != getpid()))
		return 0;
	errno = 0;
	interval = strtoull(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0' || text[0] == '-')
		fatal("WATCHDOG_USEC is no number of microseconds");
	if (interval == 0)
		return 0;
	interval /= 2ULL * US_PER_MS;
	return interval > 0 ? interval : 1;
}

struct notify *
notify_open(void)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	const struct timeval patience = {.tv_sec = NOTIFY_SEND_MS / 1000};
	struct notify *notify;
	size_t length;

	if (path == NULL || (path[0] != '/' && path[0] != '@'))
		return NULL;
	length = strlen(path);
	if (length >= sizeof(address.sun_path))
		fatal("NOTIFY_SOCKET is too long");
	memcpy(address.sun_path, path, length);
	if (path[0] == '@')
		address.sun_path[0] = '\0';
	notify = calloc(1, sizeof(*notify));
	if (notify == NULL)
		fatal("no memory to talk to systemd");
	notify->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (notify->fd < 0 ||
	    connect(notify->fd, (struct sockaddr *)&address,
		(socklen_t)(offsetof(struct sockaddr_un, sun_path) + length)) != 0 ||
	    setsockopt(notify->fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) != 0)
		fatal("cannot connect to NOTIFY_SOCKET: %s", strerror(errno));
	notify->watchdog = watchdog_interval();
	return notify;
}

/* What may be said again later does not wait. 0, or -1: logged. */
static int
tell(struct notify *notify, const char *message, int flags)
{
	if (send(notify->fd, message, strlen(message), MSG_NOSIGNAL | flags) >= 0)
		return 0;
	if (log_allowed(&notify->failures))
		log_warning("cannot tell systemd how we are: %s", strerror(errno));
	return -1;
}

/* A message with descriptors. */
static void
tell_with(struct notify *notify, const char *message, const int *fds, size_t count)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(KEPT_AT_ONCE * sizeof(int))];
	} control = {.bytes = {0}};
	struct iovec part = {(char *)message, strlen(message)};
	struct msghdr header = {.msg_iov = &part,
	    .msg_iovlen = 1,
	    .msg_control = control.bytes,
	    .msg_controllen = CMSG_SPACE(count * sizeof(int))};
	struct cmsghdr *rights = CMSG_FIRSTHDR(&header);

	rights->cmsg_level = SOL_SOCKET;
	rights->cmsg_type = SCM_RIGHTS;
	rights->cmsg_len = CMSG_LEN(count * sizeof(int));
	memcpy(CMSG_DATA(rights), fds, count * sizeof(int));
	if (sendmsg(notify->fd, &header, MSG_NOSIGNAL) < 0)
		log_warning("cannot have systemd keep our sockets: %s", strerror(errno));
}

void
notify_keep_sockets(struct notify *notify, const char *name, const int *fds, size_t count)
{
	char message[MAX_MESSAGE];

	if (notify == NULL)
		return;
	(void)snprintf(message, sizeof(message), "FDSTORE=1\nFDPOLL=0\nFDNAME=%s", name);
	for (size_t done = 0; done < count; done += KEPT_AT_ONCE) {
		size_t left = count - done;

		tell_with(notify, message, fds + done, left < KEPT_AT_ONCE ? left : KEPT_AT_ONCE);
	}
}

void
notify_forget_sockets(struct notify *notify, const char *name)
{
	char message[MAX_MESSAGE];

	if (notify == NULL)
		return;
	(void)snprintf(message, sizeof(message), "FDSTOREREMOVE=1\nFDNAME=%s", name);
	(void)tell(notify, message, 0);
}

int
notify_fd(const struct notify *notify)
{
	return notify != NULL ? notify->fd : -1;
}

static void
tell_ready(struct notify *notify)
{
	notify->owes_ready = tell(notify, "READY=1", 0) != 0;
}

static void
tell_status(struct notify *notify)
{
	char status[NOTIFY_MAX_STATUS] = "", message[MAX_MESSAGE];

	if (notify->config.describe == NULL)
		return;
	notify->config.describe(notify->config.context, status, sizeof(status));
	if (strcmp(status, notify->status) == 0)
		return;
	(void)snprintf(message, sizeof(message), "STATUS=%s", status);
	if (tell(notify, message, MSG_DONTWAIT) == 0)
		memcpy(notify->status, status, sizeof(status));
}

static void
on_status(uv_timer_t *timer)
{
	struct notify *notify = timer->data;

	if (notify->stopping)
		return;
	if (notify->owes_ready)
		tell_ready(notify);
	tell_status(notify);
}

static void
look_for_answers(struct notify *notify)
{
	if (notify->expected == 0 || atomic_load(&notify->answered) < notify->expected)
		return;
	notify->expected = 0;
	(void)tell(notify, "WATCHDOG=1", MSG_DONTWAIT);
}

static void
on_answer(uv_async_t *wake)
{
	look_for_answers(wake->data);
}

void
notify_answer(struct notify *notify)
{
	if (notify == NULL)
		return;
	(void)atomic_fetch_add(&notify->answered, 1);
	(void)uv_async_send(&notify->wake);
}

/* The loop's own turn is one of those that matter. */
static void
on_watchdog(uv_timer_t *timer)
{
	struct notify *notify = timer->data;

	/* Threads end now and need not answer; what is left has a deadline of its own. */
	if (notify->stopping)
		return;
	if (notify->expected > 0) {
		if (log_allowed(&notify->stuck))
			log_error(
			    "%u of %u threads have not turned for %llu ms: systemd will end us",
			    notify->expected - atomic_load(&notify->answered), notify->expected,
			    (unsigned long long)((uv_hrtime() - notify->called) / NS_PER_MS));
		return;
	}
	notify->called = uv_hrtime();
	atomic_store(&notify->answered, 1);
	notify->expected = 1;
	if (notify->config.call != NULL)
		notify->expected += notify->config.call(notify->config.context, notify);
	look_for_answers(notify);
}

static void
start_timer(uv_loop_t *loop, struct notify *notify, uv_timer_t *timer,
    void (*due)(uv_timer_t *timer), uint64_t interval)
{
	timer->data = notify;
	if (uv_timer_init(loop, timer) != 0 || uv_timer_start(timer, due, interval, interval) != 0)
		fatal("cannot start a timer for systemd");
	uv_unref((uv_handle_t *)timer);
}

void
notify_start(struct notify *notify, uv_loop_t *loop, const struct notify_config *config)
{
	if (notify == NULL)
		return;
	notify->config = *config;
	notify->wake.data = notify;
	if (uv_async_init(loop, &notify->wake, on_answer) != 0)
		fatal("cannot be woken for systemd");
	uv_unref((uv_handle_t *)&notify->wake);
	start_timer(loop, notify, &notify->status_timer, on_status, NOTIFY_STATUS_MS);
	if (notify->watchdog > 0)
		start_timer(loop, notify, &notify->watchdog_timer, on_watchdog, notify->watchdog);
	tell_ready(notify);
	tell_status(notify);
}

void
notify_reloading(struct notify *notify)
{
	char message[MAX_MESSAGE];

	if (notify == NULL)
		return;
	(void)snprintf(message, sizeof(message), "RELOADING=1\nMONOTONIC_USEC=%llu",
	    (unsigned long long)(uv_hrtime() / NS_PER_US));
	(void)tell(notify, message, 0);
}

void
notify_reloaded(struct notify *notify)
{
	if (notify != NULL)
		tell_ready(notify);
}

void
notify_stopping(struct notify *notify)
{
	if (notify == NULL)
		return;
	notify->stopping = 1;
	(void)tell(notify, "STOPPING=1\nSTATUS=stopping", 0);
}

void
notify_close(struct notify *notify)
{
	if (notify == NULL)
		return;
	close(notify->fd);
	free(notify);
}
