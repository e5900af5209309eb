/* What the database keeps: UUIDs, checksums, records, and the rules for values. */
#include "crc32c.h"
#include "record.h"
#include "uuid.h"

#include "suite.h"

#include <stdlib.h>
#include <string.h>

static struct slice
slice_of(const char *text)
{
	return (struct slice){(const unsigned char *)text, strlen(text)};
}

#define PLAIN "c36f50e8-4632-44f0-83fe-e070fef28a10"

static const struct {
	const char *text;
	int valid;
} uuids[] = {
    {PLAIN, 1},
    {"C36F50E8-4632-44F0-83FE-E070FEF28A10", 1},
    {"{" PLAIN "}", 1},
    {"urn:uuid:" PLAIN, 1},
    {"URN:UUID:" PLAIN, 1},
    {"c36f50e8463244f083fee070fef28a10", 1},
    {"", 0},
    {"c36f50e8-4632-44f0-83fe-e070fef28a1", 0},
    {"c36f50e8-4632-44f0-83fe-e070fef28a1g", 0},
    {"c36f50e84-632-44f0-83fe-e070fef28a10", 0},
    {"c36f50e8-4632-44f0-83fe-e070fef28a100", 0},
    {"(" PLAIN ")", 0},
    {"{" PLAIN " ", 0},
    {"urn:uuix:" PLAIN, 0},
    {"c36f50e8-4632-44f0-83fee070fef28a10", 0},
};

START_TEST(reads_uuids_as_clients_write_them)
{
	char *copy = strdup(uuids[_i].text);
	struct uuid uuid;
	char text[UUID_TEXT + 1];

	ck_assert_int_eq(
	    uuid_from_text(&uuid, (const unsigned char *)copy, strlen(copy)) == 0, uuids[_i].valid);
	if (uuids[_i].valid) {
		uuid_to_text(&uuid, text);
		ck_assert_str_eq(text, PLAIN);
	}
	free(copy);
}
END_TEST

START_TEST(makes_version_4)
{
	unsigned char random[16];
	struct uuid uuid;
	char text[UUID_TEXT + 1];

	memset(random, 0xff, sizeof(random));
	uuid = uuid_from_random(random);
	uuid_to_text(&uuid, text);
	ck_assert_str_eq(text, "ffffffff-ffff-4fff-bfff-ffffffffffff");
	memset(random, 0, sizeof(random));
	uuid = uuid_from_random(random);
	uuid_to_text(&uuid, text);
	ck_assert_str_eq(text, "00000000-0000-4000-8000-000000000000");
}
END_TEST

/* RFC 3720, B.4: the published results. */
static uint32_t (*const checksums[])(uint32_t, const void *, size_t) = {crc32c, crc32c_portable};

/* RFC 3720, B.4, and the usual check value. */
START_TEST(computes_crc32c)
{
	uint32_t (*checksum)(uint32_t, const void *, size_t) = checksums[_i];
	unsigned char bytes[32];

	ck_assert_uint_eq(checksum(0, "123456789", 9), 0xe3069283);
	memset(bytes, 0, sizeof(bytes));
	ck_assert_uint_eq(checksum(0, bytes, 32), 0x8a9136aa);
	memset(bytes, 0xff, sizeof(bytes));
	ck_assert_uint_eq(checksum(0, bytes, 32), 0x62a8ab43);
	ck_assert_uint_eq(checksum(checksum(0, "1234", 4), "56789", 5), 0xe3069283);
}
END_TEST

START_TEST(the_processor_agrees_about_crc32c)
{
	unsigned char bytes[80];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (unsigned char)(i * 151 + 7);
	for (size_t begin = 0; begin < 9; begin++) {
		for (size_t length = 0; begin + length <= sizeof(bytes); length++)
			ck_assert_uint_eq(crc32c((uint32_t)begin, bytes + begin, length),
			    crc32c_portable((uint32_t)begin, bytes + begin, length));
	}
}
END_TEST

