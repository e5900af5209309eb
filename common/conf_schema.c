/*
 * The keys of the configuration. The table is all there is to know of them; its order is that in
 * which values are read, so that what a check needs stands in front of it.
 */
#include "conf_schema.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define TTL_FORM "a whole number of seconds from 0 to 2147483647"
#define API_ADDRESS_FORM                                                                           \
	"an address with a port, such as 192.0.2.1:443 or [2001:db8::1]:443, or unix:/PATH"
#define FIELD(place) offsetof(struct conf, place)

enum { MAX_SIBLINGS = 16 };

/* What stands behind an address belongs to it, so it is read first. */
static const struct conf_key dns_listen_keys[] = {
    {.path = "dns.listen.address",
	.set = conf_set_dns_listen,
	.offset = FIELD(dns.listen),
	.form = "an address with a port, such as 192.0.2.1:53 or [2001:db8::1]:53"},
    {.path = "dns.listen.protocols",
	.set = conf_set_listen_protocol,
	.is_list = 1,
	.form = "udp or tcp"},
};

static const struct conf_key api_listen_keys[] = {
    {.path = "api.listen.address",
	.set = conf_set_api_listen,
	.offset = FIELD(api.listen),
	.form = API_ADDRESS_FORM},
    {.path = "api.listen.tls", .set = conf_set_listen_tls, .form = "true or false"},
    {.path = "api.listen.proxy_protocol", .set = conf_set_listen_proxy, .form = "true or false"},
};

