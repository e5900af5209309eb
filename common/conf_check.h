/* What only several keys together can get wrong. */
#ifndef COMMON_CONF_CHECK_H
#define COMMON_CONF_CHECK_H

#include "conf_value.h"
#include "conf_yaml.h"

/*
 * Reports two processes with one user, folders that coincide, a certificate without its key, an address for proxies that
 * nobody is trusted to be, and a zone that resolvers cannot find their way to. `document` is where the places come from.
 */
void conf_check(struct conf_loading *loading, yaml_document_t *document);

#endif
