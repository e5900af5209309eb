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

/* The item of a sequence, the key or value of a mapping, whose place in the file is `index`; 0 behind the last. */
static int
child_of(const yaml_node_t *node, ptrdiff_t index)
{
	const yaml_node_pair_t *pair;

	if (node->type == YAML_SEQUENCE_NODE)
		return index < node->data.sequence.items.top - node->data.sequence.items.start
			   ? node->data.sequence.items.start[index]
			   : 0;
	pair = node->data.mapping.pairs.start + index / 2;
	if (pair >= node->data.mapping.pairs.top)
		return 0;
	return index % 2 == 0 ? pair->key : pair->value;
}

/* As deep as the schema, whose values conf_print() has written. */
static int
node_equal(
    yaml_document_t *one, const yaml_node_t *left, yaml_document_t *other, const yaml_node_t *right)
{
	int a, b;

	if (left == NULL || right == NULL || left->type != right->type)
		return left == right;
	if (left->type == YAML_SCALAR_NODE)
		return left->data.scalar.length == right->data.scalar.length &&
		       memcmp(left->data.scalar.value, right->data.scalar.value,
			   left->data.scalar.length) == 0;
	for (ptrdiff_t i = 0;; i++) {
		a = child_of(left, i);
		b = child_of(right, i);
		if (a == 0 || b == 0)
			return a == b;
		if (!node_equal(one, yaml_document_get_node(one, a), other,
			yaml_document_get_node(other, b)))
			return 0;
	}
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
