/*
 * The zone's static records. ldns reads the data of each type; owner, TTL, class and type are read
 * here, since ldns takes `IN 60 A` for something else and lets relative owners go astray.
 * What it makes of a line is checked again before it is believed.
 */
#include "records.h"
#include "array.h"
#include "zone_line.h"

#include <errno.h>
#include <ldns/ldns.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What the data of the common types looks like, for messages. */
static const struct {
	ldns_rr_type type;
	const char *form;
} forms[] = {
    {LDNS_RR_TYPE_A, "an IPv4 address such as 192.0.2.1"},
    {LDNS_RR_TYPE_AAAA, "an IPv6 address such as 2001:db8::1"},
    {LDNS_RR_TYPE_NS, "one name such as ns1.example.org."},
    {LDNS_RR_TYPE_CNAME, "one name such as www.example.org."},
    {LDNS_RR_TYPE_PTR, "one name such as www.example.org."},
    {LDNS_RR_TYPE_MX, "a preference and a name such as 10 mail.example.org."},
    {LDNS_RR_TYPE_TXT, "texts of at most 255 bytes, in quotes where they have blanks"},
    {LDNS_RR_TYPE_SRV, "priority, weight, port and name such as 0 5 443 www.example.org."},
    {LDNS_RR_TYPE_CAA, "flags, tag and value such as 0 issue \"letsencrypt.org\""},
};

static int
ends_in_zone_twice(const struct name *owner, const struct name *zone)
{
	struct name doubled = *zone;

	return zone->length > 1 && name_append(&doubled, zone) == 0 &&
	       name_is_within(owner, &doubled);
}

static int
read_owner(
    struct name *owner, const char *text, const struct name *zone, char *why, size_t capacity)
{
	char zone_text[NAME_MAX_TEXT];

	if (zone_line_owner(owner, text, zone) != 0) {
		snprintf(
		    why, capacity, "the owner \"%.*s\" is not a valid name", ZONE_LINE_SHOWN, text);
		return -1;
	}
	if (name_is_within(owner, zone))
		return 0;
	name_to_text(zone, zone_text);
	snprintf(why, capacity,
	    "the owner \"%.*s\" is outside the zone; it must be \"%s\" or end in \".%s\"",
	    ZONE_LINE_SHOWN, text, zone_text, zone_text);
	return -1;
}

/* RFC 6895, 3.1: 128 to 255 are questions and meta types; OPT and 0 are no data either. */
static int
is_meta_type(ldns_rr_type type)
{
	return type == 0 || type == LDNS_RR_TYPE_OPT || (type >= 128 && type <= 255);
}

static int
read_type(uint16_t *number, const struct zone_line *line, char *why, size_t capacity)
{
	ldns_rr_type type = ldns_get_rr_type_by_name(line->type);

	if (type == 0 && strcasecmp(line->type, "TYPE0") != 0) {
		const char *meant = "a record is \"OWNER TYPE DATA\"";

		if (ldns_get_rr_type_by_name(line->owner) != 0)
			meant = "the owner seems to be missing: a record is \"OWNER TYPE DATA\"";
		snprintf(why, capacity, "unknown record type \"%.*s\"; %s", ZONE_LINE_SHOWN,
		    line->type, meant);
		return -1;
	}
	if (type == LDNS_RR_TYPE_SOA) {
		snprintf(why, capacity,
		    "the SOA is made from zone.nameserver, zone.admin and zone.negative_ttl; "
		    "remove it here");
		return -1;
	}
	if (is_meta_type(type)) {
		snprintf(why, capacity, "%.*s is not a type of stored data", ZONE_LINE_SHOWN,
		    line->type);
		return -1;
	}
	*number = (uint16_t)type;
	return 0;
}

/*
 * 1 if a quote may open at `at`: at the beginning of a word, or behind the equals sign of a SVCB
 * parameter (key="value").
 */
static int
may_open_quote(const char *data, const char *at, uint16_t type)
{
	if (at == data || strchr(" \t(", at[-1]) != NULL)
		return 1;
	return at[-1] == '=' && (type == LDNS_RR_TYPE_SVCB || type == LDNS_RR_TYPE_HTTPS);
}

