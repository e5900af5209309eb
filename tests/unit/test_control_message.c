/* The administrator's messages: written and read back, cut anywhere, and at their bounds. */
#include "control_message.h"

#include "suite.h"

#include <string.h>

static unsigned char bytes[MESSAGE_MAX];
static struct writer writer;

static struct slice
slice_of(const char *text)
{
	return (struct slice){(const unsigned char *)text, strlen(text)};
}

static void
begin(void)
{
	writer_init(&writer, bytes, sizeof(bytes));
}

static struct reader
read_back(size_t length)
{
	struct reader reader;

	reader_init(&reader, bytes, length);
	return reader;
}

static void
expect(struct slice slice, const char *text)
{
	ck_assert_msg(slice_equals(slice, text), "%.*s is not %s", (int)slice.length,
	    (const char *)slice.data, text);
}

static const char username[] = "c4c98fd7-7b5a-4b8c-a61e-73c0c0eeb05c";

/* An account with all that one can have. */
static struct control_account
largest_account(void)
{
	static unsigned char filler[MESSAGE_MAX_TXT];
	struct control_account account = {.username = slice_of(username),
	    .subdomain = {filler, MESSAGE_MAX_SUBDOMAIN},
	    .hash = {filler, CONTROL_MAX_HASH},
	    .token = {filler, CONTROL_MAX_TOKEN},
	    .created = UINT64_MAX,
	    .updated = 1,
	    .network_count = MESSAGE_MAX_NETWORKS,
	    .value_count = MESSAGE_MAX_VALUES};

	memset(filler, 'x', sizeof(filler));
	for (unsigned i = 0; i < MESSAGE_MAX_NETWORKS; i++)
		account.networks[i] = slice_of("ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255/128");
	for (unsigned i = 0; i < MESSAGE_MAX_VALUES; i++)
		account.values[i] = (struct control_value){i, {filler, sizeof(filler)}};
	return account;
}

START_TEST(the_largest_account_fits_into_a_message)
{
	struct control_account account = largest_account(), read;
	struct control_page page = {.count = 1};
	struct reader reader;

	begin();
	writer_bytes(&writer, bytes, MESSAGE_HEADER);
	control_put_page(&writer, &page);
	control_put_account(&writer, &account);
	control_put_next(&writer, slice_of(username));
	ck_assert_int_eq(writer.failed, 0);
	reader = read_back(writer.length);
	reader_bytes(&reader, MESSAGE_HEADER);
	ck_assert_int_eq(control_get_page(&reader, &page), 0);
	ck_assert_int_eq(control_get_account(&reader, &read), 0);
	expect(read.username, username);
	ck_assert_uint_eq(read.created, UINT64_MAX);
	ck_assert_uint_eq(read.updated, 1);
	ck_assert_uint_eq(read.hash.length, CONTROL_MAX_HASH);
	ck_assert_uint_eq(read.network_count, MESSAGE_MAX_NETWORKS);
	ck_assert_uint_eq(read.values[15].time, 15);
	ck_assert_uint_eq(read.values[15].text.length, MESSAGE_MAX_TXT);
}
END_TEST

/* Each body's reader, for tests that do not look at what was read. */
static int
get_list(struct reader *reader)
{
	struct control_list list;

	return control_get_list(reader, &list);
}

static int
get_account(struct reader *reader)
{
	struct control_account account;

	return control_get_account(reader, &account);
}

static int
get_page(struct reader *reader)
{
	struct control_page page;

	return control_get_page(reader, &page);
}

static int
get_next(struct reader *reader)
{
	struct slice next;

	return control_get_next(reader, &next);
}

static int
get_find(struct reader *reader)
{
	struct slice who;

	return control_get_find(reader, &who);
}

static int
get_found(struct reader *reader)
{
	enum control_found found;

	return control_get_found(reader, &found);
}

static int
get_candidates(struct reader *reader)
{
	struct control_candidates candidates;

	return control_get_candidates(reader, &candidates);
}

static int
get_add(struct reader *reader)
{
	struct control_add add;

	return control_get_add(reader, &add);
}

static int
get_change(struct reader *reader)
{
	struct control_change change;

	return control_get_change(reader, &change);
}

