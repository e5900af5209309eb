/* Variables of the environment held against the schema, and put into the tree of the file. */
#include "conf_environment.h"

#include "conf_schema.h"
#include "conf_yaml.h"
#include "siphash.h"

#include <ctype.h>
#include <string.h>

enum {
	MAX_KEYS = 128,	 /* names to suggest one of */
	MAX_SECTION = 32 /* bytes of "ZONE_", NUL included */
};

static const size_t prefix_length = sizeof(CONF_ENVIRONMENT_PREFIX) - 1;

void
conf_environment_name(const struct conf_key *key, char name[CONF_ENVIRONMENT_NAME])
{
	snprintf(name, CONF_ENVIRONMENT_NAME, CONF_ENVIRONMENT_PREFIX "%s", key->path);
	for (char *at = name; *at != '\0'; at++)
		*at = *at == '.' ? '_' : (char)toupper((unsigned char)*at);
}

const char *
conf_environment_value(char *const *environment, const struct conf_key *key)
{
	char name[CONF_ENVIRONMENT_NAME];
	size_t length;

	conf_environment_name(key, name);
	length = strlen(name);
	for (; environment != NULL && *environment != NULL; environment++) {
		const char *value = *environment + length + 1;

		if (strncmp(*environment, name, length) == 0 && (*environment)[length] == '=')
			return *value != '\0' ? value : NULL;
	}
	return NULL;
}

static struct conf_place
variable_place(size_t key)
{
	return (struct conf_place){.line = CONF_LINE_ENVIRONMENT + 1 + key, .column = 1};
}

void
conf_environment_place(char text[CONF_ENVIRONMENT_PLACE], const char *path, struct conf_place place)
{
	char name[CONF_ENVIRONMENT_NAME];

	if (place.line > CONF_LINE_ENVIRONMENT) {
		conf_environment_name(&conf_schema[place.line - CONF_LINE_ENVIRONMENT - 1], name);
		snprintf(text, CONF_ENVIRONMENT_PLACE, "environment %s", name);
	} else if (place.line == CONF_LINE_ENVIRONMENT) {
		snprintf(text, CONF_ENVIRONMENT_PLACE, "environment");
	} else if (place.line == 0) {
		snprintf(text, CONF_ENVIRONMENT_PLACE, "%s", path);
	} else {
		snprintf(
		    text, CONF_ENVIRONMENT_PLACE, "%s:%zu:%zu", path, place.line, place.column);
	}
}

/* 1 if it is of the kind that is made for a service of this name: NAME_SERVICE_HOST, NAME_PORT_53_UDP_ADDR. */
static int
is_of_a_service(const char *name, const char *value)
{
	static const char service[] = "_SERVICE_";
	const char *port = strstr(name, "_PORT");

	if (strstr(name, service) != NULL || strncmp(name, service + 1, sizeof(service) - 2) == 0)
		return 1;
	if (port == NULL && strncmp(name, "PORT", 4) == 0)
		port = name - 1;
	return port != NULL && ((port[5] == '\0' && strstr(value, "://") != NULL) ||
				   (port[5] == '_' && isdigit((unsigned char)port[6])));
}

/* 1 if it begins with a section of the schema. */
static int
has_section(const char *name)
{
	for (size_t i = 0; i < conf_schema_keys; i++) {
		char section[MAX_SECTION];
		size_t length = strcspn(conf_schema[i].path, ".");

		snprintf(section, sizeof(section), "%.*s_", (int)length, conf_schema[i].path);
		if (strncasecmp(name, section, length + 1) == 0)
			return 1;
	}
	return 0;
}

/* `name` without the prefix. */
static void
check_name(struct conf_report *report, const char *name, const char *value)
{
	const struct conf_place place = {.line = CONF_LINE_ENVIRONMENT, .column = 1};
	char names[MAX_KEYS][CONF_ENVIRONMENT_NAME];
	const char *candidates[MAX_KEYS], *meant;
	size_t count = 0;

	for (; count < conf_schema_keys && count < MAX_KEYS; count++) {
		conf_environment_name(&conf_schema[count], names[count]);
		candidates[count] = names[count] + prefix_length;
		if (strcmp(name, candidates[count]) == 0)
			return;
	}
	if (is_of_a_service(name, value))
		return;
	meant = conf_report_suggest(name, candidates, count);
	if (meant != NULL)
		conf_report_error(report, place,
		    "unknown variable " CONF_ENVIRONMENT_PREFIX
		    "%.*s; did you mean " CONF_ENVIRONMENT_PREFIX "%s?",
		    CONF_SHOWN, name, meant);
	else if (has_section(name))
		conf_report_error(report, place,
		    "unknown variable " CONF_ENVIRONMENT_PREFIX
		    "%.*s; sallyport.yaml(5) has the keys, each of which makes one",
		    CONF_SHOWN, name);
}

