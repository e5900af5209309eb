/*
 * The static part of the zone: what the configuration says, in the form in which it is answered.
 *
 * Pure and immutable once made, so that every worker reads it without asking. Built at start-up;
 * names are kept relative to the zone (wire labels in lower case, without the zone's own and
 * without the root label; the apex is empty), because every question that gets here ends alike.
 */
#ifndef DNSD_ZONE_H
#define DNSD_ZONE_H

#include "name.h"
#include "records.h"
#include "rrset.h"

#include <stddef.h>
#include <stdint.h>

enum {
	ZONE_TTL = 3600, /* seconds, of the SOA record */
	ZONE_REFRESH = 28800,
	ZONE_RETRY = 7200,
	ZONE_EXPIRE = 604800
};

/* A name that exists. Without rrsets it is an empty non-terminal (RFC 8020, 2; RFC 4592, 2.2.2). */
struct zone_node {
	uint8_t length;
	uint8_t relative[NAME_MAX_WIRE];
	struct rrset *rrsets; /* owned */
	size_t rrset_count;
	const struct zone_node *wildcard; /* "*" directly below, or NULL (RFC 4592) */
};

struct zone {
	struct name name; /* lower case */
	unsigned label_count;
	uint32_t txt_ttl;	 /* seconds, of the dynamic names */
	struct zone_node *nodes; /* owned; sorted by length, then bytes; the first is the apex */
	size_t node_count;
	struct rrset negative_soa; /* the SOA as a negative answer carries it (RFC 2308, 3) */
};

struct zone_config {
	const struct name *name;
	const struct name *nameserver; /* MNAME */
	const struct name *admin;      /* RNAME */
	const struct record_list *records;
	uint32_t txt_ttl;
	uint32_t negative_ttl;
	uint32_t serial; /* YYYYMMDDHH in UTC, see zone_serial() */
};

/*
 * Everything is copied. NULL when memory is short or a record lies outside the zone (the
 * configuration refuses that). Free with zone_free(), which accepts NULL.
 */
struct zone *zone_new(const struct zone_config *config);
void zone_free(struct zone *zone);

/* The serial of that second, as acme-dns makes it: YYYYMMDDHH in UTC. */
uint32_t zone_serial(int64_t seconds_since_epoch);

/* The node of exactly this relative name, or NULL. */
const struct zone_node *zone_find(const struct zone *zone, const uint8_t *relative, size_t length);

/* The node of the longest name above this one that exists (RFC 4592, 3.3.1): the apex if no other. */
const struct zone_node *zone_encloser(
    const struct zone *zone, const uint8_t *relative, size_t length);

/* The node's records of that type, or NULL. */
const struct rrset *zone_node_rrset(const struct zone_node *node, uint16_t type);

#endif
