/* The addresses that DNS and the API listen at, and networks. */
#include "array.h"
#include "conf_value.h"

#include <arpa/inet.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

static int
same_address(const struct address *a, const struct address *b)
{
	return a->length == b->length && memcmp(&a->socket, &b->socket, a->length) == 0;
}

static int
listen_has(const struct conf_listen *listen, const struct address *address)
{
	for (size_t i = 0; i < listen->count; i++) {
		if (same_address(&listen->addresses[i], address))
			return 1;
	}
	return 0;
}

/* 1 if DNS takes TCP connections at the address. */
static int
dns_has_tcp(const struct conf *conf, const struct address *address)
{
	for (size_t i = 0; i < conf->dns.listen.count; i++) {
		if ((conf->dns.listen_protocols[i] & CONF_PROTOCOL_TCP) &&
		    same_address(&conf->dns.listen.addresses[i], address))
			return 1;
	}
	return 0;
}

int
conf_api_speaks_tls(const struct conf *conf, const struct address *address)
{
	return conf->api.tls.certificate != NULL && address->socket.any.sa_family != AF_UNIX;
}

/* Appends. 0, or -1: out of memory. */
static int
listen_add(struct conf_listen *listen, const struct address *address)
{
	struct address *grown = array_grow(listen->addresses, listen->count, sizeof(*grown));

	if (grown == NULL)
		return -1;
	listen->addresses = grown;
	listen->addresses[listen->count++] = *address;
	return 0;
}

/* An address alone probably lacks the service's usual port. */
static void
report_address(struct conf_loading *loading, const struct conf_key *key,
    const struct conf_value *value, const char *why)
{
	struct in_addr v4;
	struct in6_addr v6;
	const char *port = "443";

	if (key->offset == offsetof(struct conf, dns.listen))
		port = "53";
	else if (key->offset == offsetof(struct conf, metrics.listen))
		port = "9153";
	if (inet_pton(AF_INET, value->text, &v4) == 1)
		conf_report_error(loading->report, value->place,
		    "%s: \"%s\": %s; did you mean \"%s:%s\"?", key->path, value->text, why,
		    value->text, port);
	else if (inet_pton(AF_INET6, value->text, &v6) == 1)
		conf_report_error(loading->report, value->place,
		    "%s: \"%s\": %s; did you mean \"[%s]:%s\"?", key->path, value->text, why,
		    value->text, port);
	else
		conf_report_error(loading->report, value->place, "%s: \"%.*s\": %s; it must be %s",
		    key->path, CONF_SHOWN, value->text, why, key->form);
}

static void
set_listen(struct conf_loading *loading, const struct conf_key *key, const struct conf_value *value,
    const char *text)
{
	struct conf *conf = loading->conf;
	struct conf_listen *listen = conf_value_field(loading, key);
	struct address address;
	const char *why;

	if (address_from_text(&address, text, &why) != 0) {
		report_address(loading, key, value, why);
	} else if (listen_has(listen, &address)) {
		conf_report_error(loading->report, value->place,
		    "%s has the address \"%.*s\" twice; remove one", key->path, CONF_SHOWN,
		    value->text);
	} else if (listen != &conf->dns.listen && dns_has_tcp(conf, &address)) {
		conf_report_error(loading->report, value->place,
		    "%s: \"%.*s\" is in dns.listen already, which uses it for TCP; give another "
		    "port",
		    key->path, CONF_SHOWN, value->text);
	} else if (listen == &conf->metrics.listen && listen_has(&conf->api.listen, &address)) {
		conf_report_error(loading->report, value->place,
		    "%s: \"%.*s\" is in api.listen already; give another port", key->path,
		    CONF_SHOWN, value->text);
	} else if (listen->count == CONF_MAX_LISTEN) {
		conf_report_error(loading->report, value->place, "%s has more than %d addresses",
		    key->path, CONF_MAX_LISTEN);
	} else if (listen_add(listen, &address) != 0) {
		conf_report_no_memory(loading->report);
	}
}

static void
set_dns_listen(
    struct conf_loading *loading, const struct conf_key *key, const struct conf_value *value)
{
	struct conf *conf = loading->conf;
	size_t before = conf->dns.listen.count;

	set_listen(loading, key, value, value->text);
	if (conf->dns.listen.count > before)
		conf->dns.listen_protocols[before] =
		    (uint8_t)(loading->item.protocols != 0 ? loading->item.protocols
							   : conf->dns.protocols);
}

/* 1 with a message if the address is a Unix socket. */
static int
is_local(struct conf_loading *loading, const struct conf_key *key, const struct conf_value *value,
    const char *what)
{
	if (strncmp(value->text, "unix:", 5) != 0)
		return 0;
	conf_report_error(loading->report, value->place,
	    "%s: %s not served on a Unix socket; give %s", key->path, what, key->form);
	return 1;
}

void
conf_set_metrics_listen(
    struct conf_loading *loading, const struct conf_key *key, const struct conf_value *value)
{
	if (!is_local(loading, key, value, "metrics are"))
		set_listen(loading, key, value, value->text);
}

void
conf_set_dns_listen(
    struct conf_loading *loading, const struct conf_key *key, const struct conf_value *value)
{
	if (!is_local(loading, key, value, "DNS is"))
		set_dns_listen(loading, key, value);
}

