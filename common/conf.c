/* The configuration file: how it is read and held against the schema. */
#include "conf.h"
#include "conf_check.h"
#include "conf_environment.h"
#include "conf_report.h"
#include "conf_schema.h"
#include "conf_value.h"
#include "conf_yaml.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const char *
conf_role_name(enum conf_role role)
{
	static const char *const names[CONF_ROLES] = {"store", "dnsd", "apid"};

	return names[role];
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

static void apply_item_keys(struct conf_loading *loading, const struct conf_key *key,
    yaml_document_t *document, const yaml_node_t *item);

static void
apply_list(struct conf_loading *loading, const struct conf_key *key, yaml_document_t *document,
    const yaml_node_t *node)
{
	const yaml_node_item_t *item;

	if (conf_yaml_is_null(node) && key->may_be_empty)
		return;
	if (node->type == YAML_SCALAR_NODE && !conf_yaml_is_null(node) && !key->is_secret &&
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
		const yaml_node_t *one = yaml_document_get_node(document, *item);
		struct conf_value value;

		if (key->item_keys != NULL && one->type == YAML_MAPPING_NODE)
			apply_item_keys(loading, key, document, one);
		else if (value_from_node(loading->report, key, one, &value) == 0)
			key->set(loading, key, &value);
	}
}

/* The row of an item's key; NULL with a message. */
static const struct conf_key *
find_item_key(struct conf_loading *loading, const struct conf_key *key, const yaml_node_t *node)
{
	size_t prefix = strlen(key->path) + 1;
	char all[4 * CONF_SCHEMA_PATH] = "";

	for (size_t i = 0; i < key->item_key_count && node->type == YAML_SCALAR_NODE; i++) {
		if (strcmp(conf_yaml_text(node), key->item_keys[i].path + prefix) == 0)
			return &key->item_keys[i];
	}
	for (size_t i = 0; i < key->item_key_count; i++) {
		size_t used = strlen(all);

		snprintf(all + used, sizeof(all) - used, "%s%s", i > 0 ? ", " : "",
		    key->item_keys[i].path + prefix);
	}
	conf_report_error(loading->report, conf_yaml_place(node),
	    "unknown key in an item of %s; it has %s", key->path, all);
	return NULL;
}

/* Says nothing beside its address. */
static const struct conf_item no_item = {.tls = -1};

/* The first key counts what the others have set: it is applied last. */
static void
apply_item_keys(struct conf_loading *loading, const struct conf_key *key, yaml_document_t *document,
    const yaml_node_t *item)
{
	const yaml_node_pair_t *pair = item->data.mapping.pairs.start;
	const yaml_node_t *first = NULL;
	unsigned seen = 0;
	struct conf_value value;

	loading->item = no_item;
	for (; pair < item->data.mapping.pairs.top; pair++) {
		const yaml_node_t *name = yaml_document_get_node(document, pair->key);
		const yaml_node_t *node = yaml_document_get_node(document, pair->value);
		const struct conf_key *row = find_item_key(loading, key, name);
		unsigned bit = row == NULL ? 0 : 1U << (row - key->item_keys);

		if (row == NULL)
			continue;
		if (seen & bit)
			conf_report_error(loading->report, conf_yaml_place(name),
			    "the key \"%s\" stands here twice; remove one", conf_yaml_text(name));
		else if (row == key->item_keys)
			first = node;
		else if (row->is_list)
			apply_list(loading, row, document, node);
		else if (value_from_node(loading->report, row, node, &value) == 0)
			row->set(loading, row, &value);
		seen |= bit;
	}
	if (first == NULL)
		conf_report_error(loading->report, conf_yaml_place(item), "%s is missing; it is %s",
		    key->item_keys->path, key->item_keys->form);
	else if (value_from_node(loading->report, key->item_keys, first, &value) == 0)
		key->item_keys->set(loading, key->item_keys, &value);
	loading->item = no_item;
}

/* Feeds each blank-separated item of a list's default to its setter, or the one value as it is. */
static void
apply_initial(struct conf_loading *loading, const struct conf_key *key, struct conf_value *value)
{
	char items[128];
	char *rest = NULL, *item;

	snprintf(items, sizeof(items), "%s", key->initial);
	item = strtok_r(items, " ", &rest);
	while (item != NULL) {
		value->text = item;
		key->set(loading, key, value);
		item = strtok_r(NULL, " ", &rest);
	}
}

static void
apply_default(struct conf_loading *loading, const struct conf_key *key, struct conf_place place)
{
	struct conf_value value = {.place = place};
	char zone[NAME_MAX_TEXT], text[NAME_MAX_TEXT + CONF_SCHEMA_PATH];

	if (key->initial != NULL) {
		apply_initial(loading, key, &value);
	} else if (key->from_zone == NULL) {
		loading->zone_missing = 1; /* the one key without a default */
		conf_report_error(
		    loading->report, place, "%s is missing; it is %s", key->path, key->form);
	} else if (loading->zone_known) {
		name_to_text(&loading->conf->zone.name, zone);
		snprintf(text, sizeof(text), "%s%s", key->from_zone, zone);
		value.text = text;
		key->set(loading, key, &value);
	}
}

/* Where the value comes from: the key's line in the file, the variable's beyond it, or 0. */
static size_t
line_of(const yaml_node_t *node, struct conf_place key)
{
	size_t line = node != NULL ? conf_yaml_place(node).line : 0;

	return line == 0 || line >= CONF_LINE_ENVIRONMENT ? line : key.line;
}

static void
apply_keys(struct conf_loading *loading, yaml_document_t *document)
{
	for (size_t i = 0; i < conf_schema_keys; i++) {
		const struct conf_key *key = &conf_schema[i];
		struct conf_place place;
		struct conf_value value;
		const yaml_node_t *node = conf_yaml_find(document, key->path, &place);

		loading->conf->lines[i] = line_of(node, place);
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
		loading->zone_missing = 1;
		conf_report_error(loading->report, (struct conf_place){1, 1},
		    "the file is empty; it needs at least \"zone: {name: auth.example.org}\"");
	} else if (root->type != YAML_MAPPING_NODE) {
		conf_report_error(loading->report, conf_yaml_place(root),
		    "the file must be keys with their values; it begins with \"zone:\"");
	} else {
		conf_schema_check(loading->report, document, root);
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
conf_parse_over(struct conf *conf, const char *text, size_t length, const char *path,
    char *const *environment, int as_root, FILE *messages)
{
	struct conf_report report;
	struct conf_loading loading = {.conf = conf,
	    .report = &report,
	    .as_root = as_root == 1,
	    .is_confined = as_root == CONF_CONFINED,
	    .item = no_item};
	yaml_document_t document;
	size_t errors;

	memset(conf, 0, sizeof(*conf));
	conf_report_init(&report, path);
	loading.folder = folder_of(path);
	conf->file = strdup(path);
	conf->lines = calloc(conf_schema_keys, sizeof(*conf->lines));
	conf->environment = conf_environment_digest(environment);
	if (loading.folder == NULL || conf->file == NULL || conf->lines == NULL) {
		conf_report_no_memory(&report);
	} else if (conf_yaml_load(&document, text, length, &report) == 0) {
		conf_environment_apply(&report, &document, environment);
		read_document(&loading, &document);
		yaml_document_delete(&document);
	}
	conf_report_print(&report, messages);
	errors = report.errors;
	if (errors > 0)
		conf_free(conf);
	conf->zone_missing = loading.zone_missing;
	conf->memory_short = report.memory_short;
	conf_report_free(&report);
	free(loading.folder);
	return errors < INT32_MAX ? (int)errors : INT32_MAX;
}

int
conf_parse(struct conf *conf, const char *text, size_t length, const char *path, int as_root,
    FILE *messages)
{
	return conf_parse_over(conf, text, length, path, NULL, as_root, messages);
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

/*
 * 1 if the environment is enough: without a file where everybody's is, and with the one key that has no default. A file that
 * was named, or that is there and cannot be read, is never passed over.
 */
static int
needs_no_file(const char *path)
{
	const char *zone = getenv("SALLYPORT_ZONE_NAME");

	return errno == ENOENT && strcmp(path, CONF_DEFAULT_PATH) == 0 && zone != NULL &&
	       *zone != '\0';
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
	conf->memory_short = text == NULL;
	if (text != NULL && length < 0 && needs_no_file(path))
		length = 0;
	if (length < 0)
		fprintf(messages, "%s: error: the configuration cannot be read: %s\n", path, why);
	else if (length > CONF_MAX_FILE)
		fprintf(messages,
		    "%s: error: the file is larger than %d bytes; is it the right one?\n", path,
		    CONF_MAX_FILE);
	else
		errors =
		    conf_parse_over(conf, text, (size_t)length, path, environ, as_root, messages);
	free(text);
	return errors;
}

int
conf_exit_code(const struct conf *conf)
{
	return conf->memory_short ? 1 : CONF_EXIT;
}

static void
free_origins(struct conf_origins *origins)
{
	for (size_t i = 0; i < origins->count; i++)
		free(origins->texts[i]);
	free(origins->texts);
}

void
conf_free(struct conf *conf)
{
	if (conf == NULL)
		return;
	record_list_free(&conf->zone.records);
	free(conf->dns.listen.addresses);
	free(conf->file);
	free(conf->lines);
	free(conf->api.listen.addresses);
	free(conf->metrics.listen.addresses);
	free(conf->api.tls.certificate);
	free(conf->api.tls.key);
	free(conf->dns.rate_limit.exempt.networks);
	free(conf->api.registration_from.networks);
	free(conf->api.limits.exempt.networks);
	free(conf->api.trusted_proxies.networks.networks);
	free_origins(&conf->api.cors_origins);
	free(conf->api.base_url);
	free(conf->dns.nsid);
	free(conf->dns.identity.version);
	free(conf->dns.identity.hostname);
	free(conf->dns.identity.id);
	free(conf->store.path);
	for (int i = 0; i < CONF_ROLES; i++)
		free(conf->privsep.users[i].name);
	free(conf->privsep.runtime_dir);
	free(conf->control.group.name);
	memset(conf, 0, sizeof(*conf));
}