static void
check_names(struct conf_report *report, char *const *environment)
{
	static const char letters[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_";
	char name[2 * CONF_ENVIRONMENT_NAME];

	for (; environment != NULL && *environment != NULL; environment++) {
		const char *at = *environment + prefix_length;
		size_t length;

		if (strncmp(*environment, CONF_ENVIRONMENT_PREFIX, prefix_length) != 0)
			continue;
		length = strspn(at, letters);
		if (at[length] != '=' || length >= sizeof(name))
			continue;
		memcpy(name, at, length);
		name[length] = '\0';
		check_name(report, name, at + length + 1);
	}
}

/* What stands at a variable has the variable's place. 0: memory is short. */
static int
place_node(yaml_document_t *document, int id, struct conf_place place)
{
	if (id != 0) {
		yaml_mark_t *mark = &yaml_document_get_node(document, id)->start_mark;

		mark->line = place.line - 1;
		mark->column = place.column - 1;
	}
	return id;
}

static int
add_scalar(yaml_document_t *document, const char *text, size_t length, yaml_scalar_style_t style,
    struct conf_place place)
{
	/* It is only read. */
	int id = yaml_document_add_scalar(document, NULL, (yaml_char_t *)text, (int)length, style);

	return place_node(document, id, place);
}

static int copy_node(yaml_document_t *document, yaml_document_t *source, int from, unsigned depth,
    struct conf_place place);

static int
copy_sequence(yaml_document_t *document, yaml_document_t *source, const yaml_node_t *from,
    unsigned depth, struct conf_place place)
{
	int id = yaml_document_add_sequence(document, NULL, YAML_FLOW_SEQUENCE_STYLE);
	const yaml_node_item_t *item = from->data.sequence.items.start;

	for (; id != 0 && item < from->data.sequence.items.top; item++) {
		int copy = copy_node(document, source, *item, depth + 1, place);

		if (copy == 0 || !yaml_document_append_sequence_item(document, id, copy))
			return 0;
	}
	return place_node(document, id, place);
}

static int
copy_mapping(yaml_document_t *document, yaml_document_t *source, const yaml_node_t *from,
    unsigned depth, struct conf_place place)
{
	int id = yaml_document_add_mapping(document, NULL, YAML_FLOW_MAPPING_STYLE);
	const yaml_node_pair_t *pair = from->data.mapping.pairs.start;

	for (; id != 0 && pair < from->data.mapping.pairs.top; pair++) {
		int key = copy_node(document, source, pair->key, depth + 1, place);
		int value =
		    key == 0 ? 0 : copy_node(document, source, pair->value, depth + 1, place);

		if (value == 0 || !yaml_document_append_mapping_pair(document, id, key, value))
			return 0;
	}
	return place_node(document, id, place);
}

/* What is nested deeper than any key's value is cut to nothing, which no key takes. 0: memory is short. */
static int
copy_node(yaml_document_t *document, yaml_document_t *source, int from, unsigned depth,
    struct conf_place place)
{
	const yaml_node_t *node = yaml_document_get_node(source, from);

	if (depth > CONF_ENVIRONMENT_DEPTH)
		return add_scalar(document, "", 0, YAML_PLAIN_SCALAR_STYLE, place);
	if (node->type == YAML_SEQUENCE_NODE)
		return copy_sequence(document, source, node, depth, place);
	if (node->type == YAML_MAPPING_NODE)
		return copy_mapping(document, source, node, depth, place);
	return add_scalar(document, conf_yaml_text(node), node->data.scalar.length,
	    node->data.scalar.style, place);
}

/* Lets the pair of this key in the mapping have the value, which may be a new one. 0: memory is short. */
static int
put_pair(yaml_document_t *document, int mapping, const char *key, size_t length, int value,
    struct conf_place place)
{
	yaml_node_pair_t *pair =
	    conf_yaml_pair(document, yaml_document_get_node(document, mapping), key, length);
	int id;

	if (pair != NULL) {
		pair->value = value;
		return 1;
	}
	id = add_scalar(document, key, length, YAML_PLAIN_SCALAR_STYLE, place);
	return id != 0 && yaml_document_append_mapping_pair(document, mapping, id, value);
}

/*
 * The mapping below the key, made where the file has none. 0: memory is short. -1: there is something else, which the
 * schema's check tells of.
 */
static int
enter(
    yaml_document_t *document, int mapping, const char *key, size_t length, struct conf_place place)
{
	const yaml_node_pair_t *pair =
	    conf_yaml_pair(document, yaml_document_get_node(document, mapping), key, length);
	int id;

	if (pair != NULL &&
	    yaml_document_get_node(document, pair->value)->type == YAML_MAPPING_NODE)
		return pair->value;
	if (pair != NULL && !conf_yaml_is_null(yaml_document_get_node(document, pair->value)))
		return -1;
	id = place_node(
	    document, yaml_document_add_mapping(document, NULL, YAML_BLOCK_MAPPING_STYLE), place);
	return id != 0 && put_pair(document, mapping, key, length, id, place) ? id : 0;
}

/* Puts the value at the dotted path. 0: memory is short. */
static int
put_value(yaml_document_t *document, const char *path, int value, struct conf_place place)
{
	int mapping = 1; /* the root */

	for (const char *dot; (dot = strchr(path, '.')) != NULL; path = dot + 1) {
		mapping = enter(document, mapping, path, (size_t)(dot - path), place);
		if (mapping <= 0)
			return mapping < 0;
	}
	return put_pair(document, mapping, path, strlen(path), value, place);
}

/* Tells at the variable what is wrong with its YAML. */
static void
report_syntax(struct conf_report *report, const struct conf_report *syntax, struct conf_place place)
{
	for (size_t i = 0; i < syntax->count; i++)
		conf_report_error(report, place, "%s", syntax->messages[i].text);
	if (syntax->memory_short)
		conf_report_no_memory(report);
}

static void
apply(struct conf_report *report, yaml_document_t *document, size_t key, const char *text)
{
	struct conf_place place = variable_place(key);
	struct conf_report syntax;
	yaml_document_t value;
	int id, put = 0;

	conf_report_init(&syntax, "");
	if (conf_yaml_load(&value, text, strlen(text), &syntax) == 0) {
		if (syntax.errors == 0) {
			id = yaml_document_get_root_node(&value) == NULL
				 ? add_scalar(document, "", 0, YAML_PLAIN_SCALAR_STYLE, place)
				 : copy_node(document, &value, 1, 0, place);
			put = id != 0 && put_value(document, conf_schema[key].path, id, place) != 0;
			if (!put)
				conf_report_no_memory(report);
		}
		yaml_document_delete(&value);
	}
	report_syntax(report, &syntax, place);
	conf_report_free(&syntax);
}

void
conf_environment_apply(
    struct conf_report *report, yaml_document_t *document, char *const *environment)
{
	const yaml_node_t *root;

	check_names(report, environment);
	for (size_t i = 0; i < conf_schema_keys; i++) {
		const char *text = conf_environment_value(environment, &conf_schema[i]);

		if (text == NULL)
			continue;
		if (yaml_document_get_root_node(document) == NULL &&
		    yaml_document_add_mapping(document, NULL, YAML_BLOCK_MAPPING_STYLE) == 0)
			conf_report_no_memory(report);
		root = yaml_document_get_root_node(document);
		if (root != NULL && root->type == YAML_MAPPING_NODE)
			apply(report, document, i, text);
	}
}

uint64_t
conf_environment_digest(char *const *environment)
{
	uint64_t digest = 0;

	for (size_t i = 0; i < conf_schema_keys; i++) {
		const char *value = conf_environment_value(environment, &conf_schema[i]);
		uint8_t chain[SIPHASH_KEY] = {0};

		if (value == NULL)
			continue;
		memcpy(chain, &digest, sizeof(digest));
		digest = siphash(chain, conf_schema[i].path, strlen(conf_schema[i].path));
		memcpy(chain, &digest, sizeof(digest));
		digest = siphash(chain, value, strlen(value));
	}
	return digest;
}

void
conf_environment_list(const struct conf *conf, char *text, size_t capacity)
{
	enum { MORE = 24 };
	size_t used = 0, left_out = 0;

	text[0] = '\0';
	for (size_t i = 0; conf->lines != NULL && i < conf_schema_keys; i++) {
		char name[CONF_ENVIRONMENT_NAME];

		if (conf->lines[i] < CONF_LINE_ENVIRONMENT)
			continue;
		conf_environment_name(&conf_schema[i], name);
		if (left_out > 0 || used + strlen(name) + MORE > capacity)
			left_out++;
		else
			used += (size_t)snprintf(
			    text + used, capacity - used, "%s%s", used > 0 ? ", " : "", name);
	}
	if (left_out > 0)
		snprintf(text + used, capacity - used, " and %zu more", left_out);
}
