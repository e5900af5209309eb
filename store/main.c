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
#include "requests.h"
#include "room.h"
#include "summary.h"
#include "task.h"

#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

enum { STORE_FILES = 64 + CONTROL_PEERS };

struct service {
	struct daemon daemon;
	struct database *database;
	struct accounts *accounts;
	struct requests *requests; /* NULL: an administrator is served alone */
	struct import *import;
	struct control *control;
	struct registration registration;
	struct room room;
	struct gauges gauges;
	struct audit *audit;
};

static void
stop(void *context)
{
	struct service *service = context;

	service->gauges.accounts = NULL;
	if (service->requests != NULL)
		requests_stop(service->requests);
	import_stop(service->import);
	control_stop(service->control);
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

static struct client_limit *
make_client_limit(const struct conf *conf)
{
	struct client_limit_config config = {
	    .rates = {[CLIENT_LIMIT_REGISTRATIONS] = conf->api.limits.registrations_per_hour,
		[CLIENT_LIMIT_FAILURES] = conf->api.limits.failures_per_minute},
	    .exempt = conf->api.limits.exempt.networks,
	    .exempt_count = conf->api.limits.exempt.count};
	struct client_limit *limit;

	password_random(config.key, sizeof(config.key));
	limit = client_limit_new(&config);
	if (limit == NULL)
		fatal("no memory for the limits of clients");
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
	uv_loop_t loop;
	int code;

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
	daemon_confine(daemon, 1, STORE_FILES, filter_calls, filter_call_count);
	if (uv_loop_init(&loop) != 0)
		fatal("cannot start the event loop");
	accounts.summary = summary_start(&loop);
	service.audit = audit_new(conf->log.audit);
	accounts.dnsd_uid = users[CONF_ROLE_DNSD].uid;
	accounts.bcrypt_threads = uv_available_parallelism();
	accounts.limits = (struct record_limits){.values = conf->zone.values_per_name,
	    .lifetime = conf->zone.value_lifetime,
	    .text = conf->zone.txt_max,
	    .empty_clears = conf->api.empty_txt_clears};
	accounts.client_limit = make_client_limit(conf);
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
	control.import = service.import;
	control.summary = accounts.summary;
	control.audit = service.audit;
	control.database = accounts.database;
	control.accounts = service.accounts;
	control.conf = conf;
	service.control = control_start(&loop, &control);
	if (daemon->control_fd < 0)
		service.requests = start_requests(&loop, &service, &accounts);
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
