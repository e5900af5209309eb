/* Registration tokens: secrets, records, and who may use one. */
#include "client_fixture.h"
#include "suite.h"
#include "token.h"

#include <stdlib.h>
#include <string.h>

enum { NOW = 1000 };

static struct slice
slice_of(const char *text)
{
	return (struct slice){(const unsigned char *)text, strlen(text)};
}

static struct network
network_of(const char *text)
{
	struct network network;
	char clean[NETWORK_MAX_TEXT];

	ck_assert_int_eq(network_from_text(&network, text, strlen(text), clean), 0);
	return network;
}

START_TEST(makes_secrets_that_need_no_quoting)
{
	char one[TOKEN_SECRET + 1], other[TOKEN_SECRET + 1];

	token_generate(one);
	token_generate(other);
	ck_assert_uint_eq(strlen(one), TOKEN_SECRET);
	ck_assert_int_eq(strncmp(one, MESSAGE_TOKEN_PREFIX, strlen(MESSAGE_TOKEN_PREFIX)), 0);
	ck_assert_uint_eq(
	    strspn(one, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
	    TOKEN_SECRET);
	ck_assert_str_ne(one, other);
	ck_assert_uint_le(TOKEN_SECRET, MESSAGE_MAX_TOKEN);
}
END_TEST

/* FIPS 180-4: the published result for "abc". */
START_TEST(hashes_as_sha_256)
{
	static const unsigned char expected[RECORD_TOKEN_HASH] =
	    "\xba\x78\x16\xbf\x8f\x01\xcf\xea\x41\x41\x40\xde\x5d\xae\x22\x23\xb0\x03\x61\xa3\x96"
	    "\x17\x7a\x9c\xb4\x10\xff\x61\xf2\x00\x15\xad";
	unsigned char hash[RECORD_TOKEN_HASH];

	token_hash(slice_of("abc"), hash);
	ck_assert(token_hash_equal(hash, expected));
	hash[RECORD_TOKEN_HASH - 1] ^= 1;
	ck_assert(!token_hash_equal(hash, expected));
}
END_TEST

static const struct {
	struct token_record token;
	const char *client;
	const char *objection;
} uses[] = {
    {{.quota = 0, .used = 7}, "192.0.2.1", NULL},
    {{.quota = 2, .used = 1}, "192.0.2.1", NULL},
    {{.quota = 2, .used = 2}, "192.0.2.1", "it is used up"},
    {{.quota = 2, .used = 3}, "192.0.2.1", "it is used up"},
    {{.expires = NOW + 1}, "192.0.2.1", NULL},
    {{.expires = NOW}, "192.0.2.1", "it has expired"},
    {{.revoked = 1}, "192.0.2.1", "it was revoked"},
    {{.revoked = NOW + 5}, "192.0.2.1", "it was revoked"},
    {{.network_count = 2}, "192.0.2.255", NULL},
    {{.network_count = 2}, "192.0.3.0", "it is not for that address"},
    {{.network_count = 2}, "2001:db8::1", NULL},
    {{.network_count = 1}, "2001:db8::1", "it is not for that address"},
};

START_TEST(is_good_while_nothing_speaks_against_it)
{
	struct token_record token = uses[_i].token;
	struct client_address client = client_of(uses[_i].client);

	token.networks[0] = network_of("192.0.2.0/24");
	token.networks[1] = network_of("2001:db8::/32");
	ck_assert_pstr_eq(token_objection(&token, &client, NOW), uses[_i].objection);
}
END_TEST

START_TEST(an_unknown_address_is_in_no_network)
{
	struct token_record token = {.network_count = 1};
	struct client_address unknown = {{0}};

	token.networks[0] = network_of("::/0");
	ck_assert_ptr_nonnull(token_objection(&token, &unknown, NOW));
	token.network_count = 0;
	ck_assert_ptr_null(token_objection(&token, &unknown, NOW));
}
END_TEST

START_TEST(is_spent)
{
	struct token_record token = {.quota = 2};
	struct client_address client = client_of("192.0.2.1");

	token_spend(&token, &client, NOW);
	ck_assert_uint_eq(token.used, 1);
	ck_assert_uint_eq(token.last_used, NOW);
	ck_assert_mem_eq(&token.last_client, &client, sizeof(client));
	ck_assert_ptr_null(token_objection(&token, &client, NOW));
	token_spend(&token, &client, NOW);
	ck_assert_ptr_nonnull(token_objection(&token, &client, NOW));
}
END_TEST

static struct token_record
whole_token(void)
{
	struct token_record token = {.hash = "0123456789012345678901234567890",
	    .created = 1,
	    .expires = 2,
	    .revoked = 3,
	    .quota = 4,
	    .used = 5,
	    .last_used = 6,
	    .last_client = client_of("192.0.2.1"),
	    .network_count = RECORD_MAX_TOKEN_NETWORKS};

	for (unsigned i = 0; i < RECORD_MAX_TOKEN_NETWORKS; i++)
		token.networks[i] = network_of(i % 2 == 0 ? "192.0.2.0/24" : "2001:db8::/32");
	return token;
}

START_TEST(a_record_comes_back_as_it_was)
{
	static unsigned char bytes[RECORD_MAX];
	struct token_record token = whole_token(), again = {0};
	struct writer writer;

	writer_init(&writer, bytes, sizeof(bytes));
	token_record_encode(&token, slice_of("name"), &writer);
	ck_assert_int_eq(writer.failed, 0);
	ck_assert_int_eq(
	    token_record_decode(&again, slice_of("name"), (struct slice){bytes, writer.length}), 0);
	ck_assert_mem_eq(again.hash, token.hash, sizeof(token.hash));
	ck_assert_uint_eq(again.created, 1);
	ck_assert_uint_eq(again.expires, 2);
	ck_assert_uint_eq(again.revoked, 3);
	ck_assert_uint_eq(again.quota, 4);
	ck_assert_uint_eq(again.used, 5);
	ck_assert_uint_eq(again.last_used, 6);
	ck_assert_mem_eq(&again.last_client, &token.last_client, sizeof(token.last_client));
	ck_assert_uint_eq(again.network_count, RECORD_MAX_TOKEN_NETWORKS);
	ck_assert_mem_eq(again.networks, token.networks, sizeof(token.networks));
}
END_TEST

START_TEST(a_damaged_or_misplaced_record_is_refused)
{
	static unsigned char bytes[RECORD_MAX];
	struct token_record token = whole_token(), again;
	struct writer writer;

	writer_init(&writer, bytes, sizeof(bytes));
	token_record_encode(&token, slice_of("name"), &writer);
	ck_assert_int_eq(
	    token_record_decode(&again, slice_of("Name"), (struct slice){bytes, writer.length}),
	    -1);
	for (size_t place = 0; place < writer.length; place++) {
		bytes[place] ^= 0x10;
		ck_assert_int_eq(token_record_decode(&again, slice_of("name"),
				     (struct slice){bytes, writer.length}),
		    -1);
		bytes[place] ^= 0x10;
		ck_assert_int_eq(
		    token_record_decode(&again, slice_of("name"), (struct slice){bytes, place}),
		    -1);
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("token");
	TCase *tests = tcase_create("token");

	tcase_add_test(tests, makes_secrets_that_need_no_quoting);
	tcase_add_test(tests, hashes_as_sha_256);
	tcase_add_loop_test(tests, is_good_while_nothing_speaks_against_it, 0, ROWS(uses));
	tcase_add_test(tests, an_unknown_address_is_in_no_network);
	tcase_add_test(tests, is_spent);
	tcase_add_test(tests, a_record_comes_back_as_it_was);
	tcase_add_test(tests, a_damaged_or_misplaced_record_is_refused);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
