#include "acme_dns_config.h"

#include "conf_value.h"
#include "name.h"
#include "zone_line.h"

#include <arpa/inet.h>
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

struct conversion {
	const struct toml *toml;
	struct buf *yaml;
	struct conf_report *report;
};

/* What a file says of a key that acme-dns knows: "" and 0 where it says nothing, as acme-dns has it. */
static const char *
text_of(const struct conversion *conversion, const char *table, const char *key)
{
	const struct toml_entry *entry = toml_find(conversion->toml, table, key);

	return entry != NULL ? entry->value.text : "";
}

static int64_t
number_of(const struct conversion *conversion, const char *table, const char *key)
{
	const struct toml_entry *entry = toml_find(conversion->toml, table, key);

	return entry != NULL ? entry->number : 0;
}

static struct conf_place
value_place(const struct conversion *conversion, const char *table, const char *key)
{
	const struct toml_entry *entry = toml_find(conversion->toml, table, key);

	return entry != NULL ? entry->value.place : (struct conf_place){0, 0};
}

/* As inside of a double-quoted scalar (YAML 1.2, 7.3.1); the text is ASCII. */
static void
put_escaped(struct buf *yaml, const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text == '"' || *text == '\\')
			buf_printf(yaml, "\\%c", *text);
		else if (*text < ' ')
			buf_printf(yaml, "\\x%02x", (unsigned)*text);
		else
			buf_append(yaml, text, 1);
	}
}

static void
put_quoted(struct buf *yaml, const char *text)
{
	buf_append_string(yaml, "\"");
	put_escaped(yaml, text);
	buf_append_string(yaml, "\"");
}

static void
put_text(struct buf *yaml, const char *key, const char *text)
{
	buf_printf(yaml, "  %s: ", key);
	put_quoted(yaml, text);
	buf_append_string(yaml, "\n");
}

static void
check_known(struct conversion *conversion, const struct toml_entry *entry)
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