/*
 * Refuses what ldns would silently cut or misread: comments, quotes that never end or begin
 * inside a word.
 */
static int
check_quotes(const char *data, uint16_t type, char *why, size_t capacity)
{
	const char *problem = NULL;
	int quoted = 0;

	for (const char *at = data; *at != '\0' && problem == NULL; at++) {
		if (*at == '\\' && at[1] != '\0') {
			at++;
		} else if (*at == '"') {
			if (!quoted && !may_open_quote(data, at, type))
				problem =
				    "a quote inside a word; put a blank before it or write \\\"";
			quoted = !quoted;
		} else if (*at == ';' && !quoted) {
			problem = "\";\" would begin a comment; put the text in quotes";
		}
	}
	if (problem == NULL && quoted)
		problem = "the closing quote is missing";
	if (problem != NULL)
		snprintf(why, capacity, "%s", problem);
	return problem == NULL ? 0 : -1;
}

/* The largest value of a number field; 0 for every other kind of field. */
static uint64_t
field_maximum(ldns_rdf_type field)
{
	switch (field) {
	case LDNS_RDF_TYPE_INT8:
		return UINT8_MAX;
	case LDNS_RDF_TYPE_INT16:
		return UINT16_MAX;
	case LDNS_RDF_TYPE_INT32:
		return UINT32_MAX;
	default:
		return 0;
	}
}

/* 1 for data in the hexadecimal form of RFC 3597: "\# 4 c0000201". */
static int
is_hexadecimal(const char *data)
{
	return strncmp(data, "\\#", 2) == 0;
}

/*
 * ldns keeps the low bits of a number that is too large ("MX 99999"). Looks at the number fields
 * that all stand in front of any field of several words.
 */
static int
check_numbers(const char *data, uint16_t type, char *why, size_t capacity)
{
	const ldns_rr_descriptor *descriptor = ldns_rr_descript(type);
	size_t fields = ldns_rr_descriptor_minimum(descriptor);

	if (is_hexadecimal(data))
		return 0;
	for (size_t i = 0; i < fields && *data != '\0'; i++) {
		uint64_t maximum = field_maximum(ldns_rr_descriptor_field_type(descriptor, i));
		size_t length = zone_line_word(data);
		size_t digits = strspn(data, "0123456789");

		if (maximum != 0 && digits == length &&
		    (digits > 10 || strtoull(data, NULL, 10) > maximum)) {
			snprintf(why, capacity, "the number %.*s is above %llu",
			    (int)(length < ZONE_LINE_SHOWN ? length : ZONE_LINE_SHOWN), data,
			    (unsigned long long)maximum);
			return -1;
		}
		data = zone_line_skip(data + length);
	}
	return 0;
}

static void
no_memory(char *why, size_t capacity)
{
	snprintf(why, capacity, RECORDS_NO_MEMORY);
}

static void
explain_data(
    const struct zone_line *line, uint16_t type, ldns_status status, char *why, size_t capacity)
{
	if (type == LDNS_RR_TYPE_A && strchr(line->data, ':') != NULL) {
		snprintf(why, capacity, "\"%.*s\" is not an IPv4 address; did you mean AAAA?",
		    ZONE_LINE_SHOWN, line->data);
		return;
	}
	if (type == LDNS_RR_TYPE_AAAA && line->data[0] != '\0' && strchr(line->data, ':') == NULL) {
		snprintf(why, capacity, "\"%.*s\" is not an IPv6 address; did you mean A?",
		    ZONE_LINE_SHOWN, line->data);
		return;
	}
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		if (forms[i].type == type) {
			snprintf(why, capacity, "the data of the %.*s record is wrong; it is %s",
			    ZONE_LINE_SHOWN, line->type, forms[i].form);
			return;
		}
	}
	snprintf(why, capacity, "the data of the %.*s record is wrong; %s", ZONE_LINE_SHOWN,
	    line->type, ldns_get_errorstr_by_id(status));
}

