/*
 * What zone and table together know of a name: static, dynamic, covered by a wildcard, or not there
 * (RFC 1034, 4.3.2; RFC 4592). Pure.
 */
#ifndef DNSD_LOOKUP_H
#define DNSD_LOOKUP_H

#include "query.h"
#include "table.h"
#include "zone.h"

#include <stdint.h>

enum lookup_kind {
	LOOKUP_STATIC,	/* `node` */
	LOOKUP_DYNAMIC, /* `values` */
	LOOKUP_NOTHING, /* it does not exist */
	LOOKUP_UNKNOWN	/* the table cannot say whether it exists */
};

struct lookup {
	enum lookup_kind kind;
	const struct zone_node *node; /* of the name itself, or of the wildcard that covers it */
	struct table_values values;
};

/* Labels of `name` in front of the zone's, or -1 when it lies outside. */
int lookup_labels(const struct zone *zone, const struct qname *name);

/* The label right below the zone of a name with `labels` above 0, as the table wants it. */
struct table_label lookup_label(
    const struct table_reader *names, const struct qname *name, int labels);

/* Looks up a name of the zone; `label` is that of lookup_label(), and not read where `labels` is 0. */
struct lookup lookup_name(const struct zone *zone, struct table_reader *names,
    const struct qname *name, int labels, const struct table_label *label);

/*
 * A hash, fast and no secret, of the name that answers: the wildcard's where it is one, and always
 * without the zone's. Whoever could make names collide could as well ask for one of them.
 */
uint64_t lookup_hash(
    const struct lookup *lookup, const struct zone *zone, const struct qname *name);

#endif
