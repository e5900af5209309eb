/* The lists of X-Forwarded-For and Forwarded, walked from the right. */
#include "forwarded.h"

#include "pack.h"

#include <string.h>
#include <strings.h>

int
forwarded_trusts(const struct forwarded_trust *trust, const struct client_address *hop)
{
	if (client_address_is_unknown(hop))
		return trust->local;
	for (size_t i = 0; i < trust->networks->count; i++) {
		if (network_contains(&trust->networks->networks[i], hop))
			return 1;
	}
	return 0;
}

static int
is_blank(unsigned char byte)
{
	return byte == ' ' || byte == '\t';
}

static struct slice
trim(struct slice text)
{
	while (text.length > 0 && is_blank(text.data[text.length - 1]))
		text.length--;
	while (text.length > 0 && is_blank(*text.data)) {
		text.data++;
		text.length--;
	}
	return text;
}

/*
 * Takes the last element off the list; empty ones are skipped (RFC 9110, 5.6.1.2). 0 bytes: none
 * is left. Quotes are matched from the right too, so that a quote which the client left open
 * cannot swallow what a proxy wrote behind it.
 */
static struct slice
take_last(struct slice *list, int has_quotes)
{
	struct slice element = {list->data, 0};

	while (list->length > 0 && element.length == 0) {
		size_t at = list->length;
		int quoted = 0;

		while (at > 0 && (quoted || list->data[at - 1] != ',')) {
			at--;
			if (has_quotes && list->data[at] == '"')
				quoted = !quoted;
		}
		element = trim((struct slice){list->data + at, list->length - at});
		list->length = at > 0 ? at - 1 : 0;
	}
	return element;
}

/* Takes a name and its value off an element, "for=192.0.2.1" or "for=\"[2001:db8::1]\"". 0 or -1. */
static int
take_pair(struct slice *element, struct slice *name, struct slice *value)
{
	const unsigned char *equals = memchr(element->data, '=', element->length);
	const unsigned char *end = element->data + element->length, *at;

	if (equals == NULL)
		return -1;
	*name = (struct slice){element->data, (size_t)(equals - element->data)};
	at = equals + 1;
	if (at < end && *at == '"') {
		const unsigned char *close = memchr(at + 1, '"', (size_t)(end - at - 1));

		if (close == NULL)
			return -1;
		*value = (struct slice){at + 1, (size_t)(close - at - 1)};
		at = close + 1;
	} else {
		const unsigned char *semicolon = memchr(at, ';', (size_t)(end - at));

		*value = (struct slice){at, (size_t)((semicolon != NULL ? semicolon : end) - at)};
		*value = trim(*value);
		at += semicolon != NULL ? semicolon - at : end - at;
	}
	*element = trim((struct slice){at, (size_t)(end - at)});
	if (element->length == 0)
		return 0;
	if (*element->data != ';')
		return -1;
	*element = trim((struct slice){element->data + 1, element->length - 1});
	return 0;
}

/*
 * The "for" of an element of RFC 7239, 4, which must be an address and stand there once. No address
 * needs a backslash, and with one the quotes could be matched in two ways.
 */
static int
read_element(struct slice element, struct client_address *hop)
{
	struct slice name, value, node = {NULL, 0};

	if (memchr(element.data, '\\', element.length) != NULL)
		return -1;
	while (element.length > 0) {
		if (take_pair(&element, &name, &value) != 0)
			return -1;
		if (name.length != 3 || strncasecmp((const char *)name.data, "for", 3) != 0)
			continue;
		if (node.data != NULL)
			return -1;
		node = value;
	}
	if (node.data == NULL)
		return -1;
	return client_address_from_text(hop, (const char *)node.data, node.length);
}

struct client_address
forwarded_client(const struct forwarded_trust *trust, const struct client_address *peer,
    const char *list, size_t length)
{
	struct slice left = {(const unsigned char *)list, length};
	struct client_address client = *peer;
	int is_standard = trust->header == CONF_FORWARDED;

	while (forwarded_trusts(trust, &client)) {
		struct slice element = take_last(&left, is_standard);
		struct client_address hop;

		if (element.length == 0 ||
		    (is_standard ? read_element(element, &hop)
				 : client_address_from_text(
				       &hop, (const char *)element.data, element.length)) != 0)
			break;
		client = hop;
	}
	return client;
}
