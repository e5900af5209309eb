#include "status.h"

#include "configuration.h"
#include "control_client.h"
#include "key_pair.h"
#include "process_look.h"
#include "status_json.h"
#include "status_screen.h"
#include "table_print.h"
#include "terminal.h"
#include "version.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

_Static_assert(STATUS_CERTIFICATE_WARNING_DAYS == (int)KEY_PAIR_WARN_DAYS,
    "the log and status warn of the certificate's end at the same time");

enum {
	/*
	 * Between two looks. Longer than the fronts' reports are apart, so that there is always one between two looks if there
	 * was anything to report.
	 */
	ONCE_MS = 3 * STATISTIC_REPORT_MS / 2,
	WATCH_MS = 2 * STATISTIC_REPORT_MS,
	SCREEN_MAX = 64 * 1024 /* bytes */
};

struct status {
	struct conf conf;
	struct control_client *client; /* NULL: none just now */
	struct status_view view;
};

static double
seconds_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static enum status_confinement
judge_confinement(const struct conf *conf, enum conf_role role, const struct sandbox *sandbox)
{
	const struct sandbox_wish wish = process_look_wish(conf, role);
	char why[SANDBOX_WHY];

	for (unsigned fact = 0; fact < SANDBOX_FACTS; fact++)
		if (!sandbox_judge(sandbox, &wish, (enum sandbox_fact)fact, why))
			return STATUS_WEAKER;
	/* What is not known is not said to be good. */
	return sandbox->has_root < 0 || sandbox->sockets < 0 ? STATUS_UNSEEN : STATUS_CONFINED;
}

static void
look_at_process(const struct conf *conf, enum conf_role role, struct status_process *process)
{
	static const enum status_presence presences[] = {[PROCESS_LOOK_ABSENT] = STATUS_DOWN,
	    [PROCESS_LOOK_STALLED] = STATUS_STALLED,
	    [PROCESS_LOOK_FAILED] = STATUS_HIDDEN};
	struct process_look look;
	char why[PROCESS_LOOK_WHY];
	enum process_look_result result = process_look(conf, role, &look, why);

	*process = (struct status_process){.confinement = STATUS_UNSEEN};
	if (result != PROCESS_LOOK_FOUND) {
		process->presence = presences[result];
		return;
	}
	process->presence = look.is_stopped ? STATUS_STOPPED : STATUS_RUNS;
	process->pid = look.pid;
	process->uptime = look.uptime;
	process->confinement = judge_confinement(conf, role, &look.sandbox);
}

/* 0, or -1 with why not. */
static int
ask_store(struct status *status)
{
	struct status_view *view = &status->view;
	char why[CONTROL_CLIENT_WHY];
	struct writer writer;
	struct reader answer;

	if (status->client == NULL)
		status->client = control_client_open_quietly(&status->conf, why);
	if (status->client == NULL) {
		(void)snprintf(view->why, sizeof(view->why), "%.*s", STATUS_VIEW_WHY - 1, why);
		return -1;
	}
	control_client_begin(status->client, &writer, MESSAGE_STATUS);
	if (control_client_ask(status->client, &writer, &answer) == 0 &&
	    (status_message_get(&answer, &view->answer) == 0 ||
		control_client_puzzled(status->client) == 0))
		return 0;
	(void)snprintf(view->why, sizeof(view->why), "%.*s", STATUS_VIEW_WHY - 1,
	    control_client_why(status->client));
	control_client_close(status->client);
	status->client = NULL;
	return -1;
}

static void
look(struct status *status)
{
	struct status_view *view = &status->view;

	for (unsigned role = 0; role < CONF_ROLES; role++)
		look_at_process(&status->conf, (enum conf_role)role, &view->processes[role]);
	memset(&view->answer, 0, sizeof(view->answer));
	view->has_answer = ask_store(status) == 0;
	view->at = seconds_now();
	view->time = (uint64_t)time(NULL);
	/* Of a process that cannot be looked at, store may know since when it runs. */
	for (unsigned role = 0; role < CONF_ROLES; role++) {
		uint64_t started = status_view_started(view, (enum conf_role)role);

		if (view->processes[role].pid == 0 && started != 0 && started < view->time)
			view->processes[role].uptime = view->time - started;
	}
	status_view_add_rates(view);
}

