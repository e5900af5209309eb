#include "health.h"

#include "configuration.h"
#include "key_pair.h"
#include "probe.h"

#include <signal.h>
#include <stdio.h>

static int
report(const char *what, const struct address *address, const char *why)
{
	char text[ADDRESS_MAX_TEXT];

	address_to_text(address, text);
	(void)printf("failed: %s %s: %s\n", what, text, why);
	return 1;
}

static int
check_dns(const struct conf *conf)
{
	char why[PROBE_WHY];

	for (size_t i = 0; i < conf->dns.listen.count; i++) {
		const struct address *address = &conf->dns.listen.addresses[i];
		unsigned protocols = conf->dns.listen_protocols[i];

		if ((protocols & CONF_PROTOCOL_UDP) &&
		    probe_dns(address, 0, &conf->zone.name, why) != 0)
			return report("DNS over UDP", address, why);
		if ((protocols & CONF_PROTOCOL_TCP) &&
		    probe_dns(address, 1, &conf->zone.name, why) != 0)
			return report("DNS over TCP", address, why);
	}
	return 0;
}

static int
check_api(const struct conf *conf)
{
	char why[PROBE_WHY], end[KEY_PAIR_WHY];

	for (size_t i = 0; i < conf->api.listen.count; i++) {
		const struct address *address = &conf->api.listen.addresses[i];
		int over_tls = conf->api.listen_tls[i];
		time_t ends = 0;

		if (probe_api(address, over_tls, conf->api.listen_proxy[i], &conf->zone.name, &ends,
			why) != 0)
			return report(over_tls ? "API over TLS" : "API", address, why);
		if (over_tls && key_pair_ends_soon(ends, time(NULL))) {
			key_pair_describe_end(end, ends, time(NULL));
			(void)snprintf(
			    why, sizeof(why), "the certificate %.*s", PROBE_WHY - 20, end);
			return report("API over TLS", address, why);
		}
	}
	return 0;
}

int
health(const struct invocation *invocation)
{
	struct conf conf;
	int code = configuration_load(&conf, invocation->config);

	if (code != 0)
		return code;
	/* OpenSSL writes with write(2). */
	(void)signal(SIGPIPE, SIG_IGN);
	code = check_dns(&conf);
	if (code == 0)
		code = check_api(&conf);
	if (code == 0)
		(void)printf("ok: DNS answers at %zu address%s, the API at %zu\n",
		    conf.dns.listen.count, conf.dns.listen.count == 1 ? "" : "es",
		    conf.api.listen.count);
	conf_free(&conf);
	return fflush(stdout) != 0 ? 1 : code;
}
