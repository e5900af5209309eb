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

	/* As with acme-dns, a closed registration is not there at all, nor is "/" for clients of the API. */
	if (route == ROUTE_NONE || (route == ROUTE_METRICS) != (api->metrics_only != 0) ||
	    (route == ROUTE_PAGE && (api->page == NULL || !route_takes(route, request->method))) ||
	    (route == ROUTE_REGISTER && api->registration_disabled)) {
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
	struct body_networks fields;

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

int
api_has_credentials(const struct request *request)
{
	return request->user.length > 0 && request->key.length == MESSAGE_KEY;
}

static struct slice
slice_of_user(const struct request *request)
{
	return (struct slice){(const unsigned char *)request->user.bytes, request->user.length};
}

static struct slice
slice_of_key(const struct request *request)
{
	return (struct slice){(const unsigned char *)request->key.bytes, request->key.length};
}

/* Cut, a text that is too long still is: whoever has no right to the name must not learn that it is. */
static struct slice
cut_text(struct slice txt)
{
	if (txt.length > MESSAGE_MAX_ASKED_TXT)
		txt.length = MESSAGE_MAX_ASKED_TXT;
	return txt;
}

static enum response_error
read_update(
    const struct request *request, const struct client_address *client, struct api_call *call)
{
	struct message_update *message = &call->message.update;
	struct body_update fields;

	if (!api_has_credentials(request))
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
	message->username = slice_of_user(request);
	message->key = slice_of_key(request);
	message->subdomain = fields.subdomain;
	message->txt = cut_text(fields.txt);
	return RESPONSE_ERROR_NONE;
}

/* What is wanted of an account. `has_txt`: a value is named. */
static enum message_account_action
action_of(enum route route, enum request_method method, int has_txt)
{
	switch (route) {
	case ROUTE_ACCOUNT_KEY:
		return MESSAGE_ACCOUNT_ROTATE;
	case ROUTE_ACCOUNT_VALUES:
		return has_txt ? MESSAGE_ACCOUNT_REMOVE : MESSAGE_ACCOUNT_CLEAR;
	case ROUTE_CHANGE:
		return MESSAGE_ACCOUNT_NETWORKS;
	case ROUTE_CLEAN:
		return MESSAGE_ACCOUNT_REMOVE;
	case ROUTE_DEREGISTER:
		return MESSAGE_ACCOUNT_DELETE;
	default:
		break;
	}
	if (method == REQUEST_METHOD_PATCH)
		return MESSAGE_ACCOUNT_NETWORKS;
	return method == REQUEST_METHOD_DELETE ? MESSAGE_ACCOUNT_DELETE : MESSAGE_ACCOUNT_READ;
}

/* 1 if the call must say which subdomain it means. */
static int
names_subdomain(enum route route)
{
	return route == ROUTE_CHANGE || route == ROUTE_CLEAN || route == ROUTE_DEREGISTER;
}

/* What must be there is: for nothing is done to an account by mistake. */
static enum response_error
judge_account(const struct api_call *call, const struct body_update *fields,
    const struct body_networks *networks)
{
	enum message_account_action action = call->message.account.action;

	if (fields->subdomain.length > MESSAGE_MAX_SUBDOMAIN ||
	    (names_subdomain(call->route) && fields->subdomain.length == 0))
		return RESPONSE_ERROR_FORBIDDEN;
	if ((action == MESSAGE_ACCOUNT_NETWORKS && !networks->given) ||
	    (action == MESSAGE_ACCOUNT_REMOVE && !fields->has_txt))
		return RESPONSE_ERROR_MALFORMED_JSON;
	return RESPONSE_ERROR_NONE;
}

static enum response_error
read_account(
    const struct request *request, const struct client_address *client, struct api_call *call)
{
	struct message_account *message = &call->message.account;
	int wants_networks = action_of(call->route, request->method, 0) == MESSAGE_ACCOUNT_NETWORKS;
	struct body_networks networks;
	struct body_update fields;

	if (!api_has_credentials(request))
		return RESPONSE_ERROR_FORBIDDEN;
	networks.given = 0;
	switch (body_read_account(&call->body, request->body.data, request->body.length, &fields,
	    wants_networks ? &networks : NULL)) {
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
	message->username = slice_of_user(request);
	message->key = slice_of_key(request);
	message->subdomain = fields.subdomain;
	message->action = (uint8_t)action_of(call->route, request->method, fields.has_txt);
	message->txt = (struct slice){NULL, 0};
	message->count = 0;
	if (message->action == MESSAGE_ACCOUNT_REMOVE)
		message->txt = cut_text(fields.txt);
	if (wants_networks) {
		message->count = (uint16_t)networks.count;
		memcpy(message->networks, networks.networks,
		    networks.count * sizeof(networks.networks[0]));
	}
	return judge_account(call, &fields, &networks);
}

static void
answer_options(enum route route, struct response *response)
{
	response->status = 204;
	response->allow = route_allow(route);
}

static void
answer_page(const struct page *page, struct response *response)
{
	response->status = 200;
	response->type = "text/html; charset=utf-8";
	response->policy = page->policy;
	buf_append(&response->body, page->html.data, page->html.length);
}

enum api_step
api_read(const struct api *api, const struct request *request, const struct client_address *client,
    struct api_call *call, struct response *response)
{
	enum response_error error;
	struct slice token;
	enum api_step step;

	call->body.root = NULL;
	call->route = find_route(api, request, &token, response);
	if (call->route == ROUTE_NONE)
		return API_ANSWER;
	if (request->method == REQUEST_METHOD_OPTIONS) {
		answer_options(call->route, response);
		return API_ANSWER;
	}
	if (call->route == ROUTE_PAGE) {
		answer_page(api->page, response);
		return API_ANSWER;
	}
	if (call->route == ROUTE_HEALTH) {
		response->status = 200;
		return API_ANSWER;
	}
	if (call->route == ROUTE_METRICS)
		return API_METRICS;
	if (call->route == ROUTE_READY)
		return API_READY;
	switch (call->route) {
	case ROUTE_REGISTER:
		step = API_REGISTER;
		error = read_register(request, client, find_token(request, token), call);
		break;
	case ROUTE_UPDATE:
		step = API_UPDATE;
		error = read_update(request, client, call);
		break;
	default:
		step = API_ACCOUNT;
		error = read_account(request, client, call);
		break;
	}
	if (error != RESPONSE_ERROR_NONE) {
		response_set_error(response, error);
		return API_ANSWER;
	}
	return step;
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
		response_set_registered(response, answer, api->zone, api->base_url);
	else
		refuse((enum message_result)answer->result, api->register_wait, response);
}

/*
 * The five keys of a registration, for who keeps them all in one place. After /change the password is empty: the key is not
 * known here, and acme-dns-client-2 takes the five out of the answer and fails where one is missing.
 */
static void
answer_credentials(
    const struct api *api, const struct message_account_answer *answer, struct response *response)
{
	struct message_register_answer registered = {.username = answer->username,
	    .password = answer->password,
	    .subdomain = answer->subdomain,
	    .count = answer->count};

	memcpy(registered.networks, answer->networks, sizeof(registered.networks));
	response_set_registered(response, &registered, api->zone, api->base_url);
	response->status = 200;
}

void
api_answer_account(const struct api *api, enum route route,
    const struct message_account_answer *answer, struct response *response)
{
	if (answer->result != MESSAGE_RESULT_OK)
		refuse((enum message_result)answer->result, api->failure_wait, response);
	else if (answer->action == MESSAGE_ACCOUNT_DELETE)
		response_set_deleted(response);
	else if (answer->action == MESSAGE_ACCOUNT_ROTATE || route == ROUTE_CHANGE)
		answer_credentials(api, answer, response);
	else
		response_set_account(response, answer, api->zone);
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
