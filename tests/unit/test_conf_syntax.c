/* The file as YAML: its keys, its shape, its characters, and how many mistakes are told. */
#include "conf_fixture.h"
#include "conf_report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NO_NS                                                                                      \
	"the zone has no NS record; add one such as \"auth.example.org. NS ns1.example.org.\"\n"

static const struct conf_mistake mistakes[] = {
    /* Keys. */
    {RECORDS "dsn: {}\n", "5:1: error: unknown key \"dsn\"; did you mean \"dns\"?\n"},
    {RECORDS "dns:\n  listn: []\n",
	"6:3: error: unknown key \"listn\"; did you mean \"listen\"?\n"},
    {RECORDS "DNS: {}\n", "5:1: error: unknown key \"DNS\"; did you mean \"dns\"?\n"},
    {RECORDS "privsep: {users: {stroe: x}}\n",
	"5:19: error: unknown key \"stroe\"; did you mean \"store\"?\n"},
    {RECORDS "negative_ttl: 5\n",
	"5:1: error: unknown key \"negative_ttl\" here; did you mean zone.negative_ttl?\n"},
    {RECORDS "log: {xyzzy: 5}\n",
	"5:7: error: unknown key \"xyzzy\"; log has level, audit, format\n"},
    {RECORDS "xyzzy: 5\n",
	"5:1: error: unknown key \"xyzzy\"; the file has zone, dns, api, metrics, store, "
	"privsep, control, log\n"},
    {RECORDS "dns: {workers: 1}\ndns: {workers: 2}\n",
	"6:1: error: the key \"dns\" stands here twice, first in line 5; remove one\n"},
    {RECORDS "dns:\n  workers: 1\n  workers: 2\n",
	"7:3: error: the key \"workers\" stands here twice, first in line 6; remove one\n"},
    {RECORDS "[a]: 5\n", "5:1: error: a key must be a word\n"},
    {RECORDS "\"a\\nb\": 5\n", "5:1: error: a key must be a word\n"},
    {RECORDS "\"\": 5\n", "5:1: error: a key must be a word\n"},
    {RECORDS "\"dns\\0\": {}\n", "5:1: error: a key must be a word\n"},

    /* The file as a whole. */
    {"", "1:1: error: the file is empty; it needs at least \"zone: {name: auth.example.org}\"\n"},
    {"# nothing\n",
	"1:1: error: the file is empty; it needs at least \"zone: {name: auth.example.org}\"\n"},
    {"---\n",
	"1:1: error: the file is empty; it needs at least \"zone: {name: auth.example.org}\"\n"},
    {"- a\n", "1:1: error: the file must be keys with their values; it begins with \"zone:\"\n"},
    {"auth.example.org\n",
	"1:1: error: the file must be keys with their values; it begins with \"zone:\"\n"},
    {RECORDS "---\nzone: {name: x}\n",
	"5:1: error: a second document begins here; a configuration is one, remove the ---\n"},

    /* YAML. */
    {"zone:\n\tname: auth.example.org\n",
	"2:1: error: a tab in the indentation; YAML wants blanks there\n"},
    {"zone:\n  name: x\n \tadmin: y\n",
	"3:2: error: a tab in the indentation; YAML wants blanks there\n"},
    {"zone:\n  name: x\n admin: y\n", "3:2: error: YAML syntax: did not find expected key while "
				      "parsing a block mapping; check the indentation and the "
				      "quotes\n"},
    {RECORDS "dns:\n  listen: [a, b\nlog: {}\n",
	"7:4: error: YAML syntax: did not find expected ',' or ']' while parsing a flow sequence; "
	"close the list with ]\n"},
    {"zone: {name: \"x}\n", "2:1: error: YAML syntax: found unexpected end of stream while "
			    "scanning a quoted scalar; close the quotes\n"},
    {"zone:\n  name: a: b\n", "2:10: error: YAML syntax: mapping values are not allowed in this "
			      "context; check the indentation, or put the value in quotes\n"},
    {"zone:\n  name:x\n  admin: y\n", "3:8: error: YAML syntax: mapping values are not allowed in "
				      "this context; check the indentation, or put the value in "
				      "quotes\n"},
    {"zone:\n  admin: @x\n", "2:10: error: YAML syntax: found character that cannot start any "
			     "token while scanning for the next token; put the value in quotes\n"},
    {"zone:\n  \303\274\377: x\n", "2:4: error: not a text file in UTF-8: invalid leading UTF-8 "
				   "octet; save it as UTF-8\n"},
    {"zone:\n  name: \001\n", "2:9: error: not a text file in UTF-8: control characters are not "
			      "allowed; save it as UTF-8\n"},
    {RECORDS "store: &a {path: x}\nlog: {level: *a}\n",
	"5:8: error: an anchor (&) is not allowed; remove it, or put the value in quotes\n"
	"5:8: error: log.level must be a single value, not a group of keys; it is error, warning, "
	"info or debug\n"
	"6:14: error: an alias (*) is not allowed; write the value itself\n"},
    {RECORDS "log: {level: *a}\n",
	"5:14: error: an alias (*) is not allowed; write the value itself\n"},
    {RECORDS "log: {level: !!str info}\n",
	"5:14: error: a tag (!) is not allowed; remove it, or put the value in quotes\n"},
    {RECORDS "log: !x {level: info}\n",
	"5:6: error: a tag (!) is not allowed; remove it, or put the value in quotes\n"},
    {RECORDS "dns: {listen: !x [127.0.0.1:53]}\n",
	"5:15: error: a tag (!) is not allowed; remove it, or put the value in quotes\n"},

    /* Several, in the order of the file. */
    {"log: {levle: info}\n" ZONE "  txt_ttl: x\ndns: {workers: y}\n",
	"1:7: error: unknown key \"levle\"; did you mean \"level\"?\n"
	"2:1: warning: " NO_NS
	"4:12: error: zone.txt_ttl must be a whole number of seconds from 0 to 2147483647, not "
	"\"x\"\n"
	"5:16: error: dns.workers must be auto or a number from 1 to 64, not \"y\"\n"},
};

