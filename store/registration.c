#include "registration.h"

#include "token.h"

#include <time.h>
#include <uv.h>

enum { NS_IN_SECOND = 1000 * 1000 * 1000 };

static const struct slice no_token = {NULL, 0};

/* The client only learns that it may not; whoever runs the server has to know why. */
static enum message_result
forbid(struct registration *registration, const struct client_address *client, struct slice token,
    const char *why)
{
	const struct audit_event event = {
	    .name = "registration_refused", .client = client, .token = token, .reason = why};

	audit_write(registration->audit, &event);
	return MESSAGE_RESULT_REGISTRATION_FORBIDDEN;
}

static int
is_from(const struct conf_networks *from, const struct client_address *client)
{
	for (size_t i = 0; i < from->count; i++) {
		if (network_contains(&from->networks[i], client))
			return 1;
	}
	return from->count == 0;
}

static enum message_result
judge_token(struct registration *registration, const struct message_register *request,
    char token[RECORD_MAX_TOKEN], size_t *length)
{
	unsigned char hash[RECORD_TOKEN_HASH];
	struct token_record record;
	enum database_result found;
	const char *objection;

	if (request->token.length == 0)
		return forbid(registration, &request->client, no_token, "no token");
	token_hash(request->token, hash);
	found = database_find_token(registration->database, hash, token, length, &record);
	if (found == DATABASE_MISSING ||
	    (found == DATABASE_OK && !token_hash_equal(record.hash, hash)))
		return forbid(registration, &request->client, no_token, "no such token");
	if (found != DATABASE_OK)
		return MESSAGE_RESULT_DB_ERROR;
	objection = token_objection(&record, &request->client, (uint64_t)time(NULL));
	if (objection == NULL)
		return MESSAGE_RESULT_OK;
	return forbid(registration, &request->client,
	    (struct slice){(const unsigned char *)token, *length}, objection);
}

static enum message_result
judge_cap(struct registration *registration, const struct client_address *client)
{
	uint64_t count;

	if (registration->conf->api.registration_cap == 0)
		return MESSAGE_RESULT_OK;
	if (database_count_accounts(registration->database, &count) != DATABASE_OK)
		return MESSAGE_RESULT_DB_ERROR;
	if (count < registration->conf->api.registration_cap)
		return MESSAGE_RESULT_OK;
	return forbid(registration, client, no_token, "api.registration_cap is reached");
}

enum message_result
registration_judge(struct registration *registration, const struct message_register *request,
    char token[RECORD_MAX_TOKEN], size_t *length)
{
	const struct conf *conf = registration->conf;
	enum message_result result = MESSAGE_RESULT_OK;

	*length = 0;
	if (conf->api.disable_registration)
		return MESSAGE_RESULT_REGISTRATION_CLOSED;
	if (conf->api.registration == CONF_REGISTRATION_CLOSED)
		return forbid(
		    registration, &request->client, no_token, "api.registration is closed");
	if (!is_from(&conf->api.registration_from, &request->client))
		return forbid(registration, &request->client, no_token,
		    "address not in api.registration_from");
	if (conf->api.registration == CONF_REGISTRATION_TOKEN)
		result = judge_token(registration, request, token, length);
	if (result == MESSAGE_RESULT_OK)
		result = judge_cap(registration, &request->client);
	if (result == MESSAGE_RESULT_OK && room_is_short(registration->room))
		result = MESSAGE_RESULT_NO_ROOM;
	if (result == MESSAGE_RESULT_OK &&
	    !client_limit_take(registration->limit, CLIENT_LIMIT_REGISTRATIONS, &request->client,
		uv_hrtime() / NS_IN_SECOND))
		result = MESSAGE_RESULT_TOO_MANY_REQUESTS;
	return result;
}
