/*
 * A registration token in the Authorization field: Basic (RFC 7617) and Bearer (RFC 6750). Pure.
 *
 * Clients that cannot be changed have a place for a user and a password, or for neither: so Basic takes the
 * token as either of the two, in base64 of any dialect.
 */
#ifndef APID_AUTHORIZATION_H
#define APID_AUTHORIZATION_H

#include "message.h"

#include <stddef.h>

enum { AUTHORIZATION_MAX_VALUE = 256 }; /* bytes of a value that is looked into */

/*
 * Writes the token that a field's value presents, and returns its length. 0: there is none, for whatever reason;
 * many clients send this field without need.
 */
size_t authorization_token(const char *value, size_t length, char token[MESSAGE_MAX_TOKEN]);

#endif
