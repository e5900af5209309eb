/* From the configuration's records to nodes that can be answered from; see zone.h. */
#include "zone.h"

#include "array.h"
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

const struct zone_node *
zone_encloser(const struct zone *zone, const uint8_t *relative, size_t length)
{
	const struct zone_node *node = NULL;
	size_t label;

	while (node == NULL && length > 0) {
		label = 1 + (size_t)relative[0];
		relative += label;
		length -= label;
		node = zone_find(zone, relative, length);
	}
	return node != NULL ? node : &zone->nodes[0];
}

const struct rrset *
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

/* 1 for types whose data begins with, or has behind numbers, a host whose addresses are wanted next. */
static int
names_host(uint16_t type)
{
	switch (type) {
	case DNS_TYPE_NS:
	case DNS_TYPE_MB:
	case DNS_TYPE_MX:
	case DNS_TYPE_AFSDB:
	case DNS_TYPE_RT:
	case DNS_TYPE_SRV:
	case DNS_TYPE_KX:
		return 1;
	default:
		return 0;
	}
}

/*
 * The node that has a host's addresses. Not the wildcard at the apex: a name below that may be somebody's,
 * which only the table knows.
 */
static const struct zone_node *
find_host(struct zone *zone, const struct name *name)
{
	const struct zone_node *node;
	int length = relative_length(zone, name);
	struct name lower = *name;

	if (length < 0)
		return NULL;
	name_lower_wire(lower.wire, lower.length);
	node = zone_find(zone, lower.wire, (size_t)length);
	if (node != NULL)
		return node;
	node = zone_encloser(zone, lower.wire, (size_t)length);
	return node == &zone->nodes[0] ? NULL : node->wildcard;
}

static struct name
name_of(const struct rrset_source *source)
{
	struct name name = {.length = (uint8_t)source->name.length};

	memcpy(name.wire, source->name.data, source->name.length);
	return name;
}

static int
is_same(struct slice a, struct slice b)
{
	for (size_t i = 0; a.length == b.length && i < a.length; i++) {
		if (name_lower(a.data[i]) != name_lower(b.data[i]))
			return 0;
	}
	return a.length == b.length;
}

static int
add_host(struct zone *zone, struct rrset *rrset, const struct rrset_source *sources, unsigned which)
{
	struct name name = name_of(&sources[which]);
	const struct zone_node *node = find_host(zone, &name);
	struct rrset_host *grown;

	if (node == NULL)
		return 0;
	for (unsigned i = 0; i < which; i++) {
		if (is_same(sources[i].name, sources[which].name))
			return 0;
	}
	grown = array_grow(rrset->hosts, rrset->host_count, sizeof(*grown));
	if (grown == NULL)
		return -1;
	rrset->hosts = grown;
	rrset->hosts[rrset->host_count++] = (struct rrset_host){node, sources[which].place};
	return 0;
}

static int
set_alias(const struct zone *zone, struct rrset *rrset, const struct rrset_source *source)
{
	struct name name = name_of(source);

	if (!name_is_within(&name, &zone->name))
		return 0;
	rrset->alias = malloc(sizeof(*rrset->alias));
	if (rrset->alias == NULL)
		return -1;
	rrset->alias_name = source->place;
	return qname_read(rrset->alias, name.wire, name.length);
}

static int
add_rrset(struct zone *zone, struct zone_node *node, uint16_t type, struct rrset_source *sources,
    uint16_t count)
{
	struct rrset *rrset;

	rrset = array_grow(node->rrsets, node->rrset_count, sizeof(*rrset));
	if (rrset == NULL)
		return -1;
	node->rrsets = rrset;
	rrset += node->rrset_count;
	if (rrset_make(rrset, type, &zone->name, sources, count) < 0)
		return -1;
	node->rrset_count++;
	for (unsigned i = 0; i < count; i++) {
		if (sources[i].name.length == 0)
			continue;
		if (names_host(type) && add_host(zone, rrset, sources, i) < 0)
			return -1;
		if (type == DNS_TYPE_CNAME && set_alias(zone, rrset, &sources[i]) < 0)
			return -1;
	}
	return 0;
}

/* The SOA at the apex, first of its rrsets, and its twin for negative answers. */
static int
add_soa(struct zone *zone, const struct zone_config *config)
{
	uint8_t rdata[2 * NAME_MAX_WIRE + SOA_NUMBERS];
	struct rrset_source source = {.ttl = ZONE_TTL, .rdata = rdata};
	struct writer writer;

	writer_init(&writer, rdata, sizeof(rdata));
	writer_bytes(&writer, config->nameserver->wire, config->nameserver->length);
	writer_bytes(&writer, config->admin->wire, config->admin->length);
	writer_u32(&writer, config->serial);
	writer_u32(&writer, ZONE_REFRESH);
	writer_u32(&writer, ZONE_RETRY);
	writer_u32(&writer, ZONE_EXPIRE);
	writer_u32(&writer, config->negative_ttl);
	source.length = (uint16_t)writer.length;
	if (add_rrset(zone, &zone->nodes[0], DNS_TYPE_SOA, &source, 1) < 0)
		return -1;
	if (config->negative_ttl < ZONE_TTL)
		source.ttl = config->negative_ttl;
	return rrset_make(&zone->negative_soa, DNS_TYPE_SOA, &zone->name, &source, 1);
}

/* Adds the rrset that the record at `first` begins; `sources` has room for what follows. */
static int
add_rrset_from(struct zone *zone, struct zone_node *node, const struct record_list *list,
    size_t first, struct rrset_source *sources)
{
	const struct record *begin = &list->records[first], *record;
	uint16_t count = 0;

	for (size_t i = first; i < list->count; i++) {
		record = &list->records[i];
		if (record->type == begin->type && name_equal(&record->owner, &begin->owner))
			sources[count++] = (struct rrset_source){.ttl = record->ttl,
			    .length = record->rdata_length,
			    .rdata = record->rdata};
	}
	return add_rrset(zone, node, begin->type, sources, count);
}

static int
add_records(struct zone *zone, const struct record_list *list)
{
	struct rrset_source *sources;
	struct zone_node *node;
	int result = 0;

	if (list->count == 0)
		return 0;
	sources = malloc(list->count * sizeof(*sources));
	if (sources == NULL)
		return -1;
	for (size_t i = 0; i < list->count && result == 0; i++) {
		node = find_owner(zone, &list->records[i].owner);
		if (node == NULL)
			result = -1;
		else if (zone_node_rrset(node, list->records[i].type) == NULL)
			result = add_rrset_from(zone, node, list, i, sources);
	}
	free(sources);
	return result;
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
	link_wildcards(zone);
	if (add_soa(zone, config) < 0 || add_records(zone, config->records) < 0)
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
		for (size_t k = 0; k < zone->nodes[i].rrset_count; k++)
			rrset_free(&zone->nodes[i].rrsets[k]);
		free(zone->nodes[i].rrsets);
	}
	free(zone->nodes);
	rrset_free(&zone->negative_soa);
	free(zone);
}
