/*
 * The administrator's link: a socket in the runtime folder which root and one group reach while the server runs, or
 * one inherited descriptor while it does not. Who may speak, how many at once, and whom an answer
 * goes to; what is asked for is done in control_accounts.c and its like.
 *
 * Nobody on this link is trusted with more than its rule table: a message that breaks it ends its own
 * connection and nothing else.
 */
#ifndef STORE_CONTROL_H
#define STORE_CONTROL_H

#include "accounts.h"
#include "audit.h"
#include "conf.h"
#include "database.h"
#include "pack.h"
#include "refusal_table.h"
#include "room.h"
#include "summary.h"

#include <uv.h>

enum {
	CONTROL_PEERS = 8,	    /* connections at once; further ones are closed */
	CONTROL_GROUP_PEERS = 4,    /* of them, for the group: the others are left to root */
	CONTROL_OUTSTANDING = 16,   /* requests of one connection that are not answered yet */
	CONTROL_QUEUE = 512 * 1024, /* bytes of answers waiting for one of them */
	CONTROL_HELLO_MS = 5000,    /* for the greeting */
	CONTROL_IDLE_MS = 60000	    /* without a request, or without taking an answer */
};

struct import;
struct trial;

struct control_config {
	struct database *database;
	struct accounts *accounts;
	struct summary *summary;
	struct audit *audit;
	struct import *import;
	struct room *room;
	struct trial *trial;
	struct refusal_table *refusals;
	const struct conf *conf; /* all outlive it */
	uid_t uid; /* who may connect besides root: our own without root, 0 otherwise */
	int has_group;
	gid_t group;		      /* whose members may, too */
	int listener;		      /* bound by door_bind(); -1: none */
	int link;		      /* inherited; -1: none */
	void (*ended)(void *context); /* the inherited link is gone */
	void *context;
};

struct control;

/* Serves. Takes over the descriptors. Fatal on failure. */
struct control *control_start(uv_loop_t *loop, const struct control_config *config);

/* Closes the listener, and each connection when what it has asked is answered. */
void control_stop(struct control *control);

/* After the loop has ended for good; NULL is accepted. */
void control_free(struct control *control);

/* Where an answer goes; it may be kept as long as `control` lives, the peer may be gone by then. */
struct control_ticket {
	struct control *control;
	unsigned place;
	uint64_t number;
	uint64_t id;
	uid_t uid;	     /* who asks */
	struct audit *audit; /* for what is done */
};

/* For the handlers, whose context is a peer. */
const struct control_config *control_config_of(void *peer);

/*
 * Accepts a request, which is then to be answered once. -1: the peer has too many, or we are stopping; the handler breaks
 * off with that.
 */
int control_take(void *peer, uint64_t id, struct control_ticket *ticket);

/* Sends a whole answer. The peer may be gone after it: a handler returns. */
void control_answer(const struct control_ticket *ticket, struct writer *writer);

#endif
