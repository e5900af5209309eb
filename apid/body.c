/* JSON bodies of the API's calls. */
#include "body.h"

#include "address.h"
#include "name.h"

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* An allocation failed since it was last reset. One thread reads bodies. */
static int memory_short;

/* What stands before each of jansson's allocations. */
union allocation {
	size_t size; /* of what is behind it */
	max_align_t aligned;
};

static void *
allocate(size_t size)
{
	union allocation *memory =
	    size < SIZE_MAX - sizeof(*memory) ? malloc(sizeof(*memory) + size) : NULL;

	if (memory == NULL) {
		memory_short = 1;
		return NULL;
	}
	memory->size = size;
	return memory + 1;
}

static void
wipe_and_free(void *memory)
{
	union allocation *before = memory;

	if (before == NULL)
		return;
	before--;
	explicit_bzero(memory, before->size);
	free(before);
}

void
body_prepare(void)
{
	json_object_seed(0);
	json_set_alloc_funcs(allocate, wipe_and_free);
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
read_network_list(json_t *list, struct body_networks *request)
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

static enum body_verdict
read_networks(json_t *root, struct body_networks *request)
{
	json_t *list;

	request->count = 0;
	request->given = 0;
	if (find_key(root, "allowfrom", &list) != 0 || (list != NULL && !json_is_array(list)))
		return BODY_MALFORMED;
	request->given = list != NULL;
	return read_network_list(list, request);
}

static enum body_verdict
read_texts(json_t *root, struct body_update *request)
{
	if (find_string(root, "subdomain", &request->subdomain) != 0 ||
	    find_string(root, "txt", &request->txt) != 0)
		return BODY_MALFORMED;
	request->has_txt = request->txt.data != NULL;
	return BODY_OK;
}

/* What came of it, with nothing left to free unless it is BODY_OK. */
static enum body_verdict
conclude(struct body *body, enum body_verdict verdict)
{
	if (verdict != BODY_OK)
		body_free(body);
	return verdict;
}

enum body_verdict
body_read_register(
    struct body *body, const void *bytes, size_t length, struct body_networks *request)
{
	enum body_verdict verdict;

	*request = (struct body_networks){0};
	body->root = NULL;
	if (length == 0)
		return BODY_OK;
	verdict = load(body, bytes, length);
	if (verdict != BODY_OK)
		return verdict;
	return conclude(body, read_networks(body->root, request));
}

enum body_verdict
body_read_update(struct body *body, const void *bytes, size_t length, struct body_update *request)
{
	enum body_verdict verdict;

	body->root = NULL;
	verdict = load(body, bytes, length);
	if (verdict != BODY_OK)
		return verdict;
	return conclude(body, read_texts(body->root, request));
}

enum body_verdict
body_read_account(struct body *body, const void *bytes, size_t length, struct body_update *request,
    struct body_networks *networks)
{
	enum body_verdict verdict;

	*request = (struct body_update){0};
	if (networks != NULL)
		*networks = (struct body_networks){0};
	body->root = NULL;
	if (length == 0)
		return BODY_OK;
	verdict = load(body, bytes, length);
	if (verdict != BODY_OK)
		return verdict;
	verdict = read_texts(body->root, request);
	if (verdict == BODY_OK && networks != NULL)
		verdict = read_networks(body->root, networks);
	return conclude(body, verdict);
}