const struct conf_key conf_schema[] = {
    {.path = "zone.name",
	.set = conf_set_zone_name,
	.restart = CONF_RESTART_ALL,
	.form = "a name such as auth.example.org"},
    {.path = "zone.nameserver",
	.set = conf_set_nameserver,
	.from_zone = "",
	.form = "a name such as ns1.example.org"},
    {.path = "zone.admin",
	.set = conf_set_admin,
	.from_zone = "hostmaster.",
	.form = "such as hostmaster@example.org or hostmaster.example.org"},
    {.path = "zone.records",
	.set = conf_set_record,
	.initial = "",
	.is_list = 1,
	.may_be_empty = 1,
	.form = "zone-file lines such as \"auth.example.org. A 192.0.2.1\""},
    {.path = "zone.txt_ttl",
	.set = conf_set_ttl,
	.initial = "1",
	.offset = FIELD(zone.txt_ttl),
	.form = TTL_FORM},
    {.path = "zone.negative_ttl",
	.set = conf_set_ttl,
	.initial = "60",
	.offset = FIELD(zone.negative_ttl),
	.form = TTL_FORM},
    {.path = "zone.serial",
	.set = conf_set_serial,
	.initial = "auto",
	.form = "auto or a number from 1 to 4294967295"},
    {.path = "zone.values_per_name",
	.set = conf_set_number,
	.initial = "2",
	.offset = FIELD(zone.values_per_name),
	.minimum = 2,
	.maximum = CONF_MAX_VALUES,
	.form = "a whole number from 2 to 16"},
    {.path = "zone.value_lifetime",
	.set = conf_set_number,
	.initial = "0",
	.offset = FIELD(zone.value_lifetime),
	.maximum = INT32_MAX,
	.form = "a whole number of seconds from 1 to 2147483647, or 0 for no end"},
    {.path = "zone.txt_max",
	.set = conf_set_number,
	.initial = "43",
	.offset = FIELD(zone.txt_max),
	.minimum = CONF_MIN_TXT,
	.maximum = CONF_MAX_TXT,
	.form = "a number of bytes from 43 to 1024"},
    {.path = "dns.protocols",
	.set = conf_set_protocol,
	.initial = "udp tcp",
	.is_list = 1,
	.restart = CONF_RESTART(CONF_ROLE_DNSD),
	.form = "udp or tcp"},
    {.path = "dns.listen",
	.set = conf_set_dns_listen,
	.initial = "127.0.0.1:5300 [::1]:5300",
	.offset = FIELD(dns.listen),
	.is_list = 1,
	.item_keys = dns_listen_keys,
	.item_key_count = sizeof(dns_listen_keys) / sizeof(dns_listen_keys[0]),
	.restart = CONF_RESTART(CONF_ROLE_DNSD),
	.form = "an address with a port, such as 192.0.2.1:53 or [2001:db8::1]:53"},
    {.path = "dns.workers",
	.set = conf_set_workers,
	.initial = "auto",
	.restart = CONF_RESTART(CONF_ROLE_DNSD),
	.form = "auto or a number from 1 to 64"},
    {.path = "dns.socket_buffer",
	.set = conf_set_number,
	.initial = "1048576",
	.offset = FIELD(dns.socket_buffer),
	.maximum = 1024 * 1024 * 1024,
	.restart = CONF_RESTART(CONF_ROLE_DNSD),
	.form = "a number of bytes up to 1073741824, or 0 for the kernel's choice"},
    {.path = "dns.rate_limit.responses_per_second",
	.set = conf_set_number,
	.initial = "200",
	.offset = FIELD(dns.rate_limit.responses_per_second),
	.maximum = 1000000,
	.form = "a whole number from 1 to 1000000, or 0 for no limit"},
    {.path = "dns.rate_limit.slip",
	.set = conf_set_number,
	.initial = "2",
	.offset = FIELD(dns.rate_limit.slip),
	.maximum = 100,
	.form = "a whole number from 0 to 100"},
    {.path = "dns.rate_limit.exempt",
	.set = conf_set_network,
	.initial = "127.0.0.0/8 ::1/128",
	.offset = FIELD(dns.rate_limit.exempt),
	.is_list = 1,
	.may_be_empty = 1,
	.form = "a network such as 192.0.2.0/24 or 2001:db8::/32"},
    {.path = "dns.tcp.connections",
	.set = conf_set_number,
	.initial = "512",
	.offset = FIELD(dns.tcp.connections),
	.minimum = 1,
	.maximum = 65536,
	.form = "a whole number from 1 to 65536"},
    {.path = "dns.tcp.connections_per_address",
	.set = conf_set_number,
	.initial = "64",
	.offset = FIELD(dns.tcp.connections_per_address),
	.minimum = 1,
	.maximum = 65536,
	.form = "a whole number from 1 to 65536"},
    {.path = "dns.tcp.idle_timeout",
	.set = conf_set_number,
	.initial = "10",
	.offset = FIELD(dns.tcp.idle_timeout),
	.minimum = 1,
	.maximum = 600,
	.form = "a whole number of seconds from 1 to 600"},
    {.path = "dns.tcp.lifetime",
	.set = conf_set_number,
	.initial = "600",
	.offset = FIELD(dns.tcp.lifetime),
	.minimum = 1,
	.maximum = 86400,
	.form = "a whole number of seconds from 1 to 86400"},
    {.path = "dns.edns_size",
	.set = conf_set_number,
	.initial = "1232",
	.offset = FIELD(dns.edns_size),
	.minimum = 512,
	.maximum = 4096,
	.form = "a number of bytes from 512 to 4096"},
    {.path = "dns.cookies.enabled",
	.set = conf_set_switch,
	.initial = "true",
	.offset = FIELD(dns.cookies.enabled),
	.form = "true or false"},
    {.path = "dns.cookies.secrets",
	.set = conf_set_cookie_secret,
	.initial = "",
	.is_list = 1,
	.is_secret = 1,
	.may_be_empty = 1,
	.form = "32 hexadecimal digits, such as \"openssl rand -hex 16\" prints"},
    {.path = "dns.nsid",
	.set = conf_set_text,
	.initial = "",
	.offset = FIELD(dns.nsid),
	.maximum = 128,
	.form = "a text of at most 128 bytes"},
    {.path = "dns.identity.version",
	.set = conf_set_text,
	.initial = "",
	.offset = FIELD(dns.identity.version),
	.maximum = 255,
	.form = "a text of at most 255 bytes"},
    {.path = "dns.identity.hostname",
	.set = conf_set_text,
	.initial = "",
	.offset = FIELD(dns.identity.hostname),
	.maximum = 255,
	.form = "a text of at most 255 bytes"},
    {.path = "dns.identity.id",
	.set = conf_set_text,
	.initial = "",
	.offset = FIELD(dns.identity.id),
	.maximum = 255,
	.form = "a text of at most 255 bytes"},
    {.path = "api.tls.certificate",
	.set = conf_set_path,
	.initial = "",
	.offset = FIELD(api.tls.certificate),
	.form = "a path"},
    {.path = "api.tls.key",
	.set = conf_set_path,
	.initial = "",
	.offset = FIELD(api.tls.key),
	.form = "a path"},
    {.path = "api.listen",
	.set = conf_set_api_listen,
	.initial = "127.0.0.1:8053 [::1]:8053",
	.offset = FIELD(api.listen),
	.is_list = 1,
	.item_keys = api_listen_keys,
	.item_key_count = sizeof(api_listen_keys) / sizeof(api_listen_keys[0]),
	.restart = CONF_RESTART(CONF_ROLE_APID),
	.form = API_ADDRESS_FORM},
    {.path = "api.hsts",
	.set = conf_set_number,
	.initial = "0",
	.offset = FIELD(api.hsts),
	.maximum = INT32_MAX,
	.form = "a whole number of seconds up to 2147483647, or 0 for no such header"},
    {.path = "api.disable_registration",
	.set = conf_set_switch,
	.initial = "false",
	.offset = FIELD(api.disable_registration),
	.form = "true or false"},
    {.path = "api.registration",
	.set = conf_set_registration,
	.initial = "open",
	.form = "open, closed or token"},
    {.path = "api.registration_from",
	.set = conf_set_network,
	.initial = "",
	.offset = FIELD(api.registration_from),
	.is_list = 1,
	.may_be_empty = 1,
	.form = "a network such as 192.0.2.0/24 or 2001:db8::/32"},
    {.path = "api.registration_cap",
	.set = conf_set_number,
	.initial = "0",
	.offset = FIELD(api.registration_cap),
	.maximum = 1000000000,
	.form = "a whole number from 1 to 1000000000, or 0 for no cap"},
    {.path = "api.limits.registrations_per_hour",
	.set = conf_set_number,
	.initial = "1000",
	.offset = FIELD(api.limits.registrations_per_hour),
	.maximum = 1000000,
	.form = "a whole number from 1 to 1000000, or 0 for no limit"},
    {.path = "api.limits.failures_per_minute",
	.set = conf_set_number,
	.initial = "300",
	.offset = FIELD(api.limits.failures_per_minute),
	.maximum = 1000000,
	.form = "a whole number from 1 to 1000000, or 0 for no limit"},
    {.path = "api.limits.exempt",
	.set = conf_set_network,
	.initial = "127.0.0.0/8 ::1/128",
	.offset = FIELD(api.limits.exempt),
	.is_list = 1,
	.may_be_empty = 1,
	.form = "a network such as 192.0.2.0/24 or 2001:db8::/32"},
    {.path = "api.trusted_proxies",
	.set = conf_set_trusted_proxy,
	.initial = "",
	.offset = FIELD(api.trusted_proxies.networks),
	.is_list = 1,
	.may_be_empty = 1,
	.form = "a network such as 192.0.2.0/24 or 2001:db8::/32, or unix"},
    {.path = "api.forwarded_header",
	.set = conf_set_forwarded_header,
	.initial = "X-Forwarded-For",
	.form = "X-Forwarded-For or Forwarded"},
    {.path = "api.cors_origins",
	.set = conf_set_origin,
	.initial = "",
	.offset = FIELD(api.cors_origins),
	.is_list = 1,
	.may_be_empty = 1,
	.form = "an origin such as https://www.example.org, or \"*\" for all"},
    {.path = "api.base_url",
	.set = conf_set_base_url,
	.initial = "",
	.offset = FIELD(api.base_url),
	.form = "a URL such as https://auth.example.org or https://www.example.org/acme"},
    {.path = "api.empty_txt_clears",
	.set = conf_set_switch,
	.initial = "false",
	.offset = FIELD(api.empty_txt_clears),
	.form = "true or false"},
    {.path = "api.page",
	.set = conf_set_switch,
	.initial = "true",
	.offset = FIELD(api.page),
	.form = "true or false"},
    {.path = "metrics.listen",
	.set = conf_set_metrics_listen,
	.initial = "",
	.offset = FIELD(metrics.listen),
	.is_list = 1,
	.may_be_empty = 1,
	.restart = CONF_RESTART(CONF_ROLE_APID),
	.form = "an address with a port, such as 127.0.0.1:9153 or [::1]:9153"},
    {.path = "store.path",
	.set = conf_set_path,
	.initial = "var/lib",
	.offset = FIELD(store.path),
	.restart = CONF_RESTART(CONF_ROLE_STORE),
	.form = "a path"},
    {.path = "store.map_size",
	.set = conf_set_size,
	.initial = "64MiB",
	.offset = FIELD(store.map_size),
	.minimum = 1,
	.maximum = CONF_MAX_MAP,
	.restart = CONF_RESTART(CONF_ROLE_STORE),
	.form = "a size from 1MiB to 16TiB"},
    {.path = "store.map_max",
	.set = conf_set_size,
	.initial = "1TiB",
	.offset = FIELD(store.map_max),
	.minimum = 1,
	.maximum = CONF_MAX_MAP,
	.restart = CONF_RESTART(CONF_ROLE_STORE),
	.form = "a size from 1MiB to 16TiB"},
    {.path = "store.reserve",
	.set = conf_set_size,
	.initial = "64MiB",
	.offset = FIELD(store.reserve),
	.maximum = CONF_MAX_MAP,
	.restart = CONF_RESTART(CONF_ROLE_STORE),
	.form = "a size such as 64MiB or 1GiB, or 0 for none"},
    {.path = "privsep.users.store",
	.set = conf_set_user,
	.initial = "sallyport-store",
	.offset = FIELD(privsep.users[CONF_ROLE_STORE]),
	.restart = CONF_RESTART_ALL,
	.form = "a user's name or number"},
    {.path = "privsep.users.dnsd",
	.set = conf_set_user,
	.initial = "sallyport-dnsd",
	.offset = FIELD(privsep.users[CONF_ROLE_DNSD]),
	.restart = CONF_RESTART_ALL,
	.form = "a user's name or number"},
    {.path = "privsep.users.apid",
	.set = conf_set_user,
	.initial = "sallyport-apid",
	.offset = FIELD(privsep.users[CONF_ROLE_APID]),
	.restart = CONF_RESTART_ALL,
	.form = "a user's name or number"},
    {.path = "privsep.runtime_dir",
	.set = conf_set_path,
	.initial = "var/run",
	.offset = FIELD(privsep.runtime_dir),
	.restart = CONF_RESTART_ALL,
	.form = "a path"},
    {.path = "control.group",
	.set = conf_set_group,
	.initial = "sallyport-admin",
	.offset = FIELD(control.group),
	.restart = CONF_RESTART(CONF_ROLE_STORE),
	.form = "a group's name or number"},
    {.path = "log.level",
	.set = conf_set_log_level,
	.initial = "info",
	.form = "error, warning, info or debug"},
    {.path = "log.audit",
	.set = conf_set_switch,
	.initial = "true",
	.offset = FIELD(log.audit),
	.restart = CONF_RESTART(CONF_ROLE_STORE) | CONF_RESTART(CONF_ROLE_APID),
	.form = "true or false"},
    {.path = "log.format", .set = conf_set_log_format, .initial = "text", .form = "text or json"},
};
const size_t conf_schema_keys = sizeof(conf_schema) / sizeof(conf_schema[0]);

