/*
 * What is kept of a request's header fields: a table of those that the API looks at. Pure.
 */
#ifndef APID_REQUEST_FIELD_H
#define APID_REQUEST_FIELD_H

#include "request.h"

#include <stddef.h>

/*
 * Takes the field whose name and value have just been gathered into the request; one that is none of ours is passed
 * over. What is wrong with it, or RESPONSE_ERROR_NONE.
 */
enum response_error request_field_take(struct request *request);

/* 1 if the value is that word, in whatever case; a name likewise. */
int request_value_is(const char *value, size_t length, const char *word);

/* uri-host [ ":" port ] of RFC 3986, as far as single characters tell; may be empty. */
int request_host_is_valid(const char *host, size_t length);

#endif
