#include "renewal.h"

#include "conf_change.h"
#include "conf_environment.h"
#include "log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { RENEWAL_NAMES = 96 }; /* bytes of variables' names that are told */

static int
refuse(struct door_reply *reply, const char *what, const char *why)
{
	(void)snprintf(reply->reason, sizeof(reply->reason), "%s%s", what, why);
	return -1;
}

void
renewal_add_key(struct door_reply *reply, const char *key)
{
	size_t used = strlen(reply->keys);

	(void)snprintf(
	    reply->keys + used, sizeof(reply->keys) - used, "%s%s", used > 0 ? ", " : "", key);
}

/* All of a regular file, which never makes us wait; malloc'd. NULL with a reason. */
static char *
read_text(int fd, size_t *length, struct door_reply *reply)
{
	struct stat status;
	char *text;
	ssize_t got = 1;

	*length = 0;
	if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode) || status.st_size < 0 ||
	    status.st_size > RENEWAL_MAX_FILE) {
		refuse(reply, "what was handed in is no configuration", "");
		return NULL;
	}
	text = malloc((size_t)status.st_size + 1);
	if (text == NULL) {
		refuse(reply, "no memory for the new configuration", "");
		return NULL;
	}
	while (got > 0 && *length < (size_t)status.st_size) {
		got = read(fd, text + *length, (size_t)status.st_size - *length);
		if (got > 0)
			*length += (size_t)got;
	}
	if (got < 0) {
		refuse(reply, "the new configuration cannot be read: ", strerror(errno));
		explicit_bzero(text, *length);
		free(text);
		return NULL;
	}
	return text;
}

/* The first mistake is enough: root has seen them all, and the warnings, before he came. */
static void
refuse_mistakes(struct door_reply *reply, char *messages)
{
	char *end = messages + strcspn(messages, "\n"), *error = strstr(messages, ": error: ");

	while (*end != '\0' && error > end) {
		messages = end + 1;
		end = messages + strcspn(messages, "\n");
	}
	*end = '\0';
	refuse(reply, "", messages);
}

static int
parse(struct conf *next, int fd, struct door_reply *reply)
{
	char *messages = NULL, *text;
	size_t length, message_length = 0;
	FILE *out;
	int errors = 1;

	text = read_text(fd, &length, reply);
	if (text == NULL)
		return -1;
	out = open_memstream(&messages, &message_length);
	if (out != NULL) {
		/* Its folder is the root, which needs no look at the file system; all paths are absolute. Users were looked up
		 * by root, and keep their numbers. */
		errors = conf_parse(next, text, length, "/configuration", CONF_CONFINED, out);
		(void)fclose(out);
	}
	if (messages == NULL)
		refuse(reply, "no memory for the new configuration", "");
	else if (errors > 0)
		refuse_mistakes(reply, messages);
	free(messages);
	explicit_bzero(text, length);
	free(text);
	return errors > 0 ? -1 : 0;
}

/* What was looked up before confinement is not in the file. */
static void
keep_numbers(struct conf *next, const struct conf *started)
{
	for (unsigned i = 0; i < CONF_ROLES; i++) {
		next->privsep.users[i].uid = started->privsep.users[i].uid;
		next->privsep.users[i].gid = started->privsep.users[i].gid;
	}
	next->control.group.found = started->control.group.found;
	next->control.group.gid = started->control.group.gid;
}

static int
refuse_zone(struct door_reply *reply, const struct name *now, const struct name *then)
{
	char one[NAME_MAX_TEXT], other[NAME_MAX_TEXT];

	name_to_text(now, one);
	name_to_text(then, other);
	(void)snprintf(reply->reason, sizeof(reply->reason),
	    "zone.name is %.60s and would become %.60s: that moves every name, and needs a restart "
	    "of all three processes",
	    one, other);
	return -1;
}

/*
 * What the environment has set cannot change while we run. Taken from another environment it would be gone, or in force until the
 * next start only.
 */
static void
refuse_environment(struct door_reply *reply, const struct conf *started)
{
	char names[RENEWAL_NAMES];

	conf_environment_list(started, names, sizeof(names));
	(void)snprintf(reply->reason, sizeof(reply->reason),
	    "it was started with %s%s, and this command with something else: give it the same, or "
	    "send SIGHUP to sallyport run",
	    names[0] != '\0' ? "" : "no variable of the configuration", names);
}