/* What stands between `prefix` and the next dot of `path`; 0 bytes if `path` is not below. */
static size_t
component(const char *path, const char *prefix, const char **start)
{
	size_t length = strlen(prefix);

	if (strncmp(path, prefix, length) != 0 || (length > 0 && path[length] != '.'))
		return 0;
	*start = path + length + (length > 0);
	return strcspn(*start, ".");
}

/* The names that may stand below `prefix`, each once, in the order of the table. */
static size_t
list_siblings(const char *prefix, char siblings[MAX_SIBLINGS][CONF_SCHEMA_PATH])
{
	size_t count = 0;

	for (size_t i = 0; i < conf_schema_keys && count < MAX_SIBLINGS; i++) {
		const char *start = NULL;
		size_t length = component(conf_schema[i].path, prefix, &start), same = 0;

		if (length == 0)
			continue;
		snprintf(siblings[count], CONF_SCHEMA_PATH, "%.*s", (int)length, start);
		while (same < count && strcmp(siblings[same], siblings[count]) != 0)
			same++;
		if (same == count)
			count++;
	}
	return count;
}

/* A key of that name in another place, or NULL. */
static const struct conf_key *
find_elsewhere(const char *name)
{
	for (size_t i = 0; i < conf_schema_keys; i++) {
		const char *dot = strrchr(conf_schema[i].path, '.');

		if (strcmp(dot + 1, name) == 0)
			return &conf_schema[i];
	}
	return NULL;
}

