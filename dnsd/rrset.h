/*
 * Records of one type at one name (RFC 2181, 5), ready to be copied into an answer.
 *
 * Pure, and immutable once made. The names in the data of the types of RFC 1035 are compressed (RFC
 * 3597, 4) here and not for each answer: against the zone's name, in which every question ends, and
 * against the rrset's other names. What comes from the question has its case, like every owner; the rest
 * keeps its own. An answer copies the bytes and fills in the pointers, since only it
 * knows where the question's and the records' places are.
 */
#ifndef DNSD_RRSET_H
#define DNSD_RRSET_H

#include "name.h"
#include "pack.h"

#include <stddef.h>
#include <stdint.h>

struct qname;
struct zone_node;

enum {
	RRSET_POINTER = 0xc000, /* a compression pointer (RFC 1035, 4.1.4) */
	RRSET_OWNER = 2,	/* bytes of a record's owner: always a pointer */
	/*
	 * Bytes of an rrset that pointers lead to. Those in front of it in an answer, at most 4096, still
	 * keep a pointer's 14 bits.
	 */
	RRSET_REACH = 0x3000,
	RRSET_MAX_NAMES = 2 /* in one record's data */
};

/* What a pointer is counted from. */
enum rrset_base {
	RRSET_FROM_OWNER,   /* where the owner of these records stands */
	RRSET_FROM_ZONE,    /* where the zone's name stands in the question */
	RRSET_FROM_RECORDS, /* where these records begin */
	RRSET_BASES
};

/* Where in an answer a name stands. */
struct rrset_place {
	enum rrset_base base;
	uint16_t offset; /* from there */
};

struct rrset_pointer {
	uint32_t at; /* of its two bytes, from the beginning of the records */
	struct rrset_place to;
};

/* A host of the zone that the records name. */
struct rrset_host {
	const struct zone_node *node; /* its own, or the wildcard's that covers it */
	struct rrset_place name;
};

struct rrset {
	uint16_t type;
	uint16_t count;
	size_t length;
	uint8_t *records; /* owned: whole, one after the other */
	struct rrset_pointer
	    *pointers; /* owned; in order; their bytes in the records mean nothing */
	size_t pointer_count;
	/* Owned: whose addresses belong into the additional section, each name once. */
	struct rrset_host *hosts;
	size_t host_count;
	/* Owned: of a CNAME that stays in the zone whom it names, otherwise NULL. */
	struct qname *alias;
	struct rrset_place alias_name;
};

/* One record's data, as it goes into rrset_make(). */
struct rrset_source {
	uint32_t ttl;
	uint16_t length;
	const uint8_t *rdata; /* borrowed; uncompressed */
	/*
	 * Written: where the first name in the data will stand, and that name in `rdata`; empty where
	 * there is none, or out of a pointer's reach.
	 */
	struct rrset_place place;
	struct slice name;
};

/*
 * Makes the records, with neither hosts nor alias. 0, or -1 when memory is short: then `rrset` is
 * empty. Free with rrset_free().
 */
int rrset_make(struct rrset *rrset, uint16_t type, const struct name *zone,
    struct rrset_source *sources, uint16_t count);

void rrset_free(struct rrset *rrset);

/* Where in a message things stand, each at most 0x3fff minus what is added to it. */
struct rrset_position {
	uint16_t owner;	    /* of the records */
	uint16_t zone_name; /* in the question */
	uint16_t records;
};

uint16_t rrset_offset(const struct rrset_position *position, struct rrset_place place);

/*
 * Writes the records behind what `writer` holds, where `position` has them, with the pointers filled in.
 * Whether they fitted, the writer says.
 */
void rrset_write(
    const struct rrset *rrset, struct writer *writer, const struct rrset_position *position);

#endif
