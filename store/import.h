/*
 * Accounts moved in from elsewhere, a message full at a time: each is judged like any other request, compared with
 * what is there, and taken. The same account again changes nothing, so that an import can be broken off and run
 * again. A few are under way at once, and gather in the transactions of all others (committer.h).
 *
 * What is there stays: its key, its networks and its name are never changed by an import. Only values that are
 * newer than its last update are taken over, so that what clients set elsewhere meanwhile can be fetched.
 */
#ifndef STORE_IMPORT_H
#define STORE_IMPORT_H

#include "control_message.h"
#include "accounts.h"
#include "control.h"
#include "room.h"

enum {
	IMPORT_WINDOW =
	    256, /* accounts under way; well below COMMITTER_QUEUE, so that clients get in between */
	IMPORT_HASHING = 4,  /* of them with keys in clear, at bcrypt; likewise */
	IMPORT_RETRY_MS = 20 /* where a queue was full */
};

struct import;

/* Nothing is begun yet. All arguments but `limits` outlive it. Fatal when memory is short. */
struct import *import_start(uv_loop_t *loop, struct accounts *accounts, struct database *database,
    struct room *room, const struct record_limits *limits, const struct conf *conf);

/*
 * Takes a body of IMPORT; it is answered when all its accounts are. 0, or -1: malformed, and nothing was begun; the
 * ticket is then still open.
 */
int import_take(struct import *import, const struct control_ticket *ticket, struct reader *body);

/* Other limits from now on. */
void import_change_limits(struct import *import, const struct record_limits *limits);

/* Begins no further account; those not begun are answered CONTROL_IMPORT_STOPPED. Before accounts_stop(). */
void import_stop(struct import *import);

/* After the loop has ended for good; NULL is accepted. */
void import_free(struct import *import);

#endif
