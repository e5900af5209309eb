#include "refusal_table.h"

#include <stdio.h>
#include <string.h>

/* What is older than the period before is forgotten. */
static void
turn(struct refusal_table *table, uint64_t now)
{
	uint64_t passed = now / REFUSAL_PERIOD - table->period;

	if (passed == 0)
		return;
	table->period += passed;
	for (unsigned i = 0; i < REFUSAL_PLACES; i++) {
		struct refusal_place *place = &table->places[i];

		place->seen[1] = passed == 1 ? place->seen[0] : 0;
		place->weight[1] = passed == 1 ? place->weight[0] : 0;
		place->seen[0] = place->weight[0] = 0;
	}
}

static uint64_t
weight_of(const struct refusal_place *place)
{
	return place->weight[0] + place->weight[1];
}

static int
is_of(const struct refusal_place *place, const struct client_address *client, const char *reason)
{
	return weight_of(place) > 0 &&
	       memcmp(&place->refusal.client, client, sizeof(*client)) == 0 &&
	       strncmp(place->refusal.reason, reason, REFUSAL_REASON - 1) == 0;
}

/* The place of this client and reason, or else the one with least, given to them. */
static struct refusal_place *
find_place(struct refusal_table *table, const struct client_address *client, const char *reason)
{
	struct refusal_place *least = &table->places[0];

	for (unsigned i = 0; i < REFUSAL_PLACES; i++) {
		struct refusal_place *place = &table->places[i];

		if (is_of(place, client, reason))
			return place;
		if (weight_of(place) < weight_of(least))
			least = place;
	}
	least->refusal.client = *client;
	(void)snprintf(least->refusal.reason, REFUSAL_REASON, "%s", reason);
	least->seen[0] = least->seen[1] = 0;
	return least;
}

void
refusal_table_count(struct refusal_table *table, const struct client_address *client,
    const char *reason, uint64_t now)
{
	const struct client_address site = client_address_site(client);
	struct refusal_place *place;

	turn(table, now);
	if (table->since == 0)
		table->since = now;
	place = find_place(table, &site, reason);
	place->seen[0]++;
	place->weight[0]++;
	place->refusal.last = now;
}

/* Puts it where it belongs among `count` that are in order. Returns how many there are then. */
static unsigned
insert(struct refusal *top, unsigned count, unsigned maximum, const struct refusal *refusal)
{
	unsigned place = count;

	while (place > 0 && top[place - 1].count < refusal->count)
		place--;
	if (place == maximum)
		return count;
	if (count == maximum)
		count--;
	memmove(&top[place + 1], &top[place], (count - place) * sizeof(*top));
	top[place] = *refusal;
	return count + 1;
}

unsigned
refusal_table_top(struct refusal_table *table, uint64_t now, struct refusal *top, unsigned maximum,
    uint64_t *span)
{
	unsigned count = 0;

	turn(table, now);
	*span = now % REFUSAL_PERIOD + REFUSAL_PERIOD;
	if (table->since != 0 && now - table->since < *span)
		*span = now - table->since;
	for (unsigned i = 0; i < REFUSAL_PLACES; i++) {
		struct refusal refusal = table->places[i].refusal;

		refusal.count = table->places[i].seen[0] + table->places[i].seen[1];
		if (refusal.count > 0)
			count = insert(top, count, maximum, &refusal);
	}
	return count;
}