START_TEST(shows_each_mistake)
{
	conf_mistake_check(&mistakes[_i], 0);
}
END_TEST

START_TEST(prefixes_do_no_harm)
{
	conf_mistake_check_prefixes(&mistakes[_i]);
}
END_TEST

/* More mistakes than are kept: all are counted, and the last line says so. */
START_TEST(messages_have_an_end)
{
	enum { KEYS = 1200 };
	struct conf_outcome outcome;
	char *text = malloc((size_t)KEYS * 16);
	size_t used = 0, lines = 0;

	ck_assert_ptr_nonnull(text);
	for (int i = 0; i < KEYS; i++)
		used += (size_t)snprintf(text + used, 16, "xyzzy%d: 1\n", i);
	conf_outcome_of(&outcome, text, used, 0);
	ck_assert_int_eq(outcome.errors, KEYS + 1); /* and zone.name is missing */
	for (const char *at = outcome.messages; (at = strchr(at, '\n')) != NULL; at++)
		lines++;
	ck_assert_uint_eq(lines, 1001);
	ck_assert_ptr_nonnull(
	    strstr(outcome.messages, "/srv/c.yaml: error: 201 more messages cannot be shown\n"));
	free(text);
	conf_outcome_free(&outcome);
}
END_TEST

/* Nine levels of nine aliases are 387 million values for a reader that expands them. */
START_TEST(aliases_are_not_expanded)
{
	struct conf_outcome outcome;
	char text[2048] = "a: &a [x,x,x,x,x,x,x,x,x]\n";

	for (int c = 'b'; c <= 'i'; c++) {
		int p = c - 1;
		size_t used = strlen(text);

		snprintf(text + used, sizeof(text) - used,
		    "%c: &%c [*%c,*%c,*%c,*%c,*%c,*%c,*%c,*%c,*%c]\n", c, c, p, p, p, p, p, p, p, p,
		    p);
	}
	snprintf(text + strlen(text), sizeof(text) - strlen(text),
	    "zone: {name: x}\ndns: {listen: *i}\n");
	conf_outcome_of(&outcome, text, strlen(text), 0);
	/* 9 anchors, 73 aliases, 9 unknown keys, and 9 lists that stand where addresses belong. */
	ck_assert_int_eq(outcome.errors, 9 + 73 + 9 + 9);
	conf_outcome_free(&outcome);
}
END_TEST

static const struct {
	const char *word, *meant;
} suggestions[] = {
    {"store", "store"},
    {"STORE", "store"},
    {"stroe", "store"},
    {"tsore", "store"},
    {"storge", "store"},
    {"sto", "store"},
    {"stoxy", "store"},
    {"stxyz", NULL},
    {"privsp", "privsep"},
    {"dnd", "dns"},
    {"dsn", "dns"},
    {"xyz", NULL},
    {"", NULL},
    {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", NULL},
};

START_TEST(guesses_what_was_meant)
{
	static const char *const candidates[] = {
	    "store", "dns", "privsep", "longer-than-any-word-that-can-be-compared-with"};

	ck_assert_pstr_eq(
	    conf_report_suggest(suggestions[_i].word, candidates, 4), suggestions[_i].meant);
}
END_TEST

static const struct {
	const char *text;
	size_t length;
	int clean;
} texts[] = {
    {"plain \t~", 8, 1},
    {"\303\274 \342\202\254 \357\277\275", 9, 1},
    {"\302\240", 2, 1},
    {"\342\200\247\342\200\257", 6, 1},
    {"\357\273\276\357\276\277", 6, 1},
    {"a\0b", 3, 0},
    {"\n", 1, 0},
    {"\033", 1, 0},
    {"\177", 1, 0},
    {"\302\200", 2, 0},
    {"a\302\237", 3, 0},
    {"\342\200\250", 3, 0},
    {"\342\200\251", 3, 0},
    {"\357\273\277", 3, 0},
    {"\357\277\276", 3, 0},
    {"\357\277\277", 3, 0},
    {"\302", 1, 1},
    {"\357\277", 2, 1},
};

START_TEST(knows_control_characters)
{
	char *copy = malloc(texts[_i].length); /* exact size, for the sanitizer */

	ck_assert_ptr_nonnull(copy);
	memcpy(copy, texts[_i].text, texts[_i].length);
	ck_assert_int_eq(conf_text_is_clean(copy, texts[_i].length), texts[_i].clean);
	free(copy);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("conf_syntax");
	TCase *cases = tcase_create("conf_syntax");

	tcase_add_loop_test(cases, shows_each_mistake, 0, ROWS(mistakes));
	tcase_add_loop_test(cases, prefixes_do_no_harm, 0, ROWS(mistakes));
	tcase_add_test(cases, messages_have_an_end);
	tcase_add_test(cases, aliases_are_not_expanded);
	tcase_add_loop_test(cases, guesses_what_was_meant, 0, ROWS(suggestions));
	tcase_add_loop_test(cases, knows_control_characters, 0, ROWS(texts));
	suite_add_tcase(suite, cases);
	return suite_run(suite);
}
