/* Answers of the API: the table of errors, the JSON bodies, the head. */
#include "response.h"

#include <jansson.h>
#include <string.h>

enum {
	/* Seconds: store is restarted, a queue drained, and most limits have let one through by then. */
	RETRY_AFTER = 1,
	PREFLIGHT_MAX_AGE = 600, /* seconds for which a browser need not ask again */
	TIME_TEXT = 32, /* "2026-01-02T03:04:05Z" and its NUL; years have more digits one day */
	DATE_TEXT = 32	/* "Sun, 06 Nov 1994 08:49:37 GMT" and its NUL */
};

struct error_row {
	unsigned status;
	const char *word;
};

static const struct error_row errors[RESPONSE_ERRORS] = {
    [RESPONSE_ERROR_NONE] = {500, "internal_error"},
    [RESPONSE_ERROR_BAD_REQUEST] = {400, "bad_request"},
    [RESPONSE_ERROR_MALFORMED_JSON] = {400, "malformed_json_payload"},
    [RESPONSE_ERROR_BAD_NETWORK] = {400, "invalid_allowfrom_cidr"},
    [RESPONSE_ERROR_BAD_SUBDOMAIN] = {400, "bad_subdomain"},
    [RESPONSE_ERROR_BAD_TXT] = {400, "bad_txt"},
    [RESPONSE_ERROR_FORBIDDEN] = {401, "forbidden"},
    [RESPONSE_ERROR_REGISTRATION_FORBIDDEN] = {403, "registration_forbidden"},
    [RESPONSE_ERROR_NOT_FOUND] = {404, "not_found"},
    [RESPONSE_ERROR_METHOD] = {405, "method_not_allowed"},
    [RESPONSE_ERROR_TIMEOUT] = {408, "request_timeout"},
    [RESPONSE_ERROR_BODY_TOO_LARGE] = {413, "body_too_large"},
    [RESPONSE_ERROR_TARGET_TOO_LONG] = {414, "target_too_long"},
    [RESPONSE_ERROR_EXPECTATION] = {417, "expectation_failed"},
    [RESPONSE_ERROR_TOO_MANY_REQUESTS] = {429, "too_many_requests"},
    [RESPONSE_ERROR_HEAD_TOO_LARGE] = {431, "headers_too_large"},
    [RESPONSE_ERROR_DATABASE] = {500, "db_error"},
    [RESPONSE_ERROR_NOT_IMPLEMENTED] = {501, "not_implemented"},
    [RESPONSE_ERROR_BUSY] = {503, "busy"},
    [RESPONSE_ERROR_UNAVAILABLE] = {503, "store_unavailable"},
    [RESPONSE_ERROR_VERSION] = {505, "http_version_not_supported"},
    [RESPONSE_ERROR_NO_ROOM] = {507, "insufficient_storage"},
    [RESPONSE_ERROR_HTTPS_REQUIRED] = {400, "https_required"},
};

static const enum response_error results[MESSAGE_RESULTS] = {
    [MESSAGE_RESULT_OK] = RESPONSE_ERROR_NONE,
    [MESSAGE_RESULT_FORBIDDEN] = RESPONSE_ERROR_FORBIDDEN,
    [MESSAGE_RESULT_BAD_SUBDOMAIN] = RESPONSE_ERROR_BAD_SUBDOMAIN,
    [MESSAGE_RESULT_BAD_TXT] = RESPONSE_ERROR_BAD_TXT,
    [MESSAGE_RESULT_BAD_NETWORK] = RESPONSE_ERROR_BAD_NETWORK,
    [MESSAGE_RESULT_DB_ERROR] = RESPONSE_ERROR_DATABASE,
    [MESSAGE_RESULT_BUSY] = RESPONSE_ERROR_BUSY,
    [MESSAGE_RESULT_REGISTRATION_CLOSED] = RESPONSE_ERROR_NOT_FOUND,
    [MESSAGE_RESULT_REGISTRATION_FORBIDDEN] = RESPONSE_ERROR_REGISTRATION_FORBIDDEN,
    [MESSAGE_RESULT_TOO_MANY_REQUESTS] = RESPONSE_ERROR_TOO_MANY_REQUESTS,
    [MESSAGE_RESULT_TAKEN] = RESPONSE_ERROR_DATABASE,
    [MESSAGE_RESULT_NO_ROOM] = RESPONSE_ERROR_NO_ROOM,
};

void
response_init(struct response *response, unsigned status)
{
	response->status = status;
	response->retry_after = 0;
	response->allow = NULL;
	response->type = "application/json";
	response->policy = NULL;
	response->error = RESPONSE_ERROR_NONE;
	response->cors = (struct response_cors){0};
	buf_init(&response->body, RESPONSE_MAX_BODY);
}