static int
judge(struct renewal *renewal, struct door_reply *reply)
{
	const struct conf *started = &renewal->started, *next = &renewal->next;
	struct buf keys;
	int failed;

	if (!name_equal(&started->zone.name, &next->zone.name))
		return refuse_zone(reply, &started->zone.name, &next->zone.name);
	buf_init(&keys, MESSAGE_MAX_KEYS);
	failed = conf_change_list(started, next, renewal->daemon->role, &keys);
	if (failed)
		refuse(reply, "no memory to compare the configurations", "");
	else
		memcpy(
		    reply->keys, keys.data != NULL ? keys.data : (unsigned char *)"", keys.length);
	buf_free(&keys);
	return failed;
}

static int
on_prepare(void *context, int configuration, uint64_t environment, struct door_reply *reply)
{
	struct renewal *renewal = context;

	if (environment != renewal->started.environment) {
		refuse_environment(reply, &renewal->started);
		goto refused;
	}
	if (parse(&renewal->next, configuration, reply) != 0)
		goto refused;
	renewal->next.environment = environment;
	keep_numbers(&renewal->next, &renewal->started);
	if (judge(renewal, reply) != 0 ||
	    renewal->service->prepare(renewal->service->context, &renewal->next, reply) != 0) {
		conf_free(&renewal->next);
		goto refused;
	}
	return 0;
refused:
	log_error("a new configuration was refused: %s", reply->reason);
	return -1;
}

static int
on_prepare_pair(void *context, const int fds[2], struct door_reply *reply)
{
	struct renewal *renewal = context;

	if (renewal->service->prepare_pair(renewal->service->context, fds, reply) == 0)
		return 0;
	log_error("a new certificate was refused: %s", reply->reason);
	return -1;
}

static void
on_discard(void *context)
{
	struct renewal *renewal = context;

	renewal->service->discard(renewal->service->context);
	conf_free(&renewal->next);
	log_info("the new configuration is not to be used: the old one stays");
}

static void
on_apply(void *context)
{
	struct renewal *renewal = context;
	struct daemon *daemon = renewal->daemon;

	notify_reloading(daemon->notify);
	renewal->old = daemon->conf;
	daemon->conf = renewal->next;
	memset(&renewal->next, 0, sizeof(renewal->next));
	log_set(daemon->conf.log.level, daemon->conf.log.format);
	renewal->service->apply(renewal->service->context);
}

void
renewal_done(struct renewal *renewal)
{
	/* The first one is what the next ones are held against. */
	if (renewal->old.file != renewal->started.file)
		conf_free(&renewal->old);
	memset(&renewal->old, 0, sizeof(renewal->old));
	log_info("a new configuration is in use");
	notify_reloaded(renewal->daemon->notify);
	door_applied(renewal->door);
}

void
renewal_init(struct renewal *renewal, struct daemon *daemon, const struct renewal_service *service)
{
	*renewal = (struct renewal){.daemon = daemon,
	    .service = service,
	    .started = daemon->conf,
	    .reload = {.context = renewal,
		.prepare = on_prepare,
		.prepare_pair = service->prepare_pair != NULL ? on_prepare_pair : NULL,
		.apply = on_apply,
		.discard = on_discard}};
}

void
renewal_free(struct renewal *renewal)
{
	struct conf *used = &renewal->daemon->conf;

	if (used->file != renewal->started.file)
		conf_free(used);
	if (renewal->old.file != renewal->started.file)
		conf_free(&renewal->old);
	conf_free(&renewal->next);
	conf_free(&renewal->started);
}

struct door *
renewal_listen(struct renewal *renewal, uv_loop_t *loop, int door_fd,
    void (*arrived)(void *context, int link_fd), void *context)
{
	const struct conf_user *users = renewal->daemon->conf.privsep.users;
	uid_t store_uid = users[CONF_ROLE_STORE].uid;
	const struct door_config config = {.store_uid = store_uid,
	    /* All have one uid only where it is that of whoever started them. */
	    .reload_uid = users[CONF_ROLE_DNSD].uid == store_uid ? store_uid : 0,
	    .context = context,
	    .arrived = arrived,
	    .reload = &renewal->reload};

	renewal->door = door_listen(loop, door_fd, &config);
	return renewal->door;
}