static int
get_changed(struct reader *reader)
{
	struct control_changed changed;

	return control_get_changed(reader, &changed);
}

static int
get_import(struct reader *reader)
{
	struct control_import import;

	return control_get_import(reader, &import);
}

static void
put_list(void)
{
	control_put_list(
	    &writer, &(struct control_list){
			 .after = slice_of(username), .maximum = CONTROL_PAGE, .hashes = 1});
}

static void
put_account(void)
{
	struct control_account account = {.username = slice_of(username),
	    .subdomain = slice_of("web"),
	    .network_count = 1,
	    .networks = {slice_of("::/0")},
	    .value_count = 1,
	    .values = {{7, slice_of("text")}}};

	control_put_account(&writer, &account);
}

static void
put_page(void)
{
	control_put_page(&writer, &(struct control_page){.count = CONTROL_PAGE});
}

static void
put_next(void)
{
	control_put_next(&writer, slice_of(username));
}

static void
put_find(void)
{
	control_put_find(&writer, slice_of("web"));
}

static void
put_found(void)
{
	control_put_found(&writer, CONTROL_FOUND_FAILED);
}

static void
put_candidates(void)
{
	control_put_candidates(&writer,
	    &(struct control_candidates){
		.count = 2, .more = 1, .names = {slice_of("web-shop"), slice_of(username)}});
}

static void
put_add(void)
{
	control_put_add(&writer, &(struct control_add){.subdomain = slice_of("web"),
				     .network_count = 2,
				     .networks = {slice_of("::/0"), slice_of("10.0.0.0/8")}});
}

static void
put_change(void)
{
	control_put_change(&writer, &(struct control_change){.action = CONTROL_SET_VALUE,
					.username = slice_of(username),
					.text = slice_of("text")});
}

static void
put_changed(void)
{
	control_put_changed(&writer,
	    &(struct control_changed){.key = slice_of("kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk")});
}

static void
put_import(void)
{
	control_put_import(
	    &writer, &(struct control_import){.account = {.username = slice_of(username),
						  .subdomain = slice_of("web"),
						  .network_count = 1,
						  .networks = {slice_of("::/0")},
						  .value_count = 1,
						  .values = {{7, slice_of("text")}}},
			 .key = slice_of("kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk")});
}

static const struct {
	void (*put)(void);
	int (*get)(struct reader *reader);
	int ends; /* it must be the last of its message */
} bodies[] = {
    {put_list, get_list, 1},
    {put_account, get_account, 0},
    {put_page, get_page, 0},
    {put_next, get_next, 1},
    {put_find, get_find, 1},
    {put_found, get_found, 0},
    {put_candidates, get_candidates, 1},
    {put_add, get_add, 1},
    {put_change, get_change, 1},
    {put_changed, get_changed, 1},
    {put_import, get_import, 0},
};

START_TEST(whole_bodies_are_read_and_cut_ones_are_not)
{
	struct reader reader;

	begin();
	bodies[_i].put();
	for (size_t length = 0; length < writer.length; length++) {
		reader = read_back(length);
		ck_assert_int_eq(bodies[_i].get(&reader), -1);
	}
	reader = read_back(writer.length);
	ck_assert_int_eq(bodies[_i].get(&reader), 0);
	ck_assert_uint_eq(reader_left(&reader), 0);
	reader = read_back(writer.length + 1);
	ck_assert_int_eq(bodies[_i].get(&reader), bodies[_i].ends ? -1 : 0);
}
END_TEST

static const struct {
	struct control_list list;
	int result;
} lists[] = {
    {{.maximum = 1}, 0},
    {{.maximum = CONTROL_PAGE}, 0},
    {{.maximum = 0}, -1},
    {{.maximum = CONTROL_PAGE + 1}, -1},
    {{.maximum = 1, .hashes = 2}, -1},
    {{.maximum = 1, .after = {(const unsigned char *)username, 35}}, -1},
};

START_TEST(lists_have_bounds)
{
	struct reader reader;

	begin();
	control_put_list(&writer, &lists[_i].list);
	reader = read_back(writer.length);
	ck_assert_int_eq(get_list(&reader), lists[_i].result);
}
END_TEST

