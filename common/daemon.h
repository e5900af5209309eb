/*
 * What the three daemons do alike: arguments, configuration, lifeline, signals, readiness.
 *
 * A daemon's main() reads:
 *     daemon_begin, open what it needs, daemon_confine, uv_loop_init, build, daemon_serve.
 */
#ifndef COMMON_DAEMON_H
#define COMMON_DAEMON_H

#include "conf.h"
#include "confine.h"
#include "notify.h"
#include "passed_sockets.h"

#include <uv.h>

enum {
	DAEMON_STOP_MS = 2000,	/* from SIGTERM to exit at most */
	DAEMON_LIFELINE_FD = 3, /* where the parent puts the lifeline */
	DAEMON_CONTROL_FD = 3,	/* where "sallyport VERB" puts the administrator's link */
	DAEMON_TASK_FD = 3	/* where it puts what a task writes to */
};

/* In the runtime folder: store's socket for the administrator. */
#define DAEMON_CONTROL_SOCKET "control"

struct daemon {
	enum conf_role role;
	struct conf conf;
	struct passed_sockets passed; /* to be taken before confinement */
	int own_user;		      /* 1: not started as root, but as the user that it is to be */
	int runtime_fd;		      /* the runtime folder, O_PATH */
	int empty_fd;	  /* the empty folder in it that dnsd and apid use as root, O_PATH */
	int lifeline_fd;  /* -1 when nobody gave us one */
	int control_fd;	  /* of store, with --control: to be served alone; otherwise -1 */
	const char *task; /* of store, with --task: what to do instead of serving; otherwise NULL */
	struct notify *notify; /* NULL: systemd does not listen, or the parent speaks to it */
	uv_loop_t *loop;
	uv_signal_t on_term, on_int;
	uv_poll_t on_lifeline;
	uv_timer_t deadline;
	const struct daemon_service *service;
	int stopping;
};

/* What a daemon does with its loop, once it serves. */
struct daemon_service {
	void *context;
	/* Called once: stops accepting and closes its handles when what is in hand is answered. */
	void (*stop)(void *context);
	/* See struct notify_config. */
	void (*describe)(void *context, char *text, size_t capacity);
	unsigned (*call)(void *context, struct notify *notify);
};

/*
 * Reads the arguments (-c FILE, --lifeline or, for store, --control or --task or --own-user, --version, --help) and the configuration, starts the
 * log, closes inherited descriptors, makes the runtime folder where it is missing. Exits 78
 * on a configuration error, 1 on any other.
 */
void daemon_begin(struct daemon *daemon, enum conf_role role, int argc, char **argv);

/*
 * Gives up everything but `files` descriptors and `calls`. `into_runtime` chooses the runtime folder
 * as root (store) instead of the empty one.
 */
void daemon_confine(struct daemon *daemon, int into_runtime, unsigned long files,
    const struct confine_call *calls, size_t call_count);

/*
 * Watches signals and lifeline, tells systemd and the parent that we are ready, runs
 * `loop` until it is empty. SIGTERM, SIGINT and the parent's end stop the service, within
 * DAEMON_STOP_MS; after that the process exits all the same. Returns the exit code, 0.
 */
int daemon_serve(struct daemon *daemon, uv_loop_t *loop, const struct daemon_service *service);

/* Stops as SIGTERM does, once. While daemon_serve() runs. */
void daemon_stop(struct daemon *daemon);

#endif
