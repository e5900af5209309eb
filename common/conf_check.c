/* The checks across keys, after each value has been read by itself. */
#include "conf_check.h"

#include <string.h>

enum { TYPE_A = 1, TYPE_NS = 2, TYPE_AAAA = 28 };

static struct conf_place
value_place(yaml_document_t *document, const char *path)
{
	struct conf_place place;
	const yaml_node_t *node = conf_yaml_find(document, path, &place);

	return node != NULL ? conf_yaml_place(node) : place;
}

/* A process that shares its user with another is not separated from it. */
static void
check_users(struct conf_loading *loading, yaml_document_t *document)
{
	const struct conf_user *users = loading->conf->privsep.users;

	for (int i = 1; i < CONF_ROLES; i++) {
		for (int j = 0; j < i; j++) {
			char path[64];

			if (users[i].name == NULL || users[j].name == NULL ||
			    users[i].uid != users[j].uid)
				continue;
			snprintf(path, sizeof(path), "privsep.users.%s",
			    conf_role_name((enum conf_role)i));
			conf_report_error(loading->report, value_place(document, path),
			    "%s has the same uid %u as privsep.users.%s; give each process a user "
			    "of its own",
			    path, users[i].uid, conf_role_name((enum conf_role)j));
			break;
		}
	}
}

/* 1 if `path` is `folder` or lies in it; both absolute. */
static int
is_within(const char *path, const char *folder)
{
	size_t length = strlen(folder);

	while (length > 1 && folder[length - 1] == '/')
		length--;
	return strncmp(path, folder, length) == 0 &&
	       (path[length] == '\0' || path[length] == '/' || length == 1);
}

/* Each belongs to another user, who could replace what the other one trusts in it. */
static void
check_folders(struct conf_loading *loading, yaml_document_t *document)
{
	const struct conf *conf = loading->conf;

	if (conf->store.path == NULL || conf->privsep.runtime_dir == NULL)
		return;
	if (is_within(conf->store.path, conf->privsep.runtime_dir) ||
	    is_within(conf->privsep.runtime_dir, conf->store.path))
		conf_report_error(loading->report, value_place(document, "privsep.runtime_dir"),
		    "privsep.runtime_dir and store.path lie in one another; the database and the "
		    "sockets need folders apart");
}

static int
has_address(const struct record_list *list, const struct name *owner)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct record *record = &list->records[i];

		if ((record->type == TYPE_A || record->type == TYPE_AAAA) &&
		    name_equal(&record->owner, owner))
			return 1;
	}
	return 0;
}

static void
check_nameservers(struct conf_loading *loading, yaml_document_t *document)
{
	const struct record_list *list = &loading->conf->zone.records;
	const struct name *zone = &loading->conf->zone.name;
	struct conf_place place = value_place(document, "zone.records");
	char text[NAME_MAX_TEXT];
	size_t nameservers = 0;

	for (size_t i = 0; i < list->count; i++) {
		const struct record *record = &list->records[i];
		struct name target = {.length = 1};

		if (record->type != TYPE_NS || record->rdata_length > NAME_MAX_WIRE)
			continue;
		nameservers++;
		target.length = (uint8_t)record->rdata_length;
		memcpy(target.wire, record->rdata, record->rdata_length);
		if (!name_is_within(&target, zone) || has_address(list, &target))
			continue;
		name_to_text(&target, text);
		conf_report_warning(loading->report, place,
		    "the name server \"%.*s\" lies in the zone and has no address; add an A or "
		    "AAAA "
		    "record for it, or a dot at the end of its name",
		    CONF_SHOWN, text);
	}
	if (nameservers == 0) {
		name_to_text(zone, text);
		conf_report_warning(loading->report, place,
		    "the zone has no NS record; add one such as \"%.*s NS ns1.example.org.\"",
		    CONF_SHOWN, text);
	}
}

/* The files themselves are looked at by whoever opens them (key_pair.h). */
static void
check_tls(struct conf_loading *loading, yaml_document_t *document)
{
	static const char *const paths[] = {"api.tls.certificate", "api.tls.key"};
	static const char *const names[] = {"certificate", "key"};
	struct conf *conf = loading->conf;
	size_t speaking = 0;
	struct conf_place place;
	int given[2];

	conf->api.tls.certificate_place = value_place(document, "api.tls.certificate");
	conf->api.tls.key_place = value_place(document, "api.tls.key");
	for (int i = 0; i < 2; i++)
		given[i] = conf_yaml_find(document, paths[i], &place) != NULL;
	if (given[0] != given[1])
		conf_report_error(loading->report, value_place(document, "api.tls"),
		    "api.tls has a %s only; add the %s", names[given[1]], names[given[0]]);
	if (!given[0] && !given[1] && loading->tls_wanted.line != 0)
		conf_report_error(loading->report, loading->tls_wanted,
		    "api.listen.tls needs a certificate; add "
		    "\"api: {tls: {certificate: FILE, key: FILE}}\"");
	for (size_t i = 0; i < conf->api.listen.count; i++)
		speaking += conf->api.listen_tls[i];
	if (conf->api.tls.certificate != NULL && speaking == 0)
		conf_report_warning(loading->report, value_place(document, "api.tls"),
		    "api.tls is set and no address of api.listen speaks TLS");
	if (conf->api.hsts > 0 && speaking == 0)
		conf_report_warning(loading->report, value_place(document, "api.hsts"),
		    "api.hsts has no effect without TLS; see api.tls");
}

/* Or whoever reaches the address would choose whose address he has. */
static void
check_proxies(struct conf_loading *loading)
{
	const struct conf *conf = loading->conf;

	if (loading->networks_wanted.line != 0 && conf->api.trusted_proxies.networks.count == 0)
		conf_report_error(loading->report, loading->networks_wanted,
		    "api.listen.proxy_protocol needs the proxy's address in api.trusted_proxies, "
		    "or anybody could claim to be anybody; add \"api: {trusted_proxies: "
		    "[127.0.0.1/32]}\" for a proxy on this machine");
	if (loading->local_wanted.line != 0 && !conf->api.trusted_proxies.local)
		conf_report_error(loading->report, loading->local_wanted,
		    "api.listen.proxy_protocol of a Unix socket needs \"unix\" in "
		    "api.trusted_proxies; add \"api: {trusted_proxies: [unix]}\"");
}

static void
check_map(struct conf_loading *loading, yaml_document_t *document)
{
	const struct conf *conf = loading->conf;
	struct conf_place place;
	const char *path = conf_yaml_find(document, "store.map_max", &place) != NULL
			       ? "store.map_max"
			       : "store.map_size";

	/* 0: there is a mistake in it. */
	if (conf->store.map_max != 0 && conf->store.map_size > conf->store.map_max)
		conf_report_error(loading->report, value_place(document, path),
		    "store.map_size is larger than store.map_max");
}

void
conf_check(struct conf_loading *loading, yaml_document_t *document)
{
	if (loading->as_root)
		check_users(loading, document);
	check_folders(loading, document);
	check_tls(loading, document);
	check_proxies(loading);
	check_map(loading, document);
	if (loading->zone_known)
		check_nameservers(loading, document);
}