static const struct {
	uint8_t action;
	int has_text;
	uint16_t networks;
	int result;
} changes[] = {
    {CONTROL_DELETE, 0, 0, 0},
    {CONTROL_DELETE, 1, 0, -1},
    {CONTROL_DELETE, 0, 1, -1},
    {CONTROL_ROTATE_KEY, 0, 0, 0},
    {CONTROL_ROTATE_KEY, 1, 0, -1},
    {CONTROL_CHANGE_NETWORKS, 0, 0, 0},
    {CONTROL_CHANGE_NETWORKS, 0, 2, 0},
    {CONTROL_CHANGE_NETWORKS, 1, 2, -1},
    {CONTROL_SET_VALUE, 1, 0, 0},
    {CONTROL_SET_VALUE, 0, 0, -1},
    {CONTROL_SET_VALUE, 1, 1, -1},
    {CONTROL_REMOVE_VALUE, 1, 0, 0},
    {CONTROL_REMOVE_VALUE, 0, 0, -1},
    {CONTROL_REMOVE_VALUES, 0, 0, 0},
    {CONTROL_REMOVE_VALUES, 1, 0, -1},
    {CONTROL_ACTIONS, 0, 0, -1},
    {255, 0, 0, -1},
};

START_TEST(changes_carry_what_they_need_and_no_more)
{
	struct control_change change = {.action = changes[_i].action,
	    .username = slice_of(username),
	    .text = slice_of(changes[_i].has_text ? "text" : ""),
	    .network_count = changes[_i].networks,
	    .networks = {slice_of("::/0"), slice_of("10.0.0.0/8")}};
	struct reader reader;

	begin();
	control_put_change(&writer, &change);
	reader = read_back(writer.length);
	ck_assert_int_eq(get_change(&reader), changes[_i].result);
}
END_TEST

START_TEST(answers_have_bounds)
{
	struct control_changed changed = {.result = MESSAGE_RESULTS};
	struct control_page page = {.count = CONTROL_PAGE + 1};
	struct reader reader;

	begin();
	control_put_changed(&writer, &changed);
	reader = read_back(writer.length);
	ck_assert_int_eq(get_changed(&reader), -1);
	begin();
	changed = (struct control_changed){.key = slice_of("short")};
	control_put_changed(&writer, &changed);
	reader = read_back(writer.length);
	ck_assert_int_eq(get_changed(&reader), -1);
	begin();
	control_put_page(&writer, &page);
	reader = read_back(writer.length);
	ck_assert_int_eq(get_page(&reader), -1);
	begin();
	writer_u8(&writer, CONTROL_FOUND_FAILED + 1);
	reader = read_back(writer.length);
	ck_assert_int_eq(get_found(&reader), -1);
}
END_TEST

/* The head of candidates, and names of one length behind it. */
static const struct {
	uint8_t count, more, names, length;
	int result;
} candidates[] = {
    {0, 0, 0, 0, 0},
    {1, 0, 1, 1, 0},
    {1, 0, 1, MESSAGE_MAX_SUBDOMAIN, 0},
    {CONTROL_CANDIDATES, 1, CONTROL_CANDIDATES, 8, 0},
    {CONTROL_CANDIDATES + 1, 0, CONTROL_CANDIDATES + 1, 8, -1},
    {255, 0, 255, 8, -1},
    {1, 2, 1, 8, -1},
    {1, 0, 1, 0, -1},
    {1, 0, 1, MESSAGE_MAX_SUBDOMAIN + 1, -1},
    {1, 0, 2, 8, -1},
    {2, 0, 1, 8, -1},
};

START_TEST(candidates_have_bounds)
{
	static const unsigned char name[MESSAGE_MAX_SUBDOMAIN + 1] = "";
	struct reader reader;

	begin();
	writer_u8(&writer, candidates[_i].count);
	writer_u8(&writer, candidates[_i].more);
	for (unsigned i = 0; i < candidates[_i].names; i++)
		writer_string8(&writer, name, candidates[_i].length);
	reader = read_back(writer.length);
	ck_assert_int_eq(get_candidates(&reader), candidates[_i].result);
}
END_TEST

