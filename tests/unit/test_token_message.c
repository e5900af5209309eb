/* Bodies about registration tokens: what was put comes back, and anything else is refused. */
#include "suite.h"
#include "token_message.h"

#include <stdlib.h>
#include <string.h>

#define USERNAME "c36f50e8-4632-44f0-83fe-e070fef28a10"

static struct slice
slice_of(const char *text)
{
	return (struct slice){(const unsigned char *)text, strlen(text)};
}

static const struct {
	const char *name;
	int valid;
} names[] = {
    {"a", 1},
    {"Team_1.web-eu", 1},
    {"0123456789012345678901234567890123456789012345678901234567890123", 1},
    {"01234567890123456789012345678901234567890123456789012345678901234", 0},
    {"", 0},
    {"a b", 0},
    {"a/b", 0},
    {"a\n", 0},
    {"\303\274", 0},
};

START_TEST(names_are_plain)
{
	ck_assert_int_eq(token_message_name_is_valid(slice_of(names[_i].name)), names[_i].valid);
	ck_assert_int_eq(
	    token_message_name_is_valid((struct slice){(const unsigned char *)"a\0", 2}), 0);
}
END_TEST

static struct token_message
whole_token(void)
{
	struct token_message token = {.name = slice_of("team"),
	    .created = 1,
	    .expires = 2,
	    .revoked = 3,
	    .quota = 4,
	    .used = 5,
	    .last_used = 6,
	    .last_client = {{[15] = 7}},
	    .network_count = TOKEN_MESSAGE_NETWORKS};

	for (unsigned i = 0; i < TOKEN_MESSAGE_NETWORKS; i++)
		token.networks[i] =
		    (struct network){.bytes = {(uint8_t)i}, .bits = (uint8_t)(2 * i)};
	return token;
}

START_TEST(a_token_comes_back_as_it_was)
{
	struct token_message token = whole_token(), again;
	unsigned char bytes[MESSAGE_MAX];
	struct writer writer;
	struct reader reader;

	writer_init(&writer, bytes, sizeof(bytes));
	token_message_put(&writer, &token);
	ck_assert_int_eq(writer.failed, 0);
	reader_init(&reader, bytes, writer.length);
	ck_assert_int_eq(token_message_get(&reader, &again), 0);
	ck_assert_int_eq(reader_end(&reader), 0);
	ck_assert(slice_equals(again.name, "team"));
	ck_assert_uint_eq(again.created, 1);
	ck_assert_uint_eq(again.expires, 2);
	ck_assert_uint_eq(again.revoked, 3);
	ck_assert_uint_eq(again.quota, 4);
	ck_assert_uint_eq(again.used, 5);
	ck_assert_uint_eq(again.last_used, 6);
	ck_assert_mem_eq(&again.last_client, &token.last_client, sizeof(token.last_client));
	ck_assert_uint_eq(again.network_count, TOKEN_MESSAGE_NETWORKS);
	ck_assert_mem_eq(again.networks, token.networks, sizeof(token.networks));
}
END_TEST

START_TEST(whole_pages_fit)
{
	static char name[CONTROL_MAX_TOKEN + 1], subdomain[MESSAGE_MAX_SUBDOMAIN + 1];
	struct token_message token = whole_token();
	const struct token_message_page page = {.count = 1};
	struct token_message_account account = {.username = slice_of(USERNAME)};
	unsigned char message[MESSAGE_MAX];
	struct writer writer;

	memset(name, 'n', CONTROL_MAX_TOKEN);
	memset(subdomain, 's', MESSAGE_MAX_SUBDOMAIN);
	token.name = slice_of(name);
	account.subdomain = slice_of(subdomain);
	message_begin(&writer, message, MESSAGE_LIST_TOKENS_ANSWER, 1);
	token_message_put_page(&writer, &page);
	for (unsigned i = 0; i < TOKEN_MESSAGE_PAGE; i++)
		token_message_put(&writer, &token);
	ck_assert_uint_ne(message_end(&writer), 0);
	message_begin(&writer, message, MESSAGE_LIST_TOKEN_ACCOUNTS_ANSWER, 1);
	token_message_put_page(&writer, &page);
	for (unsigned i = 0; i < TOKEN_MESSAGE_ACCOUNTS; i++)
		token_message_put_account(&writer, &account);
	token_message_put_next(&writer, slice_of(USERNAME));
	ck_assert_uint_ne(message_end(&writer), 0);
}
END_TEST

static void
put_token(struct writer *writer)
{
	struct token_message token = whole_token();

	token_message_put(writer, &token);
}

static int
get_token(struct reader *reader)
{
	struct token_message token;

	return token_message_get(reader, &token) != 0 ? -1 : reader_end(reader);
}

static void
put_added(struct writer *writer)
{
	const struct token_message_added added = {.secret = slice_of("sp_secret")};

	token_message_put_added(writer, &added);
}

static int
get_added(struct reader *reader)
{
	struct token_message_added added;

	return token_message_get_added(reader, &added);
}

static void
put_name(struct writer *writer)
{
	token_message_put_name(writer, slice_of("team"));
}

static int
get_name(struct reader *reader)
{
	struct slice name;

	return token_message_get_name(reader, &name);
}

static void
put_after(struct writer *writer)
{
	token_message_put_after(writer, slice_of("team"));
}

