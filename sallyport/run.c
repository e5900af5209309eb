#include "run.h"

#include "buf.h"
#include "conf.h"
#include "conf_environment.h"
#include "daemon.h"
#include "log.h"
#include "notify.h"
#include "orphan.h"
#include "program.h"
#include "reload_child.h"
#include "transport.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

struct child {
	struct parent *parent;
	enum conf_role role;
	uv_process_t process;
	uv_pipe_t lifeline; /* its end tells the child of ours; one byte over it says "ready" */
	uv_timer_t restart;
	char program[PROGRAM_MAX];
	int running;
	int ready;
	uint64_t started; /* uv_now() */
	uint64_t back_off;
};

/* apid first, so that nothing new comes in; dnsd last, so that names are answered to the end. */
static const enum conf_role stop_order[CONF_ROLES] = {
    CONF_ROLE_APID, CONF_ROLE_STORE, CONF_ROLE_DNSD};

struct parent {
	uv_loop_t loop;
	uv_signal_t on_term, on_int, on_hup;
	uv_signal_t on_child;	     /* only as process 1 */
	struct reload_child *reload; /* NULL: none is under way */
	int reload_again;	     /* asked for meanwhile */
	uv_timer_t deadline;	     /* for the first start, then for each stop */
	struct child children[CONF_ROLES];
	const char *path;
	struct conf conf;
	struct notify *notify; /* the children do not speak to systemd themselves */
	int serving;	       /* all three have been ready once */
	int stopping;
	int code;
};

static void start(struct child *child);
static void stop(struct parent *parent, int code);

static void
close_handles(struct parent *parent)
{
	for (unsigned i = 0; i < CONF_ROLES; i++)
		uv_close((uv_handle_t *)&parent->children[i].restart, NULL);
	uv_close((uv_handle_t *)&parent->deadline, NULL);
	uv_close((uv_handle_t *)&parent->on_term, NULL);
	uv_close((uv_handle_t *)&parent->on_int, NULL);
	uv_close((uv_handle_t *)&parent->on_hup, NULL);
	if (getpid() == 1)
		uv_close((uv_handle_t *)&parent->on_child, NULL);
}

/* As process 1 we inherit what commands run in our container leave behind. */
static void
reap(struct parent *parent)
{
	pid_t ours[CONF_ROLES + 1];
	unsigned count = 0;

	if (getpid() != 1)
		return;
	for (unsigned i = 0; i < CONF_ROLES; i++)
		if (parent->children[i].running)
			ours[count++] = parent->children[i].process.pid;
	if (parent->reload != NULL)
		ours[count++] = reload_child_pid(parent->reload);
	orphan_reap(ours, count);
}

static void
on_child(uv_signal_t *handle, int number)
{
	(void)number;
	reap(handle->data);
}

static void
on_stop_deadline(uv_timer_t *timer)
{
	struct parent *parent = timer->data;

	for (unsigned i = 0; i < CONF_ROLES; i++) {
		struct child *child = &parent->children[stop_order[i]];

		if (!child->running)
			continue;
		log_error("%s does not stop: it is killed", conf_role_name(child->role));
		uv_process_kill(&child->process, SIGKILL);
		return;
	}
}

/* Asks the next one that still runs to end; when none does, all is over. */
static void
stop_next(struct parent *parent)
{
	for (unsigned i = 0; i < CONF_ROLES; i++) {
		struct child *child = &parent->children[stop_order[i]];

		if (!child->running)
			continue;
		uv_process_kill(&child->process, SIGTERM);
		uv_timer_start(&parent->deadline, on_stop_deadline, RUN_STOP_MS, 0);
		return;
	}
	close_handles(parent);
}

static void
stop(struct parent *parent, int code)
{
	if (parent->stopping)
		return;
	parent->stopping = 1;
	parent->code = code;
	notify_stopping(parent->notify);
	reload_child_stop(parent->reload);
	for (unsigned i = 0; i < CONF_ROLES; i++)
		uv_timer_stop(&parent->children[i].restart);
	stop_next(parent);
}

static void
on_signal(uv_signal_t *handle, int number)
{
	struct parent *parent = handle->data;

	if (!parent->stopping) {
		log_info("stopping (%s)", number == SIGINT ? "SIGINT" : "SIGTERM");
		stop(parent, 0);
		return;
	}
	/* Asked twice: whoever asks does not want to wait. */
	for (unsigned i = 0; i < CONF_ROLES; i++)
		if (parent->children[i].running)
			uv_process_kill(&parent->children[i].process, SIGKILL);
}

static void start_reload(struct parent *parent);

static void
on_reload_ended(void *context)
{
	struct parent *parent = context;

	parent->reload = NULL;
	reap(parent);
	if (parent->stopping)
		return;
	notify_reloaded(parent->notify);
	if (parent->reload_again)
		start_reload(parent);
}

static void
start_reload(struct parent *parent)
{
	parent->reload_again = 0;
	notify_reloading(parent->notify);
	parent->reload = reload_child_start(&parent->loop, parent->path, on_reload_ended, parent);
}

