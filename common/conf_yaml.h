/*
 * The YAML of a configuration file: read with libyaml, with all that a configuration does not
 * need refused (anchors, aliases, tags, several documents).
 */
#ifndef COMMON_CONF_YAML_H
#define COMMON_CONF_YAML_H

#include "conf_report.h"

#include <yaml.h>

/*
 * Reads the text; mistakes go to `report`. 0: `document` is to be deleted with
 * yaml_document_delete(), and may have no root node (an empty file). -1: it holds nothing.
 * 0 does not mean that there were no mistakes.
 */
int conf_yaml_load(
    yaml_document_t *document, const char *text, size_t length, struct conf_report *report);

/* Where the node begins. */
struct conf_place conf_yaml_place(const yaml_node_t *node);

/* 1 if the node is an empty value, `null` or `~`. */
int conf_yaml_is_null(const yaml_node_t *node);

/* The pair of the key, `length` bytes, in the mapping; NULL: it has none. */
yaml_node_pair_t *conf_yaml_pair(
    yaml_document_t *document, const yaml_node_t *mapping, const char *key, size_t length);

/* A scalar's text (NUL-terminated; it may contain further NULs before its length). */
const char *conf_yaml_text(const yaml_node_t *scalar);

/*
 * The value of the dotted `path` ("dns.listen"), or NULL. `place` gets the place of its key,
 * or of the nearest key above that exists, or the beginning of the file.
 */
yaml_node_t *conf_yaml_find(yaml_document_t *document, const char *path, struct conf_place *place);

#endif
