/* Addresses and networks as people write them. */
#include "address.h"
#include "suite.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATH_100                                                                                   \
	"/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"                                       \
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static const struct {
	const char *text;
	sa_family_t family;
	const char *written; /* NULL: as `text` */
} valid[] = {
    {"192.0.2.1:53", AF_INET, NULL},
    {"0.0.0.0:1", AF_INET, NULL},
    {"255.255.255.255:65535", AF_INET, NULL},
    {"[::]:53", AF_INET6, NULL},
    {"[::1]:5300", AF_INET6, NULL},
    {"[2001:DB8:0:0::1]:443", AF_INET6, "[2001:db8::1]:443"},
    {"[::ffff:192.0.2.1]:80", AF_INET6, NULL},
    {"unix:/run/sallyport/api", AF_UNIX, NULL},
    {"unix:" PATH_100 "1234567", AF_UNIX, NULL},
};

START_TEST(reads_and_writes)
{
	struct address address;
	char text[ADDRESS_MAX_TEXT];
	const char *why = NULL;

	ck_assert_int_eq(address_from_text(&address, valid[_i].text, &why), 0);
	ck_assert_int_eq(address.socket.any.sa_family, valid[_i].family);
	address_to_text(&address, text);
	ck_assert_str_eq(text, valid[_i].written != NULL ? valid[_i].written : valid[_i].text);
}
END_TEST

/* Each prefix is refused with a reason, or is an address by itself. */
START_TEST(prefixes_are_read_or_refused)
{
	for (size_t kept = 0; kept < strlen(valid[_i].text); kept++) {
		char *prefix = strndup(valid[_i].text, kept);
		struct address address;
		const char *why = NULL;

		ck_assert_ptr_nonnull(prefix);
		if (address_from_text(&address, prefix, &why) != 0)
			ck_assert_ptr_nonnull(why);
		else
			ck_assert_ptr_null(why);
		free(prefix);
	}
}
END_TEST

START_TEST(fills_the_socket_address)
{
	struct address address;
	const char *why;

	ck_assert_int_eq(address_from_text(&address, "192.0.2.1:53", &why), 0);
	ck_assert_uint_eq(address.length, sizeof(struct sockaddr_in));
	ck_assert_uint_eq(ntohs(address.socket.v4.sin_port), 53);
	ck_assert_uint_eq(ntohl(address.socket.v4.sin_addr.s_addr), 0xc0000201);
	ck_assert_int_eq(address_from_text(&address, "[2001:db8::1]:53", &why), 0);
	ck_assert_uint_eq(address.length, sizeof(struct sockaddr_in6));
	ck_assert_uint_eq(ntohs(address.socket.v6.sin6_port), 53);
	ck_assert_uint_eq(address.socket.v6.sin6_scope_id, 0);
	ck_assert_uint_eq(address.socket.v6.sin6_addr.s6_addr[15], 1);
	ck_assert_int_eq(address_from_text(&address, "unix:/a", &why), 0);
	ck_assert_uint_eq(address.length, offsetof(struct sockaddr_un, sun_path) + 3);
	ck_assert_str_eq(address.socket.local.sun_path, "/a");
}
END_TEST