static void
report_unknown(struct conf_report *report, const char *prefix, const char *name,
    struct conf_place place, char siblings[MAX_SIBLINGS][CONF_SCHEMA_PATH], size_t count)
{
	const char *candidates[MAX_SIBLINGS];
	char all[MAX_SIBLINGS * (CONF_SCHEMA_PATH + 2)] = "";
	const struct conf_key *elsewhere = find_elsewhere(name);
	const char *meant;

	for (size_t i = 0; i < count; i++) {
		size_t used = strlen(all);

		candidates[i] = siblings[i];
		snprintf(all + used, sizeof(all) - used, "%s%s", i > 0 ? ", " : "", siblings[i]);
	}
	meant = conf_report_suggest(name, candidates, count);
	if (meant != NULL)
		conf_report_error(
		    report, place, "unknown key \"%s\"; did you mean \"%s\"?", name, meant);
	else if (elsewhere != NULL)
		conf_report_error(report, place, "unknown key \"%s\" here; did you mean %s?", name,
		    elsewhere->path);
	else
		conf_report_error(report, place, "unknown key \"%.*s\"; %s has %s", CONF_SHOWN,
		    name, prefix[0] != '\0' ? prefix : "the file", all);
}

/* The place of an earlier pair with the same key; line 0 if there is none. */
static struct conf_place
find_earlier(yaml_document_t *document, const yaml_node_t *mapping, const yaml_node_pair_t *pair,
    const char *name)
{
	const yaml_node_pair_t *earlier = mapping->data.mapping.pairs.start;

	for (; earlier < pair; earlier++) {
		const yaml_node_t *key = yaml_document_get_node(document, earlier->key);

		if (key->type == YAML_SCALAR_NODE && strcmp(conf_yaml_text(key), name) == 0)
			return conf_yaml_place(key);
	}
	return (struct conf_place){0, 0};
}

