/*
 * The named socket of a front process, at which store hands it a link, and root what it is to use from now on.
 *
 * The front binds its door before it is confined and listens after it dropped its
 * uid: the kernel notes a listener's credentials in listen(2), and store checks them.
 */
#ifndef COMMON_DOOR_H
#define COMMON_DOOR_H

#include "message.h"

#include <sys/types.h>
#include <uv.h>

enum {
	DOOR_GUESTS = 4,	/* connections held at once; further ones are closed */
	DOOR_PATIENCE_MS = 1000 /* a connection that has not spoken by then is closed */
};

/*
 * Binds `name` in the folder behind `folder_fd` (replacing a socket that is there) with this mode and, when we are
 * root, these owners. The path never meets the 107 bytes of sun_path. Changes
 * the working directory for a moment: call before any thread exists. Returns the descriptor;
 * fatal on failure.
 */
int door_bind(int folder_fd, const char *name, mode_t mode, uid_t owner, gid_t group);

struct door;

struct door_config {
	uid_t store_uid;
	uid_t
	    reload_uid; /* who may reload besides root: our own uid where we were started without root */
	void *context;
	/* Gets each new link's descriptor and owns it; the newest wins, the callee closes the one before. */
	void (*arrived)(void *context, int link_fd);
	/*
	 * May be NULL: nothing is handed in. Reads what stands behind `fds`, one for each bit of `parts`
	 * (MESSAGE_PART_*) in their order, and uses it; the descriptors are closed after that. 0, or -1 with `reason`, a
	 * line of which MESSAGE_MAX_REASON bytes are kept, and nothing changed.
	 */
	int (*reload)(void *context, unsigned parts, const int *fds, const char **reason);
};

/*
 * Listens and serves. A link is taken only from `store_uid`, what is to be reloaded only from root or
 * `reload_uid` (SO_PEERCRED). Takes over `fd`; fatal on failure.
 */
struct door *door_listen(uv_loop_t *loop, int fd, const struct door_config *config);

/* Closes everything. NULL is accepted. */
void door_close(struct door *door);

#endif
