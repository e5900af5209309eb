/* sallyport-store: owns the database and decides who may do what. */
#include "daemon.h"
#include "database.h"
#include "filter.h"
#include "log.h"
#include "requests.h"
#include "summary.h"

enum { STORE_FILES = 64 };

static void
stop(void *requests)
{
	requests_stop(requests);
}

int
main(int argc, char **argv)
{
	struct daemon daemon;
	const struct conf *conf = &daemon.conf;
	const struct conf_user *users = conf->privsep.users;
	struct requests_config config = {0};
	struct database *database;
	uv_loop_t loop;
	int code;

	daemon_begin(&daemon, CONF_ROLE_STORE, argc, argv);
	database =
	    database_open(conf->store.path, users[CONF_ROLE_STORE].uid, users[CONF_ROLE_STORE].gid);
	daemon_confine(&daemon, 1, STORE_FILES, filter_calls, filter_call_count);
	if (uv_loop_init(&loop) != 0)
		fatal("cannot start the event loop");
	config.database = database;
	config.summary = summary_start(&loop);
	config.apid_uid = users[CONF_ROLE_APID].uid;
	config.dnsd_uid = users[CONF_ROLE_DNSD].uid;
	config.disable_registration = conf->api.disable_registration;
	config.limits = (struct record_limits){.values = conf->zone.values_per_name,
	    .lifetime = conf->zone.value_lifetime,
	    .text = conf->zone.txt_max};
	config.bcrypt_threads = uv_available_parallelism();
	code = daemon_serve(&daemon, &loop, stop, requests_start(&loop, &config));
	summary_log(config.summary);
	summary_free(config.summary);
	database_close(database);
	return code;
}
