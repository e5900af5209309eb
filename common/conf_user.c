/* The users of the three processes, and the administrators' group, by name or by number. */
#include "conf_value.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ENTRY_BUFFER = 65536 };

static int
is_number(const struct conf_value *value)
{
	return value->text[0] >= '0' && value->text[0] <= '9';
}

/* The number of a user or a group; -1 with a message. */
static int
read_number(struct conf_loading *loading, const struct conf_key *key,
    const struct conf_value *value, const char *whose, uint32_t *id)
{
	int64_t number = conf_value_number(value->text);

	/* The largest number is -1, which setresuid(2) and chown(2) take for "leave it". */
	if (number < 0 || number >= UINT32_MAX) {
		conf_report_error(loading->report, value->place, "%s: \"%.*s\" is not a %s number",
		    key->path, CONF_SHOWN, value->text, whose);
		return -1;
	}
	*id = (uint32_t)number;
	return 0;
}

static int
look_up_user(struct conf_loading *loading, const struct conf_key *key,
    const struct conf_value *value, struct conf_user *user)
{
	char *buffer = malloc(ENTRY_BUFFER);
	struct passwd entry, *found = NULL;
	int error;

	if (buffer == NULL) {
		conf_report_no_memory(loading->report);
		return -1;
	}
	error = getpwnam_r(value->text, &entry, buffer, ENTRY_BUFFER, &found);
	if (found != NULL) {
		user->uid = entry.pw_uid;
		user->gid = entry.pw_gid;
	} else if (error == ENOMEM) {
		conf_report_no_memory(loading->report);
	} else {
		conf_report_error(loading->report, value->place,
		    "%s: there is no user \"%.*s\"%s%s; create it, or give a number", key->path,
		    CONF_SHOWN, value->text, error != 0 ? ": " : "",
		    error != 0 ? strerror(error) : "");
	}
	free(buffer);
	return found != NULL ? 0 : -1;
}

void
conf_set_user(
    struct conf_loading *loading, const struct conf_key *key, const struct conf_value *value)
{
	struct conf_user *target = conf_value_field(loading, key);
	struct conf_user user = {0};
	uint32_t number = 0;

	if (value->text[0] == '\0') {
		conf_report_error(
		    loading->report, value->place, "%s is empty; it must be a user", key->path);
		return;
	}
	if (is_number(value) && read_number(loading, key, value, "user's", &number) != 0)
		return;
	if (!loading->as_root && !loading->is_confined)
		user = (struct conf_user){.uid = geteuid(), .gid = getegid()};
	if (loading->as_root && is_number(value))
		user.uid = user.gid = number;
	if (loading->as_root && !is_number(value) && look_up_user(loading, key, value, &user) != 0)
		return;
	if (loading->as_root && (user.uid == 0 || user.gid == 0)) {
		conf_report_error(loading->report, value->place,
		    "%s: \"%.*s\" has %s 0; no process may keep root's rights, give it a user of "
		    "its own",
		    key->path, CONF_SHOWN, value->text, user.uid == 0 ? "uid" : "gid");
		return;
	}
	user.name = strdup(value->text);
	if (user.name == NULL) {
		conf_report_no_memory(loading->report);
		return;
	}
	free(target->name);
	*target = user;
}

/* One that is not there is no mistake: the default need not be. -1 when memory is short. */
static int
look_up_group(
    struct conf_loading *loading, const struct conf_value *value, struct conf_group *group)
{
	char *buffer = malloc(ENTRY_BUFFER);
	struct group entry, *found = NULL;

	if (buffer == NULL) {
		conf_report_no_memory(loading->report);
		return -1;
	}
	if (getgrnam_r(value->text, &entry, buffer, ENTRY_BUFFER, &found) == ENOMEM)
		conf_report_no_memory(loading->report);
	group->found = found != NULL;
	if (found != NULL)
		group->gid = entry.gr_gid;
	free(buffer);
	return 0;
}

void
conf_set_group(
    struct conf_loading *loading, const struct conf_key *key, const struct conf_value *value)
{
	struct conf_group *target = conf_value_field(loading, key);
	struct conf_group group = {.found = loading->as_root};
	uint32_t number = 0;

	if (value->text[0] == '\0') {
		conf_report_error(
		    loading->report, value->place, "%s is empty; it must be a group", key->path);
		return;
	}
	if (is_number(value) && read_number(loading, key, value, "group's", &number) != 0)
		return;
	group.gid = number;
	if (loading->as_root && !is_number(value) && look_up_group(loading, value, &group) != 0)
		return;
	group.name = strdup(value->text);
	if (group.name == NULL) {
		conf_report_no_memory(loading->report);
		return;
	}
	free(target->name);
	*target = group;
}
