/* Who is behind the proxies: lists walked from the right, and lists made to deceive. */
#include "forwarded.h"

#include "suite.h"

#include <stdlib.h>
#include <string.h>

/* 10.0.0.0/8, 2001:db8:1::/48 and, where `local` says so, Unix sockets. */
static struct network trusted[2];
static struct conf_networks networks = {trusted, 2};

static void
prepare(void)
{
	static const char *const texts[] = {"10.0.0.0/8", "2001:db8:1::/48"};
	char clean[NETWORK_MAX_TEXT];

	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(
		    network_from_text(&trusted[i], texts[i], strlen(texts[i]), clean), 0);
}

static struct client_address
address_of(const char *text)
{
	struct client_address client = {{0}};

	if (strcmp(text, "local") != 0)
		ck_assert_int_eq(client_address_from_text(&client, text, strlen(text)), 0);
	return client;
}

static void
check(const struct forwarded_trust *trust, const char *from, const char *list, const char *expected)
{
	struct client_address peer = address_of(from), client;
	char text[INET6_ADDRSTRLEN];
	size_t length = strlen(list);
	char *copy = malloc(length + 1);

	/* Its own allocation, without a NUL behind it, so that a sanitizer sees every byte too many. */
	ck_assert_ptr_nonnull(copy);
	memcpy(copy, list, length);
	copy = realloc(copy, length > 0 ? length : 1);
	ck_assert_ptr_nonnull(copy);
	client = forwarded_client(trust, &peer, copy, length);
	client_address_to_text(&client, text);
	ck_assert_str_eq(text, expected);
	free(copy);
}

struct row {
	const char *peer, *list, *client;
};

static const struct row rows[] = {
    /* Nobody but a trusted proxy is asked. */
    {"192.0.2.9", "", "192.0.2.9"},
    {"192.0.2.9", "192.0.2.1", "192.0.2.9"},
    {"192.0.2.9", "10.0.0.1", "192.0.2.9"},
    {"2001:db8:2::1", "192.0.2.1", "2001:db8:2::1"},
    /* To the first that is no proxy, from the right. */
    {"10.0.0.1", "192.0.2.1", "192.0.2.1"},
    {"2001:db8:1::1", "192.0.2.1", "192.0.2.1"},
    {"10.0.0.1", "203.0.113.7, 192.0.2.1", "192.0.2.1"},
    {"10.0.0.1", "203.0.113.7,192.0.2.1, 10.0.0.2,\t10.255.0.3", "192.0.2.1"},
    {"10.0.0.1", "10.0.0.9, 192.0.2.1, 2001:db8:1::5", "192.0.2.1"},
    {"10.0.0.1", "127.0.0.1, 203.0.113.7, 192.0.2.1", "192.0.2.1"},
    /* All are proxies: the furthest is the client. */
    {"10.0.0.1", "", "10.0.0.1"},
    {"10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"},
    /* Several lines come with a comma behind each; empty elements are none. */
    {"10.0.0.1", "203.0.113.7,192.0.2.1,", "192.0.2.1"},
    {"10.0.0.1", " , ,192.0.2.1, ,\t, ", "192.0.2.1"},
    {"10.0.0.1", ",,,", "10.0.0.1"},
    /* Brackets and ports. */
    {"10.0.0.1", "192.0.2.1:4711", "192.0.2.1"},
    {"10.0.0.1", "2001:db8::1", "2001:db8::1"},
    {"10.0.0.1", "[2001:db8::1]", "2001:db8::1"},
    {"10.0.0.1", "[2001:db8::1]:4711", "2001:db8::1"},
    {"10.0.0.1", "192.0.2.1, [2001:db8:1::9]:1, 10.0.0.2:65535", "192.0.2.1"},
    {"10.0.0.1", "::ffff:192.0.2.1", "192.0.2.1"},
    {"10.0.0.1", "192.0.2.1, ::ffff:10.0.0.2", "192.0.2.1"},
    /* What is no address ends the walk at the last good hop. */
    {"10.0.0.1", "unknown", "10.0.0.1"},
    {"10.0.0.1", "192.0.2.1, nonsense", "10.0.0.1"},
    {"10.0.0.1", "192.0.2.1, nonsense, 10.0.0.2", "10.0.0.2"},
    {"10.0.0.1", "192.0.2.1, 10.0.0.3 10.0.0.4, 10.0.0.2", "10.0.0.2"},
    {"10.0.0.1", "192.0.2.1, 10.0.0", "10.0.0.1"},
    {"10.0.0.1", "192.0.2.1, 10.0.0.1.2", "10.0.0.1"},
    {"10.0.0.1", "192.0.2.1, 010.0.0.2", "10.0.0.1"},
    {"10.0.0.1", "192.0.2.1, 10.0.0.2:", "10.0.0.1"},
    {"10.0.0.1", "192.0.2.1, 10.0.0.2:65536", "10.0.0.1"},
    {"10.0.0.1", "192.0.2.1, 10.0.0.2:+1", "10.0.0.1"},
    {"10.0.0.1", "192.0.2.1, [10.0.0.2]", "10.0.0.1"},
    {"10.0.0.1", "192.0.2.1, [2001:db8:1::2", "10.0.0.1"},
    {"10.0.0.1", "192.0.2.1, [2001:db8:1::2]x", "10.0.0.1"},
    {"10.0.0.1", "192.0.2.1, [2001:db8:1::2]1", "10.0.0.1"},
    {"10.0.0.1", "192.0.2.1, []", "10.0.0.1"},
    {"10.0.0.1", "192.0.2.1, [", "10.0.0.1"},
    {"10.0.0.1", "192.0.2.1, :", "10.0.0.1"},
    {"10.0.0.1", "192.0.2.1, ::", "10.0.0.1"}, /* would be the unknown address */
    {"10.0.0.1", "192.0.2.1, fe80::1%lo", "10.0.0.1"},
    {"10.0.0.1", "192.0.2.1, \"10.0.0.2\"", "10.0.0.1"},
    {"10.0.0.1", "192.0.2.1, for=10.0.0.2", "10.0.0.1"},
    {"10.0.0.1", "192.0.2.1, 10.0.0.2/8", "10.0.0.1"},
    {"10.0.0.1", "192.0.2.1, 1111111111111111111111111111111111111111111111111111.0.0.1",
	"10.0.0.1"},
    /* What the client says first never counts, whatever it is. */
    {"10.0.0.1", "\"10.0.0.9, 192.0.2.1", "192.0.2.1"},
    {"10.0.0.1", "nonsense, 192.0.2.1", "192.0.2.1"},
    /* A Unix socket that is not trusted. */
    {"local", "192.0.2.1", "local"},
};