static const struct {
	const char *text, *why;
} invalid[] = {
    {"", "it is empty"},
    {"192.0.2.1", "the port is missing"},
    {"localhost", "the port is missing"},
    {"[::1]", "the port is missing"},
    {"192.0.2.1:", "the port must be a number from 1 to 65535"},
    {"192.0.2.1:0", "the port must be a number from 1 to 65535"},
    {"192.0.2.1:65536", "the port must be a number from 1 to 65535"},
    {"192.0.2.1:053", "the port must be a number from 1 to 65535"},
    {"192.0.2.1:-1", "the port must be a number from 1 to 65535"},
    {"192.0.2.1: 53", "the port must be a number from 1 to 65535"},
    {"192.0.2.1:5a", "the port must be a number from 1 to 65535"},
    {"192.0.2.1:domain", "the port must be a number from 1 to 65535"},
    {"192.0.2.1:99999999999", "the port must be a number from 1 to 65535"},
    {"[::1]:", "the port must be a number from 1 to 65535"},
    {"[::1]:65536", "the port must be a number from 1 to 65535"},
    {"[::1]53", "a colon and a port must follow the bracket"},
    {"[::1", "the closing bracket is missing"},
    {"::1", "an IPv6 address needs brackets: [address]:port"},
    {"2001:db8::1:53", "an IPv6 address needs brackets: [address]:port"},
    {"[]:53", "what stands in brackets is not an IPv6 address"},
    {"[192.0.2.1]:53", "what stands in brackets is not an IPv6 address"},
    {"[fe80::1%eth0]:53", "what stands in brackets is not an IPv6 address"},
    {"[1:2:3:4:5:6:7:8:9]:53", "what stands in brackets is not an IPv6 address"},
    {"[0000000000000000000000000000000000000000000000000000::1]:53",
	"what stands in brackets is not an IPv6 address"},
    {":53", "it is not an IP address (names are not looked up)"},
    {"localhost:53", "it is not an IP address (names are not looked up)"},
    {"192.0.2.256:53", "it is not an IP address (names are not looked up)"},
    {"192.0.2:53", "it is not an IP address (names are not looked up)"},
    {"192.0.2.010:53", "it is not an IP address (names are not looked up)"},
    {" 192.0.2.1:53", "it is not an IP address (names are not looked up)"},
    {"unix:", "the path of a Unix socket must be absolute"},
    {"unix:run/api", "the path of a Unix socket must be absolute"},
    {"unix:@abstract", "the path of a Unix socket must be absolute"},
    {"unix:" PATH_100 "12345678", "the path of a Unix socket has at most 107 bytes"},
};

START_TEST(refuses)
{
	struct address address;
	const char *why = NULL;

	ck_assert_int_eq(address_from_text(&address, invalid[_i].text, &why), -1);
	ck_assert_str_eq(why, invalid[_i].why);
}
END_TEST

static struct client_address
client_from_text(const char *text)
{
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
	struct sockaddr_in v4 = {.sin_family = AF_INET};
	struct sockaddr_un local = {.sun_family = AF_UNIX, .sun_path = "/run/x"};

	if (inet_pton(AF_INET, text, &v4.sin_addr) == 1)
		return client_address_from_socket((const struct sockaddr *)&v4);
	if (inet_pton(AF_INET6, text, &v6.sin6_addr) == 1)
		return client_address_from_socket((const struct sockaddr *)&v6);
	ck_assert_str_eq(text, "local");
	return client_address_from_socket((const struct sockaddr *)&local);
}

static const struct {
	const char *text, *written;
	const uint8_t bytes[16];
} clients[] = {
    {"192.0.2.1", "192.0.2.1", {[10] = 0xff, 0xff, 192, 0, 2, 1}},
    {"::ffff:192.0.2.1", "192.0.2.1", {[10] = 0xff, 0xff, 192, 0, 2, 1}},
    {"2001:db8::1", "2001:db8::1", {0x20, 0x01, 0x0d, 0xb8, [15] = 1}},
    {"::1", "::1", {[15] = 1}},
    {"local", "local", {0}},
};

START_TEST(knows_clients)
{
	struct client_address client = client_from_text(clients[_i].text);
	char text[INET6_ADDRSTRLEN];

	ck_assert_mem_eq(client.bytes, clients[_i].bytes, 16);
	client_address_to_text(&client, text);
	ck_assert_str_eq(text, clients[_i].written);
}
END_TEST

/* Written is what was read, or NULL if it is no address. */
static const struct {
	const char *text, *written;
} claims[] = {
    {"192.0.2.1", "192.0.2.1"},
    {"192.0.2.1:0", "192.0.2.1"},
    {"192.0.2.1:65535", "192.0.2.1"},
    {"2001:DB8:0::1", "2001:db8::1"},
    {"[2001:db8::1]", "2001:db8::1"},
    {"[2001:db8::1]:443", "2001:db8::1"},
    {"::ffff:192.0.2.1", "192.0.2.1"},
    {"", NULL},
    {":", NULL},
    {":80", NULL},
    {"::", NULL},
    {"[::]", NULL},
    {"[]", NULL},
    {"[", NULL},
    {"]", NULL},
    {"[192.0.2.1]", NULL},
    {"[2001:db8::1", NULL},
    {"2001:db8::1]", NULL},
    {"[2001:db8::1]443", NULL},
    {"[2001:db8::1]:", NULL},
    {"[2001:db8::1]:65536", NULL},
    {"[2001:db8::1]:443 ", NULL},
    {"192.0.2.1:", NULL},
    {"192.0.2.1:65536", NULL},
    {"192.0.2.1:-1", NULL},
    {"192.0.2.01", NULL},
    {"192.0.2", NULL},
    {" 192.0.2.1", NULL},
    {"192.0.2.1 ", NULL},
    {"192.0.2.1/32", NULL},
    {"fe80::1%lo", NULL},
    {"local", NULL},
    {"0000000000000000000000000000000000000000000000::1", NULL},
};

