/*
 * The test value of `sallyport doctor`: a random name and value that dnsd serves for some minutes, by which the server that runs here can
 * be told from any other. It is never in the database; a dnsd that store has lost drops it with the next snapshot.
 */
#ifndef STORE_TRIAL_H
#define STORE_TRIAL_H

#include "accounts.h"
#include "control_message.h"
#include "uuid.h"

#include <uv.h>

struct trial {
	struct accounts *accounts;
	uv_timer_t timer;
	int is_shown;
	char label[UUID_TEXT + 1];
	char value[CONTROL_TRIAL_VALUE + 1];
	struct message_name name; /* borrows both */
};

/* `accounts` outlives it. */
void trial_start(uv_loop_t *loop, struct trial *trial, struct accounts *accounts);

/* Shows it, or goes on showing it, for CONTROL_TRIAL_SECONDS. `answer` borrows from `trial`. */
void trial_show(struct trial *trial, struct control_trial *answer);

/* Shows it no longer. Before accounts_stop(). */
void trial_stop(struct trial *trial);

#endif