/* 1 if ldns understood owner, type, TTL and class as we did. */
static int
is_as_written(const ldns_rr *rr, const struct record *record)
{
	const ldns_rdf *owner = ldns_rr_owner(rr);

	return owner != NULL && ldns_rdf_size(owner) == record->owner.length &&
	       memcmp(ldns_rdf_data(owner), record->owner.wire, record->owner.length) == 0 &&
	       ldns_rr_get_type(rr) == (ldns_rr_type)record->type &&
	       ldns_rr_ttl(rr) == record->ttl && ldns_rr_get_class(rr) == LDNS_RR_CLASS_IN;
}

/*
 * Hexadecimal data must have the length it states and all fields of its type; ldns forgives both
 * what is missing and what stands behind.
 */
static int
is_complete(const char *data, const ldns_rr *rr, size_t length)
{
	const ldns_rr_descriptor *descriptor = ldns_rr_descript((uint16_t)ldns_rr_get_type(rr));

	return !is_hexadecimal(data) ||
	       (strtoull(data + 2, NULL, 10) == length &&
		   ldns_rr_rd_count(rr) >= ldns_rr_descriptor_minimum(descriptor));
}

/* Copies the data out of ldns in wire form. */
static int
copy_data(struct record *record, const ldns_rr *rr, char *why, size_t capacity)
{
	ldns_buffer *buffer = ldns_buffer_new(LDNS_MIN_BUFLEN);
	size_t length;
	int result = -1;

	if (buffer == NULL || ldns_rr_rdata2buffer_wire(buffer, rr) != LDNS_STATUS_OK) {
		no_memory(why, capacity);
		goto out;
	}
	length = ldns_buffer_position(buffer); /* the call leaves the length field away */
	if (length > RECORD_MAX_RDATA) {
		snprintf(why, capacity, "the data is longer than %d bytes", RECORD_MAX_RDATA);
		goto out;
	}
	record->rdata = malloc(length > 0 ? length : 1);
	if (record->rdata == NULL) {
		no_memory(why, capacity);
		goto out;
	}
	memcpy(record->rdata, ldns_buffer_begin(buffer), length);
	record->rdata_length = (uint16_t)length;
	result = 0;
out:
	ldns_buffer_free(buffer);
	return result;
}

/* Hands ldns one normalised line. NULL with `why`. */
static ldns_rr *
read_data(const struct record *record, const struct zone_line *line, const struct name *zone,
    char *why, size_t capacity)
{
	char owner[NAME_MAX_TEXT];
	char *normal;
	size_t size = strlen(line->data) + strlen(line->type) + NAME_MAX_TEXT + 32;
	ldns_rdf *origin = NULL;
	ldns_rr *rr = NULL;
	ldns_status status;

	normal = malloc(size);
	if (normal != NULL)
		origin = ldns_dname_new_frm_data(zone->length, zone->wire);
	if (origin == NULL) {
		no_memory(why, capacity);
		goto out;
	}
	name_to_text(&record->owner, owner);
	snprintf(normal, size, "%s %u IN %s %s", owner, record->ttl, line->type, line->data);
	errno = 0;
	status = ldns_rr_new_frm_str(&rr, normal, ZONE_LINE_TTL, origin, NULL);
	/* ldns gives many names to a lack of memory. */
	if (status != LDNS_STATUS_OK && errno == ENOMEM) {
		rr = NULL;
		no_memory(why, capacity);
	} else if (status != LDNS_STATUS_OK) {
		rr = NULL;
		explain_data(line, record->type, status, why, capacity);
	} else if (!is_as_written(rr, record)) {
		snprintf(why, capacity, "the record cannot be read; it is \"OWNER TYPE DATA\"");
		ldns_rr_free(rr);
		rr = NULL;
	}
out:
	if (origin != NULL)
		ldns_rdf_deep_free(origin);
	free(normal);
	return rr;
}

int
record_from_text(struct record *record, const struct name *zone, const char *text,
    enum record_warning *warning, char *why, size_t capacity)
{
	struct zone_line line;
	ldns_rr *rr = NULL;

