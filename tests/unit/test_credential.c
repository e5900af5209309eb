/* Keys: making, hashing, checking, and remembering those that proved right. */
#include "credential.h"
#include "password.h"

#include "suite.h"

#include <string.h>

static struct slice
slice_of(const char *text)
{
	return (struct slice){(const unsigned char *)text, strlen(text)};
}

static const char key[] = "0123456789012345678901234567890123456789";
static const char other[] = "0123456789012345678901234567890123456788";

START_TEST(makes_keys_of_forty_characters)
{
	char first[MESSAGE_KEY + 1], second[MESSAGE_KEY + 1];

	password_generate(first);
	password_generate(second);
	ck_assert_uint_eq(strlen(first), MESSAGE_KEY);
	ck_assert_uint_eq(
	    strspn(first, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"),
	    MESSAGE_KEY);
	ck_assert_str_ne(first, second);
}
END_TEST

START_TEST(hashes_and_verifies)
{
	char hash[RECORD_MAX_HASH + 1], again[RECORD_MAX_HASH + 1];

	ck_assert_int_eq(password_hash(key, hash), 0);
	ck_assert_int_eq(password_hash(key, again), 0);
	ck_assert_str_ne(hash, again);
	ck_assert_int_eq(strncmp(hash, "$2b$10$", 7), 0);
	ck_assert_uint_eq(strlen(hash), 60);
	ck_assert_int_eq(password_verify(key, hash), 1);
	ck_assert_int_eq(password_verify(other, hash), 0);
	/* What acme-dns wrote has another letter for the same algorithm. */
	hash[2] = 'a';
	ck_assert_int_eq(password_verify(key, hash), 1);
	hash[2] = 'y';
	ck_assert_int_eq(password_verify(key, hash), 1);
	ck_assert_int_eq(password_verify(key, ""), 0);
	ck_assert_int_eq(password_verify(key, "*0"), 0);
	ck_assert_int_eq(password_verify(key, "no hash at all"), 0);
}
END_TEST

/* A malformed hash would be refused at once, and tell who exists by the time it takes. */
START_TEST(nobody_has_a_hash_that_is_computed)
{
	ck_assert_uint_eq(strlen(password_nobody), 60);
	ck_assert_int_eq(strncmp(password_nobody, "$2b$10$", 7), 0);
	ck_assert_int_eq(password_verify(key, password_nobody), 0);
}
END_TEST

START_TEST(remembers_a_key_for_user_and_hash)
{
	struct credential_cache *cache = credential_cache_new();
	struct uuid user = {{1}}, stranger = {{2}};

	ck_assert_int_eq(credential_known(cache, &user, slice_of(key), slice_of("hash")), 0);
	credential_remember(cache, &user, slice_of(key), slice_of("hash"));
	ck_assert_int_eq(credential_known(cache, &user, slice_of(key), slice_of("hash")), 1);
	ck_assert_int_eq(credential_known(cache, &user, slice_of(other), slice_of("hash")), 0);
	ck_assert_int_eq(credential_known(cache, &stranger, slice_of(key), slice_of("hash")), 0);
	/* The account changed: its new hash forgets the old key. */
	ck_assert_int_eq(credential_known(cache, &user, slice_of(key), slice_of("hasi")), 0);
	credential_remember(cache, &user, slice_of(other), slice_of("hasi"));
	ck_assert_int_eq(credential_known(cache, &user, slice_of(other), slice_of("hasi")), 1);
	ck_assert_int_eq(credential_known(cache, &user, slice_of(key), slice_of("hash")), 0);
	credential_cache_free(cache);
}
END_TEST

/* More users in one set than it has ways: the last are known, the table does not grow. */
START_TEST(forgets_when_a_place_is_wanted)
{
	struct credential_cache *cache = credential_cache_new();
	struct uuid user = {{0}};
	unsigned known = 0;

	for (unsigned char i = 0; i < 10; i++) {
		user.bytes[0] = i;
		credential_remember(cache, &user, slice_of(key), slice_of("hash"));
	}
	for (unsigned char i = 0; i < 10; i++) {
		user.bytes[0] = i;
		known += (unsigned)credential_known(cache, &user, slice_of(key), slice_of("hash"));
	}
	ck_assert_uint_eq(known, CREDENTIAL_WAYS);
	ck_assert_int_eq(credential_known(cache, &user, slice_of(key), slice_of("hash")), 1);
	credential_cache_free(cache);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("credential");
	TCase *tests = tcase_create("credential");

	tcase_add_test(tests, makes_keys_of_forty_characters);
	tcase_add_test(tests, hashes_and_verifies);
	tcase_add_test(tests, nobody_has_a_hash_that_is_computed);
	tcase_add_test(tests, remembers_a_key_for_user_and_hash);
	tcase_add_test(tests, forgets_when_a_place_is_wanted);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
