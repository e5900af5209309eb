/* Names: reading, writing, comparing. */
#include "name.h"
#include "suite.h"

#include <stdlib.h>
#include <string.h>

#define LABEL_63    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define THREE_LONG  LABEL_63 "." LABEL_63 "." LABEL_63 "."
#define ESCAPED_61  "\\001\\001\\001\\001\\001\\001\\001\\001\\001\\001" ESCAPED_51
#define ESCAPED_51  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define WIRE(bytes) (const uint8_t *)(bytes), sizeof(bytes)

static const struct {
	const char *text;
	const uint8_t *wire; /* the literal's own NUL is the root label */
	size_t length;
	const char *written; /* by name_to_text; NULL: as `text` */
} valid[] = {
    {".", WIRE(""), NULL},
    {"a", WIRE("\1a"), "a."},
    {"a.", WIRE("\1a"), NULL},
    {"Auth.Example.org.", WIRE("\4Auth\7Example\3org"), NULL},
    {"_acme-challenge.x.", WIRE("\17_acme-challenge\1x"), NULL},
    {"*.x.", WIRE("\1*\1x"), NULL},
    {"host\\.master.x.", WIRE("\13host.master\1x"), NULL},
    {"\\065\\255\\000\\032.", WIRE("\4A\377\0 "), "A\\255\\000\\032."},
    {"\\\"\\(\\)\\;\\@\\$\\\\.", WIRE("\7\"();@$\\"), NULL},
    {"\\a.", WIRE("\1a"), "a."},
    {LABEL_63 ".", WIRE("\77" LABEL_63), NULL},
};

START_TEST(reads_and_writes)
{
	struct name name;
	char text[NAME_MAX_TEXT];

	ck_assert_int_eq(name_from_text(&name, valid[_i].text), 0);
	ck_assert_uint_eq(name.length, valid[_i].length);
	ck_assert_mem_eq(name.wire, valid[_i].wire, valid[_i].length);
	name_to_text(&name, text);
	ck_assert_str_eq(text, valid[_i].written != NULL ? valid[_i].written : valid[_i].text);
}
END_TEST

/* Whatever a prefix is read as, it is written and read again to the same. */
START_TEST(prefixes_are_read_or_refused)
{
	size_t length = strlen(valid[_i].text);

	for (size_t kept = 0; kept <= length; kept++) {
		char *prefix = strndup(valid[_i].text, kept); /* exact size, for the sanitizer */
		char text[NAME_MAX_TEXT];
		struct name name, again;

		ck_assert_ptr_nonnull(prefix);
		if (name_from_text(&name, prefix) == 0) {
			name_to_text(&name, text);
			ck_assert_int_eq(name_from_text(&again, text), 0);
			ck_assert_uint_eq(again.length, name.length);
			ck_assert_mem_eq(again.wire, name.wire, name.length);
		}
		free(prefix);
	}
}
END_TEST

static const char *const invalid[] = {
    "",
    "..",
    ".a",
    "a..",
    "a..b",
    LABEL_63 "a",
    LABEL_63 "a.b",
    "\\",
    "a\\",
    "\\256",
    "\\999",
    "\\1",
    "\\12",
    "\\12a",
    "\\1a2",
    THREE_LONG ESCAPED_61 "a.",
    THREE_LONG LABEL_63,
};

START_TEST(refuses)
{
	struct name name;

	ck_assert_int_eq(name_from_text(&name, invalid[_i]), -1);
}
END_TEST

/* 3 * 64 + 62 + 1: exactly 255 bytes, and the longest text that names have. */
START_TEST(longest_name_fits)
{
	struct name name;
	char text[NAME_MAX_TEXT];

	ck_assert_int_eq(name_from_text(&name, THREE_LONG ESCAPED_61), 0);
	ck_assert_uint_eq(name.length, NAME_MAX_WIRE);
	memset(name.wire + 1, 0xff, 63);
	memset(name.wire + 65, 0xff, 63);
	memset(name.wire + 129, 0xff, 63);
	memset(name.wire + 193, 0xff, 61);
	name_to_text(&name, text);
	ck_assert_uint_eq(strlen(text), 250 * 4 + 4);
}
END_TEST

START_TEST(most_labels_fit)
{
	struct name name;
	char text[2 * 127 + 1];

	for (size_t i = 0; i < 127; i++)
		memcpy(text + 2 * i, "a.", 2);
	text[sizeof(text) - 1] = '\0';
	ck_assert_int_eq(name_from_text(&name, text), 0);
	ck_assert_uint_eq(name.length, NAME_MAX_WIRE);
	ck_assert_uint_eq(name_label_count(&name), NAME_MAX_LABELS - 1);
}
END_TEST

START_TEST(lowers_ascii_only)
{
	uint8_t wire[] = "\4A\311Z@\3[a`";

	name_lower_wire(wire, sizeof(wire));
	ck_assert_mem_eq(wire, "\4a\311z@\3[a`", sizeof(wire));
	ck_assert_uint_eq(name_lower('Q'), 'q');
	ck_assert_uint_eq(name_lower('q'), 'q');
	ck_assert_uint_eq(name_lower(0xc4), 0xc4);
}
END_TEST

