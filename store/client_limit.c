/* One table of buckets for each kind. */
#include "client_limit.h"

#include "bucket_table.h"

#include <stdlib.h>

static const uint32_t periods[CLIENT_LIMIT_KINDS] = {
    [CLIENT_LIMIT_REGISTRATIONS] = 60 * 60,
    [CLIENT_LIMIT_FAILURES] = 60,
    [CLIENT_LIMIT_PREFERENCES] = 10 * 60,
};

struct client_limit {
	struct client_limit_config config;
	struct bucket_table *tables[CLIENT_LIMIT_KINDS]; /* owned; NULL: no limit */
};

struct client_limit *
client_limit_new(const struct client_limit_config *config)
{
	struct client_limit *limit = calloc(1, sizeof(*limit));

	if (limit == NULL)
		return NULL;
	limit->config = *config;
	for (unsigned kind = 0; kind < CLIENT_LIMIT_KINDS; kind++) {
		const struct bucket_table_config buckets = {
		    .tokens = config->rates[kind], .period = periods[kind]};

		if (buckets.tokens == 0)
			continue;
		limit->tables[kind] = bucket_table_new(&buckets);
		if (limit->tables[kind] == NULL) {
			client_limit_free(limit);
			return NULL;
		}
	}
	return limit;
}

void
client_limit_free(struct client_limit *limit)
{
	if (limit == NULL)
		return;
	for (unsigned kind = 0; kind < CLIENT_LIMIT_KINDS; kind++)
		bucket_table_free(limit->tables[kind]);
	free(limit);
}

void
client_limit_become(struct client_limit *limit, struct client_limit *next)
{
	for (unsigned kind = 0; kind < CLIENT_LIMIT_KINDS; kind++) {
		struct bucket_table *before = limit->tables[kind];

		if (limit->config.rates[kind] == next->config.rates[kind])
			continue;
		limit->config.rates[kind] = next->config.rates[kind];
		limit->tables[kind] = next->tables[kind];
		next->tables[kind] = before;
	}
	limit->config.exempt = next->config.exempt;
	limit->config.exempt_count = next->config.exempt_count;
	client_limit_free(next);
}

static int
is_limited(const struct client_limit *limit, enum client_limit_kind kind,
    const struct client_address *client)
{
	if (limit->tables[kind] == NULL || client_address_is_unknown(client))
		return 0;
	for (size_t i = 0; i < limit->config.exempt_count; i++) {
		if (network_contains(&limit->config.exempt[i], client))
			return 0;
	}
	return 1;
}

static uint64_t
hash_site(const struct client_limit *limit, const struct client_address *client)
{
	struct client_address site = client_address_site(client);

	return siphash(limit->config.key, site.bytes, sizeof(site.bytes));
}

int
client_limit_take(struct client_limit *limit, enum client_limit_kind kind,
    const struct client_address *client, uint64_t now)
{
	return !is_limited(limit, kind, client) ||
	       bucket_table_take(limit->tables[kind], hash_site(limit, client), now) == 0;
}

void
client_limit_give(struct client_limit *limit, enum client_limit_kind kind,
    const struct client_address *client, uint64_t now)
{
	if (is_limited(limit, kind, client))
		bucket_table_give(limit->tables[kind], hash_site(limit, client), now);
}