static struct account_record
example_account(void)
{
	return (struct account_record){.subdomain = slice_of("sub"),
	    .hash = slice_of("$2b$10$aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
	    .created = 1700000000,
	    .network_count = 2,
	    .networks = {slice_of("192.0.2.0/24"), slice_of("2001:db8::/32")}};
}

static struct name_record
example_name(void)
{
	return (struct name_record){.owner = {{1, 2, 3}},
	    .sequence = 9,
	    .updated = 1700000001,
	    .count = 2,
	    .values = {{7, 1700000000, slice_of("old")}, {9, 1700000001, slice_of("new")}}};
}

START_TEST(accounts_survive_the_disk)
{
	struct account_record account = example_account(), read;
	unsigned char bytes[RECORD_MAX];
	struct uuid key = {{5}};
	struct writer writer;

	writer_init(&writer, bytes, sizeof(bytes));
	account_record_encode(&account, &key, &writer);
	ck_assert_int_eq(
	    account_record_decode(&read, &key, (struct slice){bytes, writer.length}), 0);
	ck_assert_int_eq(slice_equals(read.subdomain, "sub"), 1);
	ck_assert_uint_eq(read.hash.length, account.hash.length);
	ck_assert_uint_eq(read.created, 1700000000);
	ck_assert_uint_eq(read.network_count, 2);
	ck_assert_int_eq(slice_equals(read.networks[1], "2001:db8::/32"), 1);
}
END_TEST

START_TEST(names_survive_the_disk)
{
	struct name_record name = example_name(), read;
	unsigned char bytes[RECORD_MAX];
	struct writer writer;

	writer_init(&writer, bytes, sizeof(bytes));
	name_record_encode(&name, slice_of("sub"), &writer);
	ck_assert_int_eq(
	    name_record_decode(&read, slice_of("sub"), (struct slice){bytes, writer.length}), 0);
	ck_assert_int_eq(uuid_equal(&read.owner, &name.owner), 1);
	ck_assert_uint_eq(read.sequence, 9);
	ck_assert_uint_eq(read.updated, 1700000001);
	ck_assert_uint_eq(read.count, 2);
	ck_assert_uint_eq(read.values[0].sequence, 7);
	ck_assert_int_eq(slice_equals(read.values[1].text, "new"), 1);
}
END_TEST

/* Any flipped bit, any cut, another key: refused, never served. */
START_TEST(damage_is_noticed)
{
	struct name_record name = example_name(), read;
	unsigned char bytes[RECORD_MAX];
	struct writer writer;

	writer_init(&writer, bytes, sizeof(bytes));
	name_record_encode(&name, slice_of("sub"), &writer);
	for (size_t bit = 0; bit < writer.length * 8; bit++) {
		bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
		ck_assert_int_eq(name_record_decode(
				     &read, slice_of("sub"), (struct slice){bytes, writer.length}),
		    -1);
		bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
	}
	for (size_t length = 0; length < writer.length; length++)
		ck_assert_int_eq(
		    name_record_decode(&read, slice_of("sub"), (struct slice){bytes, length}), -1);
	ck_assert_int_eq(
	    name_record_decode(&read, slice_of("sut"), (struct slice){bytes, writer.length}), -1);
}
END_TEST

static void
assert_values(const struct name_record *name, const char *first, const char *second)
{
	ck_assert_uint_eq(name->count, second != NULL ? 2 : 1);
	ck_assert_int_eq(slice_equals(name->values[0].text, first), 1);
	if (second != NULL)
		ck_assert_int_eq(slice_equals(name->values[1].text, second), 1);
}

START_TEST(keeps_the_last_two_by_sequence)
{
	struct name_record name = {.count = 0};

	/* One second for all of them: the clock orders nothing. */
	name_record_set(&name, slice_of("a"), 2, 1, 50);
	assert_values(&name, "a", NULL);
	name_record_set(&name, slice_of("b"), 2, 2, 50);
	assert_values(&name, "a", "b");
	name_record_set(&name, slice_of("c"), 2, 3, 50);
	assert_values(&name, "b", "c");
	ck_assert_uint_eq(name.values[1].sequence, 3);
	ck_assert_uint_eq(name.sequence, 3);
}
END_TEST

START_TEST(a_value_that_is_there_is_only_renewed)
{
	struct name_record name = {.count = 0};

	name_record_set(&name, slice_of("a"), 2, 1, 50);
	name_record_set(&name, slice_of("b"), 2, 2, 50);
	name_record_set(&name, slice_of("a"), 2, 3, 51);
	assert_values(&name, "b", "a");
	ck_assert_uint_eq(name.values[1].sequence, 3);
	/* So that the next one pushes out the older of the two. */
	name_record_set(&name, slice_of("c"), 2, 4, 52);
	assert_values(&name, "a", "c");
}
END_TEST

START_TEST(more_values_than_wanted_are_thinned)
{
	struct name_record name = {.count = 0};

	for (uint64_t i = 1; i <= MESSAGE_MAX_VALUES; i++)
		name_record_set(&name,
		    (struct slice){(const unsigned char *)"0123456789abcdef" + i - 1, 1},
		    MESSAGE_MAX_VALUES, i, 0);
	ck_assert_uint_eq(name.count, MESSAGE_MAX_VALUES);
	name_record_set(&name, slice_of("x"), 2, 99, 0);
	assert_values(&name, "f", "x");
	name_record_clear(&name, 100, 3);
	ck_assert_uint_eq(name.count, 0);
	ck_assert_uint_eq(name.sequence, 100);
	ck_assert_uint_eq(name.updated, 3);
}
END_TEST

START_TEST(values_have_an_end)
{
	struct name_record name = {.count = 0};
	struct message_name message;

	name_record_set(&name, slice_of("a"), 3, 1, 50);
	name_record_set(&name, slice_of("b"), 3, 2, 60);
	name_record_set(&name, slice_of("c"), 3, 3, 55); /* the clock has gone back */
	message = name_record_message(&name, slice_of("sub"), 10);
	ck_assert_uint_eq(message.ends[0], 60);
	ck_assert_uint_eq(message.ends[1], 70);
	ck_assert_uint_eq(message.ends[2], 65);
	name_record_expire(&name, 10, 59);
	ck_assert_uint_eq(name.count, 3);
	name_record_expire(&name, 0, 1000);
	ck_assert_uint_eq(name.count, 3);
	name_record_expire(&name, 10, 60);
	assert_values(&name, "b", "c");
	name_record_expire(&name, 10, 65);
	assert_values(&name, "b", NULL);
	name_record_expire(&name, 10, 1000);
	ck_assert_uint_eq(name.count, 0);
}
END_TEST

START_TEST(becomes_a_message)
{
	struct name_record name = example_name();
	struct message_name message = name_record_message(&name, slice_of("sub"), 0);

	ck_assert_uint_eq(message.commit, 9);
	ck_assert_uint_eq(message.exists, 1);
	ck_assert_uint_eq(message.count, 2);
	ck_assert_int_eq(slice_equals(message.label, "sub"), 1);
	ck_assert_int_eq(slice_equals(message.values[0], "old"), 1);
	ck_assert_uint_eq(message.ends[0], 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("record");
	TCase *tests = tcase_create("record");

	tcase_add_loop_test(tests, reads_uuids_as_clients_write_them, 0, ROWS(uuids));
	tcase_add_test(tests, makes_version_4);
	tcase_add_loop_test(tests, computes_crc32c, 0, 2);
	tcase_add_test(tests, the_processor_agrees_about_crc32c);
	tcase_add_test(tests, accounts_survive_the_disk);
	tcase_add_test(tests, names_survive_the_disk);
	tcase_add_test(tests, damage_is_noticed);
	tcase_add_test(tests, keeps_the_last_two_by_sequence);
	tcase_add_test(tests, a_value_that_is_there_is_only_renewed);
	tcase_add_test(tests, more_values_than_wanted_are_thinned);
	tcase_add_test(tests, values_have_an_end);
	tcase_add_test(tests, becomes_a_message);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
