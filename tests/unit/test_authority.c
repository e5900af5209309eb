/* Who may do what, and in which order it is judged. */
#include "authority.h"

#include "client_fixture.h"
#include "suite.h"

#include <string.h>

#define GOOD "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMN-_0"

static struct slice
slice_of(const char *text)
{
	return (struct slice){(const unsigned char *)text, strlen(text)};
}

/* Each row's later faults are there too, so that the order is proved. */
static const struct {
	const char *network; /* NULL: any address */
	const char *client, *stored, *asked, *txt;
	enum message_result result;
} updates[] = {
    {NULL, "192.0.2.1", "sub", "sub", GOOD, MESSAGE_RESULT_OK},
    {NULL, "192.0.2.1", "sub", "sub", "__VOID__", MESSAGE_RESULT_OK},
    {"192.0.2.0/24", "192.0.2.77", "sub", "sub", GOOD, MESSAGE_RESULT_OK},
    {"2001:db8::/32", "2001:db8:1::1", "sub", "sub", GOOD, MESSAGE_RESULT_OK},
    {"192.0.2.0/24", "192.0.3.1", "BAD.", "other", "bad", MESSAGE_RESULT_FORBIDDEN},
    {"2001:db8::/32", "192.0.2.1", "sub", "sub", GOOD, MESSAGE_RESULT_FORBIDDEN},
    {"192.0.2.0/24", "::", "sub", "sub", GOOD, MESSAGE_RESULT_FORBIDDEN},
    {NULL, "192.0.2.1", "BAD.", "other", "bad", MESSAGE_RESULT_FORBIDDEN},
    {NULL, "192.0.2.1", "sub", "SUB", GOOD, MESSAGE_RESULT_FORBIDDEN},
    {NULL, "192.0.2.1", "sub", "su", GOOD, MESSAGE_RESULT_FORBIDDEN},
    {NULL, "192.0.2.1", "sub", "", GOOD, MESSAGE_RESULT_FORBIDDEN},
    {NULL, "192.0.2.1", "BAD.", "BAD.", "bad", MESSAGE_RESULT_BAD_SUBDOMAIN},
    {NULL, "192.0.2.1", "sub", "sub", "", MESSAGE_RESULT_BAD_TXT},
    {NULL, "192.0.2.1", "sub", "sub", GOOD "1", MESSAGE_RESULT_BAD_TXT},
    {NULL, "192.0.2.1", "sub", "sub", "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMN-_",
	MESSAGE_RESULT_BAD_TXT},
    {NULL, "192.0.2.1", "sub", "sub",
	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMN-_=", MESSAGE_RESULT_BAD_TXT},
    {NULL, "192.0.2.1", "sub", "sub", "__void__", MESSAGE_RESULT_BAD_TXT},
};

static const struct record_limits usual = {.values = 2, .text = AUTHORITY_TXT};

START_TEST(judges_updates_in_order)
{
	struct account_record account = {.subdomain = slice_of(updates[_i].stored)};
	struct message_update update = {.client = client_of(updates[_i].client),
	    .subdomain = slice_of(updates[_i].asked),
	    .txt = slice_of(updates[_i].txt)};

	if (updates[_i].network != NULL) {
		account.networks[0] = slice_of("198.51.100.0/24");
		account.networks[1] = slice_of(updates[_i].network);
		account.network_count = 2;
	}
	ck_assert_int_eq(authority_judge_update(&account, &update, &usual), updates[_i].result);
}
END_TEST

#define C10  "0123456789"
#define C100 C10 C10 C10 C10 C10 C10 C10 C10 C10 C10

static const struct {
	const char *txt;
	enum message_result result;
} long_texts[] = {
    {GOOD, MESSAGE_RESULT_OK},
    {"__VOID__", MESSAGE_RESULT_OK},
    {"", MESSAGE_RESULT_BAD_TXT},
    {" ", MESSAGE_RESULT_OK},
    {C100, MESSAGE_RESULT_OK},
    {C100 "1", MESSAGE_RESULT_BAD_TXT},
    {"authority.example; accounturi=https://ca.example/acct/1; policy=wildcard", MESSAGE_RESULT_OK},
    {"\"quoted\" \\ backslash", MESSAGE_RESULT_OK},
    {"gr\xc3\xbc\xc3\x9f"
     "e \xe2\x82\xac \xf0\x9f\x94\x91",
	MESSAGE_RESULT_OK},
    {"tab\t", MESSAGE_RESULT_BAD_TXT},
    {"line\n", MESSAGE_RESULT_BAD_TXT},
    {"delete\x7f", MESSAGE_RESULT_BAD_TXT},
    {"next line \xc2\x85", MESSAGE_RESULT_BAD_TXT},
    {"\xc3", MESSAGE_RESULT_BAD_TXT},
    {"cut \xe2\x82", MESSAGE_RESULT_BAD_TXT},
    {"alone \xbc", MESSAGE_RESULT_BAD_TXT},
    {"overlong \xc1\xa1", MESSAGE_RESULT_BAD_TXT},
    {"overlong \xe0\x82\xac", MESSAGE_RESULT_BAD_TXT},
    {"overlong \xf0\x82\x82\xac", MESSAGE_RESULT_BAD_TXT},
    {"surrogate \xed\xa0\x80", MESSAGE_RESULT_BAD_TXT},
    {"too high \xf4\x90\x80\x80", MESSAGE_RESULT_BAD_TXT},
    {"too high \xf5\x80\x80\x80", MESSAGE_RESULT_BAD_TXT},
    {"\xc3(", MESSAGE_RESULT_BAD_TXT},
};

START_TEST(judges_long_texts)
{
	const struct record_limits limits = {.values = 2, .text = 100};
	struct account_record account = {.subdomain = slice_of("sub")};
	struct message_update update = {.client = client_of("192.0.2.1"),
	    .subdomain = slice_of("sub"),
	    .txt = slice_of(long_texts[_i].txt)};

	ck_assert_int_eq(authority_judge_update(&account, &update, &limits), long_texts[_i].result);
}
END_TEST

static const struct {
	const char *client, *asked;
	enum message_result result;
} owners[] = {
    {"192.0.2.1", "", MESSAGE_RESULT_OK},
    {"192.0.2.1", "sub", MESSAGE_RESULT_OK},
    {"192.0.2.1", "other", MESSAGE_RESULT_FORBIDDEN},
    {"192.0.2.1", "su", MESSAGE_RESULT_FORBIDDEN},
    {"198.51.100.1", "", MESSAGE_RESULT_FORBIDDEN},
    {"198.51.100.1", "sub", MESSAGE_RESULT_FORBIDDEN},
};

START_TEST(judges_owners)
{
	const struct account_record account = {.subdomain = slice_of("sub"),
	    .network_count = 1,
	    .networks = {slice_of("192.0.2.0/24")}};
	struct client_address from = client_of(owners[_i].client);

	ck_assert_int_eq(authority_judge_account(&account, &from, slice_of(owners[_i].asked)),
	    owners[_i].result);
}
END_TEST

START_TEST(an_empty_text_clears_where_that_is_wanted)
{
	struct record_limits limits = usual;
	struct account_record account = {.subdomain = slice_of("sub")};
	struct message_update update = {.subdomain = slice_of("sub"), .txt = slice_of("")};

	ck_assert_int_eq(authority_is_clear(update.txt, &limits), 0);
	limits.empty_clears = 1;
	ck_assert_int_eq(authority_is_clear(update.txt, &limits), 1);
	ck_assert_int_eq(authority_judge_update(&account, &update, &limits), MESSAGE_RESULT_OK);
	ck_assert_int_eq(authority_is_clear(slice_of(" "), &limits), 0);
	ck_assert_int_eq(authority_is_clear(slice_of("__VOID__"), &limits), 1);
}
END_TEST

START_TEST(cleans_networks)
{
	static char clean[MESSAGE_MAX_NETWORKS][NETWORK_MAX_TEXT];
	static struct slice networks[MESSAGE_MAX_NETWORKS];
	struct slice written[] = {slice_of("[2001:db8::]/32"), slice_of("192.0.2.1/24")};

	ck_assert_int_eq(authority_judge_networks(written, 2, clean, networks), MESSAGE_RESULT_OK);
	ck_assert_int_eq(slice_equals(networks[0], "2001:db8::/32"), 1);
	ck_assert_int_eq(slice_equals(networks[1], "192.0.2.1/24"), 1);
	written[1] = slice_of("192.0.2.1");
	ck_assert_int_eq(
	    authority_judge_networks(written, 2, clean, networks), MESSAGE_RESULT_BAD_NETWORK);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("authority");
	TCase *tests = tcase_create("authority");

	tcase_add_loop_test(tests, judges_updates_in_order, 0, ROWS(updates));
	tcase_add_loop_test(tests, judges_long_texts, 0, ROWS(long_texts));
	tcase_add_loop_test(tests, judges_owners, 0, ROWS(owners));
	tcase_add_test(tests, an_empty_text_clears_where_that_is_wanted);
	tcase_add_test(tests, cleans_networks);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
