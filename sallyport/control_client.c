#include "control_client.h"

#include "configuration.h"
#include "daemon.h"
#include "program.h"
#include "runtime_socket.h"
#include "transport.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

struct control_client {
	struct conf own; /* empty where `conf` is somebody else's */
	const struct conf *conf;
	int fd;
	int is_quiet;		      /* only `why` tells what went wrong */
	char why[CONTROL_CLIENT_WHY]; /* the last thing that did */
	pid_t store;		      /* that we started; 0: none */
	uint64_t next_id;
	unsigned char request[MESSAGE_MAX];
	unsigned char answer[MESSAGE_MAX + 1];
};

static void complain(struct control_client *client, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void
complain(struct control_client *client, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(client->why, sizeof(client->why), format, arguments);
	va_end(arguments);
	if (!client->is_quiet)
		fprintf(stderr, "sallyport: %s\n", client->why);
}

static int
seconds_for_answer(const struct control_client *client)
{
	return client->is_quiet ? CONTROL_CLIENT_QUIET_SECONDS : CONTROL_CLIENT_SECONDS;
}

/* A store of our own, with one end of a new link as its descriptor. 0 or -1. */
static int
start_store(struct control_client *client, const char *config)
{
	/* A process group of its own: Ctrl-C ends us, and then it ends in good order. */
	struct program_start start = {.role = CONF_ROLE_STORE,
	    .config = config,
	    .option = "--control",
	    .in = -1,
	    .out = -1,
	    .own_group = 1};
	int pair[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) {
		complain(client, "cannot make a link to a store: %s", strerror(errno));
		return -1;
	}
	start.extra = pair[1];
	pid = program_start(&start);
	close(pair[1]);
	client->fd = pair[0];
	if (pid < 0)
		return -1;
	client->store = pid;
	return 0;
}

static int
connect_or_start(struct control_client *client, const char *config, int needs_server)
{
	const struct conf *conf = client->conf;
	int error;

	client->fd = runtime_socket_dial(
	    conf->privsep.runtime_dir, DAEMON_CONTROL_SOCKET, client->is_quiet ? SOCK_NONBLOCK : 0);
	if (client->fd >= 0)
		return 0;
	error = errno;
	if (error == EACCES || error == EPERM) {
		complain(client,
		    "uid %u may not use %s/" DAEMON_CONTROL_SOCKET
		    ": that is for root and the members of the group \"%s\" "
		    "(control.group)",
		    geteuid(), conf->privsep.runtime_dir, conf->control.group.name);
		return -1;
	}
	if (error == EAGAIN) {
		complain(client, "it takes no connection");
		return -1;
	}
	if (error != ENOENT && error != ECONNREFUSED) {
		complain(client, "cannot connect to %s/" DAEMON_CONTROL_SOCKET ": %s",
		    conf->privsep.runtime_dir, strerror(error));
		return -1;
	}
	if (needs_server) {
		complain(client, "no server runs: nothing listens at %s/" DAEMON_CONTROL_SOCKET,
		    conf->privsep.runtime_dir);
		return -1;
	}
	if (geteuid() != 0 && access(conf->store.path, W_OK) != 0 && errno == EACCES) {
		complain(client,
		    "no server runs (nothing listens at %s/" DAEMON_CONTROL_SOCKET
		    "), and without one uid %u cannot open the database in %s: start the "
		    "server, or do this as root",
		    conf->privsep.runtime_dir, geteuid(), conf->store.path);
		return -1;
	}
	return start_store(client, config);
}

/* Waits until there is something to read or, with POLLOUT, room to write. 0 or -1. */
static int
wait_for(struct control_client *client, short events)
{
	struct pollfd descriptor = {.fd = client->fd, .events = events};
	int ready = poll(&descriptor, 1, seconds_for_answer(client) * 1000);

	if (ready > 0 || (ready < 0 && errno == EINTR))
		return 0;
	complain(client, "the server has not answered within %d s; its log may say why",
	    seconds_for_answer(client));
	return -1;
}

static int
complain_of_end(struct control_client *client)
{
	if (client->store != 0)
		complain(client, "the database could not be used; the line above says why");
	else
		complain(client, "the server has closed the connection; its log says why");
	return -1;
}

static int
send_request(struct control_client *client, size_t length)
{
	enum transport_result result;

	while ((result = transport_send(client->fd, client->request, length, NULL, 0)) ==
	       TRANSPORT_AGAIN)
		if (wait_for(client, POLLOUT) != 0)
			return -1;
	return result == TRANSPORT_DONE ? 0 : complain_of_end(client);
}

int
control_client_receive(
    struct control_client *client, enum message_type type, uint64_t *id, struct reader *answer)
{
	struct message_rule rule = {
	    .type = (uint16_t)type, .states = 1, .maximum = MESSAGE_MAX - MESSAGE_HEADER};
	const struct message_rule *found;
	struct message_received received;
	struct message_header header;
	enum transport_result result;
	int fds[MESSAGE_MAX_FDS];

	while ((result = transport_receive(client->fd, client->answer, &received, fds)) ==
	       TRANSPORT_AGAIN)
		if (wait_for(client, POLLIN) != 0)
			return -1;
	if (result != TRANSPORT_DONE)
		return complain_of_end(client);
	transport_close_fds(fds);
	if (message_check(&rule, 1, 0, &received, &header, &found) != MESSAGE_ACCEPTED)
		return control_client_puzzled(client);
	*id = header.id;
	reader_init(answer, received.data + MESSAGE_HEADER, received.length - MESSAGE_HEADER);
	return 0;
}

int
control_client_puzzled(struct control_client *client)
{
	complain(client, "the server's answer makes no sense; is it of another version?");
	return -1;
}

static int
greet(struct control_client *client)
{
	struct message_hello hello = {.version = MESSAGE_VERSION, .role = MESSAGE_ROLE_CONTROL};
	struct writer writer;
	struct reader answer;

	control_client_begin(client, &writer, MESSAGE_HELLO);
	message_put_hello(&writer, &hello);
	if (control_client_ask(client, &writer, &answer) != 0)
		return -1;
	if (message_get_hello(&answer, &hello) != 0)
		return control_client_puzzled(client);
	if (hello.version == MESSAGE_VERSION)
		return 0;
	complain(client, "the server is of another version than this program: restart it");
	return -1;
}

int
control_client_open(struct control_client **opened, const char *config, int needs_server)
{
	struct control_client *client = calloc(1, sizeof(*client));
	int code;

	*opened = NULL;
	if (client == NULL) {
		fputs("sallyport: no memory\n", stderr);
		return 1;
	}
	client->fd = -1;
	client->conf = &client->own;
	code = configuration_load(&client->own, config);
	if (code != 0) {
		free(client);
		return code;
	}
	if (connect_or_start(client, config, needs_server) != 0 || greet(client) != 0) {
		control_client_close(client);
		return 1;
	}
	*opened = client;
	return 0;
}

struct control_client *
control_client_open_quietly(const struct conf *conf, char why[CONTROL_CLIENT_WHY])
{
	struct control_client *client = calloc(1, sizeof(*client));

	if (client == NULL) {
		(void)snprintf(why, CONTROL_CLIENT_WHY, "no memory");
		return NULL;
	}
	client->fd = -1;
	client->conf = conf;
	client->is_quiet = 1;
	if (connect_or_start(client, NULL, 1) == 0 && greet(client) == 0)
		return client;
	(void)snprintf(why, CONTROL_CLIENT_WHY, "%s", client->why);
	control_client_close(client);
	return NULL;
}

const char *
control_client_why(const struct control_client *client)
{
	return client->why;
}

void
control_client_close(struct control_client *client)
{
	int status;

	if (client == NULL)
		return;
	if (client->fd >= 0)
		close(client->fd);
	/* It ends with its link. */
	while (client->store != 0 && waitpid(client->store, &status, 0) < 0 && errno == EINTR)
		;
	conf_free(&client->own);
	explicit_bzero(client->request, sizeof(client->request));
	explicit_bzero(client->answer, sizeof(client->answer));
	free(client);
}

const struct conf *
control_client_conf(const struct control_client *client)
{
	return client->conf;
}

void
control_client_begin(struct control_client *client, struct writer *writer, enum message_type type)
{
	message_begin(writer, client->request, type, ++client->next_id);
}

uint64_t
control_client_send(struct control_client *client, struct writer *writer)
{
	size_t length = message_end(writer);

	if (length == 0) {
		complain(client, "the request is too long");
		return 0;
	}
	return send_request(client, length) == 0 ? client->next_id : 0;
}

int
control_client_ask(struct control_client *client, struct writer *writer, struct reader *answer)
{
	/* Requests have even types, and each its answer behind it. */
	enum message_type type =
	    (enum message_type)((client->request[0] << 8 | client->request[1]) + 1);
	uint64_t asked = control_client_send(client, writer), id;

	if (asked == 0 || control_client_receive(client, type, &id, answer) != 0)
		return -1;
	return id == asked ? 0 : control_client_puzzled(client);
}
