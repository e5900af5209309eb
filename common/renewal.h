/*
 * A new configuration for a daemon that runs: root hands it in at the door (door.h), as the effective configuration that
 * conf_print() writes. It is read again, held against the one the daemon was started with, and used when root has
 * heard from all daemons that they are able to.
 *
 * What a daemon uses only when it starts (struct conf_key) stays as it was, and root is told its name, at
 * each reload until the daemon is started again. zone.name cannot change: every name would move.
 */
#ifndef COMMON_RENEWAL_H
#define COMMON_RENEWAL_H

#include "daemon.h"
#include "door.h"

enum {
	RENEWAL_MAX_FILE = 4 * CONF_MAX_FILE /* bytes; what is left out of a file is written out */
};

/* The daemon's own part; as struct door_reload has it but for what is said here. */
struct renewal_service {
	void *context;
	/* Makes what the daemon needs of `next`, which it may refer to. */
	int (*prepare)(void *context, const struct conf *next, struct door_reply *reply);
	int (*prepare_pair)(
	    void *context, const int fds[2], struct door_reply *reply); /* may be NULL */
	/* daemon->conf is the new one. Calls renewal_done(), at once or later, when nothing refers to the old one any more. */
	void (*apply)(void *context);
	void (*discard)(void *context);
};

struct renewal {
	struct daemon *daemon;
	const struct renewal_service *service;
	struct door_reload reload; /* for struct door_config */
	struct door *door;
	struct conf started; /* the first one, whose memory is kept */
	struct conf next;    /* handed in, not used yet */
	struct conf old;     /* was used until now */
};

/*
 * Begins with the daemon's configuration, which may not be freed before the daemon ends. `renewal` and `service` outlive the
 * door.
 */
void renewal_init(
    struct renewal *renewal, struct daemon *daemon, const struct renewal_service *service);

/* Listens at the door; `arrived` and `context` as in struct door_config. Fatal on failure. */
struct door *renewal_listen(struct renewal *renewal, uv_loop_t *loop, int door_fd,
    void (*arrived)(void *context, int link_fd), void *context);

void renewal_done(struct renewal *renewal);

/* Frees all configurations, the daemon's own as well. Nothing refers to them any more. */
void renewal_free(struct renewal *renewal);

/* Adds a key to those that need a restart. */
void renewal_add_key(struct door_reply *reply, const char *key);

#endif
