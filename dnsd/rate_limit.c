/* Buckets in sets of one cache line; see rate_limit.h. */
#include "rate_limit.h"

#include <stdlib.h>
#include <string.h>

enum {
	WAYS = 4, /* accounts of a set */
	SETS = RATE_LIMIT_ACCOUNTS / WAYS,
	TOKEN = 1000, /* so that one millisecond refills `rate` */
	MAPPED_BITS = 96,
	CACHE_LINE = 64
};

/* 16 bytes, so that a set is one cache line. */
struct account {
	uint32_t tag;	 /* the hash's bits that do not choose the set */
	uint32_t time;	 /* of the last refill, ms; it wraps, and then an account is a bit poorer */
	uint32_t tokens; /* in 1/TOKEN; 0 with an all-zero tag and time: never used */
	uint32_t limited; /* answers, for the slip */
};

struct set {
	_Alignas(CACHE_LINE) struct account accounts[WAYS];
};

_Static_assert(sizeof(struct set) == CACHE_LINE, "a set is one cache line");

struct rate_limit {
	struct rate_limit_config config;
	uint32_t full; /* tokens of a full bucket */
	struct set *sets;
};

struct rate_limit *
rate_limit_new(const struct rate_limit_config *config)
{
	struct rate_limit *limit = malloc(sizeof(*limit));

	if (limit == NULL)
		return NULL;
	limit->config = *config;
	limit->full = config->rate * TOKEN;
	limit->sets = aligned_alloc(CACHE_LINE, SETS * sizeof(struct set));
	if (limit->sets == NULL) {
		free(limit);
		return NULL;
	}
	memset(limit->sets, 0, SETS * sizeof(struct set));
	return limit;
}

void
rate_limit_free(struct rate_limit *limit)
{
	if (limit == NULL)
		return;
	free(limit->sets);
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

/* What the account would have after a refill. */
static uint32_t
refilled(const struct rate_limit *limit, const struct account *account, uint32_t now)
{
	uint32_t elapsed = now - account->time;
	uint64_t tokens = account->tokens + (uint64_t)elapsed * limit->config.rate;

	return tokens < limit->full ? (uint32_t)tokens : limit->full;
}

/* The account of that tag, refilled; if there is none the least useful one, made new. */
static struct account *
find_account(struct rate_limit *limit, struct set *set, uint32_t tag, uint32_t now)
{
	struct account *account = NULL;
	uint32_t most = 0, tokens;

	for (unsigned i = 0; i < WAYS; i++) {
		tokens = refilled(limit, &set->accounts[i], now);
		if (set->accounts[i].tag == tag) {
			account = &set->accounts[i];
			account->tokens = tokens;
			account->time = now;
			return account;
		}
		if (account == NULL || tokens > most) {
			account = &set->accounts[i];
			most = tokens;
		}
	}
	*account = (struct account){.tag = tag, .time = now, .tokens = limit->full};
	return account;
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
	struct rate_limit_answer answer = {
	    .client = *client, .class = outcome->class, .has_cookie = outcome->has_cookie};

	if (answer.has_cookie)
		return answer;
	answer.account = hash_account(limit, client, outcome);
	__builtin_prefetch(&limit->sets[answer.account % SETS], 1);
	return answer;
}

enum rate_limit_verdict
rate_limit_judge(struct rate_limit *limit, const struct rate_limit_answer *answer, uint64_t now)
{
	struct account *account;

	if (answer->has_cookie)
		return RATE_LIMIT_SEND;
	account = find_account(limit, &limit->sets[answer->account % SETS],
	    (uint32_t)(answer->account >> 32), (uint32_t)now);
	if (account->tokens >= TOKEN) {
		account->tokens -= TOKEN;
		return RATE_LIMIT_SEND;
	}
	if (is_exempt(limit, &answer->client))
		return RATE_LIMIT_SEND;
	account->limited++;
	if (answer->class == ANSWER_ERROR || limit->config.slip == 0 ||
	    account->limited % limit->config.slip != 0)
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
