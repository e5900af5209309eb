/*
 * The named socket of a front process, at which store hands it a link.
 *
 * The front binds its door before it is confined and listens after it dropped its
 * uid: the kernel notes a listener's credentials in listen(2), and store checks them.
 */
#ifndef COMMON_DOOR_H
#define COMMON_DOOR_H

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

/*
 * Listens and serves. A connection is taken only from `store_uid` (SO_PEERCRED). `arrived`
 * gets each new link's descriptor and owns it; the newest wins, the callee
 * closes the one before. Takes over `fd`; fatal on failure.
 */
struct door *door_listen(uv_loop_t *loop, int fd, uid_t store_uid,
    void (*arrived)(void *context, int link_fd), void *context);

/* Closes everything. NULL is accepted. */
void door_close(struct door *door);

#endif
