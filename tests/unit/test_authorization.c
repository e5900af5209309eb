/* Registration tokens in Authorization: what presents one, and what is none. */
#include "authorization.h"
#include "suite.h"

#include <stdlib.h>
#include <string.h>

#define TOKEN "sp_dGhlIHNlY3JldCBvZiBhIHRva2VuIGluIGEgdGVzdCEh"
#define LONG  "sp_33333333333333333333333333333333333333333333333333333333333333"

static const struct {
	const char *value;
	const char *token;
} values[] = {
    {"Bearer " TOKEN, TOKEN},
    {"bearer   " TOKEN, TOKEN},
    {"BEARER anything", "anything"},
    {"Bearer", ""},
    {"Bearer ", ""},
    {"Bearer" TOKEN, ""},
    {"Bearer " LONG, ""},
    /* acme:TOKEN */
    {"Basic YWNtZTpzcF9kR2hsSUhObFkzSmxkQ0J2WmlCaElIUnZhMlZ1SUdsdUlHRWdkR1Z6ZENFaA==", TOKEN},
    {"basic  YWNtZTpzcF9kR2hsSUhObFkzSmxkQ0J2WmlCaElIUnZhMlZ1SUdsdUlHRWdkR1Z6ZENFaA", TOKEN},
    /* TOKEN: and TOKEN:x and TOKEN without a colon */
    {"Basic c3BfZEdobElITmxZM0psZENCdlppQmhJSFJ2YTJWdUlHbHVJR0VnZEdWemRDRWg6", TOKEN},
    {"Basic c3BfZEdobElITmxZM0psZENCdlppQmhJSFJ2YTJWdUlHbHVJR0VnZEdWemRDRWg6eA==", TOKEN},
    {"Basic c3BfZEdobElITmxZM0psZENCdlppQmhJSFJ2YTJWdUlHbHVJR0VnZEdWemRDRWg", TOKEN},
    /* :TOKEN */
    {"Basic OnNwX2RHaGxJSE5sWTNKbGRDQnZaaUJoSUhSdmEyVnVJR2x1SUdFZ2RHVnpkQ0Vo", TOKEN},
    /* sp_user:sp_password */
    {"Basic c3BfdXNlcjpzcF9wYXNzd29yZA==", "sp_password"},
    /* ~~~???:sp_a, in both alphabets */
    {"Basic fn5+Pz8/OnNwX2E=", "sp_a"},
    {"Basic fn5-Pz8_OnNwX2E", "sp_a"},
    /* user:password, user:, :, sp_: and what is no base64 */
    {"Basic dXNlcjpwYXNzd29yZA==", ""},
    {"Basic dXNlcjo=", ""},
    {"Basic Og==", ""},
    {"Basic c3BfOg==", ""},
    {"Basic", ""},
    {"Basic ", ""},
    {"Basic =", ""},
    {"Basic ====", ""},
    {"Basic !", ""},
    {"Basic A", ""},
    {"Basic AAAAA", ""},
    {"Basic AA=AA", ""},
    {"Basic c3BfdXNlcjpz cF9w", ""},
    /* x: and 65 bytes that begin like a token */
    {"Basic "
     "eDpzcF8zMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMw==",
	""},
    {"Digest username=\"sp_a\"", ""},
    {TOKEN, ""},
    {"", ""},
};

START_TEST(finds_tokens)
{
	size_t length = strlen(values[_i].value);
	/* Exactly its size, so that a sanitizer sees a byte read behind it. */
	char *value = malloc(length > 0 ? length : 1);
	char token[MESSAGE_MAX_TOKEN];

	ck_assert_ptr_nonnull(value);
	memcpy(value, values[_i].value, length);
	ck_assert_uint_eq(authorization_token(value, length, token), strlen(values[_i].token));
	ck_assert_mem_eq(token, values[_i].token, strlen(values[_i].token));
	free(value);
}
END_TEST

START_TEST(the_longest_value_is_survived)
{
	char value[AUTHORIZATION_MAX_VALUE], token[MESSAGE_MAX_TOKEN];

	memset(value, 'A', sizeof(value));
	memcpy(value, "Basic ", 6);
	for (size_t length = 0; length <= sizeof(value); length++)
		ck_assert_uint_eq(authorization_token(value, length, token), 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("authorization");
	TCase *tests = tcase_create("authorization");

	tcase_add_loop_test(tests, finds_tokens, 0, ROWS(values));
	tcase_add_test(tests, the_longest_value_is_survived);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
