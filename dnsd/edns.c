/* Writing the OPT record; see edns.h. */
#include "edns.h"

enum {
	OPTION_HEAD = 4, /* code and length */
	KEEPALIVE_LENGTH = OPTION_HEAD + 2
};

/* Bytes of the options alone. */
static size_t
options_length(const struct edns_reply *reply)
{
	size_t length = 0;

	if (reply->has_cookie)
		length += OPTION_HEAD + COOKIE_LENGTH;
	if (reply->nsid.length > 0)
		length += OPTION_HEAD + reply->nsid.length;
	if (reply->has_keepalive)
		length += KEEPALIVE_LENGTH;
	if (reply->error != EDNS_ERROR_NONE)
		length += EDNS_ERROR_LENGTH;
	return length;
}

size_t
edns_length(const struct edns_reply *reply)
{
	return DNS_OPT_RECORD + options_length(reply);
}

static void
write_option(struct writer *writer, enum edns_option code, const void *data, size_t length)
{
	writer_u16(writer, (uint16_t)code);
	writer_string16(writer, data, length);
}

void
edns_write(const struct edns_reply *reply, struct writer *writer)
{
	size_t length = options_length(reply);
	uint8_t record[DNS_OPT_RECORD] = {0, 0, DNS_TYPE_OPT, (uint8_t)(reply->size >> 8),
	    (uint8_t)reply->size, reply->upper_rcode, 0, reply->dnssec_ok ? DNS_EDNS_DO >> 8 : 0, 0,
	    (uint8_t)(length >> 8), (uint8_t)length};

	writer_bytes(writer, record, sizeof(record));
	if (length == 0)
		return;
	if (reply->has_cookie)
		write_option(writer, EDNS_OPTION_COOKIE, reply->cookie, COOKIE_LENGTH);
	if (reply->nsid.length > 0)
		write_option(writer, EDNS_OPTION_NSID, reply->nsid.data, reply->nsid.length);
	if (reply->has_keepalive) {
		writer_u16(writer, EDNS_OPTION_KEEPALIVE);
		writer_u16(writer, 2);
		writer_u16(writer, reply->keepalive);
	}
	if (reply->error != EDNS_ERROR_NONE) {
		writer_u16(writer, EDNS_OPTION_ERROR);
		writer_u16(writer, 2);
		writer_u16(writer, (uint16_t)reply->error);
	}
}
