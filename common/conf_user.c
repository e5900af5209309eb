/* The users of the three processes, by name or by number. */
#include "conf_value.h"

#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PASSWD_BUFFER = 16384 };

/* The uid and gid of a number; -1 with a message. */
static int
read_user_number(struct conf_loading *loading, const struct conf_key *key,
    const struct conf_value *value, struct conf_user *user)
{
	int64_t number = conf_value_number(value->text);

	/* The largest uid_t is (uid_t)-1, which setresuid(2) takes for "leave it". */
	if (number < 0 || number >= UINT32_MAX) {
		conf_report_error(loading->report, value->place,
		    "%s: \"%.*s\" is not a user's number", key->path, CONF_SHOWN, value->text);
		return -1;
	}
	user->uid = (uid_t)number;
	user->gid = (gid_t)number;
	return 0;
}

static int
look_up_user(struct conf_loading *loading, const struct conf_key *key,
    const struct conf_value *value, struct conf_user *user)
{
	char *buffer = malloc(PASSWD_BUFFER);
	struct passwd entry, *found = NULL;
	int error;

	if (buffer == NULL) {
		conf_value_out_of_memory(loading, value);
		return -1;
	}
	error = getpwnam_r(value->text, &entry, buffer, PASSWD_BUFFER, &found);
	if (found != NULL) {
		user->uid = entry.pw_uid;
		user->gid = entry.pw_gid;
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
	struct conf_user user = {.uid = geteuid(), .gid = getegid()};
	int is_number = value->text[0] >= '0' && value->text[0] <= '9';
	struct conf_user number;

	if (value->text[0] == '\0') {
		conf_report_error(
		    loading->report, value->place, "%s is empty; it must be a user", key->path);
		return;
	}
	if (is_number && read_user_number(loading, key, value, &number) != 0)
		return;
	if (loading->as_root && is_number)
		user = number;
	if (loading->as_root && !is_number && look_up_user(loading, key, value, &user) != 0)
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
		conf_value_out_of_memory(loading, value);
		return;
	}
	free(target->name);
	*target = user;
}
