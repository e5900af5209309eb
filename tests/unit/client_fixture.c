#include "client_fixture.h"

#include "suite.h"

#include <string.h>

struct client_address
client_of(const char *text)
{
	struct client_address client = {{0}};

	if (strcmp(text, "::") != 0)
		ck_assert_int_eq(client_address_from_text(&client, text, strlen(text)), 0);
	return client;
}

void
client_fixture_exempt(struct network networks[CLIENT_FIXTURE_EXEMPT])
{
	static const char *const texts[] = {"127.0.0.0/8", "::1/128"};
	char clean[NETWORK_MAX_TEXT];

	for (unsigned i = 0; i < CLIENT_FIXTURE_EXEMPT; i++)
		ck_assert_int_eq(
		    network_from_text(&networks[i], texts[i], strlen(texts[i]), clean), 0);
}
