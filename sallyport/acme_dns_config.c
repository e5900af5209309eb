#include "acme_dns_config.h"

#include "acme_dns_section.h"
#include "name.h"
#include "zone_line.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static const struct known {
	const char *table, *key;
	enum toml_kind kind;
} known[] = {
    {"general", "listen", TOML_TEXT},
    {"general", "protocol", TOML_TEXT},
    {"general", "domain", TOML_TEXT},
    {"general", "nsname", TOML_TEXT},
    {"general", "nsadmin", TOML_TEXT},
    {"general", "debug", TOML_SWITCH},
    {"general", "records", TOML_LIST},
    {"general", "txt_limit", TOML_NUMBER},
    {"database", "engine", TOML_TEXT},
    {"database", "connection", TOML_TEXT},
    {"api", "api_domain", TOML_TEXT},
    {"api", "ip", TOML_TEXT},
    {"api", "disable_registration", TOML_SWITCH},
    {"api", "autocert_port", TOML_TEXT},
    {"api", "port", TOML_TEXT},
    {"api", "tls", TOML_TEXT},
    {"api", "tls_cert_privkey", TOML_TEXT},
    {"api", "tls_cert_fullchain", TOML_TEXT},
    {"api", "acme_cache_dir", TOML_TEXT},
    {"api", "notification_email", TOML_TEXT},
    {"api", "corsorigins", TOML_LIST},
    {"api", "use_header", TOML_SWITCH},
    {"api", "header_name", TOML_TEXT},
    {"api", "hsts_enabled", TOML_SWITCH},
    {"api", "hsts_max_age", TOML_NUMBER},
    {"api", "hsts_include_subdomains", TOML_SWITCH},
    {"api", "hsts_preload", TOML_SWITCH},
    {"logconfig", "loglevel", TOML_TEXT},
    {"logconfig", "logtype", TOML_TEXT},
    {"logconfig", "logfile", TOML_TEXT},
    {"logconfig", "logformat", TOML_TEXT},
};

enum { KNOWN = sizeof(known) / sizeof(known[0]) };

static void
put_text(struct buf *yaml, const char *key, const char *text)
{
	buf_printf(yaml, "  %s: ", key);
	acme_dns_put_quoted(yaml, text);
	buf_append_string(yaml, "\n");
}

static void
check_known(struct acme_dns_conversion *conversion, const struct toml_entry *entry)
{
	const char *names[KNOWN], *meant;
	size_t count = 0;

	for (size_t i = 0; i < KNOWN; i++) {
		if (strcasecmp(known[i].table, entry->table) != 0)
			continue;
		names[count++] = known[i].key;
		if (strcasecmp(known[i].key, entry->key) != 0)
			continue;
		if (known[i].kind != entry->kind)
			conf_report_error(conversion->report, entry->value.place,
			    "%s.%s is %s; it must be %s", known[i].table, known[i].key,
			    toml_kind_text(entry->kind), toml_kind_text(known[i].kind));
		return;
	}
	meant = conf_report_suggest(entry->key, names, count);
	conf_report_warning(conversion->report, entry->place,
	    "acme-dns knows no key \"%s\" in [%s] and does not look at it%s%s%s", entry->key,
	    entry->table, meant != NULL ? "; perhaps you meant \"" : "", meant != NULL ? meant : "",
	    meant != NULL ? "\"" : "");
}

/* The host of "HOST:PORT" without brackets. 0 or -1. */
static int
split_address(const char *text, char host[64], const char **port)
{
	const char *colon = strrchr(text, ':');
	size_t length;

	if (colon == NULL)
		return -1;
	length = (size_t)(colon - text);
	if (length >= 2 && text[0] == '[' && text[length - 1] == ']') {
		text++;
		length -= 2;
	}
	if (length >= 64)
		return -1;
	memcpy(host, text, length);
	host[length] = '\0';
	*port = colon + 1;
	return 0;
}

/* 1 if the last word of such a record's data is a name, which acme-dns takes for a whole one. */
static int
ends_in_name(const char *type)
{
	static const char *const types[] = {
	    "NS", "CNAME", "PTR", "MX", "SRV", "DNAME", "AFSDB", "KX"};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (strcasecmp(types[i], type) == 0)
			return 1;
	}
	return 0;
}

static int
is_whole(const char *name, size_t length)
{
	return length > 0 && name[length - 1] == '.';
}

/*
 * acme-dns reads names without a dot at their end as if they had one, where a zone file (and
 * Sallyport) continues them with the zone's name: adds the dots.
 */
