/*
 * All or nothing over three processes: each reads and keeps what is new, none uses it before all have said that they can,
 * and whoever is left alone before that forgets it. They are asked in one order, so that of two reloads at once
 * one waits for the other.
 */
#include "reload.h"

#include "conf.h"
#include "configuration.h"
#include "door_client.h"
#include "key_pair.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum outcome { OUTCOME_DONE, OUTCOME_BUSY, OUTCOME_FAILED };

struct reloading {
	struct conf conf;
	int pair[KEY_PAIR_PARTS]; /* -1: the configuration has no TLS */
	int doors[CONF_ROLES];	  /* -1: it does not run */
	char keys[CONF_ROLES][MESSAGE_MAX_KEYS + 1];
};

static void
pause_for(long milliseconds)
{
	const struct timespec span = {milliseconds / 1000, milliseconds % 1000 * 1000 * 1000};

	(void)nanosleep(&span, NULL);
}

static int
write_all(int fd, const char *text, size_t length)
{
	while (length > 0) {
		ssize_t written = write(fd, text, length);

		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			return -1;
		text += written;
		length -= (size_t)written;
	}
	return lseek(fd, 0, SEEK_SET) == 0 ? 0 : -1;
}

/*
 * The effective configuration as a file in memory that nobody can change any more. Each daemon gets one of its own, because
 * where one has read to, all would have who share it. The descriptor, or -1: told.
 */
