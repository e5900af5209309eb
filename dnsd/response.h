/*
 * An answer while it is written: records behind the question, section by section. Pure.
 *
 * Every name that is answered for ends in the zone's name, and so does the question. So owners are
 * pointers into the question, whose case is thereby echoed, or into records that are there already.
 */
#ifndef DNSD_RESPONSE_H
#define DNSD_RESPONSE_H

#include "pack.h"
#include "rrset.h"
#include "table.h"
#include "zone.h"

#include <stdint.h>

struct response {
	struct writer writer; /* holds header and question from the start */
	const struct zone *zone;
	uint16_t zone_name; /* where the zone's name stands in the question; only for names in it */
	uint16_t answers, authority, additional; /* records */
};

/*
 * Answers with an rrset; `owner` is where its owner's name stands. What does not fit leaves the writer
 * failed. Returns where the rrset was put.
 */
struct rrset_position response_put_rrset(
    struct response *response, uint16_t owner, const struct rrset *rrset);

/*
 * Answers with those values of a dynamic name, as TXT records, that have not ended at `now` (seconds since
 * 1970); a cache must not keep them beyond their end either. Returns how many there are.
 */
unsigned response_put_values(
    struct response *response, uint16_t owner, const struct table_values *values, uint32_t now);

/* The SOA of a negative answer, into authority (RFC 2308, 3). */
void response_put_soa(struct response *response);

/*
 * Addresses of the hosts that the rrset at `position` names, into additional, as far as they are known
 * and fit: they are a courtesy (RFC 1034, 4.3.2).
 */
void response_put_hosts(
    struct response *response, const struct rrset *rrset, const struct rrset_position *position);

/* Takes back everything behind the question, which ends at `length`. */
void response_forget(struct response *response, size_t length);

#endif
