/* acme-dns's section [api] turned into ours: TLS, origins, forwarding. */
#include "acme_dns_section.h"
#include "conf_value.h"

#include <string.h>
#include <strings.h>

/* A file of api.tls, which acme-dns would not have started without. */
static void
put_tls_file(struct acme_dns_conversion *conversion, const char *ours, const char *theirs)
{
	const char *path = acme_dns_text(conversion, "api", theirs);
	struct buf *yaml = conversion->yaml;

	if (path[0] == '\0')
		conf_report_error(conversion->report, acme_dns_place(conversion, "api", "tls"),
		    "api.%s is missing; api.tls = \"cert\" needs it", theirs);
	if (path[0] != '/')
		buf_append_string(yaml,
		    "    # To do: acme-dns began this path in the folder that it was started in, "
		    "we begin it at this\n    # file's folder: write the whole path.\n");
	buf_printf(yaml, "    %s: ", ours);
	acme_dns_put_quoted(yaml, path);
	buf_append_string(yaml, "\n");
}

static void
put_tls(struct acme_dns_conversion *conversion)
{
	buf_append_string(conversion->yaml,
	    "  # Others than the owner and the group of the key must not be able to read it, or it "
	    "is refused.\n  # After each renewal run: sallyport reload\n  tls:\n");
	put_tls_file(conversion, "certificate", "tls_cert_fullchain");
	put_tls_file(conversion, "key", "tls_cert_privkey");
}

/* 0: not said. */
static int64_t
hsts_seconds(const struct acme_dns_conversion *conversion)
{
	int64_t seconds = acme_dns_number(conversion, "api", "hsts_max_age");

	if (!acme_dns_number(conversion, "api", "hsts_enabled"))
		return 0;
	if (seconds >= 0 && seconds <= INT32_MAX)
		return seconds;
	conf_report_error(conversion->report, acme_dns_place(conversion, "api", "hsts_max_age"),
	    "api.hsts_max_age must be a whole number of seconds from 0 to %d", INT32_MAX);
	return 0;
}

/* Without its certificate the API must not be reached from elsewhere: keys would travel in clear. */
static void
put_acme(struct acme_dns_conversion *conversion, const char *host, const char *port,
    struct conf_place place)
{
	const char *cache = acme_dns_text(conversion, "api", "acme_cache_dir");
	const char *domain = acme_dns_text(conversion, "api", "api_domain");
	struct buf *yaml = conversion->yaml;
	int64_t hsts = hsts_seconds(conversion);

	if (domain[0] == '\0')
		domain = acme_dns_text(conversion, "general", "domain");
	buf_append_string(yaml,
	    "  # To do: acme-dns got its certificate by ACME itself. Here an ACME client does "
	    "that, "
	    "such as certbot\n"
	    "  # or uacme, through Sallyport itself. Until then only this machine reaches the "
	    "API:\n"
	    "  # 1. Start Sallyport as it stands here, and make an account for the client: "
	    "sallyport accounts add\n"
	    "  # 2. Make _acme-challenge.");
	acme_dns_put_escaped(yaml, domain);
	buf_append_string(yaml,
	    " a CNAME of that account's full name; if it lies in the\n"
	    "  #    zone, as a line of zone.records.\n"
	    "  # 3. Let the client get the certificate by DNS-01 with its hook for acme-dns, from "
	    "this machine, and\n"
	    "  #    run \"sallyport reload\" after each renewal.\n"
	    "  # 4. Put these lines in the place of \"listen\" below, and start Sallyport again. "
	    "The key must\n"
	    "  #    not be readable by others than its owner and group.\n");
	acme_dns_put_listen(conversion, "  #      ", host, port, '\0', place);
	buf_append_string(yaml, "  #      tls: {certificate: FULLCHAIN, key: KEY}\n");
	if (hsts > 0)
		buf_printf(yaml, "  #      hsts: %lld\n", (long long)hsts);
	buf_append_string(yaml, "  # The certificate that acme-dns had, good until it ends, lies "
				"below\n  # ");
	acme_dns_put_path(yaml, cache[0] != '\0' ? cache : "api-certs");
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
put_listed_origins(struct acme_dns_conversion *conversion, const struct toml_entry *entry)
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
		acme_dns_put_quoted(yaml, text);
		buf_append_string(yaml, "\n");
	}
	buf_append_string(yaml, "  cors_origins: [");
	for (size_t i = 0; i < entry->count; i++) {
		if (!is_new_origin(entry, i))
			continue;
		buf_append_string(yaml, separator);
		acme_dns_put_quoted(yaml, entry->items[i].text);
		separator = ", ";
	}
	buf_append_string(yaml, "]\n");
}

/* acme-dns allows every origin where its list is empty, and where "*" is among others. */
static void
put_origins(struct acme_dns_conversion *conversion)
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
put_forwarded(struct acme_dns_conversion *conversion)
{
	const char *header = acme_dns_text(conversion, "api", "header_name");
	struct buf *yaml = conversion->yaml;
	const char *ours = NULL;

	if (!acme_dns_number(conversion, "api", "use_header"))
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
	acme_dns_put_quoted(yaml, header);
	buf_append_string(yaml, ", which is not understood; let the proxy add to X-Forwarded-For, "
				"or to Forwarded.\n  forwarded_header: X-Forwarded-For\n");
}

void
acme_dns_put_api(struct acme_dns_conversion *conversion)
{
	const char *tls = acme_dns_text(conversion, "api", "tls");
	const char *host = acme_dns_text(conversion, "api", "ip");
	const char *port = acme_dns_text(conversion, "api", "port");
	struct conf_place place = acme_dns_place(conversion, "api", "ip");
	struct buf *yaml = conversion->yaml;
	int64_t hsts;

	buf_append_string(yaml, "\napi:\n");
	if (place.line == 0)
		place = acme_dns_place(conversion, "api", "port");
	if (port[0] == '\0')
		port = "80"; /* Go's, of an address without one */
	if (strncmp(tls, "letsencrypt", 11) == 0) {
		put_acme(conversion, host, port, place);
	} else {
		acme_dns_put_listen(conversion, "  ", host, port, '\0', place);
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
	    acme_dns_number(conversion, "api", "disable_registration") ? "true" : "false");
	put_origins(conversion);
	put_forwarded(conversion);
}