/* A path of /etc or from the start of this folder; acme-dns begins relative ones where it was started. */
static void
put_path(struct buf *yaml, const char *text)
{
	put_quoted(yaml, text);
	if (text[0] != '/')
		buf_append_string(yaml, " (from the folder that acme-dns was started in)");
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

static int
is_port(const char *text)
{
	size_t length = strlen(text);

	return length >= 1 && length <= 5 && strspn(text, "0123456789") == length;
}

/*
 * Writes the addresses that Go listens at for this host: none, 0.0.0.0 and :: all mean every address
 * of both families, unless the protocol's name ends in 4 or 6. Each line begins with `indent`.
 */
static void
put_listen(struct conversion *conversion, const char *indent, const char *host, const char *port,
    char family, struct conf_place place)
{
	struct in6_addr v6;
	struct in_addr v4;
	int is_v4 = inet_pton(AF_INET, host, &v4) == 1;
	int is_v6 = inet_pton(AF_INET6, host, &v6) == 1;
	int is_any = host[0] == '\0' || (is_v4 && v4.s_addr == 0) ||
		     (is_v6 && memcmp(&v6, &in6addr_any, sizeof(v6)) == 0);

	if (!is_any && !is_v4 && !is_v6) {
		conf_report_error(conversion->report, place,
		    "\"%.*s\" is a name; write the address to listen at, such as 192.0.2.1",
		    CONF_SHOWN, host);
		return;
	}
	if (!is_port(port)) {
		conf_report_error(conversion->report, place,
		    "\"%.*s\" is no number of a port; write it as a number, such as 53 or 443",
		    CONF_SHOWN, port);
		return;
	}
	if ((is_v4 && family == '6') || (is_v6 && !is_any && family == '4')) {
		conf_report_error(conversion->report, place,
		    "\"%s\" is an IPv%c address, and general.protocol asks for IPv%c", host,
		    is_v4 ? '4' : '6', family);
		return;
	}
	if (is_any && family == '\0')
		buf_printf(conversion->yaml,
		    "%s# Every address of this machine; without IPv6 leave the second one away.\n"
		    "%slisten: [\"0.0.0.0:%s\", \"[::]:%s\"]\n",
		    indent, indent, port, port);
	else if (is_any)
		buf_printf(conversion->yaml, "%slisten: [\"%s:%s\"]\n", indent,
		    family == '4' ? "0.0.0.0" : "[::]", port);
	else
		buf_printf(conversion->yaml,
		    is_v6 ? "%slisten: [\"[%s]:%s\"]\n" : "%slisten: [\"%s:%s\"]\n", indent, host,
		    port);
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
	put_quoted(yaml, record.failed ? text : whole);
	buf_append_string(yaml, "\n");
	buf_free(&record);
}

static void
put_records(struct conversion *conversion)
{
	const struct toml_entry *entry = toml_find(conversion->toml, "general", "records");

	if (entry == NULL || entry->count == 0)
		return;
	buf_append_string(conversion->yaml, "  records:\n");
	for (size_t i = 0; i < entry->count; i++)
		put_record(conversion->yaml, entry->items[i].text);
}

static void
put_zone(struct conversion *conversion)
{
	const char *domain = text_of(conversion, "general", "domain");
	const char *nsname = text_of(conversion, "general", "nsname");
	const char *nsadmin = text_of(conversion, "general", "nsadmin");
	struct buf *yaml = conversion->yaml;

	if (domain[0] == '\0')
		conf_report_error(conversion->report, value_place(conversion, "general", "domain"),
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
put_dns(struct conversion *conversion)
{
	const char *listen = text_of(conversion, "general", "listen"), *port = "";
	const char *protocol = text_of(conversion, "general", "protocol");
	struct conf_place place = value_place(conversion, "general", "listen");
	const char *protocols = "[udp, tcp]";
	char host[64], family = '\0';

	buf_append_string(conversion->yaml, "\ndns:\n");
	if (protocol[0] != '\0' && read_protocol(protocol, &protocols, &family) != 0)
		conf_report_error(conversion->report,
		    value_place(conversion, "general", "protocol"),
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
		put_listen(conversion, "  ", host, port, family, place);
	if (strcmp(protocols, "[udp]") == 0)
		buf_append_string(conversion->yaml, "  # To do: resolvers need both; [udp, tcp] "
						    "unless something else forbids it.\n");
	buf_printf(conversion->yaml, "  protocols: %s\n", protocols);
}

/* A file of api.tls, which acme-dns would not have started without. */
static void
put_tls_file(struct conversion *conversion, const char *ours, const char *theirs)
{
	const char *path = text_of(conversion, "api", theirs);
	struct buf *yaml = conversion->yaml;

	if (path[0] == '\0')
		conf_report_error(conversion->report, value_place(conversion, "api", "tls"),
		    "api.%s is missing; api.tls = \"cert\" needs it", theirs);
	if (path[0] != '/')
		buf_append_string(yaml,
		    "    # To do: acme-dns began this path in the folder that it was started in, "
		    "we begin it at this\n    # file's folder: write the whole path.\n");
	buf_printf(yaml, "    %s: ", ours);
	put_quoted(yaml, path);
	buf_append_string(yaml, "\n");
}

static void
put_tls(struct conversion *conversion)
{
	buf_append_string(conversion->yaml,
	    "  # Others than the owner and the group of the key must not be able to read it, or it "
	    "is refused.\n  # After each renewal run: sallyport reload\n  tls:\n");
	put_tls_file(conversion, "certificate", "tls_cert_fullchain");
	put_tls_file(conversion, "key", "tls_cert_privkey");
}

/* 0: not said. */
static int64_t
hsts_seconds(const struct conversion *conversion)
{
	int64_t seconds = number_of(conversion, "api", "hsts_max_age");

	if (!number_of(conversion, "api", "hsts_enabled"))
		return 0;
	if (seconds >= 0 && seconds <= INT32_MAX)
		return seconds;
	conf_report_error(conversion->report, value_place(conversion, "api", "hsts_max_age"),
	    "api.hsts_max_age must be a whole number of seconds from 0 to %d", INT32_MAX);
	return 0;
}

/* Without its certificate the API must not be reached from elsewhere: keys would travel in clear. */
static void
put_acme(struct conversion *conversion, const char *host, const char *port, struct conf_place place)
{
	const char *cache = text_of(conversion, "api", "acme_cache_dir");
	const char *domain = text_of(conversion, "api", "api_domain");
	struct buf *yaml = conversion->yaml;
	int64_t hsts = hsts_seconds(conversion);

	if (domain[0] == '\0')
		domain = text_of(conversion, "general", "domain");
	buf_append_string(yaml,
	    "  # To do: acme-dns got its certificate by ACME itself. Here an ACME client does "
	    "that, "
	    "such as certbot\n"
	    "  # or uacme, through Sallyport itself. Until then only this machine reaches the "
	    "API:\n"
	    "  # 1. Start Sallyport as it stands here, and make an account for the client: "
	    "sallyport accounts add\n"
	    "  # 2. Make _acme-challenge.");
	put_escaped(yaml, domain);
	buf_append_string(yaml,
	    " a CNAME of that account's full name; if it lies in the\n"
	    "  #    zone, as a line of zone.records.\n"
	    "  # 3. Let the client get the certificate by DNS-01 with its hook for acme-dns, from "
	    "this machine, and\n"
	    "  #    run \"sallyport reload\" after each renewal.\n"
	    "  # 4. Put these lines in the place of \"listen\" below, and start Sallyport again. "
	    "The key must\n"
	    "  #    not be readable by others than its owner and group.\n");
	put_listen(conversion, "  #      ", host, port, '\0', place);
	buf_append_string(yaml, "  #      tls: {certificate: FULLCHAIN, key: KEY}\n");
	if (hsts > 0)
		buf_printf(yaml, "  #      hsts: %lld\n", (long long)hsts);
	buf_append_string(yaml, "  # The certificate that acme-dns had, good until it ends, lies "
				"below\n  # ");
	put_path(yaml, cache[0] != '\0' ? cache : "api-certs");
	buf_append_string(yaml, ".\n  listen: [\"127.0.0.1:8053\", \"[::1]:8053\"]\n");
}

/* Whether ours can have the item: an origin in lower case, as browsers send it, and only once. */
static int
is_new_origin(const struct toml_entry *entry, size_t which)
{
	for (size_t i = 0; i < which; i++) {
		if (strcmp(entry->items[i].text, entry->items[which].text) == 0)
			return 0;
	}
	return conf_is_origin(entry->items[which].text);
}

static void
put_listed_origins(struct conversion *conversion, const struct toml_entry *entry)
{
	struct buf *yaml = conversion->yaml;
	const char *separator = "";

	for (size_t i = 0; i < entry->count; i++) {
		const char *text = entry->items[i].text;

		if (conf_is_origin(text))
			continue;
		buf_append_string(yaml, strchr(text, '*') != NULL
					    ? "  # To do: patterns are not understood; list below "
					      "which origins are meant by\n  # "
					    : "  # To do: browsers send origins as in "
					      "https://www.example.org; list below what is meant "
					      "by\n  # ");
		put_quoted(yaml, text);
		buf_append_string(yaml, "\n");
	}
	buf_append_string(yaml, "  cors_origins: [");
	for (size_t i = 0; i < entry->count; i++) {
		if (!is_new_origin(entry, i))
			continue;
		buf_append_string(yaml, separator);
		put_quoted(yaml, entry->items[i].text);
		separator = ", ";
	}
	buf_append_string(yaml, "]\n");
}

/* acme-dns allows every origin where its list is empty, and where "*" is among others. */
static void
put_origins(struct conversion *conversion)
{
	const struct toml_entry *entry = toml_find(conversion->toml, "api", "corsorigins");
	int is_all = entry == NULL || entry->count == 0;

	for (size_t i = 0; !is_all && i < entry->count; i++)
		is_all = strcmp(entry->items[i].text, "*") == 0;
	if (is_all)
		buf_append_string(conversion->yaml,
		    "  # As with acme-dns the scripts of any web page may use the API. [] forbids "
		    "it; no ACME client minds.\n  cors_origins: [\"*\"]\n");
	else
		put_listed_origins(conversion, entry);
}

/*
 * acme-dns believes whoever writes the header; we believe those proxies that are listed, and theirs
 * is not known.
 */
static void
put_forwarded(struct conversion *conversion)
{
	const char *header = text_of(conversion, "api", "header_name");
	struct buf *yaml = conversion->yaml;
	const char *ours = NULL;

	if (!number_of(conversion, "api", "use_header"))
		return;
	for (int i = 0; i < 2; i++) {
		const char *word = conf_forwarded_word((enum conf_forwarded)i);

		if (strcasecmp(word, header) == 0)
			ours = word;
	}
	buf_append_string(yaml,
	    "  # To do: acme-dns took a client's address from a header, whoever had written it. "
	    "Here "
	    "only listed\n  # proxies are believed: put the addresses of yours here (\"unix\" for "
	    "one that comes by a Unix socket).\n  # Until then accounts with allowfrom are refused "
	    "behind it.\n  # trusted_proxies: [\"192.0.2.1\"]\n");
	if (ours != NULL) {
		buf_printf(yaml, "  forwarded_header: %s\n", ours);
		return;
	}
	buf_append_string(yaml, "  # To do: the header was ");
	put_quoted(yaml, header);
	buf_append_string(yaml, ", which is not understood; let the proxy add to X-Forwarded-For, "
				"or to Forwarded.\n  forwarded_header: X-Forwarded-For\n");
}

static void
put_api(struct conversion *conversion)
{
	const char *tls = text_of(conversion, "api", "tls");
	const char *host = text_of(conversion, "api", "ip");
	const char *port = text_of(conversion, "api", "port");
	struct conf_place place = value_place(conversion, "api", "ip");
	struct buf *yaml = conversion->yaml;
	int64_t hsts;

	buf_append_string(yaml, "\napi:\n");
	if (place.line == 0)
		place = value_place(conversion, "api", "port");
	if (port[0] == '\0')
		port = "80"; /* Go's, of an address without one */
	if (strncmp(tls, "letsencrypt", 11) == 0) {
		put_acme(conversion, host, port, place);
	} else {
		put_listen(conversion, "  ", host, port, '\0', place);
		hsts = hsts_seconds(conversion);
		if (strcmp(tls, "cert") == 0) {
			put_tls(conversion);
			buf_printf(yaml, "  hsts: %lld\n", (long long)hsts);
		} else if (hsts > 0) {
			buf_printf(yaml,
			    "  # To do: only HTTPS can say it; let the web server that serves it "
			    "send\n  # Strict-Transport-Security: max-age=%lld\n",
			    (long long)hsts);
		}
	}
	buf_printf(yaml, "  disable_registration: %s\n",
	    number_of(conversion, "api", "disable_registration") ? "true" : "false");
	put_origins(conversion);
	put_forwarded(conversion);
}

static void
put_store(struct conversion *conversion)
{
	const char *connection = text_of(conversion, "database", "connection");
	int is_sqlite = strncmp(text_of(conversion, "database", "engine"), "sqlite", 6) == 0;
	struct buf *yaml = conversion->yaml;

	buf_append_string(yaml, "\nstore:\n");
	if (is_sqlite) {
		buf_append_string(yaml, "  # To do: move the accounts over with \"sallyport import "
					"FILE\", FILE being acme-dns's\n  # database ");
		put_path(yaml, connection);
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
put_log(struct conversion *conversion)
{
	const char *format = text_of(conversion, "logconfig", "logformat");
	struct buf *yaml = conversion->yaml;

	buf_append_string(yaml, "\nlog:\n");
	if (strcasecmp(text_of(conversion, "logconfig", "logtype"), "file") == 0) {
		buf_append_string(yaml,
		    "  # The log goes to standard error, and so into the journal, not into\n  # ");
		put_path(yaml, text_of(conversion, "logconfig", "logfile"));
		buf_append_string(yaml, ".\n");
	}
	buf_printf(yaml, "  level: %s\n  format: %s\n",
	    log_level(text_of(conversion, "logconfig", "loglevel")),
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
put_left_out(struct conversion *conversion)
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
		put_escaped(yaml, entry->table);
		buf_append_string(yaml, ".");
		put_escaped(yaml, entry->key);
		buf_printf(yaml, ": %s\n", advice);
	}
}

int
acme_dns_config_convert(
    const struct toml *toml, const char *path, struct buf *yaml, struct conf_report *report)
{
	struct conversion conversion = {toml, yaml, report};
	size_t errors = report->errors;

	for (size_t i = 0; i < toml->count; i++)
		check_known(&conversion, &toml->entries[i]);
	if (report->errors > errors)
		return -1; /* values of another kind than their keys must not be looked at */
	buf_append_string(yaml, "# Sallyport's configuration, made of acme-dns's ");
	put_quoted(yaml, path);
	buf_append_string(yaml, ".\n# Do what the lines with \"To do\" say, then look at it with: "
				"sallyport check-config -c FILE\n");
	put_zone(&conversion);
	put_dns(&conversion);
	put_api(&conversion);
	put_store(&conversion);
	put_log(&conversion);
	put_left_out(&conversion);
	if (yaml->failed)
		conf_report_error(
		    report, (struct conf_place){0, 0}, "the converted configuration is too long");
	return report->errors > errors ? -1 : 0;
}
