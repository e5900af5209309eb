/* Targets and methods. */
#include "route.h"
#include "suite.h"

#include <stdlib.h>
#include <string.h>

static const struct {
	const char *prefix;
	const char *target;
	enum route route;
} targets[] = {
    {"", "/update", ROUTE_UPDATE},
    {"", "/register", ROUTE_REGISTER},
    {"", "/health", ROUTE_HEALTH},
    {"", "/health/ready", ROUTE_READY},
    {"", "/health/ready/x", ROUTE_NONE},
    {"", "/", ROUTE_PAGE},
    {"/acme", "/acme/", ROUTE_PAGE},
    {"/acme", "/", ROUTE_NONE},
    {"", "/account", ROUTE_ACCOUNT},
    {"", "//account/?x", ROUTE_ACCOUNT},
    {"", "/account/key", ROUTE_ACCOUNT_KEY},
    {"", "//account//key//", ROUTE_ACCOUNT_KEY},
    {"", "/account/values", ROUTE_ACCOUNT_VALUES},
    {"/acme", "/acme/account/values/", ROUTE_ACCOUNT_VALUES},
    {"", "/change", ROUTE_CHANGE},
    {"", "/clean", ROUTE_CLEAN},
    {"", "/deregister", ROUTE_DEREGISTER},
    {"", "/key", ROUTE_NONE},
    {"", "/values", ROUTE_NONE},
    {"", "/account/", ROUTE_ACCOUNT},
    {"", "/account/value", ROUTE_NONE},
    {"", "/account/keys", ROUTE_NONE},
    {"", "/account/key/values", ROUTE_NONE},
    {"", "/accountkey", ROUTE_NONE},
    {"", "/account/update", ROUTE_NONE},
    {"", "//update", ROUTE_UPDATE},
    {"", "/update/", ROUTE_UPDATE},
    {"", "///register//", ROUTE_REGISTER},
    {"", "/update?", ROUTE_UPDATE},
    {"", "/update?x=/register", ROUTE_UPDATE},
    {"", "/update/?x", ROUTE_UPDATE},
    {"", "http://auth.example.org/update", ROUTE_UPDATE},
    {"", "HTTPS://auth.example.org:443//update/?x=y", ROUTE_UPDATE},
    {"", "http://update", ROUTE_NONE},
    {"", "http://a?/update", ROUTE_NONE},
    {"", "ftp://auth.example.org/update", ROUTE_NONE},
    {"", "auth.example.org:443", ROUTE_NONE},
    {"", "update", ROUTE_NONE},
    {"", "", ROUTE_NONE},
    {"", "/?update", ROUTE_PAGE},
    {"", "/updat", ROUTE_NONE},
    {"", "/updates", ROUTE_NONE},
    {"", "/UPDATE", ROUTE_NONE},
    {"", "/update/x", ROUTE_NONE},
    {"", "/x/update", ROUTE_NONE},
    {"", "/../update", ROUTE_NONE},
    {"", "/%75pdate", ROUTE_NONE},
    {"", "*", ROUTE_SERVER},
    {"", "**", ROUTE_NONE},
    {"/", "/update", ROUTE_UPDATE},
    {"/acme", "/acme/update", ROUTE_UPDATE},
    {"/acme/", "//acme//update/", ROUTE_UPDATE},
    {"/acme/dns", "/acme/dns/register", ROUTE_REGISTER},
    {"/acme/dns", "/acme/register", ROUTE_NONE},
    {"/acme", "/update", ROUTE_NONE},
    {"/acme", "/acmeupdate", ROUTE_NONE},
    {"/acme", "/acme", ROUTE_NONE},
};

START_TEST(finds_routes)
{
	size_t length = strlen(targets[_i].target);
	/* Exactly its size, so that a sanitizer sees a byte read behind it. */
	char *target = malloc(length > 0 ? length : 1);
	struct slice token;

	ck_assert_ptr_nonnull(target);
	memcpy(target, targets[_i].target, length);
	ck_assert_int_eq(route_find(target, length, targets[_i].prefix, &token), targets[_i].route);
	ck_assert_uint_eq(token.length, 0);
	free(target);
}
END_TEST

