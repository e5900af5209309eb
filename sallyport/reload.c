#include "reload.h"

#include "conf.h"
#include "key_pair.h"
#include "log.h"
#include "message.h"
#include "transport.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

enum { REASON_SHOWN = 512 }; /* bytes of apid's reason, with what stands for strange ones */

/* "what: why" on standard error. Returns the exit code. */
static int
fail(const char *what)
{
	fprintf(stderr, "sallyport: %s: %s\n", what, strerror(errno));
	return 1;
}

static const char *
hint(int error)
{
	if (error == ENOENT || error == ECONNREFUSED)
		return "; is the server running?";
	return error == EACCES ? "; only root can reload" : "";
}

/* The key goes to nobody but apid: the kernel has noted who listens. */
static int
is_apid(int fd, const struct conf *conf)
{
	struct ucred peer;
	socklen_t length = sizeof(peer);
	uid_t expected = geteuid() == 0 ? conf->privsep.users[CONF_ROLE_APID].uid : geteuid();

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) == 0 && peer.uid == expected;
}

/* Connects to apid's door, however long the runtime folder's path is. The descriptor, or -1 with a message. */
static int
dial(const struct conf *conf)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "apid.door"};
	struct timeval patience = {.tv_sec = RELOAD_SECONDS};
	const char *folder = conf->privsep.runtime_dir;
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	if (fd < 0 || chdir(folder) != 0 ||
	    connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) != 0)
		fprintf(stderr, "sallyport: the API cannot be reached at %s/apid.door: %s%s\n",
		    folder, strerror(errno), hint(errno));
	else if (!is_apid(fd, conf))
		fprintf(stderr,
		    "sallyport: whoever listens at %s/apid.door is not the API's user\n", folder);
	else
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

static int
send_pair(int door, const int fds[KEY_PAIR_PARTS])
{
	unsigned char message[MESSAGE_MAX];
	struct writer writer;

	message_begin(&writer, message, MESSAGE_RELOAD, 1);
	message_put_parts(&writer, MESSAGE_PART_CERTIFICATE | MESSAGE_PART_KEY);
	if (transport_send(door, message, message_end(&writer), fds, KEY_PAIR_PARTS) ==
	    TRANSPORT_DONE)
		return 0;
	return fail("the API does not take the files");
}

/* Reads the answer's body. 0, or -1 when it makes no sense. */
static int
read_reason(const unsigned char *bytes, size_t length, struct slice *reason)
{
	static const struct message_rule rule = {.type = MESSAGE_RELOAD_ANSWER,
	    .states = 1,
	    .minimum = 1,
	    .maximum = MESSAGE_MAX_REASON + 1};
	const struct message_rule *found;
	const struct message_received received = {.data = bytes, .length = length};
	struct message_header header;
	struct reader body;

	if (message_check(&rule, 1, 0, &received, &header, &found) != MESSAGE_ACCEPTED)
		return -1;
	reader_init(&body, bytes + MESSAGE_HEADER, length - MESSAGE_HEADER);
	return message_get_reason(&body, reason);
}

/* Waits for the answer and shows it. Returns the exit code. */
static int
take_answer(int door)
{
	unsigned char bytes[MESSAGE_MAX];
	char shown[REASON_SHOWN];
	ssize_t length = recv(door, bytes, sizeof(bytes), 0);
	struct slice reason;

	if (length < 0)
		return fail("the API does not answer");
	if (read_reason(bytes, (size_t)length, &reason) != 0) {
		fputs(
		    "sallyport: the API does not understand; is it of another version?\n", stderr);
		return 1;
	}
	if (reason.length > 0) {
		/* apid faces the world: what it says is shown as what it is. */
		fprintf(stderr, "sallyport: refused, what the API uses stays in use: %s\n",
		    log_safe(shown, sizeof(shown), reason.data, reason.length));
		return 1;
	}
	puts("the API uses the certificate and the key from now on");
	return 0;
}

static int
hand_over(const struct conf *conf)
{
	struct key_pair_fault fault;
	int fds[KEY_PAIR_PARTS], door, code = 1;

	if (key_pair_open(conf, fds, &fault) != 0) {
		key_pair_print_fault(conf, &fault, stderr);
		return CONF_EXIT;
	}
	door = dial(conf);
	if (door >= 0) {
		code = send_pair(door, fds);
		if (code == 0)
			code = take_answer(door);
		close(door);
	}
	close(fds[KEY_PAIR_CERTIFICATE]);
	close(fds[KEY_PAIR_KEY]);
	return code;
}

int
reload(const struct invocation *invocation)
{
	struct conf conf;
	int code = CONF_EXIT;

	if (conf_load(&conf, invocation->config, geteuid() == 0, stderr) != 0)
		return CONF_EXIT;
	if (conf.api.tls.certificate == NULL) {
		puts("there is nothing to reload: the configuration has no api.tls");
		code = 0;
	} else if (key_pair_check(&conf, stderr) == 0) {
		code = hand_over(&conf);
	}
	conf_free(&conf);
	return code;
}
