#include "static_name.h"

#include <string.h>
#include <strings.h>

/* 1 if `name` is this label below the zone, or anything below that. */
static int
is_at_or_below(const struct name *name, const struct name *zone, struct slice label)
{
	unsigned labels = name_label_count(name), above = name_label_count(zone) + 1;
	const uint8_t *at = name->wire;

	if (labels < above || !name_is_within(name, zone))
		return 0;
	for (; labels > above; labels--)
		at += *at + 1;
	return *at == label.length &&
	       strncasecmp((const char *)at + 1, (const char *)label.data, label.length) == 0;
}

int
static_name_is(const struct conf *conf, struct slice label)
{
	const struct record_list *list = &conf->zone.records;

	if (slice_equals(label, "_acme-challenge") ||
	    is_at_or_below(&conf->zone.nameserver, &conf->zone.name, label))
		return 1;
	for (size_t i = 0; i < list->count; i++)
		if (is_at_or_below(&list->records[i].owner, &conf->zone.name, label))
			return 1;
	return 0;
}
