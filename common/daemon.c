#include "daemon.h"

#include "folder.h"
#include "log.h"
#include "version.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void
usage(const char *program, FILE *out)
{
	fprintf(out,
	    "Usage: %s [-c FILE]\n"
	    "One of the three processes of Sallyport; \"sallyport run\" or systemd starts it.\n\n"
	    "  -c, --config FILE   the configuration (default " CONF_DEFAULT_PATH ")\n"
	    "      --lifeline      a socket of the parent is descriptor 3: end when it does\n"
	    "      --control       of store: descriptor 3 is an administrator's link; serve "
	    "nothing else\n"
	    "      --task TASK     of store: do this for \"sallyport VERB\", and end\n"
	    "      --own-user      of store: already run as its user, the others as theirs\n"
	    "      --version       print version, commit and libraries\n"
	    "  -h, --help          print this\n",
	    program);
}

/* 1 if "sallyport VERB" started us, for one command alone. */
static int
for_administrator(const struct daemon *daemon)
{
	return daemon->control_fd >= 0 || daemon->task != NULL;
}

static const char *
read_arguments(struct daemon *daemon, const char *program, int argc, char **argv)
{
	static const struct option options[] = {
	    {"config", required_argument, NULL, 'c'},
	    {"lifeline", no_argument, NULL, 'l'},
	    {"control", no_argument, NULL, 'k'},
	    {"task", required_argument, NULL, 't'},
	    {"own-user", no_argument, NULL, 'o'},
	    {"version", no_argument, NULL, 'v'},
	    {"help", no_argument, NULL, 'h'},
	    {NULL, 0, NULL, 0},
	};
	const char *path = CONF_DEFAULT_PATH;
	int option;

	while ((option = getopt_long(argc, argv, "c:h", options, NULL)) != -1) {
		switch (option) {
		case 'c':
			path = optarg;
			break;
		case 'l':
			daemon->lifeline_fd = DAEMON_LIFELINE_FD;
			break;
		case 'k':
			daemon->control_fd = DAEMON_CONTROL_FD;
			break;
		case 't':
			daemon->task = optarg;
			break;
		case 'o':
			daemon->own_user = 1;
			break;
		case 'v':
			version_print(program, stdout);
			exit(0);
		case 'h':
			usage(program, stdout);
			exit(0);
		default:
			usage(program, stderr);
			exit(CONF_EXIT);
		}
	}
	if ((for_administrator(daemon) || daemon->own_user) &&
	    (daemon->role != CONF_ROLE_STORE || daemon->lifeline_fd >= 0 ||
		(daemon->control_fd >= 0 && daemon->task != NULL))) {
		fprintf(stderr,
		    "%s: --control or --task, and --own-user, are for store, without --lifeline\n",
		    program);
		exit(CONF_EXIT);
	}
	if (optind < argc) {
		fprintf(stderr, "%s: unexpected argument \"%s\"\n", program, argv[optind]);
		usage(program, stderr);
		exit(CONF_EXIT);
	}
	return path;
}

/* 1 if somebody started us who has read the configuration and said what there is to say. */
static int
has_parent(const struct daemon *daemon)
{
	return daemon->lifeline_fd >= 0 || for_administrator(daemon);
}

/* Mistakes are shown; warnings only where no parent has shown them already. */
static void
load_configuration(struct daemon *daemon, const char *path)
{
	char *messages = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&messages, &length);
	const struct conf_user *user;
	int errors;

	if (out == NULL)
		fatal("no memory to read the configuration");
	errors = conf_load(&daemon->conf, path, geteuid() == 0 || daemon->own_user, out);
	fclose(out);
	if (errors > 0 || !has_parent(daemon))
		fputs(messages, stderr);
	free(messages);
	if (errors > 0)
		exit(conf_exit_code(&daemon->conf));
	user = &daemon->conf.privsep.users[daemon->role];
	if (daemon->own_user && (geteuid() != user->uid || getegid() != user->gid)) {
		fprintf(stderr,
		    "%s: error: privsep.users.%s is \"%s\" (uid %u, gid %u), but with --own-user "
		    "it was "
		    "started as uid %u, gid %u; in a unit of systemd these are User= and Group=\n",
		    path, conf_role_name(daemon->role), user->name, user->uid, user->gid, geteuid(),
		    getegid());
		exit(CONF_EXIT);
	}
}

