/*
 * systemd's notify protocol (sd_notify(3)): that we are ready, reload or stop, one line on what we do, and the
 * watchdog; over a datagram socket that is connected before confinement.
 *
 * The watchdog hears from us only while everything that matters turns. Every half of WATCHDOG_USEC the threads
 * are called, and when each has answered out of its own turn, systemd is told once: one that stands still is found, however
 * well the others do.
 *
 * Whoever takes the process over can tell systemd what he likes about its own unit, and reach nobody else over this
 * socket (struct confine_plan).
 *
 * All functions accept NULL, which is the answer where nobody listens, and do nothing.
 */
#ifndef COMMON_NOTIFY_H
#define COMMON_NOTIFY_H

#include <stddef.h>
#include <uv.h>

enum {
	NOTIFY_STATUS_MS = 1000, /* between two looks at what there is to say */
	NOTIFY_MAX_STATUS = 256, /* bytes of a status line, with its end */
	NOTIFY_SEND_MS =
	    1000 /* for systemd to take a message; after that it is logged and tried again */
};

struct notify;

/*
 * Connects to NOTIFY_SOCKET, a path or an abstract name, and reads the watchdog's interval; WATCHDOG_PID must be ours or
 * missing. NULL if there is no such socket; fatal when it cannot be used.
 */
struct notify *notify_open(void);

/* The socket, for confinement; -1 if there is none. */
int notify_fd(const struct notify *notify);

/*
 * Has systemd keep these sockets, and pass them under the name to the next process when this one is exchanged or dies; no more of
 * them than FileDescriptorStoreMax= of the unit says. Before confinement, which forbids to send descriptors.
 */
void notify_keep_sockets(struct notify *notify, const char *name, const int *fds, size_t count);

/* Has it close all that it keeps under the name: soon, not at once. */
void notify_forget_sockets(struct notify *notify, const char *name);

struct notify_config {
	void *context;
	/* Writes a line without control characters on what we do; empty: nothing. */
	void (*describe)(void *context, char *text, size_t capacity);
	/*
	 * Has each thread that matters call notify_answer() once, out of its next turn, and says how many these are.
	 * Not called again before all have. NULL: the loop alone matters.
	 */
	unsigned (*call)(void *context, struct notify *notify);
};

/* Tells that we are ready; from then on the status whenever it changes, and the watchdog. Nothing here keeps the loop alive. */
void notify_start(struct notify *notify, uv_loop_t *loop, const struct notify_config *config);

/* A called thread turns. From any thread. */
void notify_answer(struct notify *notify);

/* Around a reload, and before the end. */
void notify_reloading(struct notify *notify);
void notify_reloaded(struct notify *notify);
void notify_stopping(struct notify *notify);

/* After the loop has ended and the threads are gone: nothing is told any more. */
void notify_close(struct notify *notify);

#endif
