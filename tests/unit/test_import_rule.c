/* What is right about an account that is imported, by itself. */
#include "import_rule.h"
#include "suite.h"

#include <string.h>

#define USER  "c36f50e8-4632-44f0-83fe-e070fef28a10"
#define SALT  "abcdefghijklmnopqrstuu"
#define REST  "./ABCDEFGHIJKLMNOPQRSTUVWXYZ012"
#define KEY   "htB9mR9DYgcu9bX_afHF62erXaH2TS7bg9KW3F7Z"
#define VALUE "___validation_token_received_from_the_ca___"

static const struct record_limits limits = {.values = 2, .text = 43};
static const uint64_t now = 1000;

static struct slice
text(const char *string)
{
	return (struct slice){(const unsigned char *)string, strlen(string)};
}

static struct control_import
make_account(void)
{
	return (struct control_import){
	    {.username = text(USER),
		.hash = text("$2a$10$" SALT REST),
		.subdomain = text("8e5700ea-a4bf-41c7-8a77-e990661dcc6a"),
		.created = 1,
		.updated = 900},
	    {NULL, 0}};
}

static unsigned
judge(const struct control_import *wanted, struct name_record *state)
{
	struct uuid username;

	return import_rule_judge(wanted, &limits, now, &username, state);
}

static const struct {
	const char *hash;
	unsigned result;
} hashes[] = {
    {"$2a$10$" SALT REST, CONTROL_ADDED},
    {"$2b$04$" SALT REST, CONTROL_ADDED},
    {"$2y$12$" SALT REST, CONTROL_ADDED},
    {"$2y$13$" SALT REST, CONTROL_BAD_HASH},
    {"$2a$31$" SALT REST, CONTROL_BAD_HASH},
    {"$2a$03$" SALT REST, CONTROL_BAD_HASH},
    {"$2a$1:$" SALT REST, CONTROL_BAD_HASH},
    {"$2x$10$" SALT REST, CONTROL_BAD_HASH},
    {"$2a$10." SALT REST, CONTROL_BAD_HASH},
    {"$2a$10$" SALT REST "a", CONTROL_BAD_HASH},
    {"$2a$10$" SALT "./ABCDEFGHIJKLMNOPQRSTUVWXYZ01", CONTROL_BAD_HASH},
    {"$2a$10$" SALT "./ABCDEFGHIJKLMNOPQRSTUVWXYZ01$", CONTROL_BAD_HASH},
    {"$6$" SALT, CONTROL_BAD_HASH},
    {"", CONTROL_BAD_HASH},
};

START_TEST(hashes_are_bcrypts_at_a_cost_that_can_be_borne)
{
	struct control_import wanted = make_account();
	struct name_record state;

	wanted.account.hash = text(hashes[_i].hash);
	ck_assert_uint_eq(judge(&wanted, &state), hashes[_i].result);
}
END_TEST

static const struct {
	const char *password;
	unsigned result;
} passwords[] = {
    {KEY, CONTROL_ADDED},
    {KEY "x", CONTROL_BAD_KEY},
    {"short", CONTROL_BAD_KEY},
    {"htB9mR9DYgcu9bX afHF62erXaH2TS7bg9KW3F7Z", CONTROL_BAD_KEY},
};

START_TEST(a_key_is_what_a_client_can_send)
{
	struct control_import wanted = make_account();
	struct name_record state;

	wanted.account.hash = text("");
	wanted.key = text(passwords[_i].password);
	ck_assert_uint_eq(judge(&wanted, &state), passwords[_i].result);
	wanted.account.hash = text("$2a$10$" SALT REST);
	ck_assert_uint_eq(judge(&wanted, &state), CONTROL_BAD_HASH);
}
END_TEST

START_TEST(names_and_networks_are_checked)
{
	struct control_import wanted = make_account();
	struct name_record state;

	wanted.account.username = text("c36f50e8");
	ck_assert_uint_eq(judge(&wanted, &state), CONTROL_BAD_USERNAME);
	wanted = make_account();
	wanted.account.subdomain = text("Upper");
	ck_assert_uint_eq(judge(&wanted, &state), CONTROL_BAD_SUBDOMAIN);
	wanted.account.subdomain = text("");
	ck_assert_uint_eq(judge(&wanted, &state), CONTROL_BAD_SUBDOMAIN);
	wanted = make_account();
	wanted.account.network_count = 2;
	wanted.account.networks[0] = text("[2001:db8::]/32");
	wanted.account.networks[1] = text("192.168.100.1/24");
	ck_assert_uint_eq(judge(&wanted, &state), CONTROL_ADDED);
	wanted.account.networks[1] = text("192.168.100.1");
	ck_assert_uint_eq(judge(&wanted, &state), CONTROL_BAD_NETWORK);
}
END_TEST

