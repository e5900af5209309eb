/* Whose scripts may use the API: origins as browsers write them (RFC 6454, 6.2); and where the API itself is. */
#include "array.h"
#include "conf_value.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define LETTERS	 "abcdefghijklmnopqrstuvwxyz"
#define CAPITALS "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS	 "0123456789"

/* The bytes of "scheme://", or 0. */
static size_t
scheme_length(const char *text)
{
	size_t length = strspn(text, LETTERS DIGITS "+-.");

	return length > 0 && strncmp(text + length, "://", 3) == 0 ? length + 3 : 0;
}

/* The bytes of a host behind its scheme: a name, an IPv4 address, or an IPv6 address in brackets. */
static size_t
host_length(const char *host)
{
	size_t length;

	if (*host != '[')
		return strspn(host, LETTERS DIGITS "-._");
	length = 1 + strspn(host + 1, "0123456789abcdef:.");
	return length > 1 && host[length] == ']' ? length + 1 : 0;
}

int
conf_is_origin(const char *text)
{
	size_t scheme = scheme_length(text);
	size_t host = scheme > 0 ? host_length(text + scheme) : 0;
	const char *port = text + scheme + host;
	int64_t number;

	if (scheme == 0 || host == 0 || strlen(text) > CONF_MAX_ORIGIN)
		return 0;
	if (*port == '\0')
		return 1;
	number = *port == ':' ? conf_value_number(port + 1) : -1;
	if (number <= 0 || number > UINT16_MAX)
		return 0;
	return !(number == 443 && strncmp(text, "https:", 6) == 0) &&
	       !(number == 80 && strncmp(text, "http:", 5) == 0);
}

/* What a browser would make of an address that was copied from somewhere. 1 if that is an origin. */
static int
guess_origin(const char *text, char meant[CONF_MAX_ORIGIN + 1])
{
	size_t authority;
	char *port;
	int length = snprintf(meant, CONF_MAX_ORIGIN + 1, "%s%s",
	    strstr(text, "://") == NULL ? "https://" : "", text);

	if (length > CONF_MAX_ORIGIN)
		return 0;
	for (char *at = meant; *at != '\0'; at++)
		*at = (char)tolower((unsigned char)*at);
	authority = scheme_length(meant);
	meant[authority + strcspn(meant + authority, "/?#")] = '\0';
	port = strrchr(meant, ':');
	if (port != NULL && ((strcmp(port, ":443") == 0 && strncmp(meant, "https:", 6) == 0) ||
				(strcmp(port, ":80") == 0 && strncmp(meant, "http:", 5) == 0)))
		*port = '\0';
	return conf_is_origin(meant);
}

static int
origins_have(const struct conf_origins *list, const char *text)
{
	for (size_t i = 0; i < list->count; i++) {
		if (strcmp(list->texts[i], text) == 0)
			return 1;
	}
	return 0;
}

static void
report_origin(
    struct conf_loading *loading, const struct conf_key *key, const struct conf_value *value)
{
	char meant[CONF_MAX_ORIGIN + 1];

	if (strcmp(value->text, "null") == 0)
		conf_report_error(loading->report, value->place,
		    "%s: \"null\" is what any page can make itself; write \"*\" to allow all",
		    key->path);
	else if (guess_origin(value->text, meant))
		conf_report_error(loading->report, value->place,
		    "%s: \"%.*s\" is not %s; did you mean \"%s\"?", key->path, CONF_SHOWN,
		    value->text, key->form, meant);
	else
		conf_report_error(loading->report, value->place, "%s: \"%.*s\" is not %s",
		    key->path, CONF_SHOWN, value->text, key->form);
}

/* Appends. 0, or -1: out of memory. */
static int
origins_add(struct conf_origins *list, const char *text)
{
	char **grown = array_grow(list->texts, list->count, sizeof(*grown));

	if (grown == NULL)
		return -1;
	list->texts = grown;
	list->texts[list->count] = strdup(text);
	if (list->texts[list->count] == NULL)
		return -1;
	list->count++;
	return 0;
}

void
conf_set_origin(
    struct conf_loading *loading, const struct conf_key *key, const struct conf_value *value)
{
	struct conf_origins *list = conf_value_field(loading, key);
	int is_all = strcmp(value->text, "*") == 0;

	if (!is_all && !conf_is_origin(value->text))
		report_origin(loading, key, value);
	else if (origins_have(list, value->text))
		conf_report_error(loading->report, value->place,
		    "%s has \"%.*s\" twice; remove one", key->path, CONF_SHOWN, value->text);
	else if (list->count > 0 && (is_all || origins_have(list, "*")))
		conf_report_error(loading->report, value->place,
		    "%s: \"*\" allows every origin; remove it or the others", key->path);
	else if (list->count == CONF_MAX_ORIGINS)
		conf_report_error(loading->report, value->place, "%s has more than %d origins",
		    key->path, CONF_MAX_ORIGINS);
	else if (origins_add(list, value->text) != 0)
		conf_report_no_memory(loading->report);
}

/* Of a web address: the bytes before its path. */
static size_t
origin_length(const char *url)
{
	size_t scheme = scheme_length(url);

	return scheme + strcspn(url + scheme, "/");
}

/* "http://" or "https://", an origin's rest, and a path (RFC 3986, 3.3) that does not end in a slash. */
static int
is_base_url(const char *url)
{
	char origin[CONF_MAX_ORIGIN + 1];
	size_t length = origin_length(url), whole = strlen(url);

	if (whole > CONF_MAX_ORIGIN || url[whole - 1] == '/' ||
	    (strncmp(url, "http://", 7) != 0 && strncmp(url, "https://", 8) != 0))
		return 0;
	memcpy(origin, url, length);
	origin[length] = '\0';
	return conf_is_origin(origin) &&
	       length + strspn(url + length, LETTERS CAPITALS DIGITS "/-._~%!$&'()*+,;=:@") ==
		   whole;
}

void
conf_set_base_url(
    struct conf_loading *loading, const struct conf_key *key, const struct conf_value *value)
{
	char **target = conf_value_field(loading, key);
	size_t length = strlen(value->text);
	char meant[CONF_MAX_ORIGIN + 1];

	if (length == 0)
		return;
	if (is_base_url(value->text)) {
		*target = strdup(value->text);
		if (*target == NULL)
			conf_report_no_memory(loading->report);
		return;
	}
	snprintf(meant, sizeof(meant), "%s%.*s",
	    strstr(value->text, "://") == NULL ? "https://" : "",
	    (int)(value->text[length - 1] == '/' ? length - 1 : length), value->text);
	if (is_base_url(meant))
		conf_report_error(loading->report, value->place,
		    "%s: \"%.*s\" is not %s; did you mean \"%s\"?", key->path, CONF_SHOWN,
		    value->text, key->form, meant);
	else
		conf_report_error(loading->report, value->place, "%s: \"%.*s\" is not %s",
		    key->path, CONF_SHOWN, value->text, key->form);
}