void
conf_set_listen_tls(
    struct conf_loading *loading, const struct conf_key *key, const struct conf_value *value)
{
	loading->item.tls = conf_value_switch(loading, key, value);
	loading->item.tls_place = value->place;
}

void
conf_set_listen_proxy(
    struct conf_loading *loading, const struct conf_key *key, const struct conf_value *value)
{
	loading->item.proxy = conf_value_switch(loading, key, value) > 0;
	loading->item.proxy_place = value->place;
}

/* A PROXY header is believed from somebody, who must be among the trusted proxies. */
static void
want_proxy(struct conf_loading *loading, const struct address *address)
{
	struct conf_place *wanted = address->socket.any.sa_family == AF_UNIX
					? &loading->local_wanted
					: &loading->networks_wanted;

	if (wanted->line == 0)
		*wanted = loading->item.proxy_place;
}

static void
set_api_listen(struct conf_loading *loading, const struct conf_key *key,
    const struct conf_value *value, const char *text)
{
	struct conf *conf = loading->conf;
	size_t before = conf->api.listen.count;

	set_listen(loading, key, value, text);
	if (conf->api.listen.count == before)
		return;
	conf->api.listen_tls[before] =
	    loading->item.tls >= 0
		? (uint8_t)loading->item.tls
		: (uint8_t)conf_api_speaks_tls(conf, &conf->api.listen.addresses[before]);
	conf->api.listen_proxy[before] = (uint8_t)loading->item.proxy;
	if (loading->item.proxy)
		want_proxy(loading, &conf->api.listen.addresses[before]);
	if (loading->item.tls > 0 && loading->tls_wanted.line == 0)
		loading->tls_wanted = loading->item.tls_place;
}

void
conf_set_api_listen(
    struct conf_loading *loading, const struct conf_key *key, const struct conf_value *value)
{
	char *path = NULL, *text = NULL;
	size_t size;

	if (strncmp(value->text, "unix:", 5) != 0 || value->text[5] == '/') {
		set_api_listen(loading, key, value, value->text);
		return;
	}
	if (value->text[5] == '\0') {
		report_address(loading, key, value, "the path is missing");
		return;
	}
	path = conf_value_absolute(loading, value->text + 5);
	if (path != NULL) {
		size = strlen(path) + sizeof("unix:");
		text = malloc(size);
		if (text != NULL) {
			snprintf(text, size, "unix:%s", path);
			set_api_listen(loading, key, value, text);
		}
	}
	if (text == NULL)
		conf_report_no_memory(loading->report);
	free(text);
	free(path);
}

static int
networks_have(const struct conf_networks *list, const struct network *network)
{
	for (size_t i = 0; i < list->count; i++) {
		if (memcmp(&list->networks[i], network, sizeof(*network)) == 0)
			return 1;
	}
	return 0;
}

/* An address alone probably means itself. */
static void
report_network(
    struct conf_loading *loading, const struct conf_key *key, const struct conf_value *value)
{
	struct in_addr v4;
	struct in6_addr v6;
	const char *mask = NULL;

	if (inet_pton(AF_INET, value->text, &v4) == 1)
		mask = "32";
	else if (inet_pton(AF_INET6, value->text, &v6) == 1)
		mask = "128";
	if (mask != NULL)
		conf_report_error(loading->report, value->place,
		    "%s: \"%s\": the mask is missing; did you mean \"%s/%s\"?", key->path,
		    value->text, value->text, mask);
	else
		conf_report_error(loading->report, value->place, "%s: \"%.*s\" is not %s",
		    key->path, CONF_SHOWN, value->text, key->form);
}

void
conf_set_network(
    struct conf_loading *loading, const struct conf_key *key, const struct conf_value *value)
{
	struct conf_networks *list = conf_value_field(loading, key);
	struct network network, *grown;
	char clean[NETWORK_MAX_TEXT];

	if (network_from_text(&network, value->text, strlen(value->text), clean) != 0) {
		report_network(loading, key, value);
	} else if (networks_have(list, &network)) {
		conf_report_error(loading->report, value->place,
		    "%s has the network \"%.*s\" twice; remove one", key->path, CONF_SHOWN,
		    value->text);
	} else if (list->count == CONF_MAX_NETWORKS) {
		conf_report_error(loading->report, value->place, "%s has more than %d networks",
		    key->path, CONF_MAX_NETWORKS);
	} else {
		grown = array_grow(list->networks, list->count, sizeof(*grown));
		if (grown == NULL) {
			conf_report_no_memory(loading->report);
			return;
		}
		list->networks = grown;
		list->networks[list->count++] = network;
	}
}

void
conf_set_trusted_proxy(
    struct conf_loading *loading, const struct conf_key *key, const struct conf_value *value)
{
	struct conf *conf = loading->conf;
	struct network network;
	char clean[NETWORK_MAX_TEXT];

	if (strcmp(value->text, "unix") == 0) {
		if (conf->api.trusted_proxies.local)
			conf_report_error(loading->report, value->place,
			    "%s has \"unix\" twice; remove one", key->path);
		conf->api.trusted_proxies.local = 1;
		return;
	}
	conf_set_network(loading, key, value);
	if (network_from_text(&network, value->text, strlen(value->text), clean) == 0 &&
	    network_is_everything(&network))
		conf_report_warning(loading->report, value->place,
		    "%s: \"%s\" trusts everybody: any client can then claim any address", key->path,
		    value->text);
}
