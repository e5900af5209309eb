/*
 * Lists of forwarding headers, as a client may make them up: whatever stands on the left of what a
 * proxy wrote, the proxy's word counts. The first byte chooses the header.
 */
#include "forwarded.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAX_LIST = 16 * 1024 };

/* What proxies write, and whom it names: the client 192.0.2.1, through 10.0.0.2 or not. */
static const char *const written[][2] = {
    {",192.0.2.1", ",for=192.0.2.1"},
    {", 192.0.2.1:80, 10.0.0.2,", ", for=\"192.0.2.1:80\", for=10.0.0.2,"},
    {",[::ffff:192.0.2.1]:1,::ffff:10.0.0.2",
	",by=\"_a,b\";for=\"[::ffff:192.0.2.1]\";proto=http,for=\"10.0.0.2\""},
};

static struct client_address
v4(uint8_t first, uint8_t third, uint8_t last)
{
	return (struct client_address){
	    {[10] = 0xff, [11] = 0xff, [12] = first, [14] = third, [15] = last}};
}

static int
same(struct client_address one, struct client_address other)
{
	return memcmp(&one, &other, sizeof(one)) == 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* 10.0.0.0/8 as it is kept: IPv4 mapped, its mask counted from there. */
	struct network network = {.bytes = {[10] = 0xff, [11] = 0xff, [12] = 10}, .bits = 104};
	struct conf_networks networks = {&network, 1};
	struct forwarded_trust trust = {.networks = &networks};
	struct client_address proxy = v4(10, 0, 1), client = v4(192, 2, 1), stranger;
	char list[MAX_LIST + 128];

	if (size < 1 || size > MAX_LIST)
		return 0;
	trust.header = data[0] % 2 == 0 ? CONF_X_FORWARDED_FOR : CONF_FORWARDED;
	data++;
	size--;
	forwarded_client(&trust, &proxy, (const char *)data, size);
	stranger = v4(203, 113, 9);
	if (!same(forwarded_client(&trust, &stranger, (const char *)data, size), stranger))
		abort();
	memcpy(list, data, size);
	for (size_t i = 0; i < sizeof(written) / sizeof(written[0]); i++) {
		const char *text = written[i][trust.header];

		memcpy(list + size, text, strlen(text));
		if (!same(forwarded_client(&trust, &proxy, list, size + strlen(text)), client))
			abort();
	}
	return 0;
}
