/* sallyport-store: owns the database and decides who may do what. */
#include "daemon.h"
#include "database.h"
#include "filter.h"
#include "log.h"
#include "requests.h"
#include "summary.h"

enum { STORE_FILES = 64 };

struct service {
	struct accounts *accounts;
	struct requests *requests;
};

static void
stop(void *context)
{
	const struct service *service = context;

	requests_stop(service->requests);
	accounts_stop(service->accounts);
}

int
main(int argc, char **argv)
{
	struct daemon daemon;
	const struct conf *conf = &daemon.conf;
	const struct conf_user *users = conf->privsep.users;
	struct accounts_config accounts = {0};
	struct requests_config requests = {0};
	struct service service;
	uv_loop_t loop;
	int code;

	daemon_begin(&daemon, CONF_ROLE_STORE, argc, argv);
	accounts.database =
	    database_open(conf->store.path, users[CONF_ROLE_STORE].uid, users[CONF_ROLE_STORE].gid);
	daemon_confine(&daemon, 1, STORE_FILES, filter_calls, filter_call_count);
	if (uv_loop_init(&loop) != 0)
		fatal("cannot start the event loop");
	accounts.summary = summary_start(&loop);
	accounts.dnsd_uid = users[CONF_ROLE_DNSD].uid;
	accounts.bcrypt_threads = uv_available_parallelism();
	accounts.limits = (struct record_limits){.values = conf->zone.values_per_name,
	    .lifetime = conf->zone.value_lifetime,
	    .text = conf->zone.txt_max};
	service.accounts = accounts_start(&loop, &accounts);
	requests.accounts = service.accounts;
	requests.summary = accounts.summary;
	requests.limits = accounts.limits;
	requests.apid_uid = users[CONF_ROLE_APID].uid;
	requests.disable_registration = conf->api.disable_registration;
	service.requests = requests_start(&loop, &requests);
	code = daemon_serve(&daemon, &loop, stop, &service);
	summary_log(accounts.summary);
	summary_free(accounts.summary);
	database_close(accounts.database);
	return code;
}