static const struct {
	const char *prefix;
	const char *target;
	enum route route;
	const char *token;
} token_targets[] = {
    {"", "/t/sp_x/register", ROUTE_REGISTER, "sp_x"},
    {"", "//t//sp_x//update/?y", ROUTE_UPDATE, "sp_x"},
    {"", "/t/sp_x/health", ROUTE_HEALTH, "sp_x"},
    {"", "/t/sp_x/account/key", ROUTE_ACCOUNT_KEY, "sp_x"},
    {"", "/t/sp_x/key", ROUTE_NONE, "sp_x"},
    {"", "https://auth.example.org/t/register/register", ROUTE_REGISTER, "register"},
    {"", "/t/sp_x", ROUTE_NONE, "sp_x"},
    {"", "/t/", ROUTE_NONE, ""},
    {"", "/t/register", ROUTE_NONE, "register"},
    {"", "/T/sp_x/register", ROUTE_NONE, ""},
    {"", "/tt/sp_x/register", ROUTE_NONE, ""},
    {"", "/t/..%2fhealth/register", ROUTE_NONE, ""},
    {"", "/t/../register", ROUTE_NONE, ""},
    {"", "/t/sp.x/register", ROUTE_NONE, ""},
    {"", "/t/sp_x/register/x", ROUTE_NONE, "sp_x"},
    {"", "/t/sp_x/t/sp_y/register", ROUTE_NONE, "sp_x"},
    {"/acme", "/acme/t/sp_x/register", ROUTE_REGISTER, "sp_x"},
    {"/acme", "/t/sp_x/acme/register", ROUTE_NONE, ""},
};

START_TEST(finds_routes_behind_a_token)
{
	const char *target = token_targets[_i].target;
	struct slice token;

	ck_assert_int_eq(route_find(target, strlen(target), token_targets[_i].prefix, &token),
	    token_targets[_i].route);
	ck_assert(slice_equals(token, token_targets[_i].token));
}
END_TEST

START_TEST(reads_no_target_too_far)
{
	const char whole[] = "http://auth.example.org/acme/update/?x";

	for (size_t length = 0; length < sizeof(whole); length++) {
		char *target = malloc(length > 0 ? length : 1);
		struct slice token;
		enum route route;

		ck_assert_ptr_nonnull(target);
		memcpy(target, whole, length);
		route = route_find(target, length, "/acme", &token);
		if (length >= 35)
			ck_assert_int_eq(route, ROUTE_UPDATE);
		else
			ck_assert_int_eq(route, length == 29 ? ROUTE_PAGE : ROUTE_NONE);
		free(target);
	}
}
END_TEST