/* As many of the smallest as a message holds, and no more. */
START_TEST(accounts_to_import_follow_one_another)
{
	struct control_import smallest = {
	    .account = {.username = slice_of(username), .subdomain = slice_of("w")}};
	struct control_import read;
	struct reader reader;
	unsigned count = 0;

	begin();
	writer_bytes(&writer, bytes, MESSAGE_HEADER);
	for (unsigned i = 0; i < CONTROL_IMPORT_MOST; i++) {
		smallest.account.created = i;
		control_put_import(&writer, &smallest);
	}
	ck_assert_int_eq(writer.failed, 0);
	reader = read_back(writer.length);
	reader_bytes(&reader, MESSAGE_HEADER);
	for (; reader_left(&reader) > 0; count++) {
		ck_assert_int_eq(control_get_import(&reader, &read), 0);
		expect(read.account.username, username);
		expect(read.account.subdomain, "w");
		ck_assert_uint_eq(read.account.created, count);
		ck_assert_uint_eq(read.account.hash.length + read.key.length, 0);
	}
	ck_assert_uint_eq(count, CONTROL_IMPORT_MOST);
	control_put_import(&writer, &smallest);
	ck_assert_int_eq(writer.failed, 1);
}
END_TEST

START_TEST(the_largest_import_fits_into_a_message)
{
	static unsigned char key[CONTROL_MAX_KEY];
	struct control_import import, read;
	struct reader reader;

	import.account = largest_account();
	import.key = (struct slice){key, sizeof(key)};
	begin();
	writer_bytes(&writer, bytes, MESSAGE_HEADER);
	control_put_import(&writer, &import);
	ck_assert_int_eq(writer.failed, 0);
	reader = read_back(writer.length);
	reader_bytes(&reader, MESSAGE_HEADER);
	ck_assert_int_eq(control_get_import(&reader, &read), 0);
	ck_assert_uint_eq(read.account.hash.length, CONTROL_MAX_HASH);
	ck_assert_uint_eq(read.account.network_count, MESSAGE_MAX_NETWORKS);
	ck_assert_uint_eq(read.account.values[MESSAGE_MAX_VALUES - 1].text.length, MESSAGE_MAX_TXT);
	ck_assert_uint_eq(read.key.length, CONTROL_MAX_KEY);
}
END_TEST

/* Where a length or a count goes past its bound, in an account written by hand. */
enum import_part {
	USERNAME,
	SUBDOMAIN,
	HASH,
	TOKEN,
	NETWORKS,
	NETWORK,
	VALUES,
	VALUE,
	IMPORT_PARTS
};

static const struct {
	enum import_part part;
	unsigned size; /* instead of what is right */
	int result;
} imports[] = {
    {IMPORT_PARTS, 0, 0},
    {USERNAME, 0, -1},
    {USERNAME, CONTROL_USERNAME - 1, -1},
    {USERNAME, CONTROL_USERNAME + 1, -1},
    {SUBDOMAIN, 0, -1},
    {SUBDOMAIN, MESSAGE_MAX_SUBDOMAIN, 0},
    {SUBDOMAIN, MESSAGE_MAX_SUBDOMAIN + 1, -1},
    {HASH, CONTROL_MAX_HASH, 0},
    {HASH, CONTROL_MAX_HASH + 1, -1},
    {TOKEN, CONTROL_MAX_TOKEN, 0},
    {TOKEN, CONTROL_MAX_TOKEN + 1, -1},
    {NETWORKS, MESSAGE_MAX_NETWORKS, 0},
    {NETWORKS, MESSAGE_MAX_NETWORKS + 1, -1},
    {NETWORK, NETWORK_MAX_TEXT - 1, 0},
    {NETWORK, NETWORK_MAX_TEXT, -1},
    {VALUES, MESSAGE_MAX_VALUES, 0},
    {VALUES, MESSAGE_MAX_VALUES + 1, -1},
    {VALUE, MESSAGE_MAX_TXT, 0},
    {VALUE, MESSAGE_MAX_TXT + 1, -1},
};

