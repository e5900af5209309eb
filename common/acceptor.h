/*
 * Takes the connections that come to a listening socket. libuv's own way turns in circles for ever where no descriptor is left
 * (EMFILE, ENFILE): it wants to open /dev/null then, which a confined process cannot. Here somebody gives his place to the next one, or they wait.
 */
#ifndef COMMON_ACCEPTOR_H
#define COMMON_ACCEPTOR_H

#include <uv.h>

struct acceptor_config {
	void *context;
	const char *
	    what; /* who comes, for the log: "connections to the API"; lives as long as the acceptor */
	/* A new connection: non-blocking, the receiver's to close. */
	void (*accepted)(void *context, int fd);
	/* No descriptor is left. 1: one of ours is closed now; NULL or 0: whoever comes waits for 100 ms, and tries again. */
	int (*make_room)(void *context);
	/* Nothing of it is left; may be NULL. */
	void (*closed)(void *context);
};

struct acceptor;

/* Listens at `fd`, a bound socket, which it owns, and closes also when it fails: NULL with errno. */
struct acceptor *acceptor_start(
    uv_loop_t *loop, int fd, int backlog, const struct acceptor_config *config);

/* Nobody is taken any more; it is freed when its loop has turned. NULL is nothing to be done. */
void acceptor_close(struct acceptor *acceptor);

#endif