static const struct {
	const char *name, *ancestor;
	int equal, within;
} pairs[] = {
    {"auth.example.org", "AUTH.example.ORG", 1, 1},
    {"x.auth.example.org", "auth.EXAMPLE.org", 0, 1},
    {"x.y.auth.example.org", "auth.example.org", 0, 1},
    {"example.org", "auth.example.org", 0, 0},
    {"xauth.example.org", "auth.example.org", 0, 0},
    {"auth.example.com", "auth.example.org", 0, 0},
    {"a.b", "a\\.b", 0, 0},
    {"x\\004auth", "auth", 0, 0},
    {"org", ".", 0, 1},
    {".", ".", 1, 1},
    {".", "org", 0, 0},
};

START_TEST(compares)
{
	struct name name, ancestor;

	ck_assert_int_eq(name_from_text(&name, pairs[_i].name), 0);
	ck_assert_int_eq(name_from_text(&ancestor, pairs[_i].ancestor), 0);
	ck_assert_int_eq(name_equal(&name, &ancestor), pairs[_i].equal);
	ck_assert_int_eq(name_equal(&ancestor, &name), pairs[_i].equal);
	ck_assert_int_eq(name_is_within(&name, &ancestor), pairs[_i].within);
}
END_TEST

START_TEST(appends)
{
	struct name name, tail;

	ck_assert_int_eq(name_from_text(&name, "x.Y"), 0);
	ck_assert_int_eq(name_from_text(&tail, "auth.org"), 0);
	ck_assert_int_eq(name_append(&name, &tail), 0);
	ck_assert_uint_eq(name.length, sizeof("\1x\1Y\4auth\3org"));
	ck_assert_mem_eq(name.wire, "\1x\1Y\4auth\3org", name.length);
	/* 3 * 64 + 63 is the most; one byte more is refused and changes nothing. */
	ck_assert_int_eq(name_from_text(&name, THREE_LONG), 0);
	ck_assert_int_eq(name_from_text(&tail, ESCAPED_61), 0);
	ck_assert_int_eq(name_append(&name, &tail), 0);
	ck_assert_uint_eq(name.length, NAME_MAX_WIRE);
	ck_assert_int_eq(name_from_text(&name, THREE_LONG), 0);
	ck_assert_int_eq(name_from_text(&tail, ESCAPED_61 "a"), 0);
	ck_assert_int_eq(name_append(&name, &tail), -1);
	ck_assert_uint_eq(name.length, 3 * 64 + 1);
	ck_assert_uint_eq(name.wire[name.length - 1], 0);
}
END_TEST

START_TEST(counts_labels)
{
	struct name name;

	ck_assert_int_eq(name_from_text(&name, "."), 0);
	ck_assert_uint_eq(name_label_count(&name), 0);
	ck_assert_int_eq(name_from_text(&name, "a.b.c"), 0);
	ck_assert_uint_eq(name_label_count(&name), 3);
}
END_TEST

static const struct {
	const char *text;
	size_t length;
	int valid;
} labels[] = {
    {"a", 1, 1},
    {"0", 1, 1},
    {"_acme", 5, 1},
    {"a-b", 3, 1},
    {"8e5700ea-a4bf-41c7-8a77-e990661dcc6a", 36, 1},
    {LABEL_63, 63, 1},
    {"", 0, 0},
    {LABEL_63 "a", 64, 0},
    {"-a", 2, 0},
    {"a-", 2, 0},
    {"-", 1, 0},
    {"A", 1, 0},
    {"a.b", 3, 0},
    {"a b", 3, 0},
    {"a\0b", 3, 0},
    {"\303\244", 2, 0},
    {"a/", 2, 0},
    {"a:", 2, 0},
    {"a`", 2, 0},
    {"a{", 2, 0},
};

START_TEST(judges_labels)
{
	ck_assert_int_eq(label_is_valid(labels[_i].text, labels[_i].length), labels[_i].valid);
}
END_TEST

START_TEST(strips_labels)
{
	struct name name, rest;

	ck_assert_int_eq(name_from_text(&name, "x.Y.org"), 0);
	ck_assert_int_eq(name_from_text(&rest, "Y.org"), 0);
	ck_assert_int_eq(name_strip(&name), 0);
	ck_assert_uint_eq(name.length, rest.length);
	ck_assert_mem_eq(name.wire, rest.wire, rest.length);
	ck_assert_int_eq(name_strip(&name), 0);
	ck_assert_int_eq(name_strip(&name), 0);
	ck_assert_uint_eq(name.length, 1);
	ck_assert_int_eq(name_strip(&name), -1);
	ck_assert_uint_eq(name.length, 1);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("name");
	TCase *cases = tcase_create("name");

	tcase_add_loop_test(cases, reads_and_writes, 0, ROWS(valid));
	tcase_add_loop_test(cases, prefixes_are_read_or_refused, 0, ROWS(valid));
	tcase_add_loop_test(cases, refuses, 0, ROWS(invalid));
	tcase_add_test(cases, longest_name_fits);
	tcase_add_test(cases, most_labels_fit);
	tcase_add_test(cases, lowers_ascii_only);
	tcase_add_loop_test(cases, compares, 0, ROWS(pairs));
	tcase_add_test(cases, appends);
	tcase_add_test(cases, strips_labels);
	tcase_add_test(cases, counts_labels);
	tcase_add_loop_test(cases, judges_labels, 0, ROWS(labels));
	suite_add_tcase(suite, cases);
	return suite_run(suite);
}