START_TEST(walks_x_forwarded_for)
{
	struct forwarded_trust trust = {&networks, 0, CONF_X_FORWARDED_FOR};

	check(&trust, rows[_i].peer, rows[_i].list, rows[_i].client);
}
END_TEST

static const struct row local_rows[] = {
    {"local", "", "local"},
    {"local", "192.0.2.1", "192.0.2.1"},
    {"local", "203.0.113.7, 192.0.2.1", "192.0.2.1"},
    {"local", "192.0.2.1, 10.0.0.1", "192.0.2.1"},
    {"local", "nonsense", "local"},
    {"local", "unix:", "local"},
    {"local", "192.0.2.1, ::", "local"},
    {"10.0.0.1", "192.0.2.1", "192.0.2.1"},
    {"192.0.2.9", "192.0.2.1", "192.0.2.9"},
};

START_TEST(walks_behind_a_unix_socket)
{
	struct forwarded_trust trust = {&networks, 1, CONF_X_FORWARDED_FOR};

	check(&trust, local_rows[_i].peer, local_rows[_i].list, local_rows[_i].client);
}
END_TEST

static const struct row standard_rows[] = {
    {"192.0.2.9", "for=192.0.2.1", "192.0.2.9"},
    {"10.0.0.1", "", "10.0.0.1"},
    {"10.0.0.1", "for=192.0.2.1", "192.0.2.1"},
    {"10.0.0.1", "FOR=192.0.2.1", "192.0.2.1"},
    {"10.0.0.1", "for=\"192.0.2.1:4711\"", "192.0.2.1"},
    {"10.0.0.1", "For=\"[2001:db8:cafe::17]:4711\"", "2001:db8:cafe::17"},
    {"10.0.0.1", "for=192.0.2.1;proto=http;by=203.0.113.43", "192.0.2.1"},
    {"10.0.0.1", "proto=https ; for=192.0.2.1 ; host=\"a, b;for=10.0.0.9\"", "192.0.2.1"},
    {"10.0.0.1", "for=203.0.113.7, for=192.0.2.1, for=10.0.0.2", "192.0.2.1"},
    {"10.0.0.1", "for=203.0.113.7,for=192.0.2.1,,", "192.0.2.1"},
    /* Hidden and malformed ones end the walk. */
    {"10.0.0.1", "for=192.0.2.1, for=_hidden", "10.0.0.1"},
    {"10.0.0.1", "for=192.0.2.1, for=unknown, for=10.0.0.2", "10.0.0.2"},
    {"10.0.0.1", "for=192.0.2.1, for=\"_x:1\"", "10.0.0.1"},
    {"10.0.0.1", "for=192.0.2.1, 10.0.0.2", "10.0.0.1"},
    {"10.0.0.1", "for=192.0.2.1, by=10.0.0.2", "10.0.0.1"},
    {"10.0.0.1", "for=192.0.2.1, for=10.0.0.2;for=10.0.0.3", "10.0.0.1"},
    {"10.0.0.1", "for=192.0.2.1, for", "10.0.0.1"},
    {"10.0.0.1", "for=192.0.2.1, for=", "10.0.0.1"},
    {"10.0.0.1", "for=192.0.2.1, for=\"\"", "10.0.0.1"},
    {"10.0.0.1", "for=192.0.2.1, for=\"", "10.0.0.1"},
    {"10.0.0.1", "for=192.0.2.1, for=\"10.0.0.2\"x", "10.0.0.1"},
    {"10.0.0.1", "for=192.0.2.1, =10.0.0.2", "10.0.0.1"},
    {"10.0.0.1", "for=192.0.2.1, xfor=10.0.0.2", "10.0.0.1"},
    /* A quote that the client leaves open does not swallow what the proxy wrote. */
    {"10.0.0.1", "for=10.0.0.9;x=\", for=192.0.2.1", "192.0.2.1"},
    {"10.0.0.1", "for=10.0.0.9;x=\", for=\"[2001:db8::1]\"", "2001:db8::1"},
    {"10.0.0.1", "\\\", for=\"192.0.2.1\"", "192.0.2.1"},
    /* What a proxy quotes of the client does not become an element. */
    {"10.0.0.1", "for=192.0.2.1;host=\"x\\\",for=10.0.0.9;y=\\\"\"", "10.0.0.1"},
    {"10.0.0.1", "for=192.0.2.1;host=\"x,for=10.0.0.9\"", "192.0.2.1"},
};

