/* The section zone: its mistakes and warnings, and what its values become. */
#include "conf_fixture.h"

#include <stdio.h>

#define NO_NS                                                                                      \
	"the zone has no NS record; add one such as \"auth.example.org. NS ns1.example.org.\"\n"
#define LABEL_60 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define ADMIN_FORM                                                                                 \
	"is not a mail address; it must be such as hostmaster@example.org or "                     \
	"hostmaster.example.org\n"

static const struct conf_mistake mistakes[] = {
    /* Names. */
    {"zone: {name: [auth.example.org]}\n",
	"1:14: error: zone.name must be a single value, not a list; it is a name such as "
	"auth.example.org\n"},
    {"zone: {name: null}\n", "1:14: error: zone.name has no value; write one or remove the line\n"},
    {"dns: {workers: 1}\n",
	"1:1: error: zone.name is missing; it is a name such as auth.example.org\n"},
    {"dns: {workers: 1}\nzone: {txt_ttl: 1}\n",
	"2:1: error: zone.name is missing; it is a name such as auth.example.org\n"},
    {"zone: {name: a..b}\n", "1:14: error: zone.name: \"a..b\" is not a valid name; give a name "
			     "such as auth.example.org\n"},
    {"zone: {name: \".\"}\n", "1:14: error: zone.name: \".\" is not a valid name; give a name such "
			      "as auth.example.org\n"},
    {"zone: {name: \"\"}\n", "1:14: error: zone.name: \"\" is not a valid name; give a name such "
			     "as auth.example.org\n"},
    {"zone: {name: a b}\n", "1:14: error: zone.name: \"a b\" is not a valid name; give a name such "
			    "as auth.example.org\n"},
    {"zone: {name: b\303\274cher.example}\n", "1:14: error: zone.name: \"b\303\274cher.example\" "
					      "is not a valid name; write other letters "
					      "than a to z in their \"xn--\" form\n"},
    {"zone: {name: 192.0.2.1}\n", "1:14: error: zone.name: \"192.0.2.1\" is an address; give a "
				  "name such as auth.example.org\n"},
    {"zone: {name: " LABEL_60 "." LABEL_60 "." LABEL_60 "." LABEL_60 "}\n",
	"1:14: error: zone.name is too long; an account's name, 37 bytes, must fit in front of "
	"it\n"},
    {RECORDS "  nameserver: 2001:db8::1\n", "5:15: error: zone.nameserver: \"2001:db8::1\" is an "
					    "address; give a name such as auth.example.org\n"},
    {RECORDS "  nameserver: ns1\n", "5:15: error: zone.nameserver: \"ns1\" is not a full name; "
				    "did you mean \"ns1.auth.example.org.\"?\n"},
#define ADMIN_FORM                                                                                 \
	"is not a mail address; it must be such as hostmaster@example.org or "                     \
	"hostmaster.example.org\n"
    {RECORDS "  admin: hostmaster\n", "5:10: error: zone.admin: \"hostmaster\" " ADMIN_FORM},
    {RECORDS "  admin: hostmaster@\n", "5:10: error: zone.admin: \"hostmaster@\" " ADMIN_FORM},
    {RECORDS "  admin: \"@example.org\"\n",
	"5:10: error: zone.admin: \"@example.org\" " ADMIN_FORM},
    {RECORDS "  admin: a@b@example.org\n",
	"5:10: error: zone.admin: \"a@b@example.org\" " ADMIN_FORM},
    {RECORDS "  admin: a@.\n", "5:10: error: zone.admin: \"a@.\" " ADMIN_FORM},
    {RECORDS "  admin: a b@example.org\n",
	"5:10: error: zone.admin: \"a b@example.org\" " ADMIN_FORM},
    {RECORDS "  admin: Me <me@example.org>\n",
	"5:10: error: zone.admin: \"Me <me@example.org>\" " ADMIN_FORM},
    {RECORDS "  admin: " LABEL_60 "aaaa@example.org\n",
	"5:10: error: zone.admin: \"" LABEL_60 "aaaa@example.org\" " ADMIN_FORM},
    {"zone: {nam: x, records: [\"x A\", \"x. A 192.0.2.1\"]}\n",
	"1:1: error: zone.name is missing; it is a name such as auth.example.org\n"
	"1:8: error: unknown key \"nam\"; did you mean \"name\"?\n"
	"1:26: error: zone.records: \"x A\": the data of the A record is wrong; it is an IPv4 "
	"address such as 192.0.2.1\n"},

    /* Records. */
    {RECORDS "    - \"www.example.org. A 192.0.2.1\"\n",
	"5:7: error: zone.records: \"www.example.org. A 192.0.2.1\": the owner "
	"\"www.example.org.\" is outside the zone; it must be \"auth.example.org.\" or end in "
	"\".auth.example.org.\"\n"},
    {RECORDS "    - x CNAME y\n    - x A 192.0.2.1\n",
	"6:7: error: zone.records: \"x A 192.0.2.1\": a CNAME beside other data at one name (RFC "
	"2181); \"x CNAME y\" is already there\n"},
    {RECORDS "    - x A 192.0.2\n",
	"5:7: error: zone.records: \"x A 192.0.2\": the data of the A record is wrong; it is an "
	"IPv4 address such as 192.0.2.1\n"},
    {RECORDS "    - sub NS ns.example.net.\n",
	"5:7: error: zone.records: \"sub NS ns.example.net.\": an NS record below the zone's own "
	"name would delegate it; delegations are not supported\n"},
    {RECORDS "    - {x: A}\n",
	"5:7: error: an item of zone.records must be a single value, not a group of keys; it is "
	"zone-file lines such as \"auth.example.org. A 192.0.2.1\"\n"},

    /* Numbers. */
    {RECORDS "  txt_ttl: one\n", "5:12: error: zone.txt_ttl must be a whole number of seconds "
				 "from 0 to 2147483647, not \"one\"\n"},
    {RECORDS "  txt_ttl: 2147483648\n", "5:12: error: zone.txt_ttl must be a whole number of "
					"seconds from 0 to 2147483647, not \"2147483648\"\n"},
    {RECORDS "  txt_ttl: 99999999999999999999\n",
	"5:12: error: zone.txt_ttl must be a whole number of seconds from 0 to 2147483647, not "
	"\"99999999999999999999\"\n"},
    {RECORDS "  txt_ttl: -1\n", "5:12: error: zone.txt_ttl must be a whole number of seconds from "
				"0 to 2147483647, not \"-1\"\n"},
    {RECORDS "  txt_ttl: 010\n", "5:12: error: zone.txt_ttl must be a whole number of seconds from "
				 "0 to 2147483647, not \"010\"; did you mean 10?\n"},
    {RECORDS "  values_per_name: 1\n",
	"5:20: error: zone.values_per_name must be a whole number from 2 to 16, not \"1\"\n"},
    {RECORDS "  values_per_name: 17\n",
	"5:20: error: zone.values_per_name must be a whole number from 2 to 16, not \"17\"\n"},
    {RECORDS "  value_lifetime: -1\n",
	"5:19: error: zone.value_lifetime must be a whole number of seconds from 1 to 2147483647, "
	"or 0 for no end, not \"-1\"\n"},
    {RECORDS "  txt_max: 42\n",
	"5:12: error: zone.txt_max must be a number of bytes from 43 to 1024, not \"42\"\n"},
    {RECORDS "  txt_max: 1025\n",
	"5:12: error: zone.txt_max must be a number of bytes from 43 to 1024, not \"1025\"\n"},
    {RECORDS "  txt_ttl: 1.5\n", "5:12: error: zone.txt_ttl must be a whole number of seconds "
				 "from 0 to 2147483647, not \"1.5\"\n"},
    {RECORDS "  negative_ttl: 1h30m\n",
	"5:17: error: zone.negative_ttl must be a whole number of seconds from 0 to 2147483647, "
	"not \"1h30m\"; did you mean 5400?\n"},
    {RECORDS "  negative_ttl: 5m\n", "5:17: error: zone.negative_ttl must be a whole number of "
				     "seconds from 0 to 2147483647, not \"5m\"; did you mean "
				     "300?\n"},
    {RECORDS "  negative_ttl: \"60\"\n", "5:17: error: zone.negative_ttl must be a whole number of "
					 "seconds from 0 to 2147483647, not a text; remove the "
					 "quotes\n"},
    {RECORDS "  txt_ttl: \"0\"\n", "5:12: error: zone.txt_ttl must be a whole number of seconds "
				   "from 0 to 2147483647, not a text; remove the quotes\n"},
    {RECORDS "  serial: 0\n",
	"5:11: error: zone.serial must be auto or a number from 1 to 4294967295, not \"0\"\n"},
    {RECORDS "  serial: 4294967296\n",
	"5:11: error: zone.serial must be auto or a number from 1 to 4294967295, not "
	"\"4294967296\"\n"},
    {RECORDS "  serial: \"1\"\n",
	"5:11: error: zone.serial must be auto or a number from 1 to 4294967295, not \"1\"\n"},
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

static const struct conf_mistake warnings[] = {
    {ZONE, "1:1: warning: " NO_NS},
    {ZONE "  records: [\"@ A 192.0.2.1\"]\n", "3:12: warning: " NO_NS},
    {ZONE "  records:\n", "3:11: warning: " NO_NS},
    {ZONE "  records:\n    - auth.example.org A 192.0.2.1\n    - \"@ NS ns.example.net.\"\n",
	"4:7: warning: the owner is \"auth.example.org.auth.example.org.\", with the zone's name "
	"twice; did you mean \"auth.example.org.\", with a dot at its end?\n"},
    {ZONE "  records: [\"@ NS ns1\"]\n",
	"3:12: warning: the name server \"ns1.auth.example.org.\" lies in the zone and has no "
	"address; add an A or AAAA record for it, or a dot at the end of its name\n"},
    {ZONE "  records: [\"@ NS ns1\", \"NS1 AAAA 2001:db8::1\"]\n", ""},
    {ZONE "  records: [\"@ NS ns1\", \"NS1 A 192.0.2.1\"]\n", ""},
    {ZONE "  records: [\"@ NS ns1.example.org.\"]\n", ""},
};

START_TEST(warns)
{
	conf_mistake_check(&warnings[_i], 0);
}
END_TEST

static const struct {
	const char *admin, *name;
} admins[] = {
    {"hostmaster@example.org", "hostmaster.example.org."},
    {"hostmaster@example.org.", "hostmaster.example.org."},
    {"hostmaster.example.org", "hostmaster.example.org."},
    {"hostmaster.example.org.", "hostmaster.example.org."},
    {"host.master@example.org", "host\\.master.example.org."},
    {"host\\.master.example.org", "host\\.master.example.org."},
    {"a+b@example.org", "a+b.example.org."},
    {"hostmaster@localhost", "hostmaster.localhost."},
};

START_TEST(the_admin_has_two_spellings)
{
	struct conf_outcome outcome;
	char text[256];
	int length = snprintf(
	    text, sizeof(text), "zone: {name: example.org, admin: '%s'}\n", admins[_i].admin);

	conf_outcome_of(&outcome, text, (size_t)length, 0);
	ck_assert_int_eq(outcome.errors, 0);
	conf_check_name(&outcome.conf.zone.admin, admins[_i].name);
	conf_outcome_free(&outcome);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("conf_zone");
	TCase *cases = tcase_create("conf_zone");

	tcase_add_loop_test(cases, shows_each_mistake, 0, ROWS(mistakes));
	tcase_add_loop_test(cases, prefixes_do_no_harm, 0, ROWS(mistakes));
	tcase_add_loop_test(cases, warns, 0, ROWS(warnings));
	tcase_add_loop_test(cases, the_admin_has_two_spellings, 0, ROWS(admins));
	suite_add_tcase(suite, cases);
	return suite_run(suite);
}
