/* sallyport-store: owns the database and decides who may do what. */
#include "accounts.h"
#include "control.h"
#include "count_text.h"
#include "daemon.h"
#include "database.h"
#include "door.h"
#include "filter.h"
#include "gauges.h"
#include "import.h"
#include "log.h"
#include "password.h"
#include "renewal.h"
#include "requests.h"
#include "room.h"
#include "summary.h"
#include "task.h"
#include "trial.h"

#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

enum { STORE_FILES = 64 + CONTROL_PEERS + DOOR_GUESTS };

/* In the runtime folder, or the name that a unit of systemd gives it. */
#define STORE_DOOR "store.door"

struct service {
	struct daemon daemon;
	struct database *database;
	struct accounts *accounts;
	struct requests *requests; /* NULL: an administrator is served alone */
	struct import *import;
	struct control *control;
	struct registration registration;
	struct room room;
	struct trial trial;
	struct refusal_table refusals;
	struct gauges gauges;
	struct audit *audit;
	struct client_limit *client_limit;
	struct client_limit *next_limit; /* asked for, not in use yet */
	struct renewal renewal;
	struct door *door; /* NULL: an administrator is served alone */
};

static void
stop(void *context)
{
	struct service *service = context;

	service->gauges.accounts = NULL;
	door_close(service->door);
	if (service->requests != NULL)
		requests_stop(service->requests);
	import_stop(service->import);
	control_stop(service->control);
	trial_stop(&service->trial);
	accounts_stop(service->accounts);
}

static void
describe(void *context, char *text, size_t capacity)
{
	const struct service *service = context;
	int dnsd = accounts_is_linked(service->accounts);
	int apid = service->requests != NULL && requests_is_linked(service->requests);
	char accounts[COUNT_TEXT];
	uint64_t count = 0;

	/* A database that cannot be read is the log's matter. */
	(void)database_count_accounts(service->database, &count);
	(void)snprintf(text, capacity, "keeping %s account%s, linked to %s%s%s",
	    count_text(accounts, count), count == 1 ? "" : "s", dnsd ? "dnsd" : "",
	    dnsd && apid ? " and " : "",
	    apid   ? "apid"
	    : dnsd ? ""
		   : "nobody yet");
}

static unsigned
call(void *context, struct notify *notify)
{
	struct service *service = context;

	committer_call(accounts_committer(service->accounts), notify);
	return 1;
}

static void
on_administrator_gone(void *context)
{
	struct service *service = context;

	daemon_stop(&service->daemon);
}

/* The socket that administrators connect to, and who may; or the one who has started us. */
static void
bind_control(struct control_config *control, struct service *service)
{
	struct daemon *daemon = &service->daemon;
	const struct conf_group *group = &daemon->conf.control.group;

	*control = (struct control_config){.uid = daemon->own_user ? 0 : geteuid(),
	    .has_group = group->found,
	    .group = group->gid,
	    .listener = -1,
	    .link = daemon->control_fd,
	    .ended = on_administrator_gone,
	    .context = service};
	if (daemon->control_fd >= 0)
		return;
	control->listener =
	    passed_sockets_take_named(&daemon->passed, DAEMON_CONTROL_SOCKET, SOCK_SEQPACKET);
	if (control->listener >= 0)
		return;
	control->listener = door_bind(daemon->runtime_fd, DAEMON_CONTROL_SOCKET,
	    group->found ? 0660 : 0600, 0, group->found ? group->gid : (gid_t)-1);
	if (geteuid() == 0 && !group->found)
		log_info(
		    "control: there is no group \"%s\": only root may administer", group->name);
}

static struct record_limits
limits_of(const struct conf *conf)
{
	return (struct record_limits){.values = conf->zone.values_per_name,
	    .lifetime = conf->zone.value_lifetime,
	    .text = conf->zone.txt_max,
	    .empty_clears = conf->api.empty_txt_clears};
}

/* NULL: memory is short. */
static struct client_limit *
make_client_limit(const struct conf *conf)
{
	struct client_limit_config config = {
	    .rates = {[CLIENT_LIMIT_REGISTRATIONS] = conf->api.limits.registrations_per_hour,
		[CLIENT_LIMIT_FAILURES] = conf->api.limits.failures_per_minute,
		[CLIENT_LIMIT_PREFERENCES] = 1},
	    .exempt = conf->api.limits.exempt.networks,
	    .exempt_count = conf->api.limits.exempt.count};
	struct client_limit *limit;

	password_random(config.key, sizeof(config.key));
	limit = client_limit_new(&config);
	return limit;
}

static struct requests *
start_requests(uv_loop_t *loop, struct service *service, const struct accounts_config *accounts)
{
	const struct conf *conf = &service->daemon.conf;
	struct requests_config requests = {.accounts = service->accounts,
	    .database = accounts->database,
	    .summary = accounts->summary,
	    .audit = service->audit,
	    .limits = accounts->limits,
	    .apid_uid = conf->privsep.users[CONF_ROLE_APID].uid,
	    .registration = &service->registration};

	service->registration = (struct registration){.conf = conf,
	    .database = accounts->database,
	    .limit = accounts->client_limit,
	    .room = &service->room,
	    .audit = service->audit};
	return requests_start(loop, &requests);
}