START_TEST(walks_forwarded)
{
	struct forwarded_trust trust = {&networks, 0, CONF_FORWARDED};

	check(&trust, standard_rows[_i].peer, standard_rows[_i].list, standard_rows[_i].client);
}
END_TEST

START_TEST(trusts_nobody_by_default)
{
	static const struct conf_networks none;
	struct forwarded_trust trust = {.networks = &none};

	check(&trust, "127.0.0.1", "192.0.2.1", "127.0.0.1");
	check(&trust, "local", "192.0.2.1", "local");
}
END_TEST

START_TEST(takes_a_nul_for_no_address)
{
	struct forwarded_trust trust = {&networks, 0, CONF_X_FORWARDED_FOR};
	struct client_address peer = address_of("10.0.0.1"), client;

	client = forwarded_client(&trust, &peer, "192.0.2.1\0x", 11);
	ck_assert_mem_eq(&client, &peer, sizeof(client));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("forwarded");
	TCase *cases = tcase_create("forwarded");

	tcase_add_checked_fixture(cases, prepare, NULL);
	tcase_add_loop_test(cases, walks_x_forwarded_for, 0, ROWS(rows));
	tcase_add_loop_test(cases, walks_behind_a_unix_socket, 0, ROWS(local_rows));
	tcase_add_loop_test(cases, walks_forwarded, 0, ROWS(standard_rows));
	tcase_add_test(cases, trusts_nobody_by_default);
	tcase_add_test(cases, takes_a_nul_for_no_address);
	suite_add_tcase(suite, cases);
	return suite_run(suite);
}
