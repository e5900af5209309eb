/*
 * A small zone, a table with some names, and queries to ask them: what the suites of dnsd and its
 * fuzzer share. Anything that fails here aborts.
 */
#ifndef TESTS_DNS_FIXTURE_H
#define TESTS_DNS_FIXTURE_H

#include "answer.h"

enum { DNS_FIXTURE_QUERY = 600 }; /* bytes that a query below needs at most */

/*
 * zone_new() over these zone-file lines, with names and TTLs as in etc/sallyport.yaml; NULL as
 * zone_new().
 */
struct zone *dns_fixture_zone(const char *const *lines, size_t count);

/*
 * A change of a name as store sends it; `values` ends with NULL; NULL itself: the name is
 * deleted.
 */
struct message_name dns_fixture_name(uint64_t commit, const char *label, const char *const *values);

/* An empty table with that many readers and no tight limit. */
struct table *dns_fixture_table(unsigned readers);

struct dns_fixture_question {
	const char *name; /* presentation form */
	uint16_t type;
	uint16_t class; /* 0: IN */
	int edns_size;	/* 0: no OPT record */
	int dnssec_ok;
};

/* Writes the query, with id 0x1234 and RD set. Returns its length. */
size_t dns_fixture_query(
    uint8_t query[DNS_FIXTURE_QUERY], const struct dns_fixture_question *question);

#endif
