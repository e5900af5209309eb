/* Messages: the order of the checks, and every body at every length. */
#include "message.h"

#include "suite.h"

#include <stdlib.h>
#include <string.h>

static struct slice
slice_of(const char *text)
{
	return (struct slice){(const unsigned char *)text, strlen(text)};
}

static const char key_text[] = "0123456789012345678901234567890123456789";

static int
handle(void *context, uint64_t id, struct reader *body, int fd)
{
	(void)context;
	(void)id;
	(void)fd;
	return reader_end(body);
}

static const struct message_rule rules[] = {
    {MESSAGE_HELLO, 1U << 0, 3, 3, 0, handle},
    {MESSAGE_UPDATE, 1U << 1, 4, 8, 0, handle},
    {MESSAGE_LINK, 1U << 0 | 1U << 1, 0, 0, 1, handle},
};

/* Each row breaks one check; those behind it in the order are broken too, to prove the order. */
static const struct {
	uint16_t type, flags;
	uint32_t length; /* the header's */
	size_t received; /* bytes */
	unsigned fds;
	int truncated;
	unsigned state;
	enum message_verdict verdict;
} checks[] = {
    {MESSAGE_HELLO, 0, 19, 19, 0, 0, 0, MESSAGE_ACCEPTED},
    {MESSAGE_UPDATE, 0, 24, 24, 0, 0, 1, MESSAGE_ACCEPTED},
    {MESSAGE_LINK, 0, 16, 16, 1, 0, 1, MESSAGE_ACCEPTED},
    {9, 9, 9, 9, 9, 1, 9, MESSAGE_TRUNCATED},
    {9, 9, 9, 15, 9, 0, 9, MESSAGE_BAD_LENGTH},
    {9, 9, 20, 19, 9, 0, 9, MESSAGE_BAD_LENGTH},
    {9, 9, 18, 19, 9, 0, 9, MESSAGE_BAD_LENGTH},
    {9, 9, 0, 16, 9, 0, 9, MESSAGE_BAD_LENGTH},
    {9, 9, MESSAGE_MAX + 1, MESSAGE_MAX + 1, 9, 0, 9, MESSAGE_BAD_LENGTH},
    {9, 1, 19, 19, 9, 0, 9, MESSAGE_BAD_FLAGS},
    {9, 0, 19, 19, 9, 0, 9, MESSAGE_UNKNOWN},
    {MESSAGE_HELLO, 0, 99, 99, 9, 0, 1, MESSAGE_WRONG_STATE},
    {MESSAGE_HELLO, 0, 99, 99, 9, 0, 32, MESSAGE_WRONG_STATE},
    {MESSAGE_HELLO, 0, 18, 18, 9, 0, 0, MESSAGE_BAD_SIZE},
    {MESSAGE_HELLO, 0, 20, 20, 9, 0, 0, MESSAGE_BAD_SIZE},
    {MESSAGE_UPDATE, 0, 25, 25, 9, 0, 1, MESSAGE_BAD_SIZE},
    {MESSAGE_HELLO, 0, 19, 19, 1, 0, 0, MESSAGE_BAD_FDS},
    {MESSAGE_LINK, 0, 16, 16, 0, 0, 0, MESSAGE_BAD_FDS},
};

START_TEST(checks_in_one_order)
{
	static unsigned char bytes[MESSAGE_MAX + 1];
	struct message_received received = {.data = bytes,
	    .length = checks[_i].received,
	    .fds = checks[_i].fds,
	    .truncated = checks[_i].truncated};
	const struct message_rule *rule;
	struct message_header header;
	struct writer writer;

	writer_init(&writer, bytes, sizeof(bytes));
	writer_u16(&writer, checks[_i].type);
	writer_u16(&writer, checks[_i].flags);
	writer_u32(&writer, checks[_i].length);
	writer_u64(&writer, 0x1122334455667788);
	ck_assert_int_eq(message_check(rules, 3, checks[_i].state, &received, &header, &rule),
	    checks[_i].verdict);
	ck_assert_int_gt((int)strlen(message_verdict_text(checks[_i].verdict)), 0);
	if (checks[_i].verdict == MESSAGE_ACCEPTED) {
		ck_assert_uint_eq(header.id, 0x1122334455667788);
		ck_assert_uint_eq(rule->type, checks[_i].type);
	}
}
END_TEST