/* Daemons that do not serve yet have only just read what is to be brought in. */
static void
on_hang_up(uv_signal_t *handle, int number)
{
	struct parent *parent = handle->data;

	(void)number;
	if (!parent->serving || parent->stopping)
		return;
	if (parent->reload != NULL)
		parent->reload_again = 1;
	else
		start_reload(parent);
}

static void
on_restart(uv_timer_t *timer)
{
	start(timer->data);
}

static void
describe_end(char *text, size_t capacity, int64_t status, int number)
{
	if (number == SIGSYS)
		(void)snprintf(text, capacity,
		    "was ended by signal %d: it made a system call that its filter does not allow "
		    "(journalctl -k has the number, after \"syscall=\")",
		    number);
	else if (number != 0)
		(void)snprintf(
		    text, capacity, "was ended by signal %d (%s)", number, strsignal(number));
	else
		(void)snprintf(text, capacity, "ended with status %lld", (long long)status);
}

static void
on_exit_of_child(uv_process_t *process, int64_t status, int number)
{
	struct child *child = process->data;
	struct parent *parent = child->parent;
	const char *name = conf_role_name(child->role);
	char text[192];

	child->running = 0;
	reap(parent);
	uv_close((uv_handle_t *)process, NULL);
	uv_close((uv_handle_t *)&child->lifeline, NULL);
	if (parent->stopping) {
		stop_next(parent);
		return;
	}
	describe_end(text, sizeof(text), status, number);
	if (!parent->serving) {
		log_error("%s %s before Sallyport could start", name, text);
		stop(parent, status == CONF_EXIT ? CONF_EXIT : 1);
		return;
	}
	if (child->ready && uv_now(&parent->loop) - child->started >= RUN_SETTLED_MS)
		child->back_off = RUN_BACK_OFF_MS;
	log_error("%s %s: it is started again in %.1f s; the others carry on", name, text,
	    (double)child->back_off / 1000);
	uv_timer_start(&child->restart, on_restart, child->back_off, 0);
	child->back_off *= 2;
	if (child->back_off > RUN_BACK_OFF_MAX_MS)
		child->back_off = RUN_BACK_OFF_MAX_MS;
}

static void
append_address(struct buf *text, const struct address *address)
{
	char one[ADDRESS_MAX_TEXT];

	address_to_text(address, one);
	buf_append_string(text, text->length > 0 ? ", " : "");
	buf_append_string(text, one);
}

/* The addresses as one line; what does not fit a log line is cut there. */
static void
log_listening(const char *what, const struct conf_listen *listen)
{
	struct buf text;

	buf_init(&text, LOG_MAX_LINE);
	for (size_t i = 0; i < listen->count; i++)
		append_address(&text, &listen->addresses[i]);
	log_info("%s on %.*s", what, (int)text.length, (const char *)text.data);
	buf_free(&text);
}

static void
describe(void *context, char *text, size_t capacity)
{
	const struct parent *parent = context;
	char zone[NAME_MAX_TEXT], missing[64] = "";

	name_to_text(&parent->conf.zone.name, zone);
	for (unsigned i = 0; i < CONF_ROLES; i++) {
		size_t used = strlen(missing);

		if (!parent->children[i].running || !parent->children[i].ready)
			(void)snprintf(missing + used, sizeof(missing) - used, "%s%s",
			    used > 0 ? " and " : " without ",
			    conf_role_name(parent->children[i].role));
	}
	(void)snprintf(text, capacity, "serving%s for %s", missing, zone);
}

static void
start_notify(struct parent *parent)
{
	const struct notify_config config = {.context = parent, .describe = describe};

	notify_start(parent->notify, &parent->loop, &config);
}

static void
on_ready(struct child *child)
{
	struct parent *parent = child->parent;
	char zone[NAME_MAX_TEXT];

	child->ready = 1;
	if (parent->serving || parent->stopping)
		return;
	for (unsigned i = 0; i < CONF_ROLES; i++)
		if (!parent->children[i].ready)
			return;
	parent->serving = 1;
	uv_timer_stop(&parent->deadline);
	start_notify(parent);
	name_to_text(&parent->conf.zone.name, zone);
	log_info("serving %s", zone);
	log_listening("DNS", &parent->conf.dns.listen);
	log_listening("API", &parent->conf.api.listen);
}

static void
allocate(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
	static char bytes[16];

	(void)handle;
	(void)suggested;
	*buffer = uv_buf_init(bytes, sizeof(bytes));
}

static void
on_lifeline(uv_stream_t *stream, ssize_t length, const uv_buf_t *buffer)
{
	struct child *child = stream->data;

	(void)buffer;
	/* One byte is all it has to say; nothing later is listened to. */
	if (length != 0)
		uv_read_stop(stream);
	if (length > 0)
		on_ready(child);
}

static int
find_programs(struct parent *parent)
{
	for (unsigned i = 0; i < CONF_ROLES; i++) {
		struct child *child = &parent->children[i];

		if (program_find(child->role, child->program) != 0) {
			log_error("cannot start %s: %s", child->program, strerror(errno));
			return -1;
		}
	}
	return 0;
}

