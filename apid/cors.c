/* Origins compared. */
#include "cors.h"

#include <string.h>

/* Byte for byte: browsers write an origin in one way only. */
static const char *
find_origin(const struct conf_origins *origins, const struct request_origin *origin)
{
	for (size_t i = 0; i < origins->count; i++) {
		const char *text = origins->texts[i];

		if (strcmp(text, "*") == 0 || (strlen(text) == origin->length &&
						  memcmp(text, origin->bytes, origin->length) == 0))
			return text;
	}
	return NULL;
}

struct response_cors
cors_judge(const struct conf_origins *origins, const struct request *request)
{
	struct response_cors cors = {.varies = origins->count > 0};

	if (request->origin.length > 0)
		cors.origin = find_origin(origins, &request->origin);
	cors.is_preflight = request->method == REQUEST_METHOD_OPTIONS;
	return cors;
}

void
cors_renew(const struct conf_origins *origins, struct response_cors *cors)
{
	const char *before = cors->origin;

	cors->origin = NULL;
	for (size_t i = 0; before != NULL && i < origins->count; i++)
		if (strcmp(origins->texts[i], before) == 0)
			cors->origin = origins->texts[i];
}
