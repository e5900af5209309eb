#include "token_change.h"

#include "token.h"

static enum message_result
put(struct database *database, struct slice name, const struct token_record *token)
{
	return database_put_token(database, name, token) == DATABASE_OK ? MESSAGE_RESULT_OK
									: MESSAGE_RESULT_DB_ERROR;
}

/* Reads it; `missing` is the result where there is none. */
static enum message_result
get(struct database *database, struct slice name, struct token_record *token,
    enum message_result missing)
{
	switch (database_get_token(database, name, token)) {
	case DATABASE_OK:
		return MESSAGE_RESULT_OK;
	case DATABASE_MISSING:
		return missing;
	default:
		return MESSAGE_RESULT_DB_ERROR;
	}
}

enum message_result
token_change_add(struct database *database, struct slice name, const struct token_record *token)
{
	struct token_record there;

	switch (database_get_token(database, name, &there)) {
	case DATABASE_OK:
		return MESSAGE_RESULT_TAKEN;
	case DATABASE_MISSING:
		return put(database, name, token);
	default:
		return MESSAGE_RESULT_DB_ERROR;
	}
}

enum message_result
token_change_revoke(struct database *database, struct slice name, uint64_t time)
{
	struct token_record token;
	enum message_result result = get(database, name, &token, MESSAGE_RESULT_FORBIDDEN);

	if (result != MESSAGE_RESULT_OK || token.revoked != 0)
		return result;
	token.revoked = time;
	return put(database, name, &token);
}

enum message_result
token_change_spend(struct database *database, struct slice name,
    const struct client_address *client, uint64_t time)
{
	struct token_record token;
	enum message_result result =
	    get(database, name, &token, MESSAGE_RESULT_REGISTRATION_FORBIDDEN);

	if (result != MESSAGE_RESULT_OK)
		return result;
	if (token_objection(&token, client, time) != NULL)
		return MESSAGE_RESULT_REGISTRATION_FORBIDDEN;
	token_spend(&token, client, time);
	return put(database, name, &token);
}
