/* Server cookies against the vectors of RFC 9018, appendix A, and their limits in time and length. */
#include "cookie.h"

#include "suite.h"

#include <stdlib.h>
#include <string.h>

#define SECRET "\xe5\xe9\x73\xe5\xa6\xb2\xa4\x3f\x48\xe7\xdc\x84\x9e\x37\xbf\xcf"

static const struct vector {
	const char *secrets[COOKIE_MAX_SECRETS];
	unsigned secret_count;
	const char *address;
	size_t address_length;
	uint32_t now;
	const char *received;
	size_t received_length;
	enum cookie_state state;
	const char *answer;
} vectors[] = {
    /* A.1: learning a cookie. */
    {{SECRET}, 1, "\xc6\x33\x64\x64", 4, 1559731985, "\x24\x64\xc4\xab\xcf\x10\xc9\x57", 8,
	COOKIE_CLIENT_ONLY,
	"\x24\x64\xc4\xab\xcf\x10\xc9\x57\x01\x00\x00\x00\x5c\xf7\x9f\x11"
	"\x1f\x81\x30\xc3\xee\xe2\x94\x80"},
    /* A.2: a fresh one after forty minutes. */
    {{SECRET}, 1, "\xc6\x33\x64\x64", 4, 1559734385,
	"\x24\x64\xc4\xab\xcf\x10\xc9\x57\x01\x00\x00\x00\x5c\xf7\x9f\x11"
	"\x1f\x81\x30\xc3\xee\xe2\x94\x80",
	24, COOKIE_RIGHT,
	"\x24\x64\xc4\xab\xcf\x10\xc9\x57\x01\x00\x00\x00\x5c\xf7\xa8\x71"
	"\xd4\xa5\x64\xa1\x44\x2a\xca\x77"},
    /* A.3: reserved bytes of another maker are part of the hash, and not copied. */
    {{SECRET}, 1, "\xcb\x00\x71\xcb", 4, 1559734700,
	"\xfc\x93\xfc\x62\x80\x7d\xdb\x86\x01\xab\xcd\xef\x5c\xf7\x8f\x71"
	"\xa3\x14\x22\x7b\x66\x79\xeb\xf5",
	24, COOKIE_WRONG, /* too old at that time */
	"\xfc\x93\xfc\x62\x80\x7d\xdb\x86\x01\x00\x00\x00\x5c\xf7\xa9\xac"
	"\xf7\x3a\x78\x10\xac\xa2\x38\x1e"},
    /* The same in its time. */
    {{SECRET}, 1, "\xcb\x00\x71\xcb", 4, 1559727985 + 600,
	"\xfc\x93\xfc\x62\x80\x7d\xdb\x86\x01\xab\xcd\xef\x5c\xf7\x8f\x71"
	"\xa3\x14\x22\x7b\x66\x79\xeb\xf5",
	24, COOKIE_RIGHT,
	"\xfc\x93\xfc\x62\x80\x7d\xdb\x86\x01\xab\xcd\xef\x5c\xf7\x8f\x71"
	"\xa3\x14\x22\x7b\x66\x79\xeb\xf5"},
    /* A.4: IPv6, and the secret that was is still believed. */
    {{"\x44\x55\x36\xbc\xd2\x51\x32\x98\x07\x5a\x5d\x37\x96\x63\xc9\x62",
	 "\xdd\x3b\xdf\x93\x44\xb6\x78\xb1\x85\xa6\xf5\xcb\x60\xfc\xa7\x15"},
	2, "\x20\x01\x0d\xb8\x02\x20\x00\x01\x59\xde\xd0\xf4\x87\x69\x82\xb8", 16, 1559741961,
	"\x22\x68\x1a\xb9\x7d\x52\xc2\x98\x01\x00\x00\x00\x5c\xf7\xc5\x79"
	"\x26\x55\x6b\xd0\x93\x4c\x72\xf8",
	24, COOKIE_RIGHT,
	"\x22\x68\x1a\xb9\x7d\x52\xc2\x98\x01\x00\x00\x00\x5c\xf7\xc6\x09"
	"\xa6\xbb\x79\xd1\x66\x25\x50\x7a"},
};

static struct cookie_secrets
secrets_of(const struct vector *vector)
{
	struct cookie_secrets secrets = {.count = vector->secret_count};

	for (unsigned i = 0; i < vector->secret_count; i++)
		memcpy(secrets.keys[i], vector->secrets[i], SIPHASH_KEY);
	return secrets;
}

static struct slice
slice_of(const char *bytes, size_t length)
{
	return (struct slice){(const uint8_t *)bytes, length};
}

START_TEST(matches_vectors)
{
	const struct vector *vector = &vectors[_i];
	struct cookie_secrets secrets = secrets_of(vector);
	uint8_t answer[COOKIE_LENGTH];

	ck_assert_int_eq(
	    cookie_answer(&secrets, slice_of(vector->received, vector->received_length),
		(const uint8_t *)vector->address, vector->address_length, vector->now, answer),
	    vector->state);
	ck_assert_mem_eq(answer, vector->answer, COOKIE_LENGTH);
}
END_TEST

/* What A.1 gave away, shown again so many seconds later. */
static const struct {
	int32_t age;
	enum cookie_state state;
	int is_kept; /* the same comes back */
} ages[] = {
    {0, COOKIE_RIGHT, 1},
    {1800, COOKIE_RIGHT, 1},
    {1801, COOKIE_RIGHT, 0},
    {3600, COOKIE_RIGHT, 0},
    {3601, COOKIE_WRONG, 0},
    {INT32_MAX, COOKIE_WRONG, 0},
    {-300, COOKIE_RIGHT, 1},
    {-301, COOKIE_WRONG, 0},
    {INT32_MIN, COOKIE_WRONG, 0},
};

