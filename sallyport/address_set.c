#include "address_set.h"

#include <stdio.h>
#include <string.h>

void
address_set_add(struct address_set *set, const struct client_address *address)
{
	if (set->count < ADDRESS_SET && !address_set_has(set, address))
		set->addresses[set->count++] = *address;
}

int
address_set_has(const struct address_set *set, const struct client_address *address)
{
	for (unsigned i = 0; i < set->count; i++)
		if (memcmp(&set->addresses[i], address, sizeof(*address)) == 0)
			return 1;
	return 0;
}

int
address_set_equal(const struct address_set *a, const struct address_set *b)
{
	for (unsigned i = 0; i < a->count; i++)
		if (!address_set_has(b, &a->addresses[i]))
			return 0;
	return a->count == b->count;
}

const char *
address_set_text(const struct address_set *set, char text[ADDRESS_SET_TEXT])
{
	size_t used = 0;

	(void)snprintf(text, ADDRESS_SET_TEXT, "none");
	for (unsigned i = 0; i < set->count; i++) {
		char one[INET6_ADDRSTRLEN];

		client_address_to_text(&set->addresses[i], one);
		if (used + strlen(one) + sizeof(", ") > ADDRESS_SET_TEXT)
			break;
		used += (size_t)snprintf(
		    text + used, ADDRESS_SET_TEXT - used, "%s%s", i > 0 ? ", " : "", one);
	}
	return text;
}

static const struct {
	const char *network;
	enum address_scope scope;
} scopes[] = {
    {"127.0.0.0/8", ADDRESS_LOOPBACK},
    {"::1/128", ADDRESS_LOOPBACK},
    {"10.0.0.0/8", ADDRESS_PRIVATE},
    {"172.16.0.0/12", ADDRESS_PRIVATE},
    {"192.168.0.0/16", ADDRESS_PRIVATE},
    {"100.64.0.0/10", ADDRESS_PRIVATE},
    {"169.254.0.0/16", ADDRESS_PRIVATE},
    {"fc00::/7", ADDRESS_PRIVATE},
    {"fe80::/10", ADDRESS_PRIVATE},
    {"192.0.2.0/24", ADDRESS_DOCUMENTATION},
    {"198.51.100.0/24", ADDRESS_DOCUMENTATION},
    {"203.0.113.0/24", ADDRESS_DOCUMENTATION},
    {"2001:db8::/32", ADDRESS_DOCUMENTATION},
};

enum address_scope
address_scope(const struct client_address *address)
{
	for (unsigned i = 0; i < sizeof(scopes) / sizeof(scopes[0]); i++) {
		struct network network;
		char clean[NETWORK_MAX_TEXT];

		if (network_from_text(
			&network, scopes[i].network, strlen(scopes[i].network), clean) == 0 &&
		    network_contains(&network, address))
			return scopes[i].scope;
	}
	return ADDRESS_PUBLIC;
}

int
address_set_has_public(const struct address_set *set)
{
	for (unsigned i = 0; i < set->count; i++)
		if (address_scope(&set->addresses[i]) == ADDRESS_PUBLIC)
			return 1;
	return 0;
}

const char *
address_record(const struct client_address *address)
{
	struct address at = client_address_at(address, 0);

	return at.socket.any.sa_family == AF_INET ? "A" : "AAAA";
}