void
response_free(struct response *response)
{
	if (response == NULL)
		return;
	/* It may hold a new account's key. */
	if (response->body.data != NULL)
		explicit_bzero(response->body.data, response->body.length);
	buf_free(&response->body);
}

const char *
response_error_word(enum response_error error)
{
	return errors[error].word;
}

enum response_error
response_error_from_result(enum message_result result)
{
	return results[result];
}

void
response_set_error(struct response *response, enum response_error error)
{
	response->error = error;
	response->status = errors[error].status;
	response->retry_after =
	    response->status == 503 || response->status == 429 ? RETRY_AFTER : 0;
	buf_clear(&response->body);
	buf_printf(&response->body, "{\"error\": \"%s\"}", errors[error].word);
}

static int
append_json(const char *bytes, size_t length, void *body)
{
	return buf_append(body, bytes, length);
}

/* Takes over `json`, which is NULL when it could not be made. */
static void
set_json(struct response *response, unsigned status, json_t *json, size_t style)
{
	response->status = status;
	buf_clear(&response->body);
	if (json == NULL || json_dump_callback(json, append_json, &response->body, style) != 0)
		response->body.failed = 1;
	json_decref(json);
}

static json_t *
string_from_slice(struct slice slice)
{
	return json_stringn(slice.length > 0 ? (const char *)slice.data : "", slice.length);
}

