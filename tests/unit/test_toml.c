/* The part of TOML that acme-dns's configuration is written in. */
#include "failing_malloc.h"
#include "suite.h"
#include "toml.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int
read_all(struct toml *toml, const char *text, struct conf_report *report)
{
	conf_report_init(report, "f");
	return toml_read(toml, text, strlen(text), report);
}

static const struct {
	const char *text, *value;
} texts[] = {
    {"k = \"a b\"", "a b"},
    {"k=\"a\\\"\\\\\\t\\u0041\\U0000007e\"", "a\"\\\tA~"},
    {"k = 'a\\b\"c'", "a\\b\"c"},
    {"k = \"\"", ""},
    {"k = ''", ""},
    {"k = \"\" # comment", ""},
    {"\"k\" = \"x\"", "x"},
    {"'k' = \"x\"", "x"},
    {"k = \"\"\"\na\nb\"\"\"", "a\nb"},
    {"k = \"\"\"\r\na\r\nb\"\"\"", "a\nb"},
    {"k = \"\"\"a\\\n   \n  b\"\"\"", "ab"},
    {"k = \"\"\"a\"\"b\"\"\"\"\"", "a\"\"b\"\""},
    {"k = '''a\\n'b'''", "a\\n'b"},
    {"\xef\xbb\xbf# comment \xc3\xa4\r\n\r\nk = \"x\"\r\n", "x"},
    {"\t k\t=\t\"x\"\t", "x"},
};

START_TEST(texts_are_read)
{
	struct conf_report report;
	struct toml toml;

	ck_assert_int_eq(read_all(&toml, texts[_i].text, &report), 0);
	ck_assert_uint_eq(toml.count, 1);
	ck_assert_int_eq(toml.entries[0].kind, TOML_TEXT);
	ck_assert_str_eq(toml.entries[0].key, "k");
	ck_assert_str_eq(toml.entries[0].value.text, texts[_i].value);
	toml_free(&toml);
	conf_report_free(&report);
}
END_TEST

static const struct {
	const char *text;
	enum toml_kind kind;
	int64_t number;
} numbers[] = {
    {"k = 0", TOML_NUMBER, 0},
    {"k = +42", TOML_NUMBER, 42},
    {"k = -42#", TOML_NUMBER, -42},
    {"k = 1_000", TOML_NUMBER, 1000},
    {"k = true", TOML_SWITCH, 1},
    {"k = false ", TOML_SWITCH, 0},
};

START_TEST(numbers_and_switches_are_read)
{
	struct conf_report report;
	struct toml toml;

	ck_assert_int_eq(read_all(&toml, numbers[_i].text, &report), 0);
	ck_assert_int_eq(toml.entries[0].kind, numbers[_i].kind);
	ck_assert_int_eq(toml.entries[0].number, numbers[_i].number);
	toml_free(&toml);
	conf_report_free(&report);
}
END_TEST

static const char whole[] = "top = 1\n"
			    "[general]\n"
			    "records = [ # first\n"
			    "  \"a A 192.0.2.1\", # of two\n"
			    "\n"
			    "  'b', # the last\n"
			    "] # end\n"
			    "none = []\n"
			    " [ \"api\" ]\t# x\n"
			    "port = \"443\"";

START_TEST(tables_and_lists_are_read)
{
	const struct toml_entry *entry;
	struct conf_report report;
	struct toml toml;

	ck_assert_int_eq(read_all(&toml, whole, &report), 0);
	ck_assert_uint_eq(toml.count, 4);
	entry = toml_find(&toml, "", "top");
	ck_assert_ptr_nonnull(entry);
	entry = toml_find(&toml, "GENERAL", "Records");
	ck_assert_ptr_nonnull(entry);
	ck_assert_uint_eq(entry->count, 2);
	ck_assert_str_eq(entry->items[0].text, "a A 192.0.2.1");
	ck_assert_uint_eq(entry->items[0].place.line, 4);
	ck_assert_uint_eq(entry->items[0].place.column, 3);
	ck_assert_str_eq(entry->items[1].text, "b");
	entry = toml_find(&toml, "general", "none");
	ck_assert_int_eq(entry->kind, TOML_LIST);
	ck_assert_uint_eq(entry->count, 0);
	entry = toml_find(&toml, "api", "port");
	ck_assert_str_eq(entry->value.text, "443");
	ck_assert_uint_eq(entry->place.line, 10);
	ck_assert_uint_eq(entry->value.place.column, 8);
	ck_assert_ptr_null(toml_find(&toml, "general", "port"));
	toml_free(&toml);
	conf_report_free(&report);
}
END_TEST