START_TEST(imports_have_bounds)
{
	static const unsigned char filler[MESSAGE_MAX_TXT + 1];
	unsigned size[IMPORT_PARTS + 1] = {[USERNAME] = CONTROL_USERNAME,
	    [SUBDOMAIN] = 3,
	    [HASH] = 60,
	    [TOKEN] = 4,
	    [NETWORKS] = 2,
	    [NETWORK] = 10,
	    [VALUES] = 2,
	    [VALUE] = 43};
	struct reader reader;

	size[imports[_i].part] = imports[_i].size;
	begin();
	for (enum import_part part = USERNAME; part <= TOKEN; part++)
		writer_string8(&writer, filler, size[part]);
	writer_u64(&writer, 1);
	writer_u64(&writer, 2);
	writer_u16(&writer, (uint16_t)size[NETWORKS]);
	for (unsigned i = 0; i < size[NETWORKS]; i++)
		writer_string8(&writer, filler, size[NETWORK]);
	writer_u8(&writer, (uint8_t)size[VALUES]);
	for (unsigned i = 0; i < size[VALUES]; i++) {
		writer_u64(&writer, 3);
		writer_string16(&writer, filler, size[VALUE]);
	}
	writer_string8(&writer, filler, CONTROL_MAX_KEY);
	ck_assert_int_eq(writer.failed, 0);
	reader = read_back(writer.length);
	ck_assert_int_eq(get_import(&reader), imports[_i].result);
}
END_TEST

/* Only what can be shown is taken: both texts whole, or none with BUSY. */
START_TEST(a_trial_is_whole_or_none)
{
	static const char label[] = "0b1c2d3e-0000-4000-8000-000000000000";
	static const char value[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOP-";
	const struct {
		struct control_trial trial;
		int result;
	} rows[] = {
	    {{MESSAGE_RESULT_OK, slice_of(label), slice_of(value)}, 0},
	    {{MESSAGE_RESULT_BUSY, slice_of(""), slice_of("")}, 0},
	    {{MESSAGE_RESULT_OK, slice_of(""), slice_of("")}, -1},
	    {{MESSAGE_RESULT_OK, slice_of(label + 1), slice_of(value)}, -1},
	    {{MESSAGE_RESULT_OK, slice_of(label), slice_of(value + 1)}, -1},
	    {{MESSAGE_RESULT_BUSY, slice_of(label), slice_of("")}, -1},
	    {{MESSAGE_RESULT_BUSY, slice_of(""), slice_of(value)}, -1},
	    {{MESSAGE_RESULT_FORBIDDEN, slice_of(""), slice_of("")}, -1},
	};

	for (unsigned i = 0; i < ROWS(rows); i++) {
		struct control_trial read;
		struct reader reader;

		begin();
		control_put_trial(&writer, &rows[i].trial);
		reader = read_back(writer.length);
		ck_assert_int_eq(control_get_trial(&reader, &read), rows[i].result);
		if (rows[i].result != 0)
			continue;
		ck_assert_mem_eq(read.label.data, rows[i].trial.label.data, read.label.length);
		ck_assert_mem_eq(read.value.data, rows[i].trial.value.data, read.value.length);
		for (size_t length = 0; length < writer.length; length++) {
			reader = read_back(length);
			ck_assert_int_eq(control_get_trial(&reader, &read), -1);
		}
		writer_u8(&writer, 0);
		reader = read_back(writer.length);
		ck_assert_int_eq(control_get_trial(&reader, &read), -1);
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("control_message");
	TCase *tests = tcase_create("all");

	tcase_add_test(tests, a_trial_is_whole_or_none);
	tcase_add_test(tests, the_largest_account_fits_into_a_message);
	tcase_add_loop_test(tests, whole_bodies_are_read_and_cut_ones_are_not, 0, ROWS(bodies));
	tcase_add_loop_test(tests, lists_have_bounds, 0, ROWS(lists));
	tcase_add_loop_test(tests, changes_carry_what_they_need_and_no_more, 0, ROWS(changes));
	tcase_add_test(tests, answers_have_bounds);
	tcase_add_loop_test(tests, candidates_have_bounds, 0, ROWS(candidates));
	tcase_add_test(tests, accounts_to_import_follow_one_another);
	tcase_add_test(tests, the_largest_import_fits_into_a_message);
	tcase_add_loop_test(tests, imports_have_bounds, 0, ROWS(imports));
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