/* Every body as a writer and a reader, so that one test can go through all of them. */
static void
put_hello(struct writer *writer)
{
	message_put_hello(writer, &(struct message_hello){1, MESSAGE_ROLE_APID});
}

static int
get_hello(struct reader *reader)
{
	struct message_hello hello;

	return message_get_hello(reader, &hello);
}

static void
put_reload_answer(struct writer *writer)
{
	const struct message_reload_answer answer = {.is_busy = 1,
	    .reason = {(const unsigned char *)"the key", 7},
	    .keys = {(const unsigned char *)"dns.listen, dns.workers", 23}};

	message_put_reload_answer(writer, &answer);
}

static int
get_reload_answer(struct reader *reader)
{
	struct message_reload_answer answer;

	if (message_get_reload_answer(reader, &answer) != 0)
		return -1;
	ck_assert_uint_le(answer.is_busy, 1);
	return 0;
}

static uint64_t reported[STATISTICS];

static void
put_statistics(struct writer *writer)
{
	for (unsigned i = 0; i < STATISTICS; i++)
		reported[i] = UINT64_MAX - i;
	message_put_statistics(writer, STATISTIC_APID, reported);
}

static int
get_statistics(struct reader *reader)
{
	uint64_t values[STATISTICS] = {0};

	return message_get_statistics(reader, STATISTIC_APID, values);
}

static void
put_name(struct writer *writer)
{
	struct message_name name = {.commit = 77,
	    .label = slice_of("label"),
	    .exists = 1,
	    .count = 2,
	    .values = {slice_of("one"), slice_of("two")},
	    .ends = {0, UINT64_MAX}};
	size_t before = writer->length;

	message_put_name(writer, &name);
	ck_assert_uint_eq(writer->length - before, message_name_size(&name));
}

static int
get_name(struct reader *reader)
{
	struct message_name name;

	if (message_get_name(reader, &name) != 0)
		return -1;
	return reader_end(reader);
}

static void
put_register(struct writer *writer)
{
	struct message_register request = {.token = slice_of("sp_token"),
	    .count = 2,
	    .networks = {slice_of("192.0.2.0/24"), slice_of("[::1]/64")}};

	message_put_register(writer, &request);
}

static int
get_register(struct reader *reader)
{
	struct message_register request;

	return message_get_register(reader, &request);
}

static void
put_register_answer(struct writer *writer)
{
	struct message_register_answer answer = {.result = MESSAGE_RESULT_OK,
	    .username = slice_of("user"),
	    .password = slice_of(key_text),
	    .subdomain = slice_of("sub"),
	    .count = 1,
	    .networks = {slice_of("::1/64")}};

	message_put_register_answer(writer, &answer);
}

static int
get_register_answer(struct reader *reader)
{
	struct message_register_answer answer;

	return message_get_register_answer(reader, &answer);
}

static void
put_update(struct writer *writer)
{
	struct message_update request = {.id = 7,
	    .username = slice_of("user"),
	    .key = slice_of(key_text),
	    .subdomain = slice_of("sub"),
	    .txt = slice_of("value")};

	message_put_update(writer, &request);
}

static int
get_update(struct reader *reader)
{
	struct message_update request;

	return message_get_update(reader, &request) == 0 ? reader_end(reader) : -1;
}

static void
put_update_answer(struct writer *writer)
{
	message_put_update_answer(
	    writer, &(struct message_update_answer){.id = 7, .result = MESSAGE_RESULT_BAD_TXT});
}

static int
get_update_answer(struct reader *reader)
{
	struct message_update_answer answer;

	return message_get_update_answer(reader, &answer) == 0 ? reader_end(reader) : -1;
}

