/*
 * Which of the API's calls a request target names, and which methods it takes. Pure.
 */
#ifndef APID_ROUTE_H
#define APID_ROUTE_H

#include "request.h"

enum route {
	ROUTE_NONE,
	ROUTE_PAGE, /* "/": for people */
	ROUTE_REGISTER,
	ROUTE_UPDATE,
	ROUTE_HEALTH,
	ROUTE_READY,
	ROUTE_METRICS, /* on a listener of its own */
	ROUTE_ACCOUNT,
	ROUTE_ACCOUNT_KEY,
	ROUTE_ACCOUNT_VALUES,
	/* The same by the paths that acme-dns-client-2 asks for. */
	ROUTE_CHANGE,
	ROUTE_CLEAN,
	ROUTE_DEREGISTER,
	ROUTE_SERVER, /* "*": the server as a whole (RFC 9110, 9.3.7) */
	ROUTES
};

/*
 * Reads a target in origin, absolute or asterisk form (RFC 9112, 3.2); a query is ignored, and
 * so are doubled and trailing slashes. Calls live under `prefix` ("" or "/", or "/acme/dns"), and each of them also
 * below /t/TOKEN there: `token` becomes that segment, empty where there is none.
 */
enum route route_find(const char *target, size_t length, const char *prefix, struct slice *token);

/* 1 if the route takes the method; OPTIONS is answered everywhere. */
int route_takes(enum route route, enum request_method method);

/* What a call is named in the log: "update". */
const char *route_name(enum route route);

/* The value of Allow. */
const char *route_allow(enum route route);

#endif