static int
get_after(struct reader *reader)
{
	struct slice name;

	return token_message_get_after(reader, &name);
}

static void
put_page(struct writer *writer)
{
	const struct token_message_page page = {.count = 7, .more = 1};

	token_message_put_page(writer, &page);
}

static int
get_page(struct reader *reader)
{
	struct token_message_page page;

	return token_message_get_page(reader, &page) != 0 ? -1 : reader_end(reader);
}

static void
put_accounts(struct writer *writer)
{
	const struct token_message_accounts request = {
	    .token = slice_of("team"), .after = slice_of(USERNAME)};

	token_message_put_accounts(writer, &request);
}

static int
get_accounts(struct reader *reader)
{
	struct token_message_accounts request;

	return token_message_get_accounts(reader, &request);
}

static void
put_account(struct writer *writer)
{
	const struct token_message_account account = {
	    .username = slice_of(USERNAME), .subdomain = slice_of("sub"), .created = 9};

	token_message_put_account(writer, &account);
}

static int
get_account(struct reader *reader)
{
	struct token_message_account account;

	return token_message_get_account(reader, &account) != 0 ? -1 : reader_end(reader);
}

static void
put_next(struct writer *writer)
{
	token_message_put_next(writer, slice_of(USERNAME));
}

static int
get_next(struct reader *reader)
{
	struct slice username;

	return token_message_get_next(reader, &username);
}

static const struct {
	void (*put)(struct writer *writer);
	int (*get)(struct reader *reader);
} bodies[] = {
    {put_token, get_token},
    {put_added, get_added},
    {put_name, get_name},
    {put_after, get_after},
    {put_page, get_page},
    {put_accounts, get_accounts},
    {put_account, get_account},
    {put_next, get_next},
};

START_TEST(a_body_is_read_whole_or_not_at_all)
{
	unsigned char bytes[4096];
	struct writer writer;

	writer_init(&writer, bytes, sizeof(bytes));
	bodies[_i].put(&writer);
	ck_assert_int_eq(writer.failed, 0);
	for (size_t length = 0; length <= writer.length + 1; length++) {
		unsigned char *copy = calloc(1, length + (length == 0));
		struct reader reader;

		memcpy(copy, bytes, length < writer.length ? length : writer.length);
		reader_init(&reader, copy, length);
		ck_assert_int_eq(bodies[_i].get(&reader), length == writer.length ? 0 : -1);
		free(copy);
	}
}
END_TEST

/* Any one byte changed: read or refused, but never beyond the end (the sanitizer watches). */
START_TEST(a_damaged_body_is_survived)
{
	unsigned char bytes[4096];
	struct writer writer;

	writer_init(&writer, bytes, sizeof(bytes));
	bodies[_i].put(&writer);
	for (size_t place = 0; place < writer.length; place++) {
		for (unsigned flip = 1; flip < 256; flip++) {
			struct reader reader;

			bytes[place] ^= (unsigned char)flip;
			reader_init(&reader, bytes, writer.length);
			(void)bodies[_i].get(&reader);
			bytes[place] ^= (unsigned char)flip;
		}
	}
}
END_TEST

/* A refusal has no secret, and there is no success without one. */
START_TEST(a_secret_comes_with_success)
{
	static const struct {
		const char *bytes;
		size_t length;
		int read;
	} rows[] = {{"\0\3sp_", 5, 0}, {"\0\0", 2, -1}, {"\x9\0", 2, 0}, {"\x9\3sp_", 5, -1},
	    {"\xff\0", 2, -1}};

	for (unsigned i = 0; i < ROWS(rows); i++) {
		struct token_message_added added;
		struct reader reader;

		reader_init(&reader, rows[i].bytes, rows[i].length);
		ck_assert_int_eq(token_message_get_added(&reader, &added), rows[i].read);
	}
}
END_TEST

START_TEST(masks_and_numbers_of_networks_are_bounded)
{
	struct token_message token = whole_token(), again;
	unsigned char bytes[4096];
	struct writer writer;
	struct reader reader;

	token.networks[3].bits = 129;
	writer_init(&writer, bytes, sizeof(bytes));
	token_message_put(&writer, &token);
	reader_init(&reader, bytes, writer.length);
	ck_assert_int_eq(token_message_get(&reader, &again), -1);
	token = whole_token();
	writer_init(&writer, bytes, sizeof(bytes));
	token_message_put(&writer, &token);
	/* The count's lower byte. */
	bytes[1 + 4 + 6 * 8 + 16 + 1]++;
	memset(bytes + writer.length, 0, 17);
	reader_init(&reader, bytes, writer.length + 17);
	ck_assert_int_eq(token_message_get(&reader, &again), -1);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("token_message");
	TCase *tests = tcase_create("token_message");

	tcase_add_loop_test(tests, names_are_plain, 0, ROWS(names));
	tcase_add_test(tests, a_token_comes_back_as_it_was);
	tcase_add_test(tests, whole_pages_fit);
	tcase_add_loop_test(tests, a_body_is_read_whole_or_not_at_all, 0, ROWS(bodies));
	tcase_add_loop_test(tests, a_damaged_body_is_survived, 0, ROWS(bodies));
	tcase_add_test(tests, a_secret_comes_with_success);
	tcase_add_test(tests, masks_and_numbers_of_networks_are_bounded);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