static const struct {
	enum route route;
	enum request_method method;
	int takes;
} methods[] = {
    {ROUTE_REGISTER, REQUEST_METHOD_POST, 1},
    {ROUTE_REGISTER, REQUEST_METHOD_OPTIONS, 1},
    {ROUTE_REGISTER, REQUEST_METHOD_GET, 0},
    {ROUTE_REGISTER, REQUEST_METHOD_HEAD, 0},
    {ROUTE_REGISTER, REQUEST_METHOD_OTHER, 0},
    {ROUTE_UPDATE, REQUEST_METHOD_POST, 1},
    {ROUTE_UPDATE, REQUEST_METHOD_OPTIONS, 1},
    {ROUTE_UPDATE, REQUEST_METHOD_GET, 0},
    {ROUTE_UPDATE, REQUEST_METHOD_HEAD, 0},
    {ROUTE_UPDATE, REQUEST_METHOD_OTHER, 0},
    {ROUTE_UPDATE, REQUEST_METHOD_PATCH, 0},
    {ROUTE_UPDATE, REQUEST_METHOD_DELETE, 0},
    {ROUTE_ACCOUNT, REQUEST_METHOD_GET, 1},
    {ROUTE_ACCOUNT, REQUEST_METHOD_HEAD, 1},
    {ROUTE_ACCOUNT, REQUEST_METHOD_PATCH, 1},
    {ROUTE_ACCOUNT, REQUEST_METHOD_DELETE, 1},
    {ROUTE_ACCOUNT, REQUEST_METHOD_OPTIONS, 1},
    {ROUTE_ACCOUNT, REQUEST_METHOD_POST, 0},
    {ROUTE_ACCOUNT, REQUEST_METHOD_OTHER, 0},
    {ROUTE_ACCOUNT_KEY, REQUEST_METHOD_POST, 1},
    {ROUTE_ACCOUNT_KEY, REQUEST_METHOD_GET, 0},
    {ROUTE_ACCOUNT_KEY, REQUEST_METHOD_DELETE, 0},
    {ROUTE_ACCOUNT_VALUES, REQUEST_METHOD_DELETE, 1},
    {ROUTE_ACCOUNT_VALUES, REQUEST_METHOD_POST, 0},
    {ROUTE_CHANGE, REQUEST_METHOD_POST, 1},
    {ROUTE_CHANGE, REQUEST_METHOD_PATCH, 0},
    {ROUTE_CLEAN, REQUEST_METHOD_POST, 1},
    {ROUTE_CLEAN, REQUEST_METHOD_DELETE, 0},
    {ROUTE_DEREGISTER, REQUEST_METHOD_POST, 1},
    {ROUTE_DEREGISTER, REQUEST_METHOD_DELETE, 0},
    {ROUTE_HEALTH, REQUEST_METHOD_GET, 1},
    {ROUTE_HEALTH, REQUEST_METHOD_HEAD, 1},
    {ROUTE_HEALTH, REQUEST_METHOD_OPTIONS, 1},
    {ROUTE_HEALTH, REQUEST_METHOD_POST, 0},
    {ROUTE_HEALTH, REQUEST_METHOD_OTHER, 0},
    {ROUTE_SERVER, REQUEST_METHOD_OPTIONS, 1},
    {ROUTE_SERVER, REQUEST_METHOD_GET, 0},
    {ROUTE_SERVER, REQUEST_METHOD_POST, 0},
    {ROUTE_NONE, REQUEST_METHOD_POST, 0},
};

START_TEST(knows_its_methods)
{
	ck_assert_int_eq(route_takes(methods[_i].route, methods[_i].method), methods[_i].takes);
}
END_TEST

START_TEST(names_its_methods)
{
	ck_assert_str_eq(route_allow(ROUTE_REGISTER), "OPTIONS, POST");
	ck_assert_str_eq(route_allow(ROUTE_UPDATE), "OPTIONS, POST");
	ck_assert_str_eq(route_allow(ROUTE_HEALTH), "GET, HEAD, OPTIONS");
	ck_assert_str_eq(route_allow(ROUTE_SERVER), "DELETE, GET, HEAD, OPTIONS, PATCH, POST");
}
END_TEST

static Suite *
route_suite(void)
{
	Suite *suite = suite_create("route");
	TCase *tests = tcase_create("route");

	tcase_add_loop_test(tests, finds_routes, 0, (int)(sizeof(targets) / sizeof(targets[0])));
	tcase_add_loop_test(tests, finds_routes_behind_a_token, 0, ROWS(token_targets));
	tcase_add_test(tests, reads_no_target_too_far);
	tcase_add_loop_test(
	    tests, knows_its_methods, 0, (int)(sizeof(methods) / sizeof(methods[0])));
	tcase_add_test(tests, names_its_methods);
	suite_add_tcase(suite, tests);
	return suite;
}

int
main(void)
{
	return suite_run(route_suite());
}