/* What stands in the way of a folder that nobody else may write to. */
static void
check_owner(int fd, const char *path, const char *name)
{
	struct stat status;
	char who[48] = "root";

	if (fstat(fd, &status) != 0)
		fatal("cannot look at %s%s: %s", path, name, strerror(errno));
	if ((status.st_uid == geteuid() || status.st_uid == 0) &&
	    (status.st_mode & (S_IWGRP | S_IWOTH)) == 0)
		return;
	if (geteuid() != 0)
		snprintf(who, sizeof(who), "uid %u, which starts Sallyport, or root", geteuid());
	fatal("%s%s must belong to %s, and be writable by nobody else", path, name, who);
}

static void
open_runtime(struct daemon *daemon)
{
	const char *path = daemon->conf.privsep.runtime_dir;
	char entry[FOLDER_ENTRY];
	int found;

	if (folder_make(path) != 0)
		fatal("cannot make the folder %s: %s", path, strerror(errno));
	daemon->runtime_fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (daemon->runtime_fd < 0)
		fatal("cannot open the folder %s: %s", path, strerror(errno));
	check_owner(daemon->runtime_fd, path, "");
	if (mkdirat(daemon->runtime_fd, "empty", 0555) != 0 && errno != EEXIST)
		fatal("cannot make the folder %s/empty: %s", path, strerror(errno));
	daemon->empty_fd =
	    openat(daemon->runtime_fd, "empty", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (daemon->empty_fd < 0)
		fatal("cannot open the folder %s/empty: %s", path, strerror(errno));
	check_owner(daemon->empty_fd, path, "/empty");
	/* dnsd and apid see it as the whole file system. */
	found = folder_first_entry(daemon->empty_fd, entry);
	if (found < 0)
		fatal("cannot look into the folder %s/empty: %s", path, strerror(errno));
	if (found > 0)
		fatal("the folder %s/empty must be empty: remove \"%s\"", path, entry);
}

void
daemon_begin(struct daemon *daemon, enum conf_role role, int argc, char **argv)
{
	static char program[32];
	const char *path;
	unsigned kept;

	*daemon = (struct daemon){.role = role, .lifeline_fd = -1, .control_fd = -1};
	(void)snprintf(program, sizeof(program), "sallyport-%s", conf_role_name(role));
	path = read_arguments(daemon, program, argc, argv);
	umask(022);
	signal(SIGPIPE, SIG_IGN);
	if (has_parent(daemon))
		kept = 1;
	else
		kept = passed_sockets_begin(&daemon->passed);
	if (close_range(DAEMON_LIFELINE_FD + kept, ~0U, 0) != 0)
		fatal("cannot close inherited descriptors: %s", strerror(errno));
	load_configuration(daemon, path);
	/* Beside somebody's terminal only what went wrong is worth a line. */
	if (for_administrator(daemon) && daemon->conf.log.level > LOG_LEVEL_WARNING)
		daemon->conf.log.level = LOG_LEVEL_WARNING;
	log_init(conf_role_name(role), daemon->conf.log.level, daemon->conf.log.format);
	open_runtime(daemon);
	umask(077);
	/* Connected now, because its path is out of reach later. */
	if (!has_parent(daemon))
		daemon->notify = notify_open();
}

void
daemon_confine(struct daemon *daemon, int into_runtime, unsigned long files,
    const struct confine_call *calls, size_t call_count)
{
	static const char *const addresses[CONF_ROLES] = {
	    [CONF_ROLE_STORE] = DAEMON_CONTROL_SOCKET, "dns.listen", "api.listen"};
	const struct conf_user *user = &daemon->conf.privsep.users[daemon->role];
	struct confine_plan plan = {.uid = user->uid,
	    .gid = user->gid,
	    .root_fd = into_runtime ? daemon->runtime_fd : daemon->empty_fd,
	    .files = files,
	    .quiet = has_parent(daemon) || daemon->own_user,
	    .pinned_fds = {notify_fd(daemon->notify), log_journal_fd()},
	    .calls = calls,
	    .call_count = call_count};

	passed_sockets_end(&daemon->passed, addresses[daemon->role]);
	close(into_runtime ? daemon->empty_fd : daemon->runtime_fd);
	confine(&plan);
	daemon->runtime_fd = daemon->empty_fd = -1;
}

/* "What is in hand" has had its time: what is left would hold up the stop for ever. */
static void
on_deadline(uv_timer_t *timer)
{
	(void)timer;
	log_warning("stopped with work left after %d ms", DAEMON_STOP_MS);
	_exit(0);
}

void
daemon_stop(struct daemon *daemon)
{
	if (daemon->stopping)
		return;
	daemon->stopping = 1;
	log_info("stopping");
	uv_timer_start(&daemon->deadline, on_deadline, DAEMON_STOP_MS, 0);
	uv_unref((uv_handle_t *)&daemon->deadline);
	notify_stopping(daemon->notify);
	daemon->service->stop(daemon->service->context);
}

static void
on_signal(uv_signal_t *handle, int number)
{
	(void)number;
	daemon_stop(handle->data);
}

static void
on_lifeline(uv_poll_t *poll, int status, int events)
{
	struct daemon *daemon = poll->data;
	char byte;
	ssize_t length = status < 0 ? 0 : read(daemon->lifeline_fd, &byte, 1);

	(void)events;
	if (length < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	uv_poll_stop(poll);
	log_warning("the parent is gone");
	daemon_stop(daemon);
}

static void
tell_ready(struct daemon *daemon)
{
	const struct notify_config config = {.context = daemon->service->context,
	    .describe = daemon->service->describe,
	    .call = daemon->service->call};

	notify_start(daemon->notify, daemon->loop, &config);
	if (daemon->lifeline_fd >= 0 && write(daemon->lifeline_fd, "R", 1) != 1)
		log_warning("cannot tell the parent that we are ready: %s", strerror(errno));
	log_info("ready");
}

int
daemon_serve(struct daemon *daemon, uv_loop_t *loop, const struct daemon_service *service)
{
	daemon->loop = loop;
	daemon->service = service;
	daemon->on_term.data = daemon->on_int.data = daemon->on_lifeline.data = daemon;
	if (uv_signal_init(loop, &daemon->on_term) != 0 ||
	    uv_signal_init(loop, &daemon->on_int) != 0 ||
	    uv_signal_start(&daemon->on_term, on_signal, SIGTERM) != 0 ||
	    uv_signal_start(&daemon->on_int, on_signal, SIGINT) != 0 ||
	    uv_timer_init(loop, &daemon->deadline) != 0)
		fatal("cannot watch for signals");
	uv_unref((uv_handle_t *)&daemon->on_term);
	uv_unref((uv_handle_t *)&daemon->on_int);
	if (daemon->lifeline_fd >= 0) {
		if (uv_poll_init(loop, &daemon->on_lifeline, daemon->lifeline_fd) != 0)
			fatal("cannot watch the parent");
		uv_poll_start(&daemon->on_lifeline, UV_READABLE | UV_DISCONNECT, on_lifeline);
		uv_unref((uv_handle_t *)&daemon->on_lifeline);
	}
	tell_ready(daemon);
	uv_run(loop, UV_RUN_DEFAULT);
	notify_close(daemon->notify);
	daemon->notify = NULL;
	log_info("stopped");
	return 0;
}
