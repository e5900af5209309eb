/* Which keys a configuration file has, and whether a file has others. */
#ifndef COMMON_CONF_SCHEMA_H
#define COMMON_CONF_SCHEMA_H

#include "conf_value.h"
#include "conf_yaml.h"

enum {
	CONF_SCHEMA_PATH = 64 /* bytes of a key's path, NUL included */
};

extern const struct conf_key conf_schema[];
extern const size_t conf_schema_keys;

/*
 * Reports the keys of the file's root `mapping`, at every depth, that the schema does not have,
 * that stand there twice, and sections that are no mappings.
 */
void conf_schema_check(
    struct conf_report *report, yaml_document_t *document, const yaml_node_t *mapping);

#endif