static enum status_level
level_of(const struct status_view *view)
{
	struct status_trouble troubles[STATUS_TROUBLES];

	return status_troubles_level(troubles, status_view_judge(view, troubles));
}

/* The screen as text; `text` is failed where memory is short. */
static void
draw(const struct status *status, struct buf *text, unsigned height, int has_graphs)
{
	struct canvas canvas = {.text = text,
	    .height = height,
	    .has_colour = table_print_may_colour(stdout),
	    .is_unicode = terminal_has_unicode()};
	unsigned rows;

	terminal_size(&canvas.width, &rows);
	buf_clear(text);
	status_screen_draw(&canvas, &status->view, has_graphs);
}

static int
print_once(const struct status *status, int is_json)
{
	struct buf text;
	int failed;

	if (is_json) {
		failed = status_json_print(stdout, &status->view) != 0;
	} else {
		buf_init(&text, SCREEN_MAX);
		draw(status, &text, 0, 0);
		failed = text.failed || fwrite(text.data, 1, text.length, stdout) != text.length ||
			 fflush(stdout) != 0;
		buf_free(&text);
	}
	if (failed)
		perror("sallyport: standard output");
	return failed ? -1 : 0;
}

static void
pause_for(int milliseconds)
{
	struct timespec left = {
	    .tv_sec = milliseconds / 1000, .tv_nsec = (long)(milliseconds % 1000) * 1000000};

	while (nanosleep(&left, &left) != 0 && errno == EINTR)
		;
}

/* Two looks: without a second one nobody knows how fast anything grows. */
static int
show_once(struct status *status, int is_json)
{
	static const int codes[] = {[STATUS_WELL] = 0,
	    [STATUS_WARNING] = STATUS_EXIT_WARNING,
	    [STATUS_FAILURE] = STATUS_EXIT_FAILURE};

	status->view.interval = (double)ONCE_MS / 1000;
	look(status);
	if (status->view.has_answer) {
		pause_for(ONCE_MS);
		look(status);
	}
	if (print_once(status, is_json) != 0)
		return STATUS_EXIT_FAILURE;
	return codes[level_of(&status->view)];
}

/* An object for each look, until nobody reads them any more. */
static int
watch_json(struct status *status)
{
	for (;;) {
		look(status);
		if (print_once(status, 1) != 0)
			return STATUS_EXIT_FAILURE;
		pause_for(WATCH_MS);
	}
}

static int
watch_screen(struct status *status)
{
	enum terminal_event event = TERMINAL_TIME;
	unsigned columns, rows;
	struct buf text;
	int failed = 0;

	buf_init(&text, SCREEN_MAX);
	terminal_begin();
	while (event != TERMINAL_LEAVE && !failed) {
		if (event == TERMINAL_TIME)
			look(status);
		terminal_size(&columns, &rows);
		draw(status, &text, rows, 1);
		failed = text.failed || terminal_show((const char *)text.data, text.length) != 0;
		if (!failed)
			event = terminal_wait(WATCH_MS);
	}
	terminal_end();
	buf_free(&text);
	return failed ? STATUS_EXIT_FAILURE : 0;
}

static int
watch(struct status *status, int is_json)
{
	status->view.interval = (double)WATCH_MS / 1000;
	if (is_json)
		return watch_json(status);
	if (isatty(STDOUT_FILENO))
		return watch_screen(status);
	fputs("sallyport: --watch needs a terminal; without one leave it out, or add --json\n",
	    stderr);
	return STATUS_EXIT_FAILURE;
}

int
status_show(const struct invocation *invocation)
{
	int is_json = invocation_has(invocation, "json");
	struct status *status = calloc(1, sizeof(*status));
	int code;

	if (status == NULL) {
		fputs("sallyport: no memory\n", stderr);
		return STATUS_EXIT_FAILURE;
	}
	code = configuration_load(&status->conf, invocation->config);
	if (code == 0) {
		status->view.version = version_number();
		status->view.store_path = status->conf.store.path;
		name_to_text(&status->conf.zone.name, status->view.zone);
		/* As it is written in the configuration. */
		status->view.zone[strlen(status->view.zone) - 1] = '\0';
		code = invocation_has(invocation, "watch") ? watch(status, is_json)
							   : show_once(status, is_json);
		control_client_close(status->client);
		conf_free(&status->conf);
	}
	free(status);
	return code;
}
