/* The JSON bodies of /register and /update. */
#include "body.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static volatile unsigned char seen;

/* Reads every byte, so that a sanitizer sees a slice that points nowhere. */
static void
touch(struct slice slice)
{
	for (size_t i = 0; i < slice.length; i++)
		seen = slice.data[i];
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct body_networks registration;
	struct body_update update;
	struct body body;

	if (body_read_register(&body, data, size, &registration) == BODY_OK) {
		if (registration.count > BODY_MAX_NETWORKS)
			abort();
		for (size_t i = 0; i < registration.count; i++)
			touch(registration.networks[i]);
		body_free(&body);
	}
	if (body_read_account(&body, data, size, &update, &registration) == BODY_OK) {
		touch(update.subdomain);
		touch(update.txt);
		for (size_t i = 0; i < registration.count; i++)
			touch(registration.networks[i]);
		body_free(&body);
	}
	if (body_read_update(&body, data, size, &update) == BODY_OK) {
		touch(update.subdomain);
		touch(update.txt);
		body_free(&body);
	}
	return 0;
}
