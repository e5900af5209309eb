/* JSON bodies of /register and /update. */
#include "body.h"

#include "address.h"
#include "name.h"

#include <jansson.h>
#include <stdlib.h>

/* An allocation failed since it was last reset. One thread reads bodies. */
static int memory_short;

static void *
allocate(size_t size)
{
	void *memory = malloc(size);

	if (memory == NULL)
		memory_short = 1;
	return memory;
}

void
body_prepare(void)
{
	json_object_seed(0);
	json_set_alloc_funcs(allocate, free);
}

void
body_free(struct body *body)
{
	json_decref(body->root);
	body->root = NULL;
}

/* Loads the root: an object, or null, which stands for an empty one. */
static enum body_verdict
load(struct body *body, const void *bytes, size_t length)
{
	/*
	 * null is a root (goacmedns 0.2 sends it); a NUL in a value is for the rules of that value; an
	 * integer too large for us may stand in a key that is ignored.
	 */
	const size_t flags =
	    JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL;

	memory_short = 0;
	body->root = json_loadb(bytes, length, flags, NULL);
	/*
	 * jansson goes on when its buffer cannot grow, and leaves out the byte: "192.0.2.0/24" could
	 * become /2. What was read when memory was short is therefore never believed.
	 */
	if (memory_short) {
		body_free(body);
		return BODY_NO_MEMORY;
	}
	if (body->root == NULL)
		return BODY_MALFORMED;
	if (!json_is_object(body->root) && !json_is_null(body->root)) {
		body_free(body);
		return BODY_MALFORMED;
	}
	return BODY_OK;
}

/* ASCII letters only: no key of ours has others. */
static int
key_matches(const char *key, const char *wanted)
{
	size_t i;

	for (i = 0; wanted[i] != '\0'; i++) {
		if (name_lower((uint8_t)key[i]) != (uint8_t)wanted[i])
			return 0;
	}
	return key[i] == '\0';
}

/* Finds a key in any letter case. -1 if it is there twice; null and absent give NULL. */
static int
find_key(json_t *root, const char *wanted, json_t **value)
{
	unsigned times = 0;

	*value = NULL;
	for (void *at = json_object_iter(root); at != NULL; at = json_object_iter_next(root, at)) {
		if (!key_matches(json_object_iter_key(at), wanted))
			continue;
		if (++times > 1)
			return -1;
		if (!json_is_null(json_object_iter_value(at)))
			*value = json_object_iter_value(at);
	}
	return 0;
}

static struct slice
slice_from_json(const json_t *string)
{
	struct slice slice = {
	    (const unsigned char *)json_string_value(string), json_string_length(string)};

	return slice;
}

static int
find_string(json_t *root, const char *wanted, struct slice *value)
{
	json_t *found;

	if (find_key(root, wanted, &found) != 0 || (found != NULL && !json_is_string(found)))
		return -1;
	*value = slice_from_json(found);
	return 0;
}

/* Wrong types are looked for first: they make the whole body unreadable. */
static enum body_verdict
read_networks(json_t *list, struct body_register *request)
{
	size_t count = json_array_size(list);

	for (size_t i = 0; i < count; i++) {
		json_t *entry = json_array_get(list, i);

		if (!json_is_string(entry) && !json_is_null(entry))
			return BODY_MALFORMED;
	}
	if (count > BODY_MAX_NETWORKS)
		return BODY_BAD_NETWORK;
	for (size_t i = 0; i < count; i++) {
		request->networks[i] = slice_from_json(json_array_get(list, i));
		if (request->networks[i].length == 0 ||
		    request->networks[i].length >= NETWORK_MAX_TEXT)
			return BODY_BAD_NETWORK;
	}
	request->count = count;
	return BODY_OK;
}

enum body_verdict
body_read_register(
    struct body *body, const void *bytes, size_t length, struct body_register *request)
{
	enum body_verdict verdict;
	json_t *list;

	request->count = 0;
	body->root = NULL;
	if (length == 0)
		return BODY_OK;
	verdict = load(body, bytes, length);
	if (verdict != BODY_OK)
		return verdict;
	if (find_key(body->root, "allowfrom", &list) != 0 || (list != NULL && !json_is_array(list)))
		verdict = BODY_MALFORMED;
	else
		verdict = read_networks(list, request);
	if (verdict != BODY_OK)
		body_free(body);
	return verdict;
}

enum body_verdict
body_read_update(struct body *body, const void *bytes, size_t length, struct body_update *request)
{
	enum body_verdict verdict;

	body->root = NULL;
	verdict = load(body, bytes, length);
	if (verdict != BODY_OK)
		return verdict;
	if (find_string(body->root, "subdomain", &request->subdomain) != 0 ||
	    find_string(body->root, "txt", &request->txt) != 0) {
		body_free(body);
		return BODY_MALFORMED;
	}
	return BODY_OK;
}
