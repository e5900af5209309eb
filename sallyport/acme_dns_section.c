#include "acme_dns_section.h"

#include <arpa/inet.h>
#include <string.h>

const char *
acme_dns_text(const struct acme_dns_conversion *conversion, const char *table, const char *key)
{
	const struct toml_entry *entry = toml_find(conversion->toml, table, key);

	return entry != NULL ? entry->value.text : "";
}

int64_t
acme_dns_number(const struct acme_dns_conversion *conversion, const char *table, const char *key)
{
	const struct toml_entry *entry = toml_find(conversion->toml, table, key);

	return entry != NULL ? entry->number : 0;
}

struct conf_place
acme_dns_place(const struct acme_dns_conversion *conversion, const char *table, const char *key)
{
	const struct toml_entry *entry = toml_find(conversion->toml, table, key);

	return entry != NULL ? entry->value.place : (struct conf_place){0, 0};
}

void
acme_dns_put_escaped(struct buf *yaml, const char *text)
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

void
acme_dns_put_quoted(struct buf *yaml, const char *text)
{
	buf_append_string(yaml, "\"");
	acme_dns_put_escaped(yaml, text);
	buf_append_string(yaml, "\"");
}

void
acme_dns_put_path(struct buf *yaml, const char *text)
{
	acme_dns_put_quoted(yaml, text);
	if (text[0] != '/')
		buf_append_string(yaml, " (from the folder that acme-dns was started in)");
}

static int
is_port(const char *text)
{
	size_t length = strlen(text);

	return length >= 1 && length <= 5 && strspn(text, "0123456789") == length;
}

void
acme_dns_put_listen(struct acme_dns_conversion *conversion, const char *indent, const char *host,
    const char *port, char family, struct conf_place place)
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
