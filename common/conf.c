/*
 * The configuration file: its schema, and how a file is held against it. The table below is
 * all there is to know of the keys; the order is that in which values are read, so that what
 * a check needs stands in front of it.
 */
#include "conf.h"
#include "conf_check.h"
#include "conf_report.h"
#include "conf_value.h"
#include "conf_yaml.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TTL_FORM     "a whole number of seconds from 0 to 2147483647"
#define FIELD(place) offsetof(struct conf, place)

enum { MAX_PATH = 64, MAX_SIBLINGS = 16 };

static const struct conf_key keys[] = {
    {.path = "zone.name", .set = conf_set_zone_name, .form = "a name such as auth.example.org"},
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
    {.path = "dns.protocols",
	.set = conf_set_protocol,
	.initial = "udp tcp",
	.is_list = 1,
	.form = "udp or tcp"},
    {.path = "dns.listen",
	.set = conf_set_dns_listen,
	.initial = "127.0.0.1:5300 [::1]:5300",
	.offset = FIELD(dns.listen),
	.is_list = 1,
	.form = "an address with a port, such as 192.0.2.1:53 or [2001:db8::1]:53"},
    {.path = "dns.workers",
	.set = conf_set_workers,
	.initial = "auto",
	.form = "auto or a number from 1 to 64"},
    {.path = "api.listen",
	.set = conf_set_api_listen,
	.initial = "127.0.0.1:8053 [::1]:8053",
	.offset = FIELD(api.listen),
	.is_list = 1,
	.form =
	    "an address with a port, such as 192.0.2.1:443 or [2001:db8::1]:443, or unix:/PATH"},
    {.path = "api.disable_registration",
	.set = conf_set_switch,
	.initial = "false",
	.offset = FIELD(api.disable_registration),
	.form = "true or false"},
    {.path = "store.path",
	.set = conf_set_path,
	.initial = "var/lib",
	.offset = FIELD(store.path),
	.form = "a path"},
    {.path = "privsep.users.store",
	.set = conf_set_user,
	.initial = "sallyport-store",
	.offset = FIELD(privsep.users[CONF_ROLE_STORE]),
	.form = "a user's name or number"},
    {.path = "privsep.users.dnsd",
	.set = conf_set_user,
	.initial = "sallyport-dnsd",
	.offset = FIELD(privsep.users[CONF_ROLE_DNSD]),
	.form = "a user's name or number"},
    {.path = "privsep.users.apid",
	.set = conf_set_user,
	.initial = "sallyport-apid",
	.offset = FIELD(privsep.users[CONF_ROLE_APID]),
	.form = "a user's name or number"},
    {.path = "privsep.runtime_dir",
	.set = conf_set_path,
	.initial = "var/run",
	.offset = FIELD(privsep.runtime_dir),
	.form = "a path"},
    {.path = "log.level",
	.set = conf_set_log_level,
	.initial = "info",
	.form = "error, warning, info or debug"},
    {.path = "log.format", .set = conf_set_log_format, .initial = "text", .form = "text or json"},
};

enum { KEYS = sizeof(keys) / sizeof(keys[0]) };

