/*
 * The keys of the configuration as variables of the environment: SALLYPORT_ZONE_NAME for zone.name. A variable's value is
 * YAML, as behind the key in the file, and stands in the file's place. Pure: the environment is handed in.
 */
#ifndef COMMON_CONF_ENVIRONMENT_H
#define COMMON_CONF_ENVIRONMENT_H

#include "conf_value.h"

#include <stdint.h>

#define CONF_ENVIRONMENT_PREFIX "SALLYPORT_"

struct yaml_document_s; /* libyaml's yaml_document_t */

enum {
	CONF_ENVIRONMENT_NAME = 80, /* bytes of a variable's name, NUL included */
	CONF_ENVIRONMENT_PLACE =
	    4096 + 64,		   /* bytes of a place, NUL included: a path and two numbers */
	CONF_ENVIRONMENT_DEPTH = 4 /* of lists and maps in a value; no key has more than 3 */
};

/* "SALLYPORT_DNS_TCP_CONNECTIONS": the path in capitals, each dot an underscore. */
void conf_environment_name(const struct conf_key *key, char name[CONF_ENVIRONMENT_NAME]);

/*
 * The value of the key's variable in `environment`, which is as environ(7) has it, or NULL for none at all. An empty one counts
 * as not set: compose files and units leave such ones behind. NULL: not set.
 */
const char *conf_environment_value(char *const *environment, const struct conf_key *key);

/*
 * Puts the values of all variables into the document, over what the file says; a document without a root gets one. Mistakes
 * in them go to `report`, with the variable as their place; so do names that no key has, if they begin
 * with a section's or are nearly a key's. Other names that begin with SALLYPORT_ are somebody else's: of hooks and tests,
 * and those that Kubernetes and Docker make of a service's name.
 */
void conf_environment_apply(
    struct conf_report *report, struct yaml_document_s *document, char *const *environment);

/* Equal where the same variables have the same values; 0 where none is set. */
uint64_t conf_environment_digest(char *const *environment);

/*
 * The variables that `conf` has values of, "SALLYPORT_ZONE_NAME, SALLYPORT_LOG_LEVEL"; "and N more" where `text`, of `capacity`
 * bytes, ends. Empty: none.
 */
void conf_environment_list(const struct conf *conf, char *text, size_t capacity);

/*
 * FILE:LINE:COLUMN, or "environment NAME". A text and not written at once: three daemons write to one stderr, and a line that
 * goes out in pieces may have another's within.
 */
void conf_environment_place(
    char text[CONF_ENVIRONMENT_PLACE], const char *path, struct conf_place place);

#endif