static enum cookie_state
show(const uint8_t cookie[COOKIE_LENGTH], uint32_t now, uint8_t answer[COOKIE_LENGTH])
{
	struct cookie_secrets secrets = secrets_of(&vectors[0]);

	return cookie_answer(&secrets, (struct slice){cookie, COOKIE_LENGTH},
	    (const uint8_t *)vectors[0].address, 4, now, answer);
}

START_TEST(lasts_an_hour)
{
	uint32_t now = vectors[0].now + (uint32_t)ages[_i].age;
	uint8_t cookie[COOKIE_LENGTH], answer[COOKIE_LENGTH], again[COOKIE_LENGTH];

	memcpy(cookie, vectors[0].answer, COOKIE_LENGTH);
	ck_assert_int_eq(show(cookie, now, answer), ages[_i].state);
	ck_assert_int_eq(memcmp(answer, cookie, COOKIE_LENGTH) == 0, ages[_i].is_kept);
	/* What is given instead is right at that time. */
	ck_assert_int_eq(show(answer, now, again), COOKIE_RIGHT);
	ck_assert_mem_eq(answer, again, COOKIE_LENGTH);
}
END_TEST

START_TEST(survives_the_end_of_the_clock)
{
	struct cookie_secrets secrets = secrets_of(&vectors[0]);
	uint8_t cookie[COOKIE_LENGTH], answer[COOKIE_LENGTH];

	(void)cookie_answer(&secrets, slice_of("12345678", 8), (const uint8_t *)vectors[0].address,
	    4, UINT32_MAX - 9, cookie);
	ck_assert_int_eq(show(cookie, 10, answer), COOKIE_RIGHT);
	ck_assert_int_eq(show(cookie, 3600, answer), COOKIE_WRONG);
}
END_TEST

/* Whichever byte another one holds, and whoever else shows it. */
START_TEST(is_bound_to_every_byte)
{
	struct cookie_secrets secrets = secrets_of(&vectors[0]);
	uint8_t cookie[COOKIE_LENGTH], answer[COOKIE_LENGTH];
	uint8_t other[4] = {198, 51, 100, 101};

	memcpy(cookie, vectors[0].answer, COOKIE_LENGTH);
	cookie[_i] ^= 1;
	ck_assert_int_eq(show(cookie, vectors[0].now, answer), COOKIE_WRONG);
	ck_assert_mem_eq(answer, cookie, COOKIE_CLIENT);
	cookie[_i] ^= 1;
	ck_assert_int_eq(cookie_answer(&secrets, (struct slice){cookie, COOKIE_LENGTH}, other, 4,
			     vectors[0].now, answer),
	    COOKIE_WRONG);
	secrets.keys[0][_i % SIPHASH_KEY] ^= 1;
	ck_assert_int_eq(cookie_answer(&secrets, (struct slice){cookie, COOKIE_LENGTH},
			     (const uint8_t *)vectors[0].address, 4, vectors[0].now, answer),
	    COOKIE_WRONG);
}
END_TEST

/* What a later version means is not known, even if its hash is made alike. */
START_TEST(has_its_version)
{
	struct cookie_secrets secrets = secrets_of(&vectors[0]);
	uint8_t cookie[COOKIE_LENGTH], input[20], answer[COOKIE_LENGTH];
	uint64_t hash;

	for (uint8_t version = 0; version < 4; version++) {
		memcpy(cookie, vectors[0].answer, COOKIE_LENGTH);
		cookie[8] = version;
		memcpy(input, cookie, 16);
		memcpy(input + 16, vectors[0].address, 4);
		hash = siphash(secrets.keys[0], input, sizeof(input));
		for (unsigned i = 0; i < 8; i++)
			cookie[16 + i] = (uint8_t)(hash >> (8 * i));
		ck_assert_int_eq(show(cookie, vectors[0].now, answer),
		    version == 1 ? COOKIE_RIGHT : COOKIE_WRONG);
	}
}
END_TEST

START_TEST(has_its_lengths)
{
	struct cookie_secrets secrets = secrets_of(&vectors[0]);
	size_t length = (size_t)_i;
	uint8_t answer[COOKIE_LENGTH];
	uint8_t *exact = malloc(length > 0 ? length : 1);
	enum cookie_state expected = COOKIE_MALFORMED;

	if (length == 8)
		expected = COOKIE_CLIENT_ONLY;
	else if (length >= 16 && length <= 40)
		expected = COOKIE_WRONG;
	ck_assert_ptr_nonnull(exact);
	memset(exact, 1, length);
	ck_assert_int_eq(cookie_answer(&secrets, (struct slice){exact, length},
			     (const uint8_t *)vectors[0].address, 4, vectors[0].now, answer),
	    expected);
	free(exact);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("cookie");
	TCase *cases = tcase_create("cookie");

	tcase_add_loop_test(cases, matches_vectors, 0, ROWS(vectors));
	tcase_add_loop_test(cases, lasts_an_hour, 0, ROWS(ages));
	tcase_add_test(cases, survives_the_end_of_the_clock);
	tcase_add_loop_test(cases, is_bound_to_every_byte, 0, COOKIE_LENGTH);
	tcase_add_test(cases, has_its_version);
	tcase_add_loop_test(cases, has_its_lengths, 0, 50);
	suite_add_tcase(suite, cases);
	return suite_run(suite);
}
