/* From the configuration's records to nodes that can be answered from; see zone.h. */
#include "zone.h"

#include "dns.h"
#include "pack.h"
#include "query.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { SOA_NUMBERS = 20 }; /* bytes of its five numbers behind the two names */

uint32_t
zone_serial(int64_t seconds_since_epoch)
{
	time_t seconds = (time_t)seconds_since_epoch;
	struct tm utc;

	if (gmtime_r(&seconds, &utc) == NULL)
		return 0;
	return (uint32_t)(((utc.tm_year + 1900) * 100 + utc.tm_mon + 1) * 100 + utc.tm_mday) * 100 +
	       (uint32_t)utc.tm_hour;
}

static int
compare(const uint8_t *a, size_t a_length, const uint8_t *b, size_t b_length)
{
	if (a_length != b_length)
		return a_length < b_length ? -1 : 1;
	return a_length == 0 ? 0 : memcmp(a, b, a_length);
}

static int
compare_nodes(const void *a, const void *b)
{
	const struct zone_node *left = a, *right = b;

	return compare(left->relative, left->length, right->relative, right->length);
}

const struct zone_node *
zone_find(const struct zone *zone, const uint8_t *relative, size_t length)
{
	size_t low = 0, high = zone->node_count, middle;
	int order;

	while (low < high) {
		middle = low + (high - low) / 2;
		order = compare(
		    relative, length, zone->nodes[middle].relative, zone->nodes[middle].length);
		if (order == 0)
			return &zone->nodes[middle];
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

const struct zone_rrset *
zone_node_rrset(const struct zone_node *node, uint16_t type)
{
	for (size_t i = 0; i < node->rrset_count; i++) {
		if (node->rrsets[i].type == type)
			return &node->rrsets[i];
	}
	return NULL;
}

/* Bytes of `name` in front of the zone's name, or -1 when it lies outside. */
static int
relative_length(const struct zone *zone, const struct name *name)
{
	return name_is_within(name, &zone->name) ? name->length - zone->name.length : -1;
}

/* Adds a name and every name between it and the apex. There is room for all of them. */
static void
add_names(struct zone *zone, const struct name *owner, size_t length)
{
	uint8_t lower[NAME_MAX_WIRE];
	struct zone_node *node;
	size_t start = 0;

	memcpy(lower, owner->wire, owner->length);
	name_lower_wire(lower, owner->length);
	while (start < length) {
		node = &zone->nodes[zone->node_count++];
		node->length = (uint8_t)(length - start);
		memcpy(node->relative, lower + start, node->length);
		start += 1 + (size_t)lower[start];
	}
}

static void
drop_equal_nodes(struct zone *zone)
{
	size_t kept = 0;

	for (size_t i = 1; i < zone->node_count; i++) {
		if (compare_nodes(&zone->nodes[kept], &zone->nodes[i]) != 0)
			zone->nodes[++kept] = zone->nodes[i];
	}
	zone->node_count = kept + 1;
}

static int
make_nodes(struct zone *zone, const struct record_list *list)
{
	size_t room = 1;
	int length;

	for (size_t i = 0; i < list->count; i++) {
		if (relative_length(zone, &list->records[i].owner) < 0)
			return -1;
		room += name_label_count(&list->records[i].owner) - zone->label_count;
	}
	zone->nodes = calloc(room, sizeof(*zone->nodes));
	if (zone->nodes == NULL)
		return -1;
	zone->node_count = 1; /* the apex, already in place */
	for (size_t i = 0; i < list->count; i++) {
		length = relative_length(zone, &list->records[i].owner);
		add_names(zone, &list->records[i].owner, (size_t)length);
	}
	qsort(zone->nodes, zone->node_count, sizeof(*zone->nodes), compare_nodes);
	drop_equal_nodes(zone);
	return 0;
}

static struct zone_node *
find_owner(struct zone *zone, const struct name *owner)
{
	int length = relative_length(zone, owner);
	uint8_t lower[NAME_MAX_WIRE];

	if (length < 0)
		return NULL;
	memcpy(lower, owner->wire, owner->length);
	name_lower_wire(lower, owner->length);
	/* The nodes are ours and not yet shared: the const is for those who read them later. */
	return (struct zone_node *)zone_find(zone, lower, (size_t)length);
}

static struct zone_rrset *
rrset_of(struct zone_node *node, uint16_t type)
{
	struct zone_rrset *grown;

	for (size_t i = 0; i < node->rrset_count; i++) {
		if (node->rrsets[i].type == type)
			return &node->rrsets[i];
	}
	grown = realloc(node->rrsets, (node->rrset_count + 1) * sizeof(*grown));
	if (grown == NULL)
		return NULL;
	node->rrsets = grown;
	grown = &node->rrsets[node->rrset_count++];
	memset(grown, 0, sizeof(*grown));
	grown->type = type;
	return grown;
}

static void
write_record(uint8_t *bytes, uint16_t type, uint32_t ttl, const uint8_t *rdata, uint16_t length)
{
	struct writer writer;

	writer_init(&writer, bytes, DNS_RECORD_FIXED + (size_t)length);
	writer_u16(&writer, type);
	writer_u16(&writer, DNS_CLASS_IN);
	writer_u32(&writer, ttl);
	writer_u16(&writer, length);
	writer_bytes(&writer, rdata, length);
}

static int
add_record(
    struct zone_node *node, uint16_t type, uint32_t ttl, const uint8_t *rdata, uint16_t length)
{
	struct zone_rrset *rrset = rrset_of(node, type);
	size_t added = DNS_RECORD_FIXED + (size_t)length;
	uint8_t *grown;

	if (rrset == NULL)
		return -1;
	grown = realloc(rrset->records, rrset->length + added);
	if (grown == NULL)
		return -1;
	rrset->records = grown;
	write_record(rrset->records + rrset->length, type, ttl, rdata, length);
	rrset->length += added;
	rrset->count++;
	return 0;
}

/* The SOA at the apex, first of its rrsets, and its twin for negative answers. */
static int
add_soa(struct zone *zone, const struct zone_config *config)
{
	uint8_t rdata[2 * NAME_MAX_WIRE + SOA_NUMBERS];
	struct writer writer;
	uint32_t negative_ttl = config->negative_ttl < ZONE_TTL ? config->negative_ttl : ZONE_TTL;

	writer_init(&writer, rdata, sizeof(rdata));
	writer_bytes(&writer, config->nameserver->wire, config->nameserver->length);
	writer_bytes(&writer, config->admin->wire, config->admin->length);
	writer_u32(&writer, config->serial);
	writer_u32(&writer, ZONE_REFRESH);
	writer_u32(&writer, ZONE_RETRY);
	writer_u32(&writer, ZONE_EXPIRE);
	writer_u32(&writer, config->negative_ttl);
	if (add_record(&zone->nodes[0], DNS_TYPE_SOA, ZONE_TTL, rdata, (uint16_t)writer.length) < 0)
		return -1;
	zone->negative_soa_length = DNS_RECORD_FIXED + writer.length;
	zone->negative_soa = malloc(zone->negative_soa_length);
	if (zone->negative_soa == NULL)
		return -1;
	write_record(
	    zone->negative_soa, DNS_TYPE_SOA, negative_ttl, rdata, (uint16_t)writer.length);
	return 0;
}

static int
add_records(struct zone *zone, const struct record_list *list)
{
	const struct record *record;
	struct zone_node *node;

	for (size_t i = 0; i < list->count; i++) {
		record = &list->records[i];
		node = find_owner(zone, &record->owner);
		if (node == NULL)
			return -1;
		if (add_record(
			node, record->type, record->ttl, record->rdata, record->rdata_length) < 0)
			return -1;
	}
	return 0;
}

static void
link_wildcards(struct zone *zone)
{
	static const uint8_t star[2] = {1, '*'};
	const struct zone_node *node, *parent;

	for (size_t i = 0; i < zone->node_count; i++) {
		node = &zone->nodes[i];
		if (node->length < sizeof(star) || memcmp(node->relative, star, sizeof(star)) != 0)
			continue;
		parent =
		    zone_find(zone, node->relative + sizeof(star), node->length - sizeof(star));
		/* make_nodes() added every name in between. */
		if (parent != NULL)
			((struct zone_node *)parent)->wildcard = node;
	}
}

/* Where in its rdata a record names the host whose addresses are wanted next, or -1. */
static int
target_offset(uint16_t type)
{
	switch (type) {
	case DNS_TYPE_NS:
		return 0;
	case DNS_TYPE_MX:
		return 2;
	case DNS_TYPE_SRV:
		return 6;
	default:
		return -1;
	}
}

static int
add_target(struct zone *zone, struct zone_rrset *rrset, const uint8_t *wire, size_t length)
{
	const struct zone_node *node;
	const struct zone_node **grown;
	struct qname parsed;
	struct name target;

	if (qname_read(&parsed, wire, length) < 0)
		return 0;
	target.length = parsed.length;
	memcpy(target.wire, wire, parsed.length);
	node = find_owner(zone, &target);
	if (node == NULL)
		return 0;
	for (size_t i = 0; i < rrset->target_count; i++) {
		if (rrset->targets[i] == node)
			return 0;
	}
	grown = realloc(rrset->targets, (rrset->target_count + 1) * sizeof(struct zone_node *));
	if (grown == NULL)
		return -1;
	rrset->targets = grown;
	rrset->targets[rrset->target_count++] = node;
	return 0;
}

static int
link_targets_of(struct zone *zone, struct zone_rrset *rrset)
{
	int offset = target_offset(rrset->type);
	struct reader reader;
	struct slice rdata;

	if (offset < 0)
		return 0;
	reader_init(&reader, rrset->records, rrset->length);
	for (unsigned i = 0; i < rrset->count; i++) {
		reader_bytes(&reader, DNS_RECORD_FIXED - 2);
		rdata = reader_bytes(&reader, reader_u16(&reader));
		if (rdata.length <= (size_t)offset)
			continue;
		if (add_target(zone, rrset, rdata.data + offset, rdata.length - (size_t)offset) < 0)
			return -1;
	}
	return 0;
}

static int
link_targets(struct zone *zone)
{
	for (size_t i = 0; i < zone->node_count; i++) {
		for (size_t k = 0; k < zone->nodes[i].rrset_count; k++) {
			if (link_targets_of(zone, &zone->nodes[i].rrsets[k]) < 0)
				return -1;
		}
	}
	return 0;
}

struct zone *
zone_new(const struct zone_config *config)
{
	struct zone *zone = calloc(1, sizeof(*zone));

	if (zone == NULL)
		return NULL;
	zone->name = *config->name;
	name_lower_wire(zone->name.wire, zone->name.length);
	zone->label_count = name_label_count(&zone->name);
	zone->txt_ttl = config->txt_ttl;
	if (make_nodes(zone, config->records) < 0)
		goto fail;
	if (add_soa(zone, config) < 0 || add_records(zone, config->records) < 0)
		goto fail;
	link_wildcards(zone);
	if (link_targets(zone) < 0)
		goto fail;
	return zone;
fail:
	zone_free(zone);
	return NULL;
}

void
zone_free(struct zone *zone)
{
	if (zone == NULL)
		return;
	for (size_t i = 0; i < zone->node_count; i++) {
		for (size_t k = 0; k < zone->nodes[i].rrset_count; k++) {
			free(zone->nodes[i].rrsets[k].records);
			free(zone->nodes[i].rrsets[k].targets);
		}
		free(zone->nodes[i].rrsets);
	}
	free(zone->nodes);
	free(zone->negative_soa);
	free(zone);
}
