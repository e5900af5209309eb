#include "request_log.h"

/* NULL for MESSAGE_RESULT_OK. */
static const char *
reason_of(const struct request_log *log)
{
	static const char *const objections[] = {
	    [REQUEST_UNOBJECTED] = "changed meanwhile",
	    [REQUEST_NO_ACCOUNT] = "no such account",
	    [REQUEST_WRONG_KEY] = "wrong key",
	    [REQUEST_WRONG_ADDRESS] = "address not in allowfrom",
	    [REQUEST_WRONG_SUBDOMAIN] = "not its subdomain",
	};
	static const char *const reasons[MESSAGE_RESULTS] = {
	    [MESSAGE_RESULT_BAD_SUBDOMAIN] = "bad subdomain",
	    [MESSAGE_RESULT_BAD_TXT] = "bad value",
	    [MESSAGE_RESULT_BAD_NETWORK] = "bad allowfrom",
	    [MESSAGE_RESULT_DB_ERROR] = "database error",
	    [MESSAGE_RESULT_BUSY] = "busy",
	    [MESSAGE_RESULT_REGISTRATION_CLOSED] = "api.disable_registration is true",
	    [MESSAGE_RESULT_REGISTRATION_FORBIDDEN] = "cap or token used up meanwhile",
	    [MESSAGE_RESULT_TOO_MANY_REQUESTS] = "too many from this address",
	    [MESSAGE_RESULT_TAKEN] = "name taken",
	    [MESSAGE_RESULT_NO_ROOM] = "store.reserve is reached",
	};

	if (log->result == MESSAGE_RESULT_OK)
		return NULL;
	if (log->result == MESSAGE_RESULT_FORBIDDEN)
		return objections[log->objection];
	return reasons[log->result] != NULL ? reasons[log->result] : "refused";
}

static void
write_event(
    const struct request_log *log, const char *done, const char *refused, struct slice token)
{
	struct audit_event event = {.name = done,
	    .client = log->client,
	    .subdomain = log->subdomain,
	    .token = token,
	    .reason = reason_of(log)};
	char username[UUID_TEXT + 1];

	/* Whoever is refused may have put anything there, his key by mistake as well. */
	if (event.reason != NULL) {
		event.name = refused;
		event.subdomain.length = 0;
	}
	if (event.name == NULL)
		return;
	if (log->username != NULL) {
		uuid_to_text(log->username, username);
		event.account = username;
	}
	audit_write(log->audit, &event);
}

void
request_log_registration(const struct request_log *log, struct slice token)
{
	write_event(log, "registered", "registration_refused", token);
}

void
request_log_update(const struct request_log *log, int clears)
{
	write_event(
	    log, clears ? "values_removed" : "updated", "update_refused", (struct slice){NULL, 0});
}

void
request_log_account(const struct request_log *log, enum message_account_action action)
{
	static const char *const done[MESSAGE_ACCOUNT_ACTIONS] = {
	    [MESSAGE_ACCOUNT_NETWORKS] = "allowfrom_changed",
	    [MESSAGE_ACCOUNT_ROTATE] = "key_rotated",
	    [MESSAGE_ACCOUNT_REMOVE] = "value_removed",
	    [MESSAGE_ACCOUNT_CLEAR] = "values_removed",
	    [MESSAGE_ACCOUNT_DELETE] = "account_deleted",
	};

	write_event(log, done[action], "account_refused", (struct slice){NULL, 0});
}