static const struct {
	const char *text;
	size_t line, column;
	const char *words;
} mistakes[] = {
    {"k", 1, 2, "="},
    {"k = ", 1, 5, "not understood"},
    {"= 1", 1, 1, "KEY = VALUE"},
    {"k = 1 l = 2", 1, 7, "own"},
    {"k = \"a", 1, 7, "quote"},
    {"\nk = \"a\nb\"", 2, 7, "quote"},
    {"k = 'a\nb'", 1, 7, "quote"},
    {"k = \"\"\"a\"\"", 1, 11, "quote"},
    {"k = \"\\x\"", 1, 7, "escape"},
    {"k = \"\\u00\"", 1, 7, "hexadecimal"},
    {"k = \"\\u0000\"", 1, 7, "ASCII"},
    {"k = \"\\uD800\"", 1, 7, "ASCII"},
    {"k = \"\xc3\xa4\"", 1, 6, "ASCII"},
    {"k = \"a\x01\"", 1, 7, "ASCII"},
    {"k = \"a\rb\"", 1, 7, "ASCII"},
    {"k = [\"a\" \"b\"]", 1, 10, "comma"},
    {"k = [\"a\",, \"b\"]", 1, 10, "quotes"},
    {"k = [1]", 1, 6, "quotes"},
    {"k = [\"a\"", 1, 9, "]"},
    {"k = [\"a\",\n", 2, 1, "]"},
    {"k = 1.5", 1, 5, "not understood"},
    {"k = 1979-05-27", 1, 5, "not understood"},
    {"k = 0x10", 1, 5, "not understood"},
    {"k = 010", 1, 5, "not understood"},
    {"k = 1__0", 1, 5, "not understood"},
    {"k = 1_", 1, 5, "not understood"},
    {"k = 99999999999999999999", 1, 5, "too large"},
    {"k = -", 1, 5, "not understood"},
    {"k = trueish", 1, 5, "not understood"},
    {"k = {a = 1}", 1, 5, "not understood"},
    {"a.k = 1", 1, 2, "dot"},
    {"[a.b]\n", 1, 3, "dot"},
    {"[[a]]\n", 1, 2, "lists of tables"},
    {"[a\n", 1, 3, "]"},
    {"[a] k = 1", 1, 5, "own"},
    {"[]", 1, 2, "KEY"},
    {"k = 1\nk = 2", 2, 1, "twice"},
    {"k = 1\nK = 2", 2, 1, "twice"},
    {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa = 1", 1, 1, "long"},
};

START_TEST(mistakes_are_told_with_their_place)
{
	struct conf_report report;
	struct toml toml;

	ck_assert_int_eq(read_all(&toml, mistakes[_i].text, &report), -1);
	ck_assert_uint_eq(toml.count, 0);
	ck_assert_uint_eq(report.errors, 1);
	ck_assert_msg(strstr(report.messages[0].text, mistakes[_i].words) != NULL, "%s: %s",
	    mistakes[_i].text, report.messages[0].text);
	ck_assert_uint_eq(report.messages[0].place.line, mistakes[_i].line);
	ck_assert_uint_eq(report.messages[0].place.column, mistakes[_i].column);
	toml_free(&toml);
	conf_report_free(&report);
}
END_TEST

START_TEST(prefixes_are_read_or_refused)
{
	for (size_t kept = 0; kept < sizeof(whole); kept++) {
		char *prefix = malloc(kept + 1); /* no NUL: what reads past the end is seen */
		struct conf_report report;
		struct toml toml;

		ck_assert_ptr_nonnull(prefix);
		memcpy(prefix, whole, kept);
		conf_report_init(&report, "f");
		if (toml_read(&toml, prefix, kept, &report) != 0)
			ck_assert_uint_eq(report.errors, 1);
		toml_free(&toml);
		conf_report_free(&report);
		free(prefix);
	}
}
END_TEST

START_TEST(without_memory_it_fails_cleanly)
{
	int failed = 1;

	for (unsigned nth = 1; failed; nth++) {
		struct conf_report report;
		struct toml toml;
		int result;

		conf_report_init(&report, "f");
		failing_malloc_at(nth);
		result = toml_read(&toml, whole, strlen(whole), &report);
		failed = failing_malloc_happened();
		failing_malloc_at(0);
		ck_assert_int_eq(result, failed ? -1 : 0);
		ck_assert_uint_eq(report.errors, failed ? 1 : 0);
		toml_free(&toml);
		conf_report_free(&report);
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("toml");
	TCase *tcase = tcase_create("toml");

	tcase_add_loop_test(tcase, texts_are_read, 0, ROWS(texts));
	tcase_add_loop_test(tcase, numbers_and_switches_are_read, 0, ROWS(numbers));
	tcase_add_test(tcase, tables_and_lists_are_read);
	tcase_add_loop_test(tcase, mistakes_are_told_with_their_place, 0, ROWS(mistakes));
	tcase_add_test(tcase, prefixes_are_read_or_refused);
	tcase_add_test(tcase, without_memory_it_fails_cleanly);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
