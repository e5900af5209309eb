/*
 * The zone's static records: zone-file lines turned into wire form by ldns, at
 * start-up only, from the administrator's own file.
 */
#ifndef COMMON_RECORDS_H
#define COMMON_RECORDS_H

#include "name.h"

#include <stddef.h>
#include <stdint.h>

enum { RECORDS_MAX = 4096, RECORD_MAX_RDATA = 4096 };

struct record {
	struct name owner; /* case kept */
	uint16_t type;
	uint32_t ttl;
	uint16_t rdata_length; /* at most RECORD_MAX_RDATA */
	uint8_t *rdata;	       /* owned; uncompressed wire form, case kept */
	char *text;	       /* owned; the line as the administrator wrote it */
};

struct record_list {
	struct record *records; /* owned */
	size_t count;
};

enum record_warning {
	RECORD_WARNING_NONE,
	RECORD_WARNING_DOUBLED_ZONE /* the owner ends in the zone's name twice: a final dot is missing */
};

/* The sentence in `why` where nothing is wrong but that memory is short. */
#define RECORDS_NO_MEMORY "out of memory"

/*
 * Reads one zone-file line ("auth.example.org. 60 IN A 192.0.2.1"; owner relative to
 * `zone` where it has no final dot; TTL and class optional in either order, 3600 and IN) into
 * `record`, which the caller frees with record_free(). 0, or -1 with a sentence in
 * `why` (`capacity` bytes): what is wrong and, where it can be told, what was meant.
 * Refused: a class other than IN, an owner outside the zone, SOA (it comes from the
 * configuration), meta types, and rdata above RECORD_MAX_RDATA.
 */
int record_from_text(struct record *record, const struct name *zone, const char *text,
    enum record_warning *warning, char *why, size_t capacity);

/*
 * Appends; `record` is then the list's. 0, or -1 with `why`: the list is full, CNAME beside
 * other data at one owner (RFC 2181, 10.1), a second CNAME, the same record twice,
 * another TTL in the same rrset (RFC 2181, 5.2), NS below the apex (a delegation), DNAME.
 * On -1 the record is still the caller's.
 */
int record_list_add(struct record_list *list, struct record *record, const struct name *zone,
    char *why, size_t capacity);

void record_free(struct record *record);
void record_list_free(struct record_list *list);

#endif