const char *
conf_role_name(enum conf_role role)
{
	static const char *const names[CONF_ROLES] = {"store", "dnsd", "apid"};

	return names[role];
}

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
list_siblings(const char *prefix, char siblings[MAX_SIBLINGS][MAX_PATH])
{
	size_t count = 0;

	for (size_t i = 0; i < KEYS && count < MAX_SIBLINGS; i++) {
		const char *start = NULL;
		size_t length = component(keys[i].path, prefix, &start), same = 0;

		if (length == 0)
			continue;
		snprintf(siblings[count], MAX_PATH, "%.*s", (int)length, start);
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
	for (size_t i = 0; i < KEYS; i++) {
		const char *dot = strrchr(keys[i].path, '.');

		if (strcmp(dot + 1, name) == 0)
			return &keys[i];
	}
	return NULL;
}

static void
report_unknown(struct conf_report *report, const char *prefix, const char *name,
    struct conf_place place, char siblings[MAX_SIBLINGS][MAX_PATH], size_t count)
{
	const char *candidates[MAX_SIBLINGS];
	char all[MAX_SIBLINGS * (MAX_PATH + 2)] = "";
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
	for (size_t i = 0; i < KEYS; i++) {
		if (strcmp(keys[i].path, path) == 0)
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
	char siblings[MAX_SIBLINGS][MAX_PATH];
	size_t count = list_siblings(prefix, siblings);
	const yaml_node_pair_t *pair = mapping->data.mapping.pairs.start;

	for (; pair < mapping->data.mapping.pairs.top; pair++) {
		const yaml_node_t *key = yaml_document_get_node(document, pair->key);
		const yaml_node_t *value = yaml_document_get_node(document, pair->value);
		const char *name = key_name(report, key);
		struct conf_place earlier;
		char path[MAX_PATH * 2];
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

/* Makes a value of a node that must be a scalar. 0, or -1 with a message. */
static int
value_from_node(struct conf_report *report, const struct conf_key *key, const yaml_node_t *node,
    struct conf_value *value)
{
	const char *which = key->is_list ? "an item of " : "";

	value->place = conf_yaml_place(node);
	if (node->type != YAML_SCALAR_NODE) {
		conf_report_error(report, value->place,
		    "%s%s must be a single value, not %s; it is %s", which, key->path,
		    node->type == YAML_SEQUENCE_NODE ? "a list" : "a group of keys", key->form);
		return -1;
	}
	if (conf_yaml_is_null(node)) {
		conf_report_error(report, value->place, "%s%s has no value; %s", which, key->path,
		    key->is_list || key->initial == NULL ? "write one or remove the line"
							 : "remove the line to get the default");
		return -1;
	}
	value->text = conf_yaml_text(node);
	value->quoted = node->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
	if (!conf_text_is_clean(value->text, node->data.scalar.length)) {
		conf_report_error(report, value->place,
		    "%s%s has a line end or a control character in it; remove it", which,
		    key->path);
		return -1;
	}
	return 0;
}

static void
apply_list(struct conf_loading *loading, const struct conf_key *key, yaml_document_t *document,
    const yaml_node_t *node)
{
	const yaml_node_item_t *item;

	if (conf_yaml_is_null(node) && key->may_be_empty)
		return;
	if (node->type == YAML_SCALAR_NODE && !conf_yaml_is_null(node) &&
	    conf_text_is_clean(conf_yaml_text(node), node->data.scalar.length)) {
		conf_report_error(loading->report, conf_yaml_place(node),
		    "%s must be a list; did you mean [\"%.*s\"]?", key->path, CONF_SHOWN,
		    conf_yaml_text(node));
		return;
	}
	if (node->type != YAML_SEQUENCE_NODE) {
		conf_report_error(loading->report, conf_yaml_place(node),
		    "%s must be a list; each item is %s", key->path, key->form);
		return;
	}
	item = node->data.sequence.items.start;
	if (item == node->data.sequence.items.top && !key->may_be_empty)
		conf_report_error(loading->report, conf_yaml_place(node),
		    "%s is an empty list; each item is %s", key->path, key->form);
	for (; item < node->data.sequence.items.top; item++) {
		struct conf_value value;

		if (value_from_node(
			loading->report, key, yaml_document_get_node(document, *item), &value) == 0)
			key->set(loading, key, &value);
	}
}

/* Feeds each blank-separated item of a list's default to its setter, or the one value as it is. */
static void
apply_initial(struct conf_loading *loading, const struct conf_key *key, struct conf_value *value)
{
	char items[128];
	char *rest = NULL;

	snprintf(items, sizeof(items), "%s", key->initial);
	for (char *item = strtok_r(items, " ", &rest); item != NULL;
	     item = strtok_r(NULL, " ", &rest)) {
		value->text = item;
		key->set(loading, key, value);
	}
}

static void
apply_default(struct conf_loading *loading, const struct conf_key *key, struct conf_place place)
{
	struct conf_value value = {.place = place};
	char zone[NAME_MAX_TEXT], text[NAME_MAX_TEXT + MAX_PATH];

	if (key->initial != NULL) {
		apply_initial(loading, key, &value);
	} else if (key->from_zone == NULL) {
		conf_report_error(
		    loading->report, place, "%s is missing; it is %s", key->path, key->form);
	} else if (loading->zone_known) {
		name_to_text(&loading->conf->zone.name, zone);
		snprintf(text, sizeof(text), "%s%s", key->from_zone, zone);
		value.text = text;
		key->set(loading, key, &value);
	}
}

static void
apply_keys(struct conf_loading *loading, yaml_document_t *document)
{
	for (size_t i = 0; i < KEYS; i++) {
		const struct conf_key *key = &keys[i];
		struct conf_place place;
		struct conf_value value;
		const yaml_node_t *node = conf_yaml_find(document, key->path, &place);

		if (node == NULL)
			apply_default(loading, key, place);
		else if (key->is_list)
			apply_list(loading, key, document, node);
		else if (value_from_node(loading->report, key, node, &value) == 0)
			key->set(loading, key, &value);
	}
}

static void
read_document(struct conf_loading *loading, yaml_document_t *document)
{
	const yaml_node_t *root = yaml_document_get_root_node(document);

	if (root == NULL || conf_yaml_is_null(root)) {
		conf_report_error(loading->report, (struct conf_place){1, 1},
		    "the file is empty; it needs at least \"zone: {name: auth.example.org}\"");
	} else if (root->type != YAML_MAPPING_NODE) {
		conf_report_error(loading->report, conf_yaml_place(root),
		    "the file must be keys with their values; it begins with \"zone:\"");
	} else {
		check_keys(loading->report, document, root, "");
		apply_keys(loading, document);
		conf_check(loading, document);
	}
}

/*
 * The folder of the file, absolute and malloc'd. Without symbolic links if it exists; a relative
 * one that does not (then there is no file either) counts as the working directory.
 */
static char *
folder_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *folder = NULL, *real = NULL;

	if (slash == path)
		folder = strdup("/");
	else
		folder = slash == NULL ? strdup(".") : strndup(path, (size_t)(slash - path));
	if (folder == NULL)
		return NULL;
	real = realpath(folder, NULL);
	if (real == NULL && folder[0] == '/')
		return folder;
	free(folder);
	return real != NULL ? real : realpath(".", NULL);
}

int
conf_parse(struct conf *conf, const char *text, size_t length, const char *path, int as_root,
    FILE *messages)
{
	struct conf_report report;
	struct conf_loading loading = {.conf = conf, .report = &report, .as_root = as_root};
	yaml_document_t document;
	size_t errors;

	memset(conf, 0, sizeof(*conf));
	conf_report_init(&report, path);
	loading.folder = folder_of(path);
	if (loading.folder == NULL) {
		conf_report_error(&report, (struct conf_place){0, 0}, "out of memory");
	} else if (conf_yaml_load(&document, text, length, &report) == 0) {
		read_document(&loading, &document);
		yaml_document_delete(&document);
	}
	conf_report_print(&report, messages);
	errors = report.errors;
	if (errors > 0)
		conf_free(conf);
	conf_report_free(&report);
	free(loading.folder);
	return errors < INT32_MAX ? (int)errors : INT32_MAX;
}

/* Reads at most `capacity` bytes of a regular file. Their number, or -1 with `why`. */
static ssize_t
read_file(const char *path, char *text, size_t capacity, const char **why)
{
	/* Not to hang on a FIFO that nobody writes to. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat status;
	size_t length = 0;
	ssize_t got = 1;

	if (fd < 0 || fstat(fd, &status) != 0) {
		*why = strerror(errno);
		got = -1;
	} else if (!S_ISREG(status.st_mode)) {
		*why = S_ISDIR(status.st_mode) ? "it is a folder" : "it is not a regular file";
		got = -1;
	}
	while (got > 0 && length < capacity) {
		got = read(fd, text + length, capacity - length);
		if (got > 0)
			length += (size_t)got;
		else if (got < 0)
			*why = strerror(errno);
	}
	if (fd >= 0)
		close(fd);
	return got < 0 ? -1 : (ssize_t)length;
}

int
conf_load(struct conf *conf, const char *path, int as_root, FILE *messages)
{
	size_t capacity = CONF_MAX_FILE + 1; /* one byte more, to notice a larger file */
	char *text = malloc(capacity);
	const char *why = "out of memory";
	ssize_t length = text != NULL ? read_file(path, text, capacity, &why) : -1;
	int errors = 1;

	memset(conf, 0, sizeof(*conf));
	if (length < 0)
		fprintf(messages, "%s: error: the configuration cannot be read: %s\n", path, why);
	else if (length > CONF_MAX_FILE)
		fprintf(messages,
		    "%s: error: the file is larger than %d bytes; is it the right one?\n", path,
		    CONF_MAX_FILE);
	else
		errors = conf_parse(conf, text, (size_t)length, path, as_root, messages);
	free(text);
	return errors;
}

void
conf_free(struct conf *conf)
{
	if (conf == NULL)
		return;
	record_list_free(&conf->zone.records);
	free(conf->dns.listen.addresses);
	free(conf->api.listen.addresses);
	free(conf->store.path);
	for (int i = 0; i < CONF_ROLES; i++)
		free(conf->privsep.users[i].name);
	free(conf->privsep.runtime_dir);
	memset(conf, 0, sizeof(*conf));
}
