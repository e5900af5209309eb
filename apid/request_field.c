#include "request_field.h"

#include "authorization.h"

#include <string.h>
#include <strings.h>

int
request_value_is(const char *value, size_t length, const char *word)
{
	return length == strlen(word) && strncasecmp(value, word, length) == 0;
}

int
request_host_is_valid(const char *host, size_t length)
{
	static const char punctuation[] = "-._~!$&'()*+,;=:[]%";

	for (size_t i = 0; i < length; i++) {
		char byte = host[i];

		if ((byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
		    (byte >= '0' && byte <= '9'))
			continue;
		if (byte == '\0' || strchr(punctuation, byte) == NULL)
			return 0;
	}
	return 1;
}

static enum response_error
take_host(struct request *request, const char *value, size_t length)
{
	if (++request->hosts > 1 || !request_host_is_valid(value, length))
		return RESPONSE_ERROR_BAD_REQUEST;
	return RESPONSE_ERROR_NONE;
}

static enum response_error
take_coding(struct request *request, const char *value, size_t length)
{
	if (++request->codings > 1 || !request_value_is(value, length, "chunked"))
		return RESPONSE_ERROR_NOT_IMPLEMENTED;
	return RESPONSE_ERROR_NONE;
}

static enum response_error
take_expectation(struct request *request, const char *value, size_t length)
{
	if (!request_value_is(value, length, "100-continue"))
		return RESPONSE_ERROR_EXPECTATION;
	request->expects_continue = 1;
	return RESPONSE_ERROR_NONE;
}

static enum response_error
take_user(struct request *request, const char *value, size_t length)
{
	struct request_user *user = &request->user;

	user->length = ++user->times == 1 && length <= sizeof(user->bytes) ? length : 0;
	memcpy(user->bytes, value, user->length);
	return RESPONSE_ERROR_NONE;
}

static enum response_error
take_key(struct request *request, const char *value, size_t length)
{
	struct request_key *key = &request->key;

	key->length = ++key->times == 1 && length == sizeof(key->bytes) ? length : 0;
	memcpy(key->bytes, value, key->length);
	return RESPONSE_ERROR_NONE;
}

static enum response_error
take_registration_token(struct request *request, const char *value, size_t length)
{
	struct request_token *token = &request->registration_token;

	token->length = ++token->times == 1 && length <= sizeof(token->bytes) ? length : 0;
	memcpy(token->bytes, value, token->length);
	return RESPONSE_ERROR_NONE;
}

static enum response_error
take_authorization(struct request *request, const char *value, size_t length)
{
	struct request_token *token = &request->authorization;

	token->length = ++token->times == 1 ? authorization_token(value, length, token->bytes) : 0;
	return RESPONSE_ERROR_NONE;
}

static enum response_error
take_origin(struct request *request, const char *value, size_t length)
{
	struct request_origin *origin = &request->origin;

	origin->length = ++origin->times == 1 ? length : 0;
	memcpy(origin->bytes, value, origin->length);
	return RESPONSE_ERROR_NONE;
}

/* What is looked at, and what a value is that is longer than any good one. */
static const struct {
	const char *name;
	enum response_error (*take)(struct request *request, const char *value, size_t length);
	enum response_error too_long; /* none: as if it were empty */
} fields[] = {
    {"host", take_host, RESPONSE_ERROR_BAD_REQUEST},
    {"transfer-encoding", take_coding, RESPONSE_ERROR_NOT_IMPLEMENTED},
    {"expect", take_expectation, RESPONSE_ERROR_EXPECTATION},
    {"x-api-user", take_user, RESPONSE_ERROR_NONE},
    {"x-api-key", take_key, RESPONSE_ERROR_NONE},
    {"x-registration-token", take_registration_token, RESPONSE_ERROR_NONE},
    {"authorization", take_authorization, RESPONSE_ERROR_NONE},
    {"origin", take_origin, RESPONSE_ERROR_NONE},
};

enum { FIELDS = sizeof(fields) / sizeof(fields[0]) };

/* The value without the blanks around it, which llhttp leaves at its end (RFC 9112, 5.1). */
static size_t
trim(const char **value, size_t length)
{
	while (length > 0 && ((*value)[length - 1] == ' ' || (*value)[length - 1] == '\t'))
		length--;
	while (length > 0 && (**value == ' ' || **value == '\t')) {
		(*value)++;
		length--;
	}
	return length;
}

enum response_error
request_field_take(struct request *request)
{
	const char *value = request->field_value;
	size_t length = request->field_value_length, row = 0;

	while (row < FIELDS &&
	       !request_value_is(request->field_name, request->field_name_length, fields[row].name))
		row++;
	if (row == FIELDS)
		return RESPONSE_ERROR_NONE;
	if (length > sizeof(request->field_value)) {
		if (fields[row].too_long != RESPONSE_ERROR_NONE)
			return fields[row].too_long;
		length = 0;
	}
	length = trim(&value, length);
	return fields[row].take(request, value, length);
}
