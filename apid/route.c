/* Targets and methods. */
#include "route.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#define TAKES(METHOD) (1U << REQUEST_METHOD_##METHOD)

static const struct {
	const char *name;  /* its segments; NULL: not found by them */
	unsigned methods;  /* but OPTIONS, which all take */
	const char *allow; /* the same in words */
} routes[ROUTES] = {
    [ROUTE_NONE] = {NULL, 0, ""},
    [ROUTE_PAGE] = {NULL, TAKES(GET) | TAKES(HEAD), "GET, HEAD, OPTIONS"},
    [ROUTE_REGISTER] = {"register", TAKES(POST), "OPTIONS, POST"},
    [ROUTE_UPDATE] = {"update", TAKES(POST), "OPTIONS, POST"},
    [ROUTE_HEALTH] = {"health", TAKES(GET) | TAKES(HEAD), "GET, HEAD, OPTIONS"},
    [ROUTE_READY] = {"health/ready", TAKES(GET) | TAKES(HEAD), "GET, HEAD, OPTIONS"},
    [ROUTE_METRICS] = {"metrics", TAKES(GET) | TAKES(HEAD), "GET, HEAD, OPTIONS"},
    [ROUTE_ACCOUNT] = {"account", TAKES(GET) | TAKES(HEAD) | TAKES(PATCH) | TAKES(DELETE),
	"DELETE, GET, HEAD, OPTIONS, PATCH"},
    [ROUTE_ACCOUNT_KEY] = {"account/key", TAKES(POST), "OPTIONS, POST"},
    [ROUTE_ACCOUNT_VALUES] = {"account/values", TAKES(DELETE), "DELETE, OPTIONS"},
    [ROUTE_CHANGE] = {"change", TAKES(POST), "OPTIONS, POST"},
    [ROUTE_CLEAN] = {"clean", TAKES(POST), "OPTIONS, POST"},
    [ROUTE_DEREGISTER] = {"deregister", TAKES(POST), "OPTIONS, POST"},
    [ROUTE_SERVER] = {NULL, 0, "DELETE, GET, HEAD, OPTIONS, PATCH, POST"},
};

/* Takes the next segment off `path`, which is between has_slash or ends the path; empty: none left. */
static struct slice
next_segment(struct slice *path)
{
	struct slice segment = {path->data, 0};

	while (path->length > 0 && *path->data == '/') {
		path->data++;
		path->length--;
	}
	segment.data = path->data;
	while (path->length > 0 && *path->data != '/') {
		path->data++;
		path->length--;
		segment.length++;
	}
	return segment;
}

/* The path of a target: without scheme and authority before it and the query behind it. */
static struct slice
path_of(const char *target, size_t length)
{
	struct slice path = {(const unsigned char *)target, length};
	const unsigned char *end;

	if (length > 0 && *target != '/') {
		const char *authority = memmem(target, length, "://", 3);
		size_t before = authority == NULL ? length : (size_t)(authority - target) + 3;

		/* Only http and https can have led here. */
		if (authority == NULL || (strncasecmp(target, "http://", 7) != 0 &&
					     strncasecmp(target, "https://", 8) != 0))
			before = length;
		path.data += before;
		path.length -= before;
		while (path.length > 0 && *path.data != '/' && *path.data != '?') {
			path.data++;
			path.length--;
		}
	}
	end = path.length > 0 ? memchr(path.data, '?', path.length) : NULL;
	if (end != NULL)
		path.length = (size_t)(end - path.data);
	return path;
}

/* 1 if `segment` and what is left of the path are the segments of `name`. */
static int
is_named(struct slice segment, struct slice left, const char *name)
{
	struct slice names = {(const unsigned char *)name, strlen(name)};

	for (;; segment = next_segment(&left)) {
		struct slice expected = next_segment(&names);

		if (segment.length != expected.length ||
		    memcmp(segment.data, expected.data, segment.length) != 0)
			return 0;
		if (expected.length == 0)
			return 1;
	}
}

/* 1 if only characters of base64url stand there: nothing that a proxy could read as another path. */
static int
is_plain(struct slice segment)
{
	for (size_t i = 0; i < segment.length; i++) {
		if (!isalnum(segment.data[i]) && segment.data[i] != '-' && segment.data[i] != '_')
			return 0;
	}
	return 1;
}

enum route
route_find(const char *target, size_t length, const char *prefix, struct slice *token)
{
	struct slice left = {(const unsigned char *)prefix, strlen(prefix)};
	struct slice path, expected, segment;
	int has_slash;

	*token = (struct slice){NULL, 0};
	if (length == 1 && *target == '*')
		return ROUTE_SERVER;
	path = path_of(target, length);
	while ((expected = next_segment(&left)).length > 0) {
		segment = next_segment(&path);
		if (segment.length != expected.length ||
		    memcmp(segment.data, expected.data, segment.length) != 0)
			return ROUTE_NONE;
	}
	has_slash = path.length > 0; /* without one, what the page asks for would not be below it */
	segment = next_segment(&path);
	if (segment.length == 0)
		return has_slash ? ROUTE_PAGE : ROUTE_NONE;
	if (slice_equals(segment, "t")) {
		segment = next_segment(&path);
		if (!is_plain(segment))
			return ROUTE_NONE;
		*token = segment;
		segment = next_segment(&path);
	}
	for (unsigned i = 0; i < ROUTES; i++) {
		if (routes[i].name != NULL && is_named(segment, path, routes[i].name))
			return (enum route)i;
	}
	return ROUTE_NONE;
}

int
route_takes(enum route route, enum request_method method)
{
	return method == REQUEST_METHOD_OPTIONS || ((routes[route].methods >> method) & 1U) != 0;
}

const char *
route_name(enum route route)
{
	return routes[route].name != NULL ? routes[route].name : "";
}

const char *
route_allow(enum route route)
{
	return routes[route].allow;
}