START_TEST(reads_what_proxies_say)
{
	const char *expected = claims[_i].written;
	size_t length = strlen(claims[_i].text);
	struct client_address client;
	char text[INET6_ADDRSTRLEN], *copy = malloc(length + 1);

	ck_assert_ptr_nonnull(copy);
	memcpy(copy, claims[_i].text, length);
	ck_assert_int_eq(
	    client_address_from_text(&client, copy, length), expected != NULL ? 0 : -1);
	if (expected != NULL) {
		client_address_to_text(&client, text);
		ck_assert_str_eq(text, expected);
	}
	free(copy);
}
END_TEST

struct pair {
	const char *one, *other;
	int same;
};

static const struct pair sites[] = {
    {"192.0.2.1", "192.0.2.1", 1},
    {"192.0.2.1", "192.0.2.0", 0},
    {"192.0.2.1", "::ffff:192.0.2.1", 1},
    {"2001:db8::1", "2001:db8::ffff:ffff:ffff:ffff", 1},
    {"2001:db8::1", "2001:db8:0:1::1", 0},
    {"2001:db8::1", "192.0.2.1", 0},
};

START_TEST(knows_which_addresses_are_one_client)
{
	struct client_address one = client_from_text(sites[_i].one);
	struct client_address other = client_from_text(sites[_i].other);

	one = client_address_site(&one);
	other = client_address_site(&other);
	ck_assert_int_eq(memcmp(&one, &other, sizeof(one)) == 0, sites[_i].same);
}
END_TEST

static const struct pair providers[] = {
    {"192.0.2.1", "192.0.255.255", 1},
    {"192.0.2.1", "192.1.2.1", 0},
    {"192.0.2.1", "::ffff:192.0.3.1", 1},
    {"2001:db8::1", "2001:db8:ffff::1", 1},
    {"2001:db8::1", "2001:db9::1", 0},
    {"::1", "0.0.0.1", 0},
};

START_TEST(knows_which_addresses_are_of_one_provider)
{
	struct client_address one = client_from_text(providers[_i].one);
	struct client_address other = client_from_text(providers[_i].other);

	one = client_address_provider(&one);
	other = client_address_provider(&other);
	ck_assert_int_eq(memcmp(&one, &other, sizeof(one)) == 0, providers[_i].same);
}
END_TEST

static const struct {
	const char *text;
	uint8_t bits;
	const char *clean; /* NULL: as `text` */
} networks[] = {
    {"192.0.2.0/24", 120, NULL},
    {"192.0.2.77/24", 120, NULL},
    {"0.0.0.0/0", 96, NULL},
    {"192.0.2.1/32", 128, NULL},
    {"2001:db8::/32", 32, NULL},
    {"2001:DB8::/32", 32, NULL},
    {"::/0", 0, NULL},
    {"::1/128", 128, NULL},
    {"[::1]/64", 64, "::1/64"},
    {"[2001:db8::]/32", 32, "2001:db8::/32"},
    {"[192.0.2.0]/24", 120, "192.0.2.0/24"},
    {"::ffff:192.0.2.0/120", 120, NULL},
};

START_TEST(reads_networks)
{
	struct network network;
	char clean[NETWORK_MAX_TEXT];
	const char *text = networks[_i].text;
	/* Followed by digits, which do not belong to it: the length counts. */
	char longer[NETWORK_MAX_TEXT * 2];

	snprintf(longer, sizeof(longer), "%s99", text);
	ck_assert_int_eq(network_from_text(&network, longer, strlen(text), clean), 0);
	ck_assert_uint_eq(network.bits, networks[_i].bits);
	ck_assert_str_eq(clean, networks[_i].clean != NULL ? networks[_i].clean : text);
}
END_TEST

