/* Preparing records and copying them; see rrset.h. */
#include "rrset.h"

#include "dns.h"

#include <stdlib.h>
#include <string.h>

/* The types with names in their data that are of interest here. */
struct layout {
	uint16_t type;
	uint8_t before; /* bytes in front of the first name */
	uint8_t names;
	uint8_t is_compressed;
};

static const struct layout layouts[] = {
    {DNS_TYPE_NS, 0, 1, 1},
    {DNS_TYPE_MD, 0, 1, 1},
    {DNS_TYPE_MF, 0, 1, 1},
    {DNS_TYPE_CNAME, 0, 1, 1},
    {DNS_TYPE_SOA, 0, 2, 1},
    {DNS_TYPE_MB, 0, 1, 1},
    {DNS_TYPE_MG, 0, 1, 1},
    {DNS_TYPE_MR, 0, 1, 1},
    {DNS_TYPE_PTR, 0, 1, 1},
    {DNS_TYPE_MINFO, 0, 2, 1},
    {DNS_TYPE_MX, 2, 1, 1},
    /* Later types must not be compressed (RFC 3597, 4). */
    {DNS_TYPE_AFSDB, 2, 1, 0},
    {DNS_TYPE_RT, 2, 1, 0},
    {DNS_TYPE_SRV, 6, 1, 0},
    {DNS_TYPE_KX, 2, 1, 0},
};

/* A name, or the end of one, that stands in the records. */
struct known {
	const uint8_t *wire;
	uint8_t length;
	uint16_t offset;
};

struct maker {
	const struct name *zone;
	struct rrset *rrset;
	struct known *known;
	size_t known_count;
};

static const struct layout *
find_layout(uint16_t type)
{
	static const struct layout without_names = {0};

	for (size_t i = 0; i < sizeof(layouts) / sizeof(layouts[0]); i++) {
		if (layouts[i].type == type)
			return &layouts[i];
	}
	return &without_names;
}

/* Bytes of the name at the beginning, or 0: it is not whole. */
static uint8_t
wire_length(const uint8_t *wire, size_t available)
{
	size_t length = 0;

	while (length < available && length < NAME_MAX_WIRE) {
		if (wire[length] == 0)
			return (uint8_t)(length + 1);
		if (wire[length] > NAME_MAX_LABEL)
			return 0;
		length += 1 + (size_t)wire[length];
	}
	return 0;
}

/* 1 if the name, or the end of one, stands somewhere in every answer with these records. */
static int
find_place(
    const struct maker *maker, const uint8_t *wire, uint8_t length, struct rrset_place *place)
{
	const struct name *zone = maker->zone;
	struct name name = {.length = length};
	const struct known *known;

	memcpy(name.wire, wire, length);
	if (length > 1 && name_is_within(zone, &name)) {
		*place = (struct rrset_place){RRSET_FROM_ZONE, (uint16_t)(zone->length - length)};
		return 1;
	}
	for (size_t i = 0; i < maker->known_count; i++) {
		known = &maker->known[i];
		/* To the letter: the case of data is kept. */
		if (known->length == length && memcmp(known->wire, wire, length) == 0) {
			*place = (struct rrset_place){RRSET_FROM_RECORDS, known->offset};
			return 1;
		}
	}
	return 0;
}

static void
put_pointer(struct maker *maker, struct rrset_place to)
{
	struct rrset *rrset = maker->rrset;

	rrset->pointers[rrset->pointer_count++] =
	    (struct rrset_pointer){(uint32_t)rrset->length, to};
	memset(rrset->records + rrset->length, 0, 2);
	rrset->length += 2;
}

static void
put_bytes(struct maker *maker, const uint8_t *bytes, size_t length)
{
	struct rrset *rrset = maker->rrset;

	if (length > 0)
		memcpy(rrset->records + rrset->length, bytes, length);
	rrset->length += length;
}

/* Writes a name as short as it can be. */
static void
put_compressed(struct maker *maker, const uint8_t *wire, uint8_t length)
{
	struct rrset_place place;
	size_t label;

	while (length > 1) {
		if (find_place(maker, wire, length, &place)) {
			put_pointer(maker, place);
			return;
		}
		if (maker->rrset->length < RRSET_REACH)
			maker->known[maker->known_count++] =
			    (struct known){wire, length, (uint16_t)maker->rrset->length};
		label = 1 + (size_t)wire[0];
		put_bytes(maker, wire, label);
		wire += label;
		length = (uint8_t)(length - label);
	}
	put_bytes(maker, wire, length);
}