START_TEST(values_keep_their_times_and_order)
{
	struct control_import wanted = make_account();
	struct name_record state;

	wanted.account.value_count = 2;
	wanted.account.values[0] = (struct control_value){500, text(VALUE)};
	wanted.account.values[1] =
	    (struct control_value){950, text("b"
					     "__validation_token_received_from_the_ca___")};
	ck_assert_uint_eq(judge(&wanted, &state), CONTROL_ADDED);
	ck_assert_uint_eq(state.count, 2);
	ck_assert_uint_eq(state.values[0].time, 500);
	ck_assert_uint_eq(state.values[1].time, 950);
	ck_assert_uint_eq(state.updated, 950);
	wanted.account.updated = 999;
	judge(&wanted, &state);
	ck_assert_uint_eq(state.updated, 999);
}
END_TEST

START_TEST(no_time_is_in_the_future)
{
	struct control_import wanted = make_account();
	struct name_record state;

	wanted.account.value_count = 1;
	wanted.account.updated = 5000;
	wanted.account.values[0] = (struct control_value){4000, text(VALUE)};
	judge(&wanted, &state);
	ck_assert_uint_eq(state.values[0].time, now);
	ck_assert_uint_eq(state.updated, now);
	wanted.account.values[0].time = 0;
	judge(&wanted, &state);
	ck_assert_uint_eq(state.values[0].time, now);
	wanted.account.updated = 700;
	judge(&wanted, &state);
	ck_assert_uint_eq(state.values[0].time, 700);
}
END_TEST

START_TEST(values_that_cannot_be_are_left_out)
{
	struct control_import wanted = make_account();
	struct name_record state;

	wanted.account.value_count = 3;
	wanted.account.values[0] = (struct control_value){1, text("too short")};
	wanted.account.values[1] = (struct control_value){2, text(VALUE)};
	wanted.account.values[2] = (struct control_value){3, text("__VOID__")};
	ck_assert_uint_eq(judge(&wanted, &state), CONTROL_ADDED | CONTROL_VALUES_LEFT_OUT);
	ck_assert_uint_eq(state.count, 1);
	ck_assert(slice_equals(state.values[0].text, VALUE));
}
END_TEST

START_TEST(the_newest_values_are_kept)
{
	static const char *const three[] = {VALUE, "b__validation_token_received_from_the_ca___",
	    "c__validation_token_received_from_the_ca___"};
	struct control_import wanted = make_account();
	struct name_record state;

	wanted.account.value_count = 3;
	for (unsigned i = 0; i < 3; i++)
		wanted.account.values[i] = (struct control_value){i + 1, text(three[i])};
	ck_assert_uint_eq(judge(&wanted, &state), CONTROL_ADDED | CONTROL_VALUES_LEFT_OUT);
	ck_assert_uint_eq(state.count, 2);
	ck_assert(slice_equals(state.values[0].text, three[1]));
	ck_assert(slice_equals(state.values[1].text, three[2]));
	wanted.account.values[2].text = text(three[1]); /* the same twice is one */
	ck_assert_uint_eq(judge(&wanted, &state), CONTROL_ADDED);
	ck_assert_uint_eq(state.count, 2);
	ck_assert_uint_eq(state.values[1].time, 3);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("import_rule");
	TCase *tcase = tcase_create("import_rule");

	tcase_add_loop_test(tcase, hashes_are_bcrypts_at_a_cost_that_can_be_borne, 0, ROWS(hashes));
	tcase_add_loop_test(tcase, a_key_is_what_a_client_can_send, 0, ROWS(passwords));
	tcase_add_test(tcase, names_and_networks_are_checked);
	tcase_add_test(tcase, values_keep_their_times_and_order);
	tcase_add_test(tcase, no_time_is_in_the_future);
	tcase_add_test(tcase, values_that_cannot_be_are_left_out);
	tcase_add_test(tcase, the_newest_values_are_kept);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