START_TEST(network_prefixes_do_not_read_past_the_end)
{
	size_t length = strlen(networks[_i].text);

	for (size_t kept = 0; kept < length; kept++) {
		struct network network;
		char clean[NETWORK_MAX_TEXT];
		char *prefix = malloc(kept > 0 ? kept : 1);

		ck_assert_ptr_nonnull(prefix);
		memcpy(prefix, networks[_i].text, kept);
		if (network_from_text(&network, prefix, kept, clean) == 0)
			ck_assert_ptr_nonnull(strchr(clean, '/'));
		free(prefix);
	}
}
END_TEST

START_TEST(equal_networks_have_equal_bytes)
{
	struct network a, b;
	char clean[NETWORK_MAX_TEXT];

	ck_assert_int_eq(network_from_text(&a, "10.1.255.7/19", 13, clean), 0);
	ck_assert_int_eq(network_from_text(&b, "10.1.224.0/19", 13, clean), 0);
	ck_assert_mem_eq(a.bytes, b.bytes, 16);
}
END_TEST

#define NETWORK(text) text, sizeof(text) - 1

static const struct {
	const char *text;
	size_t length;
} bad_networks[] = {
    {NETWORK("")},
    {NETWORK("/")},
    {NETWORK("192.0.2.1")},
    {NETWORK("2001:db8::1")},
    {NETWORK("192.0.2.0/")},
    {NETWORK("192.0.2.0/33")},
    {NETWORK("192.0.2.0/-1")},
    {NETWORK("192.0.2.0/2a")},
    {NETWORK("192.0.2.0/024")},
    {NETWORK("192.0.2.0/24 ")},
    {NETWORK(" 192.0.2.0/24")},
    {NETWORK("192.0.2.0/24/24")},
    {NETWORK("192.0.2/24")},
    {NETWORK("192.0.2.0\0/24")},
    {NETWORK("192.0.2.0/24\0")},
    {NETWORK("2001:db8::/129")},
    {NETWORK("2001:db8::/9999999999")},
    {NETWORK("[2001:db8::/32")},
    {NETWORK("2001:db8::]/32")},
    {NETWORK("[2001:db8::/32]")},
    {NETWORK("[[2001:db8::]]/32")},
    {NETWORK("[2001:db8::]]/32")},
    {NETWORK("[]/0")},
    {NETWORK("example.org/24")},
    {NETWORK("0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000::/32")},
};

static const struct {
	const char *from, *text;
} network_texts[] = {
    {"192.0.2.77/24", "192.0.2.0/24"},
    {"0.0.0.0/0", "0.0.0.0/0"},
    {"192.0.2.1/32", "192.0.2.1/32"},
    {"::/0", "::/0"},
    {"::ffff:0:0/95", "::fffe:0:0/95"},
    {"2001:DB8::1/32", "2001:db8::/32"},
    {"::1/128", "::1/128"},
};

START_TEST(writes_networks)
{
	struct network network;
	char clean[NETWORK_MAX_TEXT], text[NETWORK_MAX_TEXT];
	const char *from = network_texts[_i].from;

	ck_assert_int_eq(network_from_text(&network, from, strlen(from), clean), 0);
	network_to_text(&network, text);
	ck_assert_str_eq(text, network_texts[_i].text);
}
END_TEST

START_TEST(refuses_networks)
{
	struct network network;
	char clean[NETWORK_MAX_TEXT];

	ck_assert_int_eq(
	    network_from_text(&network, bad_networks[_i].text, bad_networks[_i].length, clean), -1);
}
END_TEST

