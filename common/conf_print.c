/* The effective configuration as YAML: a file that reads back to the same. */
#include "conf.h"
#include "conf_value.h"

#include <inttypes.h>

/* In double quotes, whatever it is. The values hold no control characters but tabs. */
static void
print_quoted(FILE *out, const char *text)
{
	fputc('"', out);
	for (; *text != '\0'; text++) {
		if (*text == '\t') {
			fputs("\\t", out);
			continue;
		}
		if (*text == '"' || *text == '\\')
			fputc('\\', out);
		fputc(*text, out);
	}
	fputc('"', out);
}

static void
print_text(FILE *out, const char *key, const char *text)
{
	fprintf(out, "  %s: ", key);
	print_quoted(out, text);
	fputc('\n', out);
}

static void
print_name(FILE *out, const char *key, const struct name *name)
{
	char text[NAME_MAX_TEXT];

	name_to_text(name, text);
	print_text(out, key, text);
}

static void
print_zone(FILE *out, const struct conf *conf)
{
	const struct record_list *list = &conf->zone.records;

	fputs("zone:\n", out);
	print_name(out, "name", &conf->zone.name);
	print_name(out, "nameserver", &conf->zone.nameserver);
	print_name(out, "admin", &conf->zone.admin);
	fputs(list->count == 0 ? "  records: []\n" : "  records:\n", out);
	for (size_t i = 0; i < list->count; i++) {
		fputs("    - ", out);
		print_quoted(out, list->records[i].text);
		fputc('\n', out);
	}
	fprintf(out, "  txt_ttl: %u\n  negative_ttl: %u\n", conf->zone.txt_ttl,
	    conf->zone.negative_ttl);
	if (conf->zone.serial == 0)
		fputs("  serial: auto\n", out);
	else
		fprintf(out, "  serial: %u\n", conf->zone.serial);
	fprintf(out, "  values_per_name: %u\n  value_lifetime: %u\n  txt_max: %u\n",
	    conf->zone.values_per_name, conf->zone.value_lifetime, conf->zone.txt_max);
}

static void
print_network_items(FILE *out, const struct conf_networks *list)
{
	for (size_t i = 0; i < list->count; i++) {
		char text[NETWORK_MAX_TEXT];

		network_to_text(&list->networks[i], text);
		fputs(i > 0 ? ", " : "", out);
		print_quoted(out, text);
	}
}

static void
print_networks(FILE *out, const struct conf_networks *list)
{
	fputc('[', out);
	print_network_items(out, list);
	fputs("]\n", out);
}

static void
print_proxies(FILE *out, const struct conf *conf)
{
	const struct conf_networks *list = &conf->api.trusted_proxies.networks;

	fputs("  trusted_proxies: [", out);
	if (conf->api.trusted_proxies.local)
		fputs(list->count > 0 ? "unix, " : "unix", out);
	print_network_items(out, list);
	fprintf(
	    out, "]\n  forwarded_header: %s\n", conf_forwarded_word(conf->api.forwarded_header));
}

static void
print_origins(FILE *out, const struct conf_origins *list)
{
	fputs("  cors_origins: [", out);
	for (size_t i = 0; i < list->count; i++) {
		fputs(i > 0 ? ", " : "", out);
		print_quoted(out, list->texts[i]);
	}
	fputs("]\n", out);
}

static void
print_dns_limits(FILE *out, const struct conf *conf)
{
	fprintf(out, "  socket_buffer: %u\n", conf->dns.socket_buffer);
	fprintf(out, "  rate_limit:\n    responses_per_second: %u\n    slip: %u\n    exempt: ",
	    conf->dns.rate_limit.responses_per_second, conf->dns.rate_limit.slip);
	print_networks(out, &conf->dns.rate_limit.exempt);
	fprintf(out,
	    "  tcp:\n    connections: %u\n    connections_per_address: %u\n    idle_timeout: %u\n"
	    "    lifetime: %u\n",
	    conf->dns.tcp.connections, conf->dns.tcp.connections_per_address,
	    conf->dns.tcp.idle_timeout, conf->dns.tcp.lifetime);
}

/* The secrets too: what is printed must read back to the same. */
static void
print_cookies(FILE *out, const struct conf_cookies *cookies)
{
	fprintf(out, "  cookies:\n    enabled: %s\n    secrets: [",
	    cookies->enabled ? "true" : "false");
	for (unsigned i = 0; i < cookies->secret_count; i++) {
		fputs(i > 0 ? ", \"" : "\"", out);
		for (size_t k = 0; k < CONF_COOKIE_SECRET; k++)
			fprintf(out, "%02x", cookies->secrets[i][k]);
		fputc('"', out);
	}
	fputs("]\n", out);
}

static void
print_optional(FILE *out, const char *key, const char *text)
{
	print_text(out, key, text != NULL ? text : "");
}

static void
print_dns_identity(FILE *out, const struct conf *conf)
{
	print_optional(out, "nsid", conf->dns.nsid);
	fputs("  identity:\n  ", out);
	print_optional(out, "version", conf->dns.identity.version);
	fputs("  ", out);
	print_optional(out, "hostname", conf->dns.identity.hostname);
	fputs("  ", out);
	print_optional(out, "id", conf->dns.identity.id);
}

static void
print_privsep(FILE *out, const struct conf *conf)
{
	fputs("privsep:\n  users:\n", out);
	for (int i = 0; i < CONF_ROLES; i++) {
		fputs("  ", out);
		print_text(out, conf_role_name((enum conf_role)i), conf->privsep.users[i].name);
	}
	print_text(out, "runtime_dir", conf->privsep.runtime_dir);
}

