/*
 * Who may register an account: what the configuration, the client's address, its token and the number of accounts say.
 * Costs neither a bcrypt nor a commit. Thread of the loop.
 */
#ifndef STORE_REGISTRATION_H
#define STORE_REGISTRATION_H

#include "audit.h"
#include "client_limit.h"
#include "conf.h"
#include "database.h"
#include "room.h"

struct registration {
	const struct conf *conf; /* outlives it; so do the others */
	struct database *database;
	struct client_limit *limit;
	struct room *room;
	struct audit *audit;
};

/*
 * Judges what a client asks for. OK: `token` and its length are the name of the token to spend, empty where none is
 * needed; whether it is still good, and whether there is still room, is looked at again when the account is committed.
 * Otherwise REGISTRATION_CLOSED, REGISTRATION_FORBIDDEN (it has logged why), TOO_MANY_REQUESTS, NO_ROOM or DB_ERROR.
 */
enum message_result registration_judge(struct registration *registration,
    const struct message_register *request, char token[RECORD_MAX_TOKEN], size_t *length);

#endif