static const struct {
	const char *network, *client;
	int inside;
} memberships[] = {
    {"192.0.2.0/24", "192.0.2.255", 1},
    {"192.0.2.0/24", "192.0.3.0", 0},
    {"192.0.2.128/25", "192.0.2.127", 0},
    {"192.0.2.128/25", "192.0.2.128", 1},
    {"192.0.2.1/32", "192.0.2.1", 1},
    {"192.0.2.1/32", "192.0.2.2", 0},
    {"192.0.2.1/31", "192.0.2.0", 1},
    {"0.0.0.0/0", "203.0.113.9", 1},
    {"0.0.0.0/0", "2001:db8::1", 0},
    {"::ffff:192.0.2.0/120", "192.0.2.7", 1},
    {"2001:db8::/32", "2001:db8:ffff::1", 1},
    {"2001:db8::/32", "2001:db9::", 0},
    {"2001:db8:8000::/33", "2001:db8:7fff::", 0},
    {"::1/128", "::1", 1},
    {"::/0", "2001:db8::1", 1},
    {"::/0", "192.0.2.1", 0},
    {"::/0", "local", 0},
    {"0.0.0.0/0", "local", 0},
};

START_TEST(knows_who_is_inside)
{
	struct client_address client = client_from_text(memberships[_i].client);
	struct network network;
	char clean[NETWORK_MAX_TEXT];
	const char *text = memberships[_i].network;

	ck_assert_int_eq(network_from_text(&network, text, strlen(text), clean), 0);
	ck_assert_int_eq(network_contains(&network, &client), memberships[_i].inside);
}
END_TEST

static const char *const endpoints[] = {"192.0.2.1:53", "[2001:db8::1]:53"};

START_TEST(finds_the_way_back_to_an_address)
{
	struct client_address client;
	struct address address;
	char text[ADDRESS_MAX_TEXT];

	ck_assert_int_eq(
	    client_address_from_text(&client, endpoints[_i], strlen(endpoints[_i])), 0);
	address = client_address_at(&client, 53);
	address_to_text(&address, text);
	ck_assert_str_eq(text, endpoints[_i]);
	ck_assert_uint_eq(
	    address.length, _i == 0 ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6));
}
END_TEST

static const struct {
	const char *listens, *near;
} nears[] = {
    {"0.0.0.0:53", "127.0.0.1:53"},
    {"[::]:5300", "[::1]:5300"},
    {"192.0.2.1:53", "192.0.2.1:53"},
    {"[2001:db8::1]:53", "[2001:db8::1]:53"},
    {"unix:/run/api.sock", "unix:/run/api.sock"},
};

START_TEST(finds_the_way_to_a_server_on_this_machine)
{
	struct address address;
	char text[ADDRESS_MAX_TEXT];
	const char *why;

	ck_assert_int_eq(address_from_text(&address, nears[_i].listens, &why), 0);
	address = address_near(&address);
	address_to_text(&address, text);
	ck_assert_str_eq(text, nears[_i].near);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("address");
	TCase *cases = tcase_create("address");

	tcase_add_loop_test(cases, reads_and_writes, 0, ROWS(valid));
	tcase_add_loop_test(cases, prefixes_are_read_or_refused, 0, ROWS(valid));
	tcase_add_test(cases, fills_the_socket_address);
	tcase_add_loop_test(cases, refuses, 0, ROWS(invalid));
	tcase_add_loop_test(cases, knows_clients, 0, ROWS(clients));
	tcase_add_loop_test(cases, reads_what_proxies_say, 0, ROWS(claims));
	tcase_add_loop_test(cases, knows_which_addresses_are_one_client, 0, ROWS(sites));
	tcase_add_loop_test(cases, knows_which_addresses_are_of_one_provider, 0, ROWS(providers));
	tcase_add_loop_test(cases, reads_networks, 0, ROWS(networks));
	tcase_add_loop_test(cases, network_prefixes_do_not_read_past_the_end, 0, ROWS(networks));
	tcase_add_test(cases, equal_networks_have_equal_bytes);
	tcase_add_loop_test(cases, writes_networks, 0, ROWS(network_texts));
	tcase_add_loop_test(cases, refuses_networks, 0, ROWS(bad_networks));
	tcase_add_loop_test(cases, knows_who_is_inside, 0, ROWS(memberships));
	tcase_add_loop_test(cases, finds_the_way_back_to_an_address, 0, ROWS(endpoints));
	tcase_add_loop_test(cases, finds_the_way_to_a_server_on_this_machine, 0, ROWS(nears));
	suite_add_tcase(suite, cases);
	return suite_run(suite);
}
