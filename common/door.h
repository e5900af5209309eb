/*
 * The named socket of a daemon, at which store hands a front its link, and root what the daemon is to use from now on.
 *
 * The daemon binds its door before it is confined and listens after it dropped its
 * uid: the kernel notes a listener's credentials in listen(2), and whoever connects checks them.
 *
 * What root hands in comes in steps of one connection: RELOAD, perhaps RELOAD_PAIR, RELOAD_APPLY. Nothing is in use before
 * the last one, so that root can ask all daemons first whether they are able to.
 */
#ifndef COMMON_DOOR_H
#define COMMON_DOOR_H

#include "message.h"

#include <sys/types.h>
#include <uv.h>

enum {
	DOOR_GUESTS = 4,	   /* connections held at once; further ones are closed */
	DOOR_PATIENCE_MS = 1000,   /* a connection that has not spoken by then is closed */
	DOOR_RELOAD_MS = 20 * 1000 /* a reload that has begun: for each of its steps */
};

/*
 * Binds `name` in the folder behind `folder_fd` (replacing a socket that is there) with this mode and, when we are
 * root, these owners. The path never meets the 107 bytes of sun_path. Changes
 * the working directory for a moment: call before any thread exists. Returns the descriptor;
 * fatal on failure.
 */
int door_bind(int folder_fd, const char *name, mode_t mode, uid_t owner, gid_t group);

struct door;

/* What becomes of a step; both empty at first. */
struct door_reply {
	char reason[MESSAGE_MAX_REASON + 1]; /* why not, in one line */
	char keys[MESSAGE_MAX_KEYS +
		  1]; /* what needs a restart, as struct message_reload_answer has it */
};

/*
 * Descriptors are closed after the call. Of one reload at a time: prepare, perhaps prepare_pair, then either apply or
 * discard. prepare and prepare_pair: 0, or -1 with `reason` and nothing changed; where prepare succeeded discard follows
 * all the same. apply leads to door_applied(), at once or later.
 */
struct door_reload {
	void *context;
	/* `environment`: conf_environment_digest() of whoever has read the configuration. */
	int (*prepare)(
	    void *context, int configuration, uint64_t environment, struct door_reply *reply);
	/* May be NULL: refused. The certificate and its key. */
	int (*prepare_pair)(void *context, const int fds[2], struct door_reply *reply);
	void (*apply)(void *context);
	void (*discard)(void *context);
};

struct door_config {
	uid_t store_uid;
	uid_t
	    reload_uid; /* who may reload besides root: our own uid where we were started without root */
	void *context;
	/* Gets each new link's descriptor and owns it; the newest wins, the callee closes the one before. NULL: takes none. */
	void (*arrived)(void *context, int link_fd);
	const struct door_reload *reload; /* NULL: nothing is handed in */
};

/*
 * Listens and serves. A link is taken only from `store_uid`, what is to be reloaded only from root or
 * `reload_uid` (SO_PEERCRED). Takes over `fd`; fatal on failure.
 */
struct door *door_listen(uv_loop_t *loop, int fd, const struct door_config *config);

/* What apply was called for is in use: whoever asked is told, if he has waited. NULL is accepted. */
void door_applied(struct door *door);

/* Closes everything. NULL is accepted. */
void door_close(struct door *door);

#endif