/* Notes where the data's first name is about to stand. */
static void
note_name(const struct maker *maker, int is_compressed, struct rrset_source *source,
    const uint8_t *wire, uint8_t length)
{
	/* A pointer to a pointer would be legal, and of no use. */
	if (!is_compressed || !find_place(maker, wire, length, &source->place)) {
		if (maker->rrset->length >= RRSET_REACH)
			return;
		source->place.base = RRSET_FROM_RECORDS;
		source->place.offset = (uint16_t)maker->rrset->length;
	}
	source->name = (struct slice){wire, length};
}

static void
put_data(struct maker *maker, const struct layout *layout, struct rrset_source *source)
{
	size_t offset = layout->before < source->length ? layout->before : source->length;
	const uint8_t *wire;
	uint8_t length;

	put_bytes(maker, source->rdata, offset);
	for (unsigned i = 0; i < layout->names; i++) {
		wire = source->rdata + offset;
		length = wire_length(wire, source->length - offset);
		if (length == 0)
			break;
		if (i == 0)
			note_name(maker, layout->is_compressed, source, wire, length);
		if (layout->is_compressed)
			put_compressed(maker, wire, length);
		else
			put_bytes(maker, wire, length);
		offset += length;
	}
	put_bytes(maker, source->rdata + offset, source->length - offset);
}

static void
put_record(struct maker *maker, const struct layout *layout, struct rrset_source *source)
{
	struct rrset *rrset = maker->rrset;
	struct writer writer;
	size_t start;

	source->name = (struct slice){NULL, 0};
	put_pointer(maker, (struct rrset_place){RRSET_FROM_OWNER, 0});
	start = rrset->length;
	rrset->length += DNS_RECORD_FIXED;
	put_data(maker, layout, source);
	writer_init(&writer, rrset->records + start, DNS_RECORD_FIXED);
	writer_u16(&writer, rrset->type);
	writer_u16(&writer, DNS_CLASS_IN);
	writer_u32(&writer, source->ttl);
	writer_u16(&writer, (uint16_t)(rrset->length - start - DNS_RECORD_FIXED));
}

int
rrset_make(struct rrset *rrset, uint16_t type, const struct name *zone,
    struct rrset_source *sources, uint16_t count)
{
	const struct layout *layout = find_layout(type);
	struct maker maker = {.zone = zone, .rrset = rrset};
	size_t most = 0;

	*rrset = (struct rrset){.type = type, .count = count};
	if (count == 0)
		return 0;
	for (unsigned i = 0; i < count; i++)
		most += RRSET_OWNER + DNS_RECORD_FIXED + (size_t)sources[i].length;
	rrset->records = malloc(most);
	rrset->pointers = malloc(count * (1 + RRSET_MAX_NAMES) * sizeof(*rrset->pointers));
	/* A label has two bytes at least. */
	maker.known = malloc((RRSET_REACH / 2) * sizeof(*maker.known));
	if (rrset->records == NULL || rrset->pointers == NULL || maker.known == NULL) {
		free(maker.known);
		rrset_free(rrset);
		return -1;
	}
	for (unsigned i = 0; i < count; i++)
		put_record(&maker, layout, &sources[i]);
	free(maker.known);
	return 0;
}

void
rrset_free(struct rrset *rrset)
{
	free(rrset->records);
	free(rrset->pointers);
	free(rrset->hosts);
	free(rrset->alias);
	*rrset = (struct rrset){0};
}

uint16_t
rrset_offset(const struct rrset_position *position, struct rrset_place place)
{
	const uint16_t from[RRSET_BASES] = {
	    [RRSET_FROM_OWNER] = position->owner,
	    [RRSET_FROM_ZONE] = position->zone_name,
	    [RRSET_FROM_RECORDS] = position->records,
	};

	return (uint16_t)(from[place.base] + place.offset);
}

void
rrset_write(const struct rrset *rrset, struct writer *writer, const struct rrset_position *position)
{
	uint8_t *records = writer_take(writer, rrset->length);
	const struct rrset_pointer *pointer;
	uint16_t target;

	if (records == NULL)
		return;
	memcpy(records, rrset->records, rrset->length);
	for (size_t i = 0; i < rrset->pointer_count; i++) {
		pointer = &rrset->pointers[i];
		target = (uint16_t)(RRSET_POINTER | rrset_offset(position, pointer->to));
		records[pointer->at] = (uint8_t)(target >> 8);
		records[pointer->at + 1] = (uint8_t)target;
	}
}