static void
put_account(struct writer *writer)
{
	const struct message_account request = {.action = MESSAGE_ACCOUNT_NETWORKS,
	    .username = slice_of("user"),
	    .key = slice_of("0123456789012345678901234567890123456789"),
	    .subdomain = slice_of("sub"),
	    .count = 1,
	    .networks = {slice_of("192.0.2.0/24")}};

	message_put_account(writer, &request);
}

static int
get_account(struct reader *reader)
{
	struct message_account request;

	return message_get_account(reader, &request);
}

static void
put_account_answer(struct writer *writer)
{
	const struct message_account_answer answer = {.action = MESSAGE_ACCOUNT_READ,
	    .username = slice_of("user"),
	    .subdomain = slice_of("sub"),
	    .created = 1,
	    .updated = 2,
	    .count = 1,
	    .networks = {slice_of("192.0.2.0/24")},
	    .value_count = 2,
	    .values = {slice_of("one"), slice_of("two")},
	    .times = {3, 4}};

	message_put_account_answer(writer, &answer);
}

static int
get_account_answer(struct reader *reader)
{
	struct message_account_answer answer;

	return message_get_account_answer(reader, &answer);
}

static const struct {
	void (*put)(struct writer *writer);
	int (*get)(struct reader *reader);
} bodies[] = {
    {put_hello, get_hello},
    {put_statistics, get_statistics},
    {put_name, get_name},
    {put_register, get_register},
    {put_register_answer, get_register_answer},
    {put_update, get_update},
    {put_update_answer, get_update_answer},
    {put_reload_answer, get_reload_answer},
    {put_account, get_account},
    {put_account_answer, get_account_answer},
};

START_TEST(a_body_is_read_whole_or_not_at_all)
{
	unsigned char bytes[1024];
	struct writer writer;

	writer_init(&writer, bytes, sizeof(bytes));
	bodies[_i].put(&writer);
	ck_assert_int_eq(writer.failed, 0);
	for (size_t length = 0; length <= writer.length + 1; length++) {
		unsigned char *copy = calloc(1, length + (length == 0));
		struct reader reader;

		memcpy(copy, bytes, length < writer.length ? length : writer.length);
		reader_init(&reader, copy, length);
		/* Every prefix is refused, and so is one byte behind the end. */
		ck_assert_int_eq(bodies[_i].get(&reader), length == writer.length ? 0 : -1);
		free(copy);
	}
}
END_TEST