static const char *
protocols_text(unsigned protocols)
{
	if (protocols == CONF_PROTOCOL_UDP)
		return "[udp]";
	return protocols == CONF_PROTOCOL_TCP ? "[tcp]" : "[udp, tcp]";
}

/* An address says which protocols it has where they are not those of all. */
static void
print_dns_listen(FILE *out, const struct conf *conf)
{
	fputs("  listen:\n", out);
	for (size_t i = 0; i < conf->dns.listen.count; i++) {
		unsigned protocols = conf->dns.listen_protocols[i];
		char text[ADDRESS_MAX_TEXT];

		address_to_text(&conf->dns.listen.addresses[i], text);
		if (protocols == conf->dns.protocols)
			fprintf(out, "    - \"%s\"\n", text);
		else
			fprintf(out, "    - {address: \"%s\", protocols: %s}\n", text,
			    protocols_text(protocols));
	}
}

static void
print_registration(FILE *out, const struct conf *conf)
{
	fprintf(out, "  disable_registration: %s\n  registration: %s\n  registration_from: ",
	    conf->api.disable_registration ? "true" : "false",
	    conf_registration_word(conf->api.registration));
	print_networks(out, &conf->api.registration_from);
	fprintf(out,
	    "  registration_cap: %u\n  limits:\n    registrations_per_hour: %u\n"
	    "    failures_per_minute: %u\n    exempt: ",
	    conf->api.registration_cap, conf->api.limits.registrations_per_hour,
	    conf->api.limits.failures_per_minute);
	print_networks(out, &conf->api.limits.exempt);
}

/* An address says what is not as with others of its kind. */
static void
print_api_listen(FILE *out, const struct conf *conf)
{
	fputs("  listen:\n", out);
	for (size_t i = 0; i < conf->api.listen.count; i++) {
		const struct address *address = &conf->api.listen.addresses[i];
		int tls = conf->api.listen_tls[i], proxy = conf->api.listen_proxy[i];
		char text[ADDRESS_MAX_TEXT];

		int usual = tls == conf_api_speaks_tls(conf, address);

		address_to_text(address, text);
		fputs(usual && !proxy ? "    - " : "    - {address: ", out);
		print_quoted(out, text);
		if (!usual)
			fprintf(out, ", tls: %s", tls ? "true" : "false");
		if (proxy)
			fputs(", proxy_protocol: true", out);
		fputs(usual && !proxy ? "\n" : "}\n", out);
	}
}

static void
print_metrics_listen(FILE *out, const struct conf *conf)
{
	char text[ADDRESS_MAX_TEXT];

	fputs("  listen: [", out);
	for (size_t i = 0; i < conf->metrics.listen.count; i++) {
		address_to_text(&conf->metrics.listen.addresses[i], text);
		fprintf(out, "%s\"%s\"", i > 0 ? ", " : "", text);
	}
	fputs("]\n", out);
}

static void
print_tls(FILE *out, const struct conf *conf)
{
	if (conf->api.tls.certificate != NULL) {
		fputs("  tls:\n  ", out);
		print_text(out, "certificate", conf->api.tls.certificate);
		fputs("  ", out);
		print_text(out, "key", conf->api.tls.key);
	}
	fprintf(out, "  hsts: %u\n", conf->api.hsts);
}

static void
print_size(FILE *out, const char *key, uint64_t bytes)
{
	static const char *const units[] = {"", "KiB", "MiB", "GiB", "TiB"};
	unsigned unit = 0;

	while (bytes > 0 && bytes % 1024 == 0 && unit < sizeof(units) / sizeof(units[0]) - 1) {
		bytes /= 1024;
		unit++;
	}
	fprintf(out, "  %s: %" PRIu64 "%s\n", key, bytes, units[unit]);
}

void
conf_print(const struct conf *conf, FILE *out)
{
	print_zone(out, conf);
	fputs("dns:\n", out);
	print_dns_listen(out, conf);
	fprintf(out, "  protocols: %s\n", protocols_text(conf->dns.protocols));
	fprintf(out, "  workers: %u\n", conf->dns.workers);
	print_dns_limits(out, conf);
	fprintf(out, "  edns_size: %u\n", conf->dns.edns_size);
	print_cookies(out, &conf->dns.cookies);
	print_dns_identity(out, conf);
	fputs("api:\n", out);
	print_api_listen(out, conf);
	print_tls(out, conf);
	print_registration(out, conf);
	print_proxies(out, conf);
	print_origins(out, &conf->api.cors_origins);
	print_text(out, "base_url", conf->api.base_url != NULL ? conf->api.base_url : "");
	fprintf(out, "  empty_txt_clears: %s\n", conf->api.empty_txt_clears ? "true" : "false");
	fprintf(out, "  page: %s\n", conf->api.page ? "true" : "false");
	fputs("metrics:\n", out);
	print_metrics_listen(out, conf);
	fputs("store:\n", out);
	print_text(out, "path", conf->store.path);
	print_size(out, "map_size", conf->store.map_size);
	print_size(out, "map_max", conf->store.map_max);
	print_size(out, "reserve", conf->store.reserve);
	print_privsep(out, conf);
	fputs("control:\n", out);
	print_text(out, "group", conf->control.group.name);
	fprintf(out, "log:\n  level: %s\n  format: %s\n  audit: %s\n",
	    conf_log_level_word(conf->log.level), conf_log_format_word(conf->log.format),
	    conf->log.audit ? "true" : "false");
}