/* A failure to start counts as an early death. */
static void
start(struct child *child)
{
	struct parent *parent = child->parent;
	char config_option[] = "-c", lifeline_option[] = "--lifeline";
	/* uv_spawn() changes none of them. */
	char *arguments[] = {
	    child->program, config_option, (char *)parent->path, lifeline_option, NULL};
	uv_stdio_container_t stdio[4] = {{.flags = UV_IGNORE}, {.flags = UV_IGNORE},
	    {.flags = UV_INHERIT_FD, .data.fd = 2},
	    {.flags = UV_CREATE_PIPE | UV_READABLE_PIPE | UV_WRITABLE_PIPE}};
	/* Out of our process group: Ctrl-C reaches us alone, and we stop them in order. */
	uv_process_options_t options = {.exit_cb = on_exit_of_child,
	    .file = child->program,
	    .args = arguments,
	    .flags = UV_PROCESS_DETACHED,
	    .stdio_count = 4,
	    .stdio = stdio};
	uv_os_fd_t lifeline_fd;
	int failed;

	uv_pipe_init(&parent->loop, &child->lifeline, 0);
	stdio[DAEMON_LIFELINE_FD].data.stream = (uv_stream_t *)&child->lifeline;
	child->process.data = child->lifeline.data = child;
	child->ready = 0;
	child->started = uv_now(&parent->loop);
	child->running = 1;
	failed = uv_spawn(&parent->loop, &child->process, &options);
	if (failed != 0) {
		log_error("cannot start %s: %s", child->program, uv_strerror(failed));
		on_exit_of_child(&child->process, 1, 0);
		return;
	}
	if (uv_fileno((uv_handle_t *)&child->lifeline, &lifeline_fd) == 0)
		transport_refuse_fds(lifeline_fd);
	uv_read_start((uv_stream_t *)&child->lifeline, allocate, on_lifeline);
}

static void
on_start_deadline(uv_timer_t *timer)
{
	struct parent *parent = timer->data;

	for (unsigned i = 0; i < CONF_ROLES; i++)
		if (!parent->children[i].ready)
			log_error("%s was not ready within %d s",
			    conf_role_name(parent->children[i].role), RUN_START_MS / 1000);
	stop(parent, 1);
}

static void
prepare(struct parent *parent)
{
	if (uv_loop_init(&parent->loop) != 0 ||
	    uv_signal_init(&parent->loop, &parent->on_term) != 0 ||
	    uv_signal_init(&parent->loop, &parent->on_int) != 0 ||
	    uv_timer_init(&parent->loop, &parent->deadline) != 0 ||
	    uv_signal_start(&parent->on_term, on_signal, SIGTERM) != 0 ||
	    uv_signal_start(&parent->on_int, on_signal, SIGINT) != 0 ||
	    uv_signal_init(&parent->loop, &parent->on_hup) != 0 ||
	    uv_signal_start(&parent->on_hup, on_hang_up, SIGHUP) != 0)
		fatal("cannot start the event loop");
	if (getpid() == 1 && (uv_signal_init(&parent->loop, &parent->on_child) != 0 ||
				 uv_signal_start(&parent->on_child, on_child, SIGCHLD) != 0))
		fatal("cannot watch for the ends of children");
	parent->on_child.data = parent;
	parent->on_term.data = parent->on_int.data = parent->on_hup.data = parent;
	parent->deadline.data = parent;
	for (unsigned i = 0; i < CONF_ROLES; i++) {
		struct child *child = &parent->children[i];

		child->parent = parent;
		child->role = (enum conf_role)i;
		child->back_off = RUN_BACK_OFF_MS;
		uv_timer_init(&parent->loop, &child->restart);
		child->restart.data = child;
	}
}

int
run(const struct invocation *invocation)
{
	const char *path = invocation->config;
	struct parent *parent = calloc(1, sizeof(*parent));
	char variables[RUN_VARIABLES];

	if (parent == NULL)
		fatal("no memory");
	if (conf_load(&parent->conf, path, geteuid() == 0, stderr) > 0) {
		int code = conf_exit_code(&parent->conf);

		free(parent);
		return code;
	}
	log_init("sallyport", parent->conf.log.level, parent->conf.log.format);
	conf_environment_list(&parent->conf, variables, sizeof(variables));
	if (variables[0] != '\0')
		log_info("configured by the environment: %s", variables);
	if (geteuid() != 0)
		log_warning(
		    "not started as root: the three processes share uid %u and see the file "
		    "system; no own uids, no chroot. Landlock and seccomp still hold",
		    geteuid());
	parent->path = path;
	parent->notify = notify_open();
	prepare(parent);
	if (find_programs(parent) == 0) {
		uv_timer_start(&parent->deadline, on_start_deadline, RUN_START_MS, 0);
		for (unsigned i = 0; i < CONF_ROLES && !parent->stopping; i++)
			start(&parent->children[i]);
	} else {
		stop(parent, 1);
	}
	uv_run(&parent->loop, UV_RUN_DEFAULT);
	notify_close(parent->notify);
	log_info("stopped");
	return parent->code;
}
