#include "acceptor.h"

#include "log.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	AT_ONCE = 64, /* before others have their turn */
	PAUSE_MS = 100
};

struct acceptor {
	struct acceptor_config config;
	uv_poll_t poll;
	uv_timer_t pause;
	int fd;
	int open_handles;
	struct log_limit shortages;
};

static void on_knock(uv_poll_t *poll, int status, int events);

static void
on_pause_over(uv_timer_t *timer)
{
	struct acceptor *acceptor = timer->data;

	(void)uv_poll_start(&acceptor->poll, UV_READABLE, on_knock);
}

/* accept4() asks for a descriptor first: without one it fails as well where nobody has come. */
static int
somebody_waits(const struct acceptor *acceptor)
{
	struct pollfd knock = {.fd = acceptor->fd, .events = POLLIN};

	return poll(&knock, 1, 0) == 1;
}

/* 1 if the next one may be taken now. */
static int
overcome(struct acceptor *acceptor, int error)
{
	int has_room = acceptor->config.make_room != NULL &&
		       acceptor->config.make_room(acceptor->config.context);

	if (log_allowed(&acceptor->shortages))
		log_warning("%s: %s: %s", acceptor->config.what, strerror(error),
		    has_room ? "the one idle for longest gave way to another" : "they wait");
	if (has_room)
		return 1;
	(void)uv_poll_stop(&acceptor->poll);
	(void)uv_timer_start(&acceptor->pause, on_pause_over, PAUSE_MS, 0);
	return 0;
}

static void
on_knock(uv_poll_t *poll, int status, int events)
{
	struct acceptor *acceptor = poll->data;

	(void)status;
	(void)events;
	for (unsigned i = 0; i < AT_ONCE; i++) {
		int fd = accept4(acceptor->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		int error = errno;

		if (fd >= 0)
			acceptor->config.accepted(acceptor->config.context, fd);
		else if (error == EAGAIN)
			return;
		else if (error == EMFILE || error == ENFILE || error == ENOBUFS ||
			 error == ENOMEM) {
			if (!somebody_waits(acceptor) || !overcome(acceptor, error))
				return;
		}
		/* Anything else is the end of one that has not come yet (accept(2)). */
	}
}

struct acceptor *
acceptor_start(uv_loop_t *loop, int fd, int backlog, const struct acceptor_config *config)
{
	struct acceptor *acceptor = calloc(1, sizeof(*acceptor));
	int failed;

	if (acceptor == NULL || listen(fd, backlog) != 0)
		goto fail;
	failed = uv_poll_init(loop, &acceptor->poll, fd);
	if (failed != 0) {
		errno = -failed;
		goto fail;
	}
	(void)uv_timer_init(loop, &acceptor->pause);
	acceptor->config = *config;
	acceptor->fd = fd;
	acceptor->open_handles = 2;
	acceptor->poll.data = acceptor->pause.data = acceptor;
	(void)uv_poll_start(&acceptor->poll, UV_READABLE, on_knock);
	return acceptor;
fail:
	failed = errno;
	close(fd);
	free(acceptor);
	errno = failed;
	return NULL;
}

static void
on_closed(uv_handle_t *handle)
{
	struct acceptor *acceptor = handle->data;

	if (--acceptor->open_handles > 0)
		return;
	if (acceptor->config.closed != NULL)
		acceptor->config.closed(acceptor->config.context);
	free(acceptor);
}

void
acceptor_close(struct acceptor *acceptor)
{
	if (acceptor == NULL)
		return;
	(void)uv_poll_stop(&acceptor->poll);
	close(acceptor->fd);
	uv_close((uv_handle_t *)&acceptor->poll, on_closed);
	uv_close((uv_handle_t *)&acceptor->pause, on_closed);
}
