/* Which answers share a bucket, and what becomes of those beyond it. */
#include "rate_limit.h"

#include <stdlib.h>
#include <string.h>

enum { PERIOD_MS = 1000, MAPPED_BITS = 96 };

struct rate_limit {
	struct rate_limit_config config;
	struct bucket_table *buckets; /* owned */
};

struct rate_limit *
rate_limit_new(const struct rate_limit_config *config)
{
	const struct bucket_table_config buckets = {.tokens = config->rate, .period = PERIOD_MS};
	struct rate_limit *limit = malloc(sizeof(*limit));

	if (limit == NULL)
		return NULL;
	limit->config = *config;
	limit->buckets = bucket_table_new(&buckets);
	if (limit->buckets == NULL) {
		free(limit);
		return NULL;
	}
	return limit;
}

void
rate_limit_change(struct rate_limit *limit, const struct rate_limit_config *config)
{
	limit->config.slip = config->slip;
	limit->config.exempt = config->exempt;
	limit->config.exempt_count = config->exempt_count;
}

void
rate_limit_free(struct rate_limit *limit)
{
	if (limit == NULL)
		return;
	bucket_table_free(limit->buckets);
	free(limit);
}

static int
is_v4(const struct client_address *client)
{
	static const uint8_t mapped[MAPPED_BITS / 8] = {[10] = 0xff, [11] = 0xff};

	return memcmp(client->bytes, mapped, sizeof(mapped)) == 0;
}

struct network
rate_limit_network(const struct client_address *client)
{
	struct network network = {.bits = RATE_LIMIT_V6_BITS};

	if (is_v4(client))
		network.bits = MAPPED_BITS + RATE_LIMIT_V4_BITS;
	memcpy(network.bytes, client->bytes, network.bits / 8);
	return network;
}

static uint64_t
hash_account(const struct rate_limit *limit, const struct client_address *client,
    const struct answer_outcome *outcome)
{
	struct {
		struct network network;
		uint8_t class;
		uint8_t zero[6];
		uint64_t name;
	} key;

	memset(&key, 0, sizeof(key));
	key.network = rate_limit_network(client);
	key.class = (uint8_t)outcome->class;
	key.name = outcome->name_hash;
	return siphash(limit->config.key, &key, sizeof(key));
}

static int
is_exempt(const struct rate_limit *limit, const struct client_address *client)
{
	for (size_t i = 0; i < limit->config.exempt_count; i++) {
		if (network_contains(&limit->config.exempt[i], client))
			return 1;
	}
	return 0;
}

struct rate_limit_answer
rate_limit_prepare(const struct rate_limit *limit, const struct client_address *client,
    const struct answer_outcome *outcome)
{
	struct rate_limit_answer answer = {.client = *client,
	    .class = outcome->class,
	    .has_cookie = outcome->cookie == COOKIE_RIGHT};

	if (answer.has_cookie)
		return answer;
	answer.account = hash_account(limit, client, outcome);
	bucket_table_prefetch(limit->buckets, answer.account);
	return answer;
}

enum rate_limit_verdict
rate_limit_judge(struct rate_limit *limit, const struct rate_limit_answer *answer, uint64_t now)
{
	uint32_t limited;

	if (answer->has_cookie)
		return RATE_LIMIT_SEND;
	limited = bucket_table_take(limit->buckets, answer->account, now);
	if (limited == 0 || is_exempt(limit, &answer->client))
		return RATE_LIMIT_SEND;
	if (answer->class == ANSWER_ERROR || limit->config.slip == 0 ||
	    limited % limit->config.slip != 0)
		return RATE_LIMIT_DROP;
	return RATE_LIMIT_SLIP;
}

int
rate_notice_due(struct rate_notice *notice, const struct network *network, uint64_t now)
{
	unsigned place = RATE_NOTICE_NETWORKS;

	for (unsigned i = 0; i < RATE_NOTICE_NETWORKS; i++) {
		int recent = notice->told[i] != 0 && now < notice->told[i] + RATE_NOTICE_MS;

		if (recent && memcmp(&notice->networks[i], network, sizeof(*network)) == 0)
			return 0;
		if (!recent)
			place = i;
	}
	if (place == RATE_NOTICE_NETWORKS)
		return 0;
	notice->networks[place] = *network;
	notice->told[place] = now;
	return 1;
}