static int
make_file(const struct conf *conf)
{
	static const int seals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
	char *text = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);
	int fd = memfd_create("configuration", MFD_CLOEXEC | MFD_ALLOW_SEALING), failed = 1;

	if (out != NULL) {
		conf_print(conf, out);
		failed = fclose(out) != 0 || fd < 0 || write_all(fd, text, length) != 0 ||
			 fcntl(fd, F_ADD_SEALS, seals) != 0;
	}
	if (text != NULL)
		explicit_bzero(text, length);
	free(text);
	if (!failed)
		return fd;
	fprintf(
	    stderr, "sallyport: the configuration cannot be handed over: %s\n", strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

/* Those that wait with what is new forget it. */
static void
leave(struct reloading *reloading)
{
	for (unsigned i = 0; i < CONF_ROLES; i++) {
		if (reloading->doors[i] >= 0)
			close(reloading->doors[i]);
		reloading->doors[i] = -1;
	}
}

/* 1, 0: nobody listens, or -1: told. */
static int
dial(struct reloading *reloading, enum conf_role role)
{
	switch (door_client_dial(&reloading->conf, role, &reloading->doors[role])) {
	case DOOR_CLIENT_OK:
		return 1;
	case DOOR_CLIENT_ABSENT:
		return 0;
	default:
		return -1;
	}
}

/* Connects to all that run. Their number, or -1: told. */
static int
dial_once(struct reloading *reloading)
{
	int present = 0;

	for (unsigned i = 0; i < CONF_ROLES; i++) {
		int found = dial(reloading, (enum conf_role)i);

		if (found < 0)
			return -1;
		present += found;
	}
	if (present > 0)
		return present;
	fprintf(stderr, "sallyport: no daemon listens in %s; is the server running?\n",
	    reloading->conf.privsep.runtime_dir);
	return -1;
}

/*
 * Waits for one that may be starting: it has read the old configuration, perhaps. Doors do not wait with us, so they are
 * dialled anew each time. 0 or -1.
 */
static int
dial_all(struct reloading *reloading)
{
	unsigned rounds = RELOAD_START_SECONDS * 1000 / RELOAD_PAUSE_MS;

	for (unsigned round = 0; round <= rounds; round++) {
		int present = dial_once(reloading);

		if (present < 0)
			return -1;
		if (present == CONF_ROLES || round == rounds)
			break;
		leave(reloading);
		pause_for(RELOAD_PAUSE_MS);
	}
	return 0;
}

/* One step of one daemon. */
static enum outcome
ask(struct reloading *reloading, enum conf_role role, enum message_type type, const int *fds,
    unsigned count)
{
	const struct door_client_step step = {
	    .type = type, .environment = reloading->conf.environment, .fds = fds, .count = count};
	int door = reloading->doors[role];
	struct door_client_answer answer;

	if (door_client_send(door, role, &step) != 0 ||
	    door_client_receive(door, role, &answer) != 0)
		return OUTCOME_FAILED;
	if (answer.is_busy)
		return OUTCOME_BUSY;
	if (answer.reason[0] != '\0') {
		fprintf(
		    stderr, "sallyport: refused by %s: %s\n", conf_role_name(role), answer.reason);
		return OUTCOME_FAILED;
	}
	if (type == MESSAGE_RELOAD)
		memcpy(reloading->keys[role], answer.keys, sizeof(answer.keys));
	return OUTCOME_DONE;
}

static enum outcome
prepare(struct reloading *reloading, enum conf_role role)
{
	enum outcome outcome;
	int file = make_file(&reloading->conf);

	if (file < 0)
		return OUTCOME_FAILED;
	outcome = ask(reloading, role, MESSAGE_RELOAD, &file, 1);
	close(file);
	if (outcome == OUTCOME_DONE && role == CONF_ROLE_APID && reloading->pair[0] >= 0)
		outcome =
		    ask(reloading, role, MESSAGE_RELOAD_PAIR, reloading->pair, KEY_PAIR_PARTS);
	return outcome;
}

static void
tell(const struct reloading *reloading, enum conf_role role)
{
	const char *name = conf_role_name(role), *keys = reloading->keys[role];

	printf("%s uses the new configuration from now on", name);
	if (keys[0] != '\0')
		printf(", but for %s: that needs a restart of sallyport-%s", keys, name);
	putchar('\n');
}

/* All have said that they can: what fails now is the end of a process, which then begins with the new configuration. */
static enum outcome
apply(struct reloading *reloading)
{
	enum outcome outcome = OUTCOME_DONE;

	for (unsigned i = 0; i < CONF_ROLES; i++) {
		enum conf_role role = (enum conf_role)i;

		if (reloading->doors[i] < 0)
			fprintf(stderr,
			    "sallyport: %s does not run; it will start with the new "
			    "configuration\n",
			    conf_role_name(role));
		else if (ask(reloading, role, MESSAGE_RELOAD_APPLY, NULL, 0) == OUTCOME_DONE)
			tell(reloading, role);
		else
			outcome = OUTCOME_FAILED;
	}
	return outcome;
}

static enum outcome
hand_over(struct reloading *reloading)
{
	enum outcome outcome = OUTCOME_DONE;

	if (dial_all(reloading) != 0)
		outcome = OUTCOME_FAILED;
	for (unsigned i = 0; i < CONF_ROLES && outcome == OUTCOME_DONE; i++)
		if (reloading->doors[i] >= 0)
			outcome = prepare(reloading, (enum conf_role)i);
	if (outcome == OUTCOME_FAILED)
		fputs("sallyport: nothing was changed\n", stderr);
	if (outcome == OUTCOME_DONE)
		outcome = apply(reloading);
	leave(reloading);
	return outcome;
}

/* Opened and checked together, so that what is handed over is what was checked. 0 or an exit code. */
static int
open_pair(struct reloading *reloading)
{
	struct key_pair_fault fault;

	if (reloading->conf.api.tls.certificate == NULL)
		return 0;
	if (key_pair_open(&reloading->conf, reloading->pair, &fault) == 0)
		return 0;
	key_pair_print_fault(&reloading->conf, &fault, stderr);
	return CONF_EXIT;
}

static void
close_pair(struct reloading *reloading)
{
	for (unsigned i = 0; i < KEY_PAIR_PARTS; i++) {
		if (reloading->pair[i] >= 0)
			close(reloading->pair[i]);
		reloading->pair[i] = -1;
	}
}

static int
attempt(struct reloading *reloading, enum outcome *outcome)
{
	int code = 0;

	*outcome = OUTCOME_FAILED;
	if (key_pair_check(&reloading->conf, stderr) != 0)
		code = CONF_EXIT;
	if (code == 0)
		code = open_pair(reloading);
	if (code == 0) {
		*outcome = hand_over(reloading);
		code = *outcome == OUTCOME_DONE ? 0 : 1;
	}
	close_pair(reloading);
	conf_free(&reloading->conf);
	return code;
}

/*
 * Waits until no other reload is under way, RELOAD_SECONDS at the most: the doors hold few who come at once. `turn` is to be
 * closed; it is -1 where there is no folder, which whoever dials will say. 0, or -1.
 */
static int
take_turn(const char *runtime_dir, int *turn)
{
	unsigned rounds = RELOAD_SECONDS * 1000 / RELOAD_PAUSE_MS;

	*turn = open(runtime_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (unsigned i = 0; *turn >= 0 && flock(*turn, LOCK_EX | LOCK_NB) != 0; i++) {
		if (i == rounds)
			return -1;
		pause_for(RELOAD_PAUSE_MS);
	}
	return 0;
}

static int
reload_in_turn(const struct invocation *invocation)
{
	struct reloading reloading = {.pair = {-1, -1}, .doors = {-1, -1, -1}};
	unsigned rounds = RELOAD_SECONDS * 1000 / RELOAD_PAUSE_MS;
	enum outcome outcome = OUTCOME_FAILED;
	int code;

	if (conf_load(&reloading.conf, invocation->config, geteuid() == 0, stderr) != 0)
		return conf_exit_code(&reloading.conf);
	code = attempt(&reloading, &outcome);
	/* Read again: the other one may have been for a file that was changed since. */
	for (unsigned i = 0; outcome == OUTCOME_BUSY && i < rounds; i++) {
		pause_for(RELOAD_PAUSE_MS);
		code = configuration_load(&reloading.conf, invocation->config);
		if (code != 0)
			return code;
		code = attempt(&reloading, &outcome);
	}
	if (outcome == OUTCOME_BUSY)
		fputs("sallyport: another reload is under way; nothing was changed\n", stderr);
	return code;
}

int
reload(const struct invocation *invocation)
{
	struct conf conf;
	int turn, taken, code = configuration_load(&conf, invocation->config);

	if (code != 0)
		return code;
	taken = take_turn(conf.privsep.runtime_dir, &turn);
	conf_free(&conf);
	if (taken == 0) {
		/* The file is read again: it may have changed meanwhile. */
		code = reload_in_turn(invocation);
	} else {
		fputs("sallyport: another reload is under way; nothing was changed\n", stderr);
		code = 1;
	}
	if (turn >= 0)
		close(turn);
	return code;
}
