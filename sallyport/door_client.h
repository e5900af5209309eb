/* A daemon's door as root's end sees it: one connection, one reload (common/door.h). */
#ifndef SALLYPORT_DOOR_CLIENT_H
#define SALLYPORT_DOOR_CLIENT_H

#include "conf.h"
#include "message.h"

enum door_client_result {
	DOOR_CLIENT_OK,
	DOOR_CLIENT_ABSENT, /* nobody listens */
	DOOR_CLIENT_FAILED  /* told on standard error */
};

/*
 * Connects to the door of that role in the runtime folder, however long the folder's path is. Configuration and keys go
 * to nobody else: the kernel has noted who listens. `door` gets the descriptor.
 */
enum door_client_result door_client_dial(const struct conf *conf, enum conf_role role, int *door);

/* What a daemon answers. */
struct door_client_answer {
	int is_busy;
	char reason[512]; /* empty: not refused; may be shown, as may the keys */
	char keys[MESSAGE_MAX_KEYS + 1];
};

struct door_client_step {
	enum message_type type;
	uint64_t environment; /* of RELOAD */
	const int *fds;	      /* at most MESSAGE_MAX_FDS */
	unsigned count;
};

/* Sends a step with its descriptors. 0, or -1: told. */
int door_client_send(int door, enum conf_role role, const struct door_client_step *step);

/* Waits for the answer. 0, or -1: told. */
int door_client_receive(int door, enum conf_role role, struct door_client_answer *answer);

#endif
