/* Targets and methods. */
#include "route.h"

#include <string.h>
#include <strings.h>

static const struct {
	const char *word; /* NULL: not found by its last segment */
	const char *allow;
} routes[ROUTES] = {
    [ROUTE_NONE] = {NULL, ""},
    [ROUTE_REGISTER] = {"register", "OPTIONS, POST"},
    [ROUTE_UPDATE] = {"update", "OPTIONS, POST"},
    [ROUTE_HEALTH] = {"health", "GET, HEAD, OPTIONS"},
    [ROUTE_SERVER] = {NULL, "GET, HEAD, OPTIONS, POST"},
};

/* Takes the next segment off `path`, which is between slashes or ends the path; empty: none left. */
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

enum route
route_find(const char *target, size_t length, const char *prefix, struct slice *token)
{
	struct slice left = {(const unsigned char *)prefix, strlen(prefix)};
	struct slice path, expected, segment;

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
	segment = next_segment(&path);
	if (slice_equals(segment, "t")) {
		*token = next_segment(&path);
		segment = next_segment(&path);
	}
	if (next_segment(&path).length > 0)
		return ROUTE_NONE;
	for (unsigned i = 0; i < ROUTES; i++) {
		if (routes[i].word != NULL && slice_equals(segment, routes[i].word))
			return (enum route)i;
	}
	return ROUTE_NONE;
}

int
route_takes(enum route route, enum request_method method)
{
	switch (route) {
	case ROUTE_REGISTER:
	case ROUTE_UPDATE:
		return method == REQUEST_METHOD_POST || method == REQUEST_METHOD_OPTIONS;
	case ROUTE_HEALTH:
		return method == REQUEST_METHOD_GET || method == REQUEST_METHOD_HEAD ||
		       method == REQUEST_METHOD_OPTIONS;
	case ROUTE_SERVER:
		return method == REQUEST_METHOD_OPTIONS;
	default:
		return 0;
	}
}

const char *
route_allow(enum route route)
{
	return routes[route].allow;
}
