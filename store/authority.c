#include "authority.h"

#include "name.h"

#include <string.h>

static int
address_allowed(const struct account_record *account, const struct client_address *client)
{
	if (account->network_count == 0)
		return 1;
	for (unsigned i = 0; i < account->network_count; i++) {
		struct network network;
		char clean[NETWORK_MAX_TEXT];

		if (network_from_text(&network, (const char *)account->networks[i].data,
			account->networks[i].length, clean) == 0 &&
		    network_contains(&network, client))
			return 1;
	}
	return 0;
}

static int
is_base64url(unsigned char byte)
{
	return (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z') ||
	       (byte >= '0' && byte <= '9') || byte == '-' || byte == '_';
}

static int
is_challenge(struct slice txt)
{
	if (txt.length != AUTHORITY_TXT)
		return 0;
	for (size_t i = 0; i < txt.length; i++)
		if (!is_base64url(txt.data[i]))
			return 0;
	return 1;
}

/* Bytes of the UTF-8 character that starts `text` (RFC 3629, 4), or 0: it is none, or a control character. */
static size_t
character_size(struct slice text)
{
	static const uint32_t smallest[] = {0, 0xa0, 0x800, 0x10000};
	unsigned char lead = text.data[0];
	size_t more = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : 1;
	uint32_t code = lead & (0x3fU >> more);

	if (lead < 0x80)
		return lead >= 0x20 && lead != 0x7f;
	if (lead < 0xc0 || lead > 0xf4 || more >= text.length)
		return 0;
	for (size_t i = 1; i <= more; i++) {
		if ((text.data[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (text.data[i] & 0x3f);
	}
	if (code < smallest[more] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
		return 0;
	return more + 1;
}

static int
is_printable(struct slice text)
{
	size_t size;

	for (; text.length > 0; text.data += size, text.length -= size) {
		size = character_size(text);
		if (size == 0)
			return 0;
	}
	return 1;
}

int
authority_value_is_valid(struct slice txt, const struct record_limits *limits)
{
	if (authority_is_clear(txt, limits))
		return 0;
	if (limits->text <= AUTHORITY_TXT)
		return is_challenge(txt);
	return txt.length > 0 && txt.length <= limits->text && is_printable(txt);
}

int
authority_is_clear(struct slice txt, const struct record_limits *limits)
{
	return slice_equals(txt, "__VOID__") || (limits->empty_clears && txt.length == 0);
}

static int
owns(const struct account_record *account, struct slice subdomain)
{
	return subdomain.length == account->subdomain.length &&
	       memcmp(subdomain.data, account->subdomain.data, subdomain.length) == 0;
}

enum message_result
authority_judge_account(const struct account_record *account, const struct client_address *client,
    struct slice subdomain)
{
	if (!address_allowed(account, client) ||
	    (subdomain.length > 0 && !owns(account, subdomain)))
		return MESSAGE_RESULT_FORBIDDEN;
	return MESSAGE_RESULT_OK;
}

enum message_result
authority_judge_update(const struct account_record *account, const struct message_update *update,
    const struct record_limits *limits)
{
	if (!address_allowed(account, &update->client))
		return MESSAGE_RESULT_FORBIDDEN;
	if (!owns(account, update->subdomain))
		return MESSAGE_RESULT_FORBIDDEN;
	if (!label_is_valid((const char *)account->subdomain.data, account->subdomain.length))
		return MESSAGE_RESULT_BAD_SUBDOMAIN;
	return authority_is_clear(update->txt, limits) ||
		       authority_value_is_valid(update->txt, limits)
		   ? MESSAGE_RESULT_OK
		   : MESSAGE_RESULT_BAD_TXT;
}

enum message_result
authority_judge_networks(const struct slice *written, unsigned count,
    char clean[MESSAGE_MAX_NETWORKS][NETWORK_MAX_TEXT], struct slice *networks)
{
	for (unsigned i = 0; i < count; i++) {
		struct network network;

		if (network_from_text(
			&network, (const char *)written[i].data, written[i].length, clean[i]) != 0)
			return MESSAGE_RESULT_BAD_NETWORK;
		networks[i] = (struct slice){(const unsigned char *)clean[i], strlen(clean[i])};
	}
	return MESSAGE_RESULT_OK;
}