static void
put_record(struct buf *yaml, const char *text)
{
	size_t owner, end;
	struct zone_line line;
	char why[CONF_MESSAGE_MAX], *whole;
	struct buf record;

	text = zone_line_skip(text);
	owner = zone_line_word(text);
	buf_init(&record, 2 * TOML_MAX_TEXT);
	buf_append(&record, text, owner);
	if (owner > 0 && !is_whole(text, owner))
		buf_append_string(&record, ".");
	end = strlen(text);
	while (end > owner && (text[end - 1] == ' ' || text[end - 1] == '\t'))
		end--;
	buf_append(&record, text + owner, end - owner);
	if (zone_line_split(&line, text, why, sizeof(why)) == 0 && ends_in_name(line.type) &&
	    !is_whole(text, end) && strpbrk(line.data, ";\"\\()") == NULL)
		buf_append_string(&record, ".");
	buf_append(&record, "", 1);
	whole = (char *)record.data;
	buf_append_string(yaml, "    - ");
	acme_dns_put_quoted(yaml, record.failed ? text : whole);
	buf_append_string(yaml, "\n");
	buf_free(&record);
}

static void
put_records(struct acme_dns_conversion *conversion)
{
	const struct toml_entry *entry = toml_find(conversion->toml, "general", "records");

	if (entry == NULL || entry->count == 0)
		return;
	buf_append_string(conversion->yaml, "  records:\n");
	for (size_t i = 0; i < entry->count; i++)
		put_record(conversion->yaml, entry->items[i].text);
}

static void
put_zone(struct acme_dns_conversion *conversion)
{
	const char *domain = acme_dns_text(conversion, "general", "domain");
	const char *nsname = acme_dns_text(conversion, "general", "nsname");
	const char *nsadmin = acme_dns_text(conversion, "general", "nsadmin");
	struct buf *yaml = conversion->yaml;

	if (domain[0] == '\0')
		conf_report_error(conversion->report,
		    acme_dns_place(conversion, "general", "domain"),
		    "general.domain is missing; it is the zone's name, such as auth.example.org");
	buf_append_string(yaml, "\nzone:\n");
	put_text(yaml, "name", domain);
	if (nsname[0] != '\0')
		put_text(yaml, "nameserver", nsname);
	if (nsadmin[0] != '\0')
		put_text(yaml, "admin", nsadmin);
	put_records(conversion);
	buf_append_string(yaml, "  # acme-dns lets resolvers remember for a day that there is "
				"nothing, which can hide a new\n"
				"  # value for as long.\n"
				"  negative_ttl: 60\n");
}

/* Reads "both", "udp", "tcp", each perhaps with 4 or 6. `family`: '4', '6' or NUL for both. */
static int
read_protocol(const char *text, const char **protocols, char *family)
{
	static const char *const names[][2] = {
	    {"both", "[udp, tcp]"}, {"udp", "[udp]"}, {"tcp", "[tcp]"}};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		size_t length = strlen(names[i][0]);

		if (strncmp(text, names[i][0], length) != 0)
			continue;
		*protocols = names[i][1];
		*family = text[length];
		if (*family == '\0')
			return 0;
		return (*family == '4' || *family == '6') && text[length + 1] == '\0' ? 0 : -1;
	}
	return -1;
}

static void
put_dns(struct acme_dns_conversion *conversion)
{
	const char *listen = acme_dns_text(conversion, "general", "listen"), *port = "";
	const char *protocol = acme_dns_text(conversion, "general", "protocol");
	struct conf_place place = acme_dns_place(conversion, "general", "listen");
	const char *protocols = "[udp, tcp]";
	char host[64], family = '\0';

	buf_append_string(conversion->yaml, "\ndns:\n");
	if (protocol[0] != '\0' && read_protocol(protocol, &protocols, &family) != 0)
		conf_report_error(conversion->report,
		    acme_dns_place(conversion, "general", "protocol"),
		    "general.protocol: \"%.*s\" is not both, udp or tcp, perhaps with 4 or 6 "
		    "behind it",
		    CONF_SHOWN, protocol);
	if (listen[0] == '\0')
		listen = ":53";
	if (split_address(listen, host, &port) != 0)
		conf_report_error(conversion->report, place,
		    "general.listen: \"%.*s\" must be an address with a port, such as 192.0.2.1:53",
		    CONF_SHOWN, listen);
	else
		acme_dns_put_listen(conversion, "  ", host, port, family, place);
	if (strcmp(protocols, "[udp]") == 0)
		buf_append_string(conversion->yaml, "  # To do: resolvers need both; [udp, tcp] "
						    "unless something else forbids it.\n");
	buf_printf(conversion->yaml, "  protocols: %s\n", protocols);
}

static void
put_store(struct acme_dns_conversion *conversion)
{
	const char *connection = acme_dns_text(conversion, "database", "connection");
	int is_sqlite = strncmp(acme_dns_text(conversion, "database", "engine"), "sqlite", 6) == 0;
	struct buf *yaml = conversion->yaml;

	buf_append_string(yaml, "\nstore:\n");
	if (is_sqlite) {
		buf_append_string(yaml, "  # To do: move the accounts over with \"sallyport import "
					"FILE\", FILE being acme-dns's\n  # database ");
		acme_dns_put_path(yaml, connection);
		buf_append_string(yaml, ".\n");
	} else {
		/* Not shown: it holds a password. */
		buf_append_string(yaml, "  # To do: move the accounts over: \"pg_dump -t records "
					"-t txt DATABASE >acme-dns.sql\", then\n"
					"  # \"sallyport import acme-dns.sql\". The DATABASE is "
					"what database.connection says.\n");
	}
	buf_append_string(yaml, "  path: /var/lib/sallyport\n"
				"\nprivsep:\n"
				"  runtime_dir: /run/sallyport\n");
}

