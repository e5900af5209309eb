/* From the configuration's values to those of zone, answers and limits. */
#include "terms.h"

#include "log.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

static void
fill_random(uint8_t key[SIPHASH_KEY])
{
	if (getrandom(key, SIPHASH_KEY, 0) != SIPHASH_KEY)
		fatal("no random numbers");
}

static struct zone *
make_zone(const struct conf *conf)
{
	struct zone_config config = {.name = &conf->zone.name,
	    .nameserver = &conf->zone.nameserver,
	    .admin = &conf->zone.admin,
	    .records = &conf->zone.records,
	    .txt_ttl = conf->zone.txt_ttl,
	    .negative_ttl = conf->zone.negative_ttl,
	    .serial = conf->zone.serial};

	if (config.serial == 0)
		config.serial = zone_serial(time(NULL));
	return zone_new(&config);
}

static struct slice
slice_of(const char *text)
{
	if (text == NULL)
		return (struct slice){NULL, 0};
	return (struct slice){(const unsigned char *)text, strlen(text)};
}

/* Random secrets live as long as nobody sets others: clients remember what was made with them. */
static void
make_cookies(struct terms *terms, const struct conf_cookies *configured, const struct terms *before)
{
	struct cookie_secrets *cookies = &terms->settings.cookies;

	terms->has_random_cookies = configured->enabled && configured->secret_count == 0;
	if (!configured->enabled)
		return;
	cookies->count = configured->secret_count;
	for (unsigned i = 0; i < configured->secret_count; i++)
		memcpy(cookies->keys[i], configured->secrets[i], SIPHASH_KEY);
	if (!terms->has_random_cookies)
		return;
	cookies->count = 1;
	if (before != NULL && before->has_random_cookies)
		memcpy(cookies->keys[0], before->settings.cookies.keys[0], SIPHASH_KEY);
	else
		fill_random(cookies->keys[0]);
}

static void
make_settings(struct terms *terms, const struct conf *conf, const struct terms *before)
{
	struct answer_settings *settings = &terms->settings;

	settings->edns_size = (uint16_t)conf->dns.edns_size;
	settings->identity = (struct identity){.nsid = slice_of(conf->dns.nsid),
	    .version = slice_of(conf->dns.identity.version),
	    .hostname = slice_of(conf->dns.identity.hostname),
	    .id = slice_of(conf->dns.identity.id)};
	make_cookies(terms, &conf->dns.cookies, before);
}

/*
 * The kernel spreads a network's queries over the workers, and no worker sees what another one sends:
 * each has its share of the rate, so that all together keep to it.
 */
static int
make_limiters(struct terms *terms, const struct conf *conf, const struct terms *before)
{
	unsigned workers = terms->workers;

	terms->rate_limit = (struct rate_limit_config){
	    .rate = (conf->dns.rate_limit.responses_per_second + workers - 1) / workers,
	    .slip = conf->dns.rate_limit.slip,
	    .exempt = conf->dns.rate_limit.exempt.networks,
	    .exempt_count = conf->dns.rate_limit.exempt.count};
	if (terms->rate_limit.rate == 0 ||
	    (before != NULL && before->rate_limit.rate == terms->rate_limit.rate))
		return 0;
	terms->limiters = calloc(workers, sizeof(struct rate_limit *));
	if (terms->limiters == NULL)
		return -1;
	for (unsigned i = 0; i < workers; i++) {
		struct rate_limit_config config = terms->rate_limit;

		fill_random(config.key);
		terms->limiters[i] = rate_limit_new(&config);
		if (terms->limiters[i] == NULL)
			return -1;
	}
	return 0;
}

struct terms *
terms_new(
    const struct conf *conf, const struct terms *before, unsigned workers, unsigned connections)
{
	struct terms *terms = calloc(1, sizeof(*terms));

	if (terms == NULL)
		return NULL;
	terms->workers = workers;
	terms->tcp_limits = (struct tcp_limits){.connections = conf->dns.tcp.connections,
	    .connections_per_address = conf->dns.tcp.connections_per_address,
	    .idle_ms = conf->dns.tcp.idle_timeout * UINT64_C(1000),
	    .lifetime_ms = conf->dns.tcp.lifetime * UINT64_C(1000)};
	if (terms->tcp_limits.connections > connections)
		terms->tcp_limits.connections = connections;
	make_settings(terms, conf, before);
	terms->zone = make_zone(conf);
	if (terms->zone == NULL || make_limiters(terms, conf, before) != 0) {
		terms_free(terms);
		return NULL;
	}
	return terms;
}

void
terms_free(struct terms *terms)
{
	if (terms == NULL)
		return;
	for (unsigned i = 0; terms->limiters != NULL && i < terms->workers; i++)
		rate_limit_free(terms->limiters[i]);
	free(terms->limiters);
	zone_free(terms->zone);
	explicit_bzero(&terms->settings.cookies, sizeof(terms->settings.cookies));
	free(terms);
}