static int
prepare(void *context, const struct conf *next, struct door_reply *reply)
{
	struct service *service = context;

	service->next_limit = make_client_limit(next);
	if (service->next_limit != NULL)
		return 0;
	(void)snprintf(reply->reason, sizeof(reply->reason), "no memory for the limits of clients");
	return -1;
}

/* What looks at the daemon's configuration each time needs nothing more. */
static void
apply(void *context)
{
	struct service *service = context;
	const struct record_limits limits = limits_of(&service->daemon.conf);

	client_limit_become(service->client_limit, service->next_limit);
	service->next_limit = NULL;
	accounts_change_limits(service->accounts, &limits);
	requests_change_limits(service->requests, &limits);
	import_change_limits(service->import, &limits);
	renewal_done(&service->renewal);
}

static void
discard(void *context)
{
	struct service *service = context;

	client_limit_free(service->next_limit);
	service->next_limit = NULL;
}

/* Beside an administrator who is served alone there is nobody to reload. */
static int
bind_door(struct service *service, const struct renewal_service *renewed)
{
	int passed;

	if (service->daemon.control_fd >= 0)
		return -1;
	renewal_init(&service->renewal, &service->daemon, renewed);
	passed = passed_sockets_take_named(&service->daemon.passed, STORE_DOOR, SOCK_SEQPACKET);
	if (passed >= 0)
		return passed;
	return door_bind(service->daemon.runtime_fd, STORE_DOOR, 0600, 0, (gid_t)-1);
}

int
main(int argc, char **argv)
{
	struct service service = {0};
	struct daemon *daemon = &service.daemon;
	const struct conf *conf = &daemon->conf;
	const struct conf_user *users = conf->privsep.users;
	struct accounts_config accounts = {0};
	struct control_config control;
	const struct daemon_service serving = {
	    .context = &service, .stop = stop, .describe = describe, .call = call};
	const struct renewal_service renewed = {
	    .context = &service, .prepare = prepare, .apply = apply, .discard = discard};
	uv_loop_t loop;
	int code, door;

	daemon_begin(daemon, CONF_ROLE_STORE, argc, argv);
	if (daemon->task != NULL)
		return task_run(daemon);
	accounts.database = database_open(&(struct database_config){.path = conf->store.path,
	    .uid = users[CONF_ROLE_STORE].uid,
	    .gid = users[CONF_ROLE_STORE].gid,
	    .map_size = conf->store.map_size,
	    .map_max = conf->store.map_max,
	    .reserve = conf->store.reserve});
	service.database = accounts.database;
	bind_control(&control, &service);
	door = bind_door(&service, &renewed);
	daemon_confine(daemon, 1, STORE_FILES, filter_calls, filter_call_count);
	if (uv_loop_init(&loop) != 0)
		fatal("cannot start the event loop");
	accounts.summary = summary_start(&loop);
	service.audit = audit_new(conf->log.audit);
	accounts.dnsd_uid = users[CONF_ROLE_DNSD].uid;
	accounts.bcrypt_threads = uv_available_parallelism();
	accounts.limits = limits_of(conf);
	service.client_limit = accounts.client_limit = make_client_limit(conf);
	if (accounts.client_limit == NULL)
		fatal("no memory for the limits of clients");
	service.accounts = accounts_start(&loop, &accounts);
	service.gauges = (struct gauges){.summary = accounts.summary,
	    .database = accounts.database,
	    .accounts = service.accounts};
	gauges_start(&service.gauges);
	service.room = (struct room){.database = accounts.database,
	    .map_max = conf->store.map_max,
	    .reserve = conf->store.reserve};
	room_start(&loop, &service.room);
	service.import = import_start(
	    &loop, service.accounts, accounts.database, &service.room, &accounts.limits, conf);
	audit_count_refusals(service.audit, &service.refusals);
	control.refusals = &service.refusals;
	control.room = &service.room;
	trial_start(&loop, &service.trial, service.accounts);
	control.trial = &service.trial;
	control.import = service.import;
	control.summary = accounts.summary;
	control.audit = service.audit;
	control.database = accounts.database;
	control.accounts = service.accounts;
	control.conf = conf;
	service.control = control_start(&loop, &control);
	if (daemon->control_fd < 0) {
		service.requests = start_requests(&loop, &service, &accounts);
		service.door = renewal_listen(&service.renewal, &loop, door, NULL, NULL);
	}
	code = daemon_serve(daemon, &loop, &serving);
	control_free(service.control);
	import_free(service.import);
	summary_log(accounts.summary);
	summary_free(accounts.summary);
	audit_free(service.audit);
	client_limit_free(accounts.client_limit);
	database_close(accounts.database);
	return code;
}