/* An empty list is written as [], never left out: clients index it. */
static json_t *
networks_to_json(const struct slice *networks, size_t count)
{
	json_t *list = json_array();

	for (size_t i = 0; list != NULL && i < count; i++) {
		if (json_array_append_new(list, string_from_slice(networks[i])) != 0) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

static json_t *
fulldomain_to_json(struct slice subdomain, const char *zone)
{
	return json_sprintf("%.*s.%s", (int)subdomain.length, subdomain.data, zone);
}

/* What Caddy and acme-dns-client-2 look for. 0 or -1. */
static int
add_server(json_t *json, const char *base_url)
{
	return json_object_set_new(json, "server_url", json_string(base_url)) != 0 ||
		       json_object_set_new(json, "server_path_update", json_string("update")) !=
			   0 ||
		       json_object_set_new(
			   json, "server_path_deregister", json_string("deregister")) != 0 ||
		       json_object_set_new(json, "server_path_change", json_string("change")) !=
			   0 ||
		       json_object_set_new(json, "server_path_clean", json_string("clean")) != 0
		   ? -1
		   : 0;
}

void
response_set_registered(struct response *response, const struct message_register_answer *answer,
    const char *zone, const char *base_url)
{
	json_t *json = json_pack("{s:o, s:o, s:o, s:o, s:o}", "username",
	    string_from_slice(answer->username), "password", string_from_slice(answer->password),
	    "fulldomain", fulldomain_to_json(answer->subdomain, zone), "subdomain",
	    string_from_slice(answer->subdomain), "allowfrom",
	    networks_to_json(answer->networks, answer->count));

	if (json != NULL && base_url != NULL && add_server(json, base_url) != 0) {
		json_decref(json);
		json = NULL;
	}
	set_json(response, 201, json, JSON_COMPACT);
}

/* RFC 3339 in UTC; null for what never was. */
static json_t *
time_to_json(uint64_t seconds)
{
	char text[TIME_TEXT];
	time_t time = (time_t)seconds;
	struct tm calendar;

	if (seconds == 0 || gmtime_r(&time, &calendar) == NULL ||
	    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &calendar) == 0)
		return json_null();
	return json_string(text);
}

static json_t *
values_to_json(const struct message_account_answer *answer)
{
	json_t *list = json_array();

	for (size_t i = 0; list != NULL && i < answer->value_count; i++) {
		json_t *value = json_pack("{s:o, s:o}", "txt", string_from_slice(answer->values[i]),
		    "time", time_to_json(answer->times[i]));

		if (json_array_append_new(list, value) != 0) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

void
response_set_account(
    struct response *response, const struct message_account_answer *answer, const char *zone)
{
	json_t *json = json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "username",
	    string_from_slice(answer->username), "fulldomain",
	    fulldomain_to_json(answer->subdomain, zone), "subdomain",
	    string_from_slice(answer->subdomain), "allowfrom",
	    networks_to_json(answer->networks, answer->count), "values", values_to_json(answer),
	    "created", time_to_json(answer->created), "updated", time_to_json(answer->updated));

	set_json(response, 200, json, JSON_COMPACT);
}

void
response_set_deleted(struct response *response)
{
	response->status = 200;
	buf_clear(&response->body);
	buf_append_string(&response->body, "{}");
}

void
response_set_updated(struct response *response, const char *txt, size_t length)
{
	json_t *json = json_stringn(txt, length);

	response->status = 200;
	buf_clear(&response->body);
	/* An object of one key would cost a table of keys. */
	buf_append_string(&response->body, "{\"txt\": ");
	if (json == NULL ||
	    json_dump_callback(json, append_json, &response->body, JSON_ENCODE_ANY) != 0)
		response->body.failed = 1;
	json_decref(json);
	buf_append_string(&response->body, "}");
}

static const char *
reason_phrase(unsigned status)
{
	switch (status) {
	case 200:
		return "OK";
	case 201:
		return "Created";
	case 204:
		return "No Content";
	case 400:
		return "Bad Request";
	case 401:
		return "Unauthorized";
	case 403:
		return "Forbidden";
	case 404:
		return "Not Found";
	case 405:
		return "Method Not Allowed";
	case 408:
		return "Request Timeout";
	case 413:
		return "Content Too Large";
	case 414:
		return "URI Too Long";
	case 417:
		return "Expectation Failed";
	case 429:
		return "Too Many Requests";
	case 431:
		return "Request Header Fields Too Large";
	case 500:
		return "Internal Server Error";
	case 501:
		return "Not Implemented";
	case 503:
		return "Service Unavailable";
	case 505:
		return "HTTP Version Not Supported";
	case 507:
		return "Insufficient Storage";
	default:
		return "";
	}
}

static void
write_connection(const struct response_framing *framing, struct buf *out)
{
	if (!framing->keep_alive)
		buf_append_string(out, "Connection: close\r\n");
	else if (framing->http_1_0)
		buf_append_string(out, "Connection: keep-alive\r\n");
}

static void
write_cors(const struct response *response, struct buf *out)
{
	const struct response_cors *cors = &response->cors;

	if (cors->varies)
		buf_append_string(out, "Vary: Origin\r\n");
	if (cors->origin == NULL)
		return;
	buf_printf(out, "Access-Control-Allow-Origin: %s\r\n", cors->origin);
	if (cors->is_preflight && response->allow != NULL)
		buf_printf(out,
		    "Access-Control-Allow-Methods: %s\r\n"
		    "Access-Control-Allow-Headers: Authorization, Content-Type, X-Api-Key, "
		    "X-Api-User, X-Registration-Token\r\n"
		    "Access-Control-Max-Age: %d\r\n",
		    response->allow, PREFLIGHT_MAX_AGE);
	else if (!cors->is_preflight) /* not shown to scripts otherwise */
		buf_append_string(out, "Access-Control-Expose-Headers: Retry-After\r\n");
}

/* RFC 9110, 5.6.7. Most answers have the second of the one before; one thread writes them. */
static const char *
date_of(time_t now)
{
	static char text[DATE_TEXT];
	static time_t second;
	struct tm calendar;

	if (text[0] == '\0' || now != second) {
		gmtime_r(&now, &calendar);
		strftime(text, sizeof(text), "%a, %d %b %Y %H:%M:%S GMT", &calendar);
		second = now;
	}
	return text;
}

int
response_write(
    const struct response *response, const struct response_framing *framing, struct buf *out)
{
	if (response->body.failed)
		return -1;
	buf_printf(out, "HTTP/1.1 %u %s\r\nDate: %s\r\n", response->status,
	    reason_phrase(response->status), date_of(framing->now));
	if (response->body.length > 0)
		buf_printf(out, "Content-Type: %s\r\nCache-Control: no-store\r\n", response->type);
	if (response->policy != NULL)
		buf_printf(out,
		    "Content-Security-Policy: %s\r\nX-Content-Type-Options: nosniff\r\n"
		    "Referrer-Policy: no-referrer\r\n",
		    response->policy);
	if (response->status != 204) /* RFC 9110, 8.6: never in a 204 */
		buf_printf(out, "Content-Length: %zu\r\n", response->body.length);
	if (response->allow != NULL)
		buf_printf(out, "Allow: %s\r\n", response->allow);
	if (response->retry_after > 0)
		buf_printf(out, "Retry-After: %u\r\n", response->retry_after);
	write_cors(response, out);
	if (framing->hsts > 0)
		buf_printf(out, "Strict-Transport-Security: max-age=%u\r\n", framing->hsts);
	write_connection(framing, out);
	buf_append_string(out, "\r\n");
	if (!framing->head_only)
		buf_append(out, response->body.data, response->body.length);
	return out->failed ? -1 : 0;
}
