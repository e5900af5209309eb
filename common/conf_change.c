/*
 * Two configurations compared key by key, in the form in which conf_print() writes them: whatever the schema
 * has is there, and the same values are written alike.
 */
#include "conf_change.h"

#include "conf_schema.h"

#include <stdlib.h>
#include <string.h>

struct printed {
	char *text;
	size_t length;
	yaml_document_t document;
};

static int
print(struct printed *printed, const struct conf *conf)
{
	struct conf_report report;
	FILE *out = open_memstream(&printed->text, &printed->length);
	int failed;

	if (out == NULL)
		return -1;
	conf_print(conf, out);
	failed = fclose(out) != 0;
	conf_report_init(&report, "");
	failed = failed ||
		 conf_yaml_load(&printed->document, printed->text, printed->length, &report) != 0;
	conf_report_free(&report);
	if (failed) {
		free(printed->text);
		return -1;
	}
	return 0;
}

/* It may hold secrets. */
static void
forget(struct printed *printed)
{
	yaml_document_delete(&printed->document);
	explicit_bzero(printed->text, printed->length);
	free(printed->text);
}

static int node_equal(yaml_document_t *one, const yaml_node_t *left, yaml_document_t *other,
    const yaml_node_t *right);

static int
item_equal(yaml_document_t *one, int left, yaml_document_t *other, int right)
{
	return node_equal(
	    one, yaml_document_get_node(one, left), other, yaml_document_get_node(other, right));
}

static int
sequence_equal(
    yaml_document_t *one, const yaml_node_t *left, yaml_document_t *other, const yaml_node_t *right)
{
	const yaml_node_item_t *a = left->data.sequence.items.start;
	const yaml_node_item_t *b = right->data.sequence.items.start;
	const yaml_node_item_t *a_end = left->data.sequence.items.top;
	const yaml_node_item_t *b_end = right->data.sequence.items.top;

	if (a_end - a != b_end - b)
		return 0;
	for (; a < a_end; a++, b++)
		if (!item_equal(one, *a, other, *b))
			return 0;
	return 1;
}

static int
mapping_equal(
    yaml_document_t *one, const yaml_node_t *left, yaml_document_t *other, const yaml_node_t *right)
{
	const yaml_node_pair_t *a = left->data.mapping.pairs.start;
	const yaml_node_pair_t *b = right->data.mapping.pairs.start;
	const yaml_node_pair_t *a_end = left->data.mapping.pairs.top;
	const yaml_node_pair_t *b_end = right->data.mapping.pairs.top;

	if (a_end - a != b_end - b)
		return 0;
	for (; a < a_end; a++, b++)
		if (!item_equal(one, a->key, other, b->key) ||
		    !item_equal(one, a->value, other, b->value))
			return 0;
	return 1;
}

/* As deep as the schema, whose values conf_print() has written. */
static int
node_equal(
    yaml_document_t *one, const yaml_node_t *left, yaml_document_t *other, const yaml_node_t *right)
{
	if (left == NULL || right == NULL || left->type != right->type)
		return left == right;
	if (left->type == YAML_SEQUENCE_NODE)
		return sequence_equal(one, left, other, right);
	if (left->type == YAML_MAPPING_NODE)
		return mapping_equal(one, left, other, right);
	return left->data.scalar.length == right->data.scalar.length &&
	       memcmp(left->data.scalar.value, right->data.scalar.value,
		   left->data.scalar.length) == 0;
}

static int
compare(struct printed *one, struct printed *other, enum conf_role role, struct buf *keys)
{
	struct conf_place place;

	for (size_t i = 0; i < conf_schema_keys; i++) {
		const struct conf_key *key = &conf_schema[i];

		if ((key->restart & CONF_RESTART(role)) == 0 ||
		    node_equal(&one->document, conf_yaml_find(&one->document, key->path, &place),
			&other->document, conf_yaml_find(&other->document, key->path, &place)))
			continue;
		if (buf_printf(keys, "%s%s", keys->length > 0 ? ", " : "", key->path) != 0)
			return -1;
	}
	return 0;
}

int
conf_change_list(
    const struct conf *started, const struct conf *next, enum conf_role role, struct buf *keys)
{
	struct printed one, other;
	int failed;

	if (print(&one, started) != 0)
		return -1;
	if (print(&other, next) != 0) {
		forget(&one);
		return -1;
	}
	failed = compare(&one, &other, role, keys);
	forget(&one);
	forget(&other);
	return failed;
}