/* acme-dns's levels are those of two libraries. */
static const char *
log_level(const char *text)
{
	static const char *const levels[][2] = {{"debug", "debug"}, {"trace", "debug"},
	    {"warn", "warning"}, {"warning", "warning"}, {"error", "error"}, {"fatal", "error"},
	    {"panic", "error"}, {"dpanic", "error"}};

	for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
		if (strcasecmp(text, levels[i][0]) == 0)
			return levels[i][1];
	}
	return "info";
}

static void
put_log(struct acme_dns_conversion *conversion)
{
	const char *format = acme_dns_text(conversion, "logconfig", "logformat");
	struct buf *yaml = conversion->yaml;

	buf_append_string(yaml, "\nlog:\n");
	if (strcasecmp(acme_dns_text(conversion, "logconfig", "logtype"), "file") == 0) {
		buf_append_string(yaml,
		    "  # The log goes to standard error, and so into the journal, not into\n  # ");
		acme_dns_put_path(yaml, acme_dns_text(conversion, "logconfig", "logfile"));
		buf_append_string(yaml, ".\n");
	}
	buf_printf(yaml, "  level: %s\n  format: %s\n",
	    log_level(acme_dns_text(conversion, "logconfig", "loglevel")),
	    strcasecmp(format, "json") == 0 ? "json" : "text");
}

/* Keys without a counterpart, and where to look instead. */
static const struct left_out {
	const char *table, *key, *advice;
} left_out[] = {
    {"general", "txt_limit", "how many values a name keeps is zone.values_per_name"},
    {"general", "debug", "log.level: debug is the nearest to it"},
    {"api", "autocert_port", "an ACME client has its own"},
    {"api", "notification_email", "tell it to your ACME client"},
    {"api", "hsts_include_subdomains", "a web server in front of the API can say it"},
    {"api", "hsts_preload", "a web server in front of the API can say it"},
};

/* NULL: it was taken over. */
static const char *
advice_of(const struct toml_entry *entry)
{
	for (size_t i = 0; i < sizeof(left_out) / sizeof(left_out[0]); i++) {
		if (strcasecmp(left_out[i].table, entry->table) == 0 &&
		    strcasecmp(left_out[i].key, entry->key) == 0)
			return left_out[i].advice;
	}
	for (size_t i = 0; i < KNOWN; i++) {
		if (strcasecmp(known[i].table, entry->table) == 0 &&
		    strcasecmp(known[i].key, entry->key) == 0)
			return NULL;
	}
	return "acme-dns does not look at it either";
}

/* What is false, 0 or empty asks for nothing. The values are not shown: one may be a secret. */
static void
put_left_out(struct acme_dns_conversion *conversion)
{
	struct buf *yaml = conversion->yaml;
	int told = 0;

	for (size_t i = 0; i < conversion->toml->count; i++) {
		const struct toml_entry *entry = &conversion->toml->entries[i];
		const char *advice = advice_of(entry);

		if (advice == NULL || (entry->kind == TOML_TEXT && entry->value.text[0] == '\0') ||
		    ((entry->kind == TOML_NUMBER || entry->kind == TOML_SWITCH) &&
			entry->number == 0))
			continue;
		if (!told++)
			buf_append_string(yaml, "\n# Not taken over:\n");
		buf_append_string(yaml, "# - ");
		acme_dns_put_escaped(yaml, entry->table);
		buf_append_string(yaml, ".");
		acme_dns_put_escaped(yaml, entry->key);
		buf_printf(yaml, ": %s\n", advice);
	}
}

int
acme_dns_config_convert(
    const struct toml *toml, const char *path, struct buf *yaml, struct conf_report *report)
{
	struct acme_dns_conversion conversion = {toml, yaml, report};
	size_t errors = report->errors;

	for (size_t i = 0; i < toml->count; i++)
		check_known(&conversion, &toml->entries[i]);
	if (report->errors > errors)
		return -1; /* values of another kind than their keys must not be looked at */
	buf_append_string(yaml, "# Sallyport's configuration, made of acme-dns's ");
	acme_dns_put_quoted(yaml, path);
	buf_append_string(yaml, ".\n# Do what the lines with \"To do\" say, then look at it with: "
				"sallyport check-config -c FILE\n");
	put_zone(&conversion);
	put_dns(&conversion);
	acme_dns_put_api(&conversion);
	put_store(&conversion);
	put_log(&conversion);
	put_left_out(&conversion);
	if (yaml->failed)
		conf_report_error(
		    report, (struct conf_place){0, 0}, "the converted configuration is too long");
	return report->errors > errors ? -1 : 0;
}