	memset(record, 0, sizeof(*record));
	*warning = RECORD_WARNING_NONE;
	if (zone_line_split(&line, text, why, capacity) != 0 ||
	    read_owner(&record->owner, line.owner, zone, why, capacity) != 0 ||
	    read_type(&record->type, &line, why, capacity) != 0 ||
	    check_quotes(line.data, record->type, why, capacity) != 0 ||
	    check_numbers(line.data, record->type, why, capacity) != 0)
		return -1;
	record->ttl = line.ttl;
	rr = read_data(record, &line, zone, why, capacity);
	if (rr == NULL || copy_data(record, rr, why, capacity) != 0)
		goto fail;
	if (!is_complete(line.data, rr, record->rdata_length)) {
		snprintf(why, capacity, "the data behind \\# is too short or too long");
		goto fail;
	}
	record->text = strdup(text);
	if (record->text == NULL) {
		no_memory(why, capacity);
		goto fail;
	}
	if (ends_in_zone_twice(&record->owner, zone))
		*warning = RECORD_WARNING_DOUBLED_ZONE;
	ldns_rr_free(rr);
	return 0;
fail:
	ldns_rr_free(rr);
	record_free(record);
	return -1;
}

/* The rules for a record by itself in this zone. */
static int
check_place(const struct record *record, const struct name *zone, char *why, size_t capacity)
{
	int at_apex = name_equal(&record->owner, zone);

	if (record->type == LDNS_RR_TYPE_DNAME) {
		snprintf(why, capacity, "DNAME is not supported; write a CNAME for each name");
		return -1;
	}
	if (record->type == LDNS_RR_TYPE_NS && !at_apex) {
		snprintf(why, capacity,
		    "an NS record below the zone's own name would delegate it; delegations are "
		    "not supported");
		return -1;
	}
	if (record->type == LDNS_RR_TYPE_CNAME && at_apex) {
		snprintf(why, capacity,
		    "a CNAME cannot stand at the zone's own name, which has an SOA (RFC 2181); use "
		    "A and AAAA records");
		return -1;
	}
	return 0;
}

/* The rules for two records of one owner. */
static int
check_pair(const struct record *there, const struct record *record, char *why, size_t capacity)
{
	int cnames = (there->type == LDNS_RR_TYPE_CNAME) + (record->type == LDNS_RR_TYPE_CNAME);

	if (there->type == record->type && there->rdata_length == record->rdata_length &&
	    memcmp(there->rdata, record->rdata, record->rdata_length) == 0) {
		snprintf(why, capacity, "the same record stands here twice; remove one");
		return -1;
	}
	if (cnames == 2) {
		snprintf(why, capacity, "a second CNAME at one name (RFC 2181); remove one");
		return -1;
	}
	if (cnames == 1) {
		snprintf(why, capacity,
		    "a CNAME beside other data at one name (RFC 2181); \"%.*s\" is already there",
		    ZONE_LINE_SHOWN, there->text);
		return -1;
	}
	if (there->type == record->type && there->ttl != record->ttl) {
		snprintf(why, capacity,
		    "the TTL %u differs from that of the same name and type (RFC 2181); write %u",
		    record->ttl, there->ttl);
		return -1;
	}
	return 0;
}

int
record_list_add(struct record_list *list, struct record *record, const struct name *zone, char *why,
    size_t capacity)
{
	struct record *grown;

	if (list->count >= RECORDS_MAX) {
		snprintf(why, capacity, "there are more than %d records", RECORDS_MAX);
		return -1;
	}
	if (check_place(record, zone, why, capacity) != 0)
		return -1;
	for (size_t i = 0; i < list->count; i++) {
		const struct record *there = &list->records[i];

		if (name_equal(&there->owner, &record->owner) &&
		    check_pair(there, record, why, capacity) != 0)
			return -1;
	}
	grown = array_grow(list->records, list->count, sizeof(*grown));
	if (grown == NULL) {
		no_memory(why, capacity);
		return -1;
	}
	list->records = grown;
	list->records[list->count++] = *record;
	return 0;
}

void
record_free(struct record *record)
{
	if (record == NULL)
		return;
	free(record->rdata);
	free(record->text);
	memset(record, 0, sizeof(*record));
}

void
record_list_free(struct record_list *list)
{
	if (list == NULL)
		return;
	for (size_t i = 0; i < list->count; i++)
		record_free(&list->records[i]);
	free(list->records);
	memset(list, 0, sizeof(*list));
}