/* The key's name, or NULL with a message: it is no plain word. */
static const char *
key_name(struct conf_report *report, const yaml_node_t *key)
{
	if (key->type == YAML_SCALAR_NODE && key->data.scalar.length > 0 &&
	    conf_text_is_clean(conf_yaml_text(key), key->data.scalar.length))
		return conf_yaml_text(key);
	conf_report_error(report, conf_yaml_place(key), "a key must be a word");
	return NULL;
}

static int
is_leaf(const char *path)
{
	for (size_t i = 0; i < conf_schema_keys; i++) {
		if (strcmp(conf_schema[i].path, path) == 0)
			return 1;
	}
	return 0;
}

/*
 * Reports keys below `prefix` that the table does not have, that stand there twice, and sections
 * without keys. The depth is the table's, whatever the file does.
 */
static void
check_keys(struct conf_report *report, yaml_document_t *document, const yaml_node_t *mapping,
    const char *prefix)
{
	char siblings[MAX_SIBLINGS][CONF_SCHEMA_PATH];
	size_t count = list_siblings(prefix, siblings);
	const yaml_node_pair_t *pair = mapping->data.mapping.pairs.start;

	for (; pair < mapping->data.mapping.pairs.top; pair++) {
		const yaml_node_t *key = yaml_document_get_node(document, pair->key);
		const yaml_node_t *value = yaml_document_get_node(document, pair->value);
		const char *name = key_name(report, key);
		struct conf_place earlier;
		char path[CONF_SCHEMA_PATH * 2];
		size_t i = 0;

		if (name == NULL)
			continue;
		while (i < count && strcmp(siblings[i], name) != 0)
			i++;
		if (i == count) {
			report_unknown(report, prefix, name, conf_yaml_place(key), siblings, count);
			continue;
		}
		earlier = find_earlier(document, mapping, pair, name);
		if (earlier.line != 0) {
			conf_report_error(report, conf_yaml_place(key),
			    "the key \"%s\" stands here twice, first in line %zu; remove one", name,
			    earlier.line);
			continue;
		}
		snprintf(path, sizeof(path), "%s%s%s", prefix, prefix[0] != '\0' ? "." : "", name);
		if (is_leaf(path) || conf_yaml_is_null(value))
			continue;
		if (value->type == YAML_MAPPING_NODE)
			check_keys(report, document, value, path);
		else
			conf_report_error(report, conf_yaml_place(value),
			    "%s must have keys below it, not a value of its own", path);
	}
}

void
conf_schema_check(struct conf_report *report, yaml_document_t *document, const yaml_node_t *mapping)
{
	check_keys(report, document, mapping, "");
}