/* Any one byte changed: read or refused, but never beyond the end (the sanitizer watches). */
START_TEST(a_damaged_body_is_survived)
{
	unsigned char bytes[1024];
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

/* Updates and their answers stand in a message one behind the other, and as many fit as the bounds say. */
START_TEST(updates_share_a_message)
{
	static const unsigned char filling[MESSAGE_MAX_ASKED_TXT] = {0};
	const struct message_update largest = {.username = {filling, MESSAGE_MAX_USER},
	    .key = slice_of(key_text),
	    .subdomain = {filling, MESSAGE_MAX_SUBDOMAIN},
	    .txt = {filling, MESSAGE_MAX_ASKED_TXT}};
	const struct message_update least = {.key = slice_of(key_text)};
	unsigned char
	    bytes[MESSAGE_LEAST_UPDATE + MESSAGE_MOST_UPDATE + 2 * MESSAGE_UPDATE_ANSWER_SIZE];
	struct message_update_answer answer;
	struct message_update update;
	struct writer writer;
	struct reader reader;

	writer_init(&writer, bytes, sizeof(bytes));
	update = largest;
	update.id = UINT64_MAX;
	message_put_update(&writer, &update);
	ck_assert_uint_eq(writer.length, MESSAGE_MOST_UPDATE);
	message_put_update(&writer, &least);
	ck_assert_uint_eq(writer.length, MESSAGE_MOST_UPDATE + MESSAGE_LEAST_UPDATE);
	for (unsigned i = 0; i < 2; i++)
		message_put_update_answer(&writer,
		    &(struct message_update_answer){.id = i, .result = MESSAGE_RESULT_BUSY});
	ck_assert_uint_eq(writer.length, sizeof(bytes));
	ck_assert_int_eq(writer.failed, 0);
	reader_init(&reader, bytes, sizeof(bytes));
	ck_assert_int_eq(message_get_update(&reader, &update), 0);
	ck_assert_uint_eq(update.id, UINT64_MAX);
	ck_assert_uint_eq(update.txt.length, MESSAGE_MAX_ASKED_TXT);
	ck_assert_int_eq(message_get_update(&reader, &update), 0);
	ck_assert_uint_eq(update.id, 0);
	for (unsigned i = 0; i < 2; i++) {
		ck_assert_int_eq(message_get_update_answer(&reader, &answer), 0);
		ck_assert_uint_eq(answer.id, i);
		ck_assert_uint_eq(answer.result, MESSAGE_RESULT_BUSY);
	}
	ck_assert_int_eq(reader_end(&reader), 0);
}
END_TEST

static const struct {
	const char *bytes;
	size_t length;
} bad_names[] = {
    {"\0\0\0\0\0\0\0\1"
     "\0"
     "\1\0",
	11}, /* no label */
    {"\0\0\0\0\0\0\0\1"
     "\1x"
     "\2\0",
	12}, /* exists is neither 0 nor 1 */
    {"\0\0\0\0\0\0\0\1"
     "\1x"
     "\0\1\0\0",
	14}, /* gone, with a value */
    {"\0\0\0\0\0\0\0\1"
     "\1x"
     "\1\21",
	12}, /* 17 values */
    {"\0\0\0\0\0\0\0\1"
     "\1x"
     "\1\1\4\1",
	14}, /* a value of 1025 bytes */
};

START_TEST(refuses_names_that_make_no_sense)
{
	struct message_name name;
	struct reader reader;

	reader_init(&reader, bad_names[_i].bytes, bad_names[_i].length);
	ck_assert_int_eq(message_get_name(&reader, &name), -1);
}
END_TEST

/* Whoever speaks: a report changes nothing but its sender's part, and a bad one nothing at all. */
START_TEST(statistics_stay_within_their_source)
{
	enum statistic_source source = (enum statistic_source)_i;
	struct statistic_range range = statistic_range(source);
	uint64_t values[STATISTICS] = {0};
	unsigned char bytes[STATISTICS * MESSAGE_STATISTIC];
	struct writer writer;
	struct reader reader;

	for (unsigned i = 0; i < STATISTICS; i++)
		reported[i] = i + 1;
	writer_init(&writer, bytes, sizeof(bytes));
	message_put_statistics(&writer, source, reported);
	ck_assert_uint_eq(writer.length, range.count * MESSAGE_STATISTIC);
	reader_init(&reader, bytes, writer.length - 1);
	ck_assert_int_eq(message_get_statistics(&reader, source, values), -1);
	for (unsigned i = 0; i < STATISTICS; i++)
		ck_assert_uint_eq(values[i], 0);
	reader_init(&reader, bytes, writer.length);
	ck_assert_int_eq(message_get_statistics(&reader, source, values), 0);
	for (unsigned i = 0; i < STATISTICS; i++)
		ck_assert_uint_eq(
		    values[i], i >= range.first && i < range.first + range.count ? i + 1 : 0);
}
END_TEST

START_TEST(parts_that_are_ready_come_back)
{
	unsigned char bytes[2] = {0};
	struct writer writer;
	struct reader reader;
	unsigned parts = 99;

	writer_init(&writer, bytes, sizeof(bytes));
	message_put_ready(&writer, MESSAGE_READY_LINKED | MESSAGE_READY_ROOM);
	ck_assert_uint_eq(writer.length, 1);
	reader_init(&reader, bytes, 1);
	ck_assert_int_eq(message_get_ready(&reader, &parts), 0);
	ck_assert_uint_eq(parts, MESSAGE_READY_LINKED | MESSAGE_READY_ROOM);
	for (size_t length = 0; length <= 2; length += 2) {
		reader_init(&reader, bytes, length);
		ck_assert_int_eq(message_get_ready(&reader, &parts), -1);
	}
	bytes[0] = MESSAGE_READY_PARTS + 1;
	reader_init(&reader, bytes, 1);
	ck_assert_int_eq(message_get_ready(&reader, &parts), -1);
}
END_TEST

/* All of the table, whole or not at all. */
START_TEST(all_statistics_come_back)
{
	unsigned char bytes[STATISTICS * MESSAGE_STATISTIC + 1] = {0};
	uint64_t values[STATISTICS];
	struct writer writer;
	struct reader reader;

	for (unsigned i = 0; i < STATISTICS; i++)
		reported[i] = UINT64_MAX - i;
	writer_init(&writer, bytes, sizeof(bytes));
	message_put_all_statistics(&writer, reported);
	ck_assert_uint_eq(writer.length, sizeof(bytes) - 1);
	reader_init(&reader, bytes, writer.length);
	ck_assert_int_eq(message_get_all_statistics(&reader, values), 0);
	ck_assert_mem_eq(values, reported, sizeof(values));
	reader_init(&reader, bytes, writer.length - 1);
	ck_assert_int_eq(message_get_all_statistics(&reader, values), -1);
	reader_init(&reader, bytes, writer.length + 1);
	ck_assert_int_eq(message_get_all_statistics(&reader, values), -1);
}
END_TEST

/* What an action has no use for must not come along, and a new key comes with a rotation alone. */
START_TEST(an_action_has_what_is_its_own)
{
	unsigned char bytes[512];

	for (unsigned action = 0; action <= MESSAGE_ACCOUNT_ACTIONS; action++) {
		int known = action >= MESSAGE_ACCOUNT_READ && action < MESSAGE_ACCOUNT_ACTIONS;

		for (unsigned with = 0; with < 3; with++) {
			struct message_account request = {.action = (uint8_t)action,
			    .key = slice_of("0123456789012345678901234567890123456789"),
			    .txt = slice_of(with == 1 ? "txt" : ""),
			    .count = with == 2,
			    .networks = {slice_of("192.0.2.0/24")}};
			int right = known && (with != 1 || action == MESSAGE_ACCOUNT_REMOVE) &&
				    (with != 2 || action == MESSAGE_ACCOUNT_NETWORKS);
			struct writer writer;
			struct reader reader;

			writer_init(&writer, bytes, sizeof(bytes));
			message_put_account(&writer, &request);
			reader_init(&reader, bytes, writer.length);
			ck_assert_int_eq(message_get_account(&reader, &request), right ? 0 : -1);
		}
		for (int with_key = 0; with_key < 2; with_key++) {
			struct message_account_answer answer = {.action = (uint8_t)action,
			    .password = slice_of(
				with_key ? "0123456789012345678901234567890123456789" : ""),
			    .subdomain = slice_of("sub")};
			int right = known && with_key == (action == MESSAGE_ACCOUNT_ROTATE);
			struct writer writer;
			struct reader reader;

			writer_init(&writer, bytes, sizeof(bytes));
			message_put_account_answer(&writer, &answer);
			reader_init(&reader, bytes, writer.length);
			ck_assert_int_eq(
			    message_get_account_answer(&reader, &answer), right ? 0 : -1);
		}
	}
}
END_TEST

START_TEST(a_refusal_carries_nothing_else)
{
	struct message_register_answer answer = {.result = MESSAGE_RESULT_BUSY};
	unsigned char bytes[64];
	struct writer writer;
	struct reader reader;

	writer_init(&writer, bytes, sizeof(bytes));
	message_put_register_answer(&writer, &answer);
	ck_assert_uint_eq(writer.length, 1);
	reader_init(&reader, bytes, 1);
	ck_assert_int_eq(message_get_register_answer(&reader, &answer), 0);
	ck_assert_uint_eq(answer.result, MESSAGE_RESULT_BUSY);
	bytes[0] = MESSAGE_RESULTS;
	reader_init(&reader, bytes, 1);
	ck_assert_int_eq(message_get_register_answer(&reader, &answer), -1);
}
END_TEST

START_TEST(begins_and_ends)
{
	unsigned char message[MESSAGE_MAX];
	unsigned char filler[MESSAGE_MAX] = {0};
	struct writer writer;

	message_begin(&writer, message, MESSAGE_DELTA, 1);
	message_set_id(&writer, 0x0102030405060708);
	writer_u8(&writer, 0xee);
	ck_assert_uint_eq(message_end(&writer), 17);
	ck_assert_mem_eq(message, "\0\x16\0\0\0\0\0\x11\1\2\3\4\5\6\7\x8\xee", 17);
	writer_bytes(&writer, filler, sizeof(filler));
	ck_assert_uint_eq(message_end(&writer), 0);
}
END_TEST

/* The largest register request, account and name fit into one message. */
START_TEST(the_largest_bodies_fit)
{
	static unsigned char value[MESSAGE_MAX_TXT];
	unsigned char message[MESSAGE_MAX];
	static struct message_register request;
	static struct message_account_answer account;
	struct message_name name = {
	    .label = {value, MESSAGE_MAX_SUBDOMAIN}, .exists = 1, .count = MESSAGE_MAX_VALUES};
	struct writer writer;

	request.token = (struct slice){value, MESSAGE_MAX_TOKEN};
	request.count = MESSAGE_MAX_NETWORKS;
	for (unsigned i = 0; i < MESSAGE_MAX_NETWORKS; i++)
		request.networks[i] = (struct slice){value, NETWORK_MAX_TEXT - 1};
	message_begin(&writer, message, MESSAGE_REGISTER, 1);
	message_put_register(&writer, &request);
	ck_assert_uint_ne(message_end(&writer), 0);
	account = (struct message_account_answer){.action = MESSAGE_ACCOUNT_READ,
	    .username = {value, MESSAGE_MAX_USER},
	    .subdomain = {value, MESSAGE_MAX_SUBDOMAIN},
	    .count = MESSAGE_MAX_NETWORKS,
	    .value_count = MESSAGE_MAX_VALUES};
	memcpy(account.networks, request.networks, sizeof(account.networks));
	for (unsigned i = 0; i < MESSAGE_MAX_VALUES; i++)
		account.values[i] = name.values[i] = (struct slice){value, MESSAGE_MAX_TXT};
	message_begin(&writer, message, MESSAGE_ACCOUNT_ANSWER, 1);
	message_put_account_answer(&writer, &account);
	ck_assert_uint_ne(message_end(&writer), 0);
	message_begin(&writer, message, MESSAGE_DELTA, 1);
	message_put_name(&writer, &name);
	ck_assert_uint_ne(message_end(&writer), 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("message");
	TCase *tests = tcase_create("message");

	tcase_add_loop_test(tests, checks_in_one_order, 0, ROWS(checks));
	tcase_add_test(tests, updates_share_a_message);
	tcase_add_loop_test(tests, a_body_is_read_whole_or_not_at_all, 0, ROWS(bodies));
	tcase_add_loop_test(tests, a_damaged_body_is_survived, 0, ROWS(bodies));
	tcase_add_loop_test(tests, refuses_names_that_make_no_sense, 0, ROWS(bad_names));
	tcase_add_test(tests, parts_that_are_ready_come_back);
	tcase_add_test(tests, all_statistics_come_back);
	tcase_add_loop_test(tests, statistics_stay_within_their_source, 0, STATISTIC_SOURCES);
	tcase_add_test(tests, an_action_has_what_is_its_own);
	tcase_add_test(tests, a_refusal_carries_nothing_else);
	tcase_add_test(tests, begins_and_ends);
	tcase_add_test(tests, the_largest_bodies_fit);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
