/* sallyport-apid: the HTTP API. Wires the parts together. */
#include "body.h"
#include "daemon.h"
#include "door.h"
#include "filter.h"
#include "log.h"
#include "server.h"
#include "wiped_memory.h"

/* Connections and the one that takes another's place, listeners, door and its guests, link, loop, standard streams. */
enum { MAX_FILES = SERVER_MAX_CONNECTIONS + 1 + SERVER_MAX_LISTEN + DOOR_GUESTS + 64 };

int
main(int argc, char **argv)
{
	struct daemon daemon;
	int listeners[SERVER_MAX_LISTEN], door;
	struct tls_context *tls;
	struct daemon_service service = {.stop = server_stop, .describe = server_describe};
	uv_loop_t loop;
	int code;

	wiped_memory_begin();
	daemon_begin(&daemon, CONF_ROLE_APID, argc, argv);
	tls = server_read_tls(&daemon.conf);
	server_bind(&daemon.conf, &daemon.passed, daemon.notify, listeners);
	door = door_bind(daemon.runtime_fd, "apid.door", 0600,
	    daemon.conf.privsep.users[CONF_ROLE_STORE].uid, (gid_t)-1);
	body_prepare();
	daemon_confine(&daemon, 0, MAX_FILES, filter_calls, filter_call_count);
	if (uv_loop_init(&loop) != 0)
		fatal("cannot make an event loop");
	service.context = server_open(&loop, &daemon, listeners, door, tls);
	code = daemon_serve(&daemon, &loop, &service);
	server_free(service.context);
	return code;
}
