/* Writing records; see response.h. */
#include "response.h"

#include "dns.h"

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

void
response_put_values(struct response *response, uint16_t owner, const struct table_values *values)
{
	uint16_t pointer = (uint16_t)(RRSET_POINTER | owner);
	uint32_t ttl = response->zone->txt_ttl;
	const uint8_t head[TXT_HEAD] = {(uint8_t)(pointer >> 8), (uint8_t)pointer, 0, DNS_TYPE_TXT,
	    0, DNS_CLASS_IN, (uint8_t)(ttl >> 24), (uint8_t)(ttl >> 16), (uint8_t)(ttl >> 8),
	    (uint8_t)ttl};
	const uint8_t *record = values->records;
	size_t length;

	for (unsigned i = 0; i < values->count; i++) {
		length = 2 + (size_t)(record[0] << 8 | record[1]);
		writer_bytes(&response->writer, head, sizeof(head));
		writer_bytes(&response->writer, record, length);
		record += length;
	}
	response->answers = (uint16_t)(response->answers + values->count);
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
