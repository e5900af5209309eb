#include "trial.h"

#include "password.h"

#include <time.h>

enum { MS_IN_SECOND = 1000 };

static void
hide(struct trial *trial)
{
	if (trial->is_shown)
		accounts_show_trial(trial->accounts, NULL);
	trial->is_shown = 0;
}

static void
on_timer(uv_timer_t *timer)
{
	hide(timer->data);
}

static void
choose(struct trial *trial)
{
	unsigned char random[sizeof(struct uuid)];
	struct uuid uuid;

	password_random(random, sizeof(random));
	uuid = uuid_from_random(random);
	uuid_to_text(&uuid, trial->label);
	password_random_text(trial->value, CONTROL_TRIAL_VALUE);
}

void
trial_start(uv_loop_t *loop, struct trial *trial, struct accounts *accounts)
{
	trial->accounts = accounts;
	trial->timer.data = trial;
	uv_timer_init(loop, &trial->timer);
}

void
trial_show(struct trial *trial, struct control_trial *answer)
{
	*answer = (struct control_trial){.result = MESSAGE_RESULT_BUSY};
	if (!accounts_is_linked(trial->accounts))
		return;
	if (!trial->is_shown)
		choose(trial);
	answer->result = MESSAGE_RESULT_OK;
	answer->label = (struct slice){(const unsigned char *)trial->label, CONTROL_TRIAL_LABEL};
	answer->value = (struct slice){(const unsigned char *)trial->value, CONTROL_TRIAL_VALUE};
	/* Its end is for a dnsd that store cannot tell any more. */
	trial->name = (struct message_name){.label = answer->label,
	    .exists = 1,
	    .count = 1,
	    .values = {answer->value},
	    .ends = {(uint64_t)time(NULL) + CONTROL_TRIAL_SECONDS}};
	trial->is_shown = 1;
	accounts_show_trial(trial->accounts, &trial->name);
	uv_timer_start(&trial->timer, on_timer, (uint64_t)CONTROL_TRIAL_SECONDS * MS_IN_SECOND, 0);
}

void
trial_stop(struct trial *trial)
{
	hide(trial);
	if (!uv_is_closing((uv_handle_t *)&trial->timer))
		uv_close((uv_handle_t *)&trial->timer, NULL);
}
