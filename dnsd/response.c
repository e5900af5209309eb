/* Writing records; see response.h. */
#include "response.h"

#include "dns.h"

#include <string.h>

enum { TXT_HEAD = RRSET_OWNER + DNS_RECORD_FIXED - 2 /* up to the TTL */ };

static struct rrset_position
put(struct response *response, uint16_t owner, const struct rrset *rrset)
{
	struct rrset_position position = {
	    owner, response->zone_name, (uint16_t)response->writer.length};

	rrset_write(rrset, &response->writer, &position);
	return position;
}

struct rrset_position
response_put_rrset(struct response *response, uint16_t owner, const struct rrset *rrset)
{
	response->answers = (uint16_t)(response->answers + rrset->count);
	return put(response, owner, rrset);
}

/* When a value ends; UINT32_MAX: never. */
static uint32_t
value_end(const uint8_t *value)
{
	uint32_t end;

	memcpy(&end, value, sizeof(end));
	return end == 0 ? UINT32_MAX : end;
}

static size_t
value_size(const uint8_t *value)
{
	return ENTRY_VALUE_HEAD +
	       (size_t)(value[ENTRY_VALUE_HEAD - 2] << 8 | value[ENTRY_VALUE_HEAD - 1]);
}

/* One TTL for the whole rrset (RFC 2181, 5.2): up to the end of the value that ends first. */
static uint32_t
values_ttl(const struct table_values *values, uint32_t longest, uint32_t now)
{
	const uint8_t *value = values->records;
	uint32_t ttl = longest, end;

	for (unsigned i = 0; i < values->count; i++, value += value_size(value)) {
		end = value_end(value);
		if (end > now && end - now < ttl)
			ttl = end - now;
	}
	return ttl;
}

unsigned
response_put_values(
    struct response *response, uint16_t owner, const struct table_values *values, uint32_t now)
{
	uint16_t pointer = (uint16_t)(RRSET_POINTER | owner);
	uint32_t ttl = values_ttl(values, response->zone->txt_ttl, now);
	const uint8_t head[TXT_HEAD] = {(uint8_t)(pointer >> 8), (uint8_t)pointer, 0, DNS_TYPE_TXT,
	    0, DNS_CLASS_IN, (uint8_t)(ttl >> 24), (uint8_t)(ttl >> 16), (uint8_t)(ttl >> 8),
	    (uint8_t)ttl};
	const uint8_t *value = values->records;
	const size_t skipped = ENTRY_VALUE_HEAD - 2; /* up to the rdata's length */
	unsigned count = 0;
	uint8_t *record;
	size_t length;

	for (unsigned i = 0; i < values->count; i++, value += value_size(value)) {
		if (value_end(value) <= now)
			continue;
		count++;
		length = value_size(value) - skipped;
		record = writer_take(&response->writer, sizeof(head) + length);
		if (record == NULL)
			continue;
		memcpy(record, head, sizeof(head));
		memcpy(record + sizeof(head), value + skipped, length);
	}
	response->answers = (uint16_t)(response->answers + count);
	return count;
}

void
response_put_soa(struct response *response)
{
	put(response, response->zone_name, &response->zone->negative_soa);
	response->authority++;
}

void
response_put_hosts(
    struct response *response, const struct rrset *rrset, const struct rrset_position *position)
{
	static const uint16_t types[] = {DNS_TYPE_A, DNS_TYPE_AAAA};
	const struct rrset_host *host;
	const struct rrset *addresses;
	size_t before;

	for (size_t i = 0; i < rrset->host_count; i++) {
		host = &rrset->hosts[i];
		for (size_t k = 0; k < sizeof(types) / sizeof(types[0]); k++) {
			addresses = zone_node_rrset(host->node, types[k]);
			if (addresses == NULL)
				continue;
			before = response->writer.length;
			put(response, rrset_offset(position, host->name), addresses);
			if (response->writer.failed) {
				response->writer.length = before;
				response->writer.failed = 0;
				return;
			}
			response->additional = (uint16_t)(response->additional + addresses->count);
		}
	}
}

void
response_forget(struct response *response, size_t length)
{
	response->writer.length = length;
	response->writer.failed = 0;
	response->answers = 0;
	response->authority = 0;
	response->additional = 0;
}
