/* Requests judged, store's answers turned into the API's. */
#include "api.h"

#include <string.h>

/* Finds the route; ROUTE_NONE with `response` set when there is nothing to be had there. */
static enum route
find_route(const struct api *api, const struct request *request, struct slice *token,
    struct response *response)
{
	enum route route = route_find(
	    (const char *)request->target.data, request->target.length, api->prefix, token);

	/* As with acme-dns, a closed registration is not there at all. */
	if (route == ROUTE_NONE || (route == ROUTE_REGISTER && api->registration_disabled)) {
		response_set_error(response, RESPONSE_ERROR_NOT_FOUND);
		return ROUTE_NONE;
	}
	if (!route_takes(route, request->method)) {
		response_set_error(response, RESPONSE_ERROR_METHOD);
		response->allow = route_allow(route);
		return ROUTE_NONE;
	}
	return route;
}

int
api_judge_head(const struct api *api, const struct request *request, struct response *response)
{
	struct slice token;

	return find_route(api, request, &token, response) == ROUTE_NONE ? -1 : 0;
}

static struct slice
slice_of_token(const struct request_token *token)
{
	return (struct slice){(const unsigned char *)token->bytes, token->length};
}

/*
 * The token that a registration presents. Whoever wrote one into the URL or into a field of its own meant it; many
 * clients send Authorization without need, so that comes last.
 */
static struct slice
find_token(const struct request *request, struct slice in_target)
{
	if (in_target.length > 0 && in_target.length <= MESSAGE_MAX_TOKEN)
		return in_target;
	if (request->registration_token.length > 0)
		return slice_of_token(&request->registration_token);
	return slice_of_token(&request->authorization);
}

static enum response_error
read_register(const struct request *request, const struct client_address *client,
    struct slice token, struct api_call *call)
{
	struct message_register *message = &call->message.registration;
	struct body_register fields;

	switch (
	    body_read_register(&call->body, request->body.data, request->body.length, &fields)) {
	case BODY_OK:
		break;
	case BODY_MALFORMED:
		return RESPONSE_ERROR_MALFORMED_JSON;
	case BODY_BAD_NETWORK:
		return RESPONSE_ERROR_BAD_NETWORK;
	case BODY_NO_MEMORY:
		return RESPONSE_ERROR_BUSY;
	}
	message->client = *client;
	message->token = token;
	message->count = (uint16_t)fields.count;
	memcpy(message->networks, fields.networks, fields.count * sizeof(fields.networks[0]));
	return RESPONSE_ERROR_NONE;
}

static enum response_error
read_update(
    const struct request *request, const struct client_address *client, struct api_call *call)
{
	struct message_update *message = &call->message.update;
	struct body_update fields;

	if (request->user.length == 0 || request->key.length != MESSAGE_KEY)
		return RESPONSE_ERROR_FORBIDDEN;
	switch (body_read_update(&call->body, request->body.data, request->body.length, &fields)) {
	case BODY_OK:
		break;
	case BODY_NO_MEMORY:
		return RESPONSE_ERROR_BUSY;
	default:
		return RESPONSE_ERROR_FORBIDDEN;
	}
	if (fields.subdomain.length > MESSAGE_MAX_SUBDOMAIN)
		return RESPONSE_ERROR_FORBIDDEN;
	message->client = *client;
	message->username =
	    (struct slice){(const unsigned char *)request->user.bytes, request->user.length};
	message->key =
	    (struct slice){(const unsigned char *)request->key.bytes, request->key.length};
	message->subdomain = fields.subdomain;
	message->txt = fields.txt;
	/* Whoever has no right to the name must not learn that the text is too long: cut, it still is. */
	if (message->txt.length > MESSAGE_MAX_ASKED_TXT)
		message->txt.length = MESSAGE_MAX_ASKED_TXT;
	return RESPONSE_ERROR_NONE;
}

static void
answer_options(enum route route, struct response *response)
{
	response->status = 204;
	response->allow = route_allow(route);
}

enum api_step
api_read(const struct api *api, const struct request *request, const struct client_address *client,
    struct api_call *call, struct response *response)
{
	enum response_error error;
	struct slice token;

	call->body.root = NULL;
	call->route = find_route(api, request, &token, response);
	if (call->route == ROUTE_NONE)
		return API_ANSWER;
	if (request->method == REQUEST_METHOD_OPTIONS) {
		answer_options(call->route, response);
		return API_ANSWER;
	}
	if (call->route == ROUTE_HEALTH) {
		response->status = 200;
		return API_ANSWER;
	}
	error = call->route == ROUTE_REGISTER
		    ? read_register(request, client, find_token(request, token), call)
		    : read_update(request, client, call);
	if (error != RESPONSE_ERROR_NONE) {
		response_set_error(response, error);
		return API_ANSWER;
	}
	return call->route == ROUTE_REGISTER ? API_REGISTER : API_UPDATE;
}

void
api_call_free(struct api_call *call)
{
	body_free(&call->body);
}

void
api_keep_echo(struct api_echo *echo, const struct message_update *update)
{
	echo->length = update->txt.length <= sizeof(echo->txt) ? update->txt.length : 0;
	if (echo->length > 0)
		memcpy(echo->txt, update->txt.data, echo->length);
}

/* `wait` is for the client whose address is limited. */
static void
refuse(enum message_result result, unsigned wait, struct response *response)
{
	response_set_error(response, response_error_from_result(result));
	if (result == MESSAGE_RESULT_TOO_MANY_REQUESTS)
		response->retry_after = wait;
}

void
api_answer_register(
    const struct api *api, const struct message_register_answer *answer, struct response *response)
{
	if (answer->result == MESSAGE_RESULT_OK)
		response_set_registered(response, answer, api->zone);
	else
		refuse((enum message_result)answer->result, api->register_wait, response);
}

void
api_answer_update(const struct api *api, enum message_result result, const struct api_echo *echo,
    struct response *response)
{
	if (result == MESSAGE_RESULT_OK)
		response_set_updated(response, echo->txt, echo->length);
	else
		refuse(result, api->failure_wait, response);
}
