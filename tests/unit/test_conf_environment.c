/* The configuration's keys as variables of the environment, over a file. */
#include "conf_environment.h"
#include "conf_fixture.h"
#include "conf_schema.h"
#include "failing_malloc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_VARIABLES = 8 };

/* What the file and the environment make together. */
static void
read_over(struct conf_outcome *outcome, const char *text, const char *const *variables)
{
	FILE *stream = open_memstream(&outcome->messages, &outcome->size);
	char *environment[MAX_VARIABLES + 1] = {NULL};

	ck_assert_ptr_nonnull(stream);
	for (size_t i = 0; i < MAX_VARIABLES && variables[i] != NULL; i++)
		environment[i] = (char *)variables[i];
	outcome->errors = conf_parse_over(
	    &outcome->conf, text, strlen(text), "/srv/c.yaml", environment, 0, stream);
	ck_assert_int_eq(fclose(stream), 0);
}

START_TEST(every_key_has_a_variable_of_its_own)
{
	for (size_t i = 0; i < conf_schema_keys; i++) {
		char name[CONF_ENVIRONMENT_NAME];
		size_t length;

		conf_environment_name(&conf_schema[i], name);
		length = strlen(name);
		ck_assert_uint_eq(
		    length, strlen(CONF_ENVIRONMENT_PREFIX) + strlen(conf_schema[i].path));
		ck_assert_uint_lt(length, CONF_ENVIRONMENT_NAME - 1);
		ck_assert_uint_eq(
		    strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_"), length); /* as a shell has them */
		for (size_t k = 0; k < i; k++) {
			char other[CONF_ENVIRONMENT_NAME];

			conf_environment_name(&conf_schema[k], other);
			ck_assert_str_ne(name, other);
		}
	}
}
END_TEST

START_TEST(a_name_is_the_path_in_capitals)
{
	char name[CONF_ENVIRONMENT_NAME];

	for (size_t i = 0; i < conf_schema_keys; i++) {
		conf_environment_name(&conf_schema[i], name);
		if (strcmp(conf_schema[i].path, "zone.name") == 0)
			ck_assert_str_eq(name, "SALLYPORT_ZONE_NAME");
		if (strcmp(conf_schema[i].path, "dns.tcp.connections_per_address") == 0)
			ck_assert_str_eq(name, "SALLYPORT_DNS_TCP_CONNECTIONS_PER_ADDRESS");
	}
}
END_TEST

/* What conf_print() writes, its values first set in a file, then as variables over another one. */
START_TEST(every_key_can_be_set)
{
	static const struct {
		const char *variable, *file;
	} same[] = {
	    {"SALLYPORT_ZONE_NAMESERVER=ns.example.net", ZONE "  nameserver: ns.example.net\n"},
	    {"SALLYPORT_ZONE_RECORDS=['@ NS ns.example.net.', \"www A 192.0.2.1\"]",
		ZONE "  records: ['@ NS ns.example.net.', 'www A 192.0.2.1']\n"},
	    {"SALLYPORT_ZONE_TXT_TTL=7", ZONE "  txt_ttl: 7\n"},
	    {"SALLYPORT_DNS_TCP_IDLE_TIMEOUT=3", ZONE "dns: {tcp: {idle_timeout: 3}}\n"},
	    {"SALLYPORT_DNS_LISTEN=[{address: '192.0.2.1:53', protocols: [udp]}, '[::1]:53']",
		ZONE "dns: {listen: [{address: '192.0.2.1:53', protocols: [udp]}, '[::1]:53']}\n"},
	    {"SALLYPORT_DNS_NSID=\"5\"", ZONE "dns: {nsid: '5'}\n"},
	    {"SALLYPORT_DNS_COOKIES_ENABLED=false", ZONE "dns: {cookies: {enabled: false}}\n"},
	    {"SALLYPORT_DNS_RATE_LIMIT_EXEMPT=[]", ZONE "dns: {rate_limit: {exempt: []}}\n"},
	    {"SALLYPORT_API_TRUSTED_PROXIES=\n- 192.0.2.0/24\n- unix\n",
		ZONE "api: {trusted_proxies: [192.0.2.0/24, unix]}\n"},
	    {"SALLYPORT_STORE_PATH=lib", ZONE "store: {path: lib}\n"},
	    {"SALLYPORT_LOG_LEVEL=debug", ZONE "log: {level: debug}\n"},
	};
	const char *const variables[] = {same[_i].variable, NULL}, *const none[] = {NULL};
	struct conf_outcome over, file;
	char *texts[2] = {NULL, NULL};

	read_over(&over, ZONE, variables);
	read_over(&file, same[_i].file, none);
	ck_assert_int_eq(over.errors, 0);
	ck_assert_int_eq(file.errors, 0);
	for (unsigned i = 0; i < 2; i++) {
		size_t size;
		FILE *stream = open_memstream(&texts[i], &size);

		ck_assert_ptr_nonnull(stream);
		conf_print(i == 0 ? &over.conf : &file.conf, stream);
		ck_assert_int_eq(fclose(stream), 0);
	}
	ck_assert_str_eq(texts[0], texts[1]);
	free(texts[0]);
	free(texts[1]);
	conf_outcome_free(&over);
	conf_outcome_free(&file);
}
END_TEST

START_TEST(the_environment_stands_over_the_file)
{
	static const char text[] = RECORDS "  txt_ttl: 5\n  negative_ttl: 6\ndns:\napi: {listen: "
					   "['127.0.0.1:1', '127.0.0.1:2']}\n";
	const char *const variables[] = {"PATH=/bin", "SALLYPORT_ZONE_NAME=other.example.org",
	    "SALLYPORT_ZONE_TXT_TTL=9",
	    "SALLYPORT_ZONE_NEGATIVE_TTL=", "SALLYPORT_DNS_EDNS_SIZE=1400",
	    "SALLYPORT_API_LISTEN=[127.0.0.1:3]", "SALLYPORT_ZONE_RECORDS=[]", NULL};
	struct conf_outcome outcome;
	char list[200];

	read_over(&outcome, text, variables);
	ck_assert_msg(outcome.errors == 0, "%s", outcome.messages);
	conf_check_name(&outcome.conf.zone.name, "other.example.org.");
	ck_assert_uint_eq(outcome.conf.zone.txt_ttl, 9);
	ck_assert_uint_eq(outcome.conf.zone.negative_ttl, 6);
	ck_assert_uint_eq(outcome.conf.dns.edns_size, 1400);
	ck_assert_uint_eq(outcome.conf.api.listen.count, 1);
	ck_assert_uint_eq(outcome.conf.zone.records.count, 0);
	conf_environment_list(&outcome.conf, list, sizeof(list));
	ck_assert_str_eq(list,
	    "SALLYPORT_ZONE_NAME, SALLYPORT_ZONE_RECORDS, SALLYPORT_ZONE_TXT_TTL, "
	    "SALLYPORT_DNS_EDNS_SIZE, SALLYPORT_API_LISTEN");
	conf_environment_list(&outcome.conf, list, 50);
	ck_assert_str_eq(list, "SALLYPORT_ZONE_NAME and 4 more");
	conf_outcome_free(&outcome);
}
END_TEST

START_TEST(an_empty_file_is_enough)
{
	static const char *const files[] = {"", "# nothing\n"};
	const char *const variables[] = {"SALLYPORT_ZONE_NAME=auth.example.org",
	    "SALLYPORT_ZONE_RECORDS=['@ NS ns.example.net.']", NULL};
	struct conf_outcome outcome;

	read_over(&outcome, files[_i], variables);
	ck_assert_str_eq(outcome.messages, "");
	ck_assert_int_eq(outcome.errors, 0);
	conf_check_name(&outcome.conf.zone.name, "auth.example.org.");
	conf_outcome_free(&outcome);
}
END_TEST

#define NAME "SALLYPORT_ZONE_NAME=auth.example.org"

static const struct {
	const char *file;
	const char *variables[MAX_VARIABLES + 1];
	const char *messages;
} mistakes[] = {
    {RECORDS, {"SALLYPORT_ZONE_TXT_TTL=soon"},
	"environment SALLYPORT_ZONE_TXT_TTL: error: zone.txt_ttl must be a whole number of seconds "
	"from 0 to 2147483647, not \"soon\"\n"},
    {RECORDS, {"SALLYPORT_API_LISTEN=0.0.0.0:80"},
	"environment SALLYPORT_API_LISTEN: error: api.listen must be a list; did you mean "
	"[\"0.0.0.0:80\"]?\n"},
    {RECORDS, {"SALLYPORT_API_LISTEN=[0.0.0.0:80"},
	"environment SALLYPORT_API_LISTEN: error: YAML syntax: did not find expected ',' or ']' "
	"while "
	"parsing a flow sequence; close the list with ]\n"},
    {RECORDS, {"SALLYPORT_DNS_NSID=@here"},
	"environment SALLYPORT_DNS_NSID: error: YAML syntax: found character that cannot start any "
	"token while scanning for the next token; put the value in quotes\n"},
    {RECORDS, {"SALLYPORT_DNS_NSID=&a b"},
	"environment SALLYPORT_DNS_NSID: error: an anchor (&) is not allowed; remove it, or put "
	"the "
	"value in quotes\n"},
    {RECORDS, {"SALLYPORT_DNS_NSID=# nothing"},
	"environment SALLYPORT_DNS_NSID: error: dns.nsid has no value; remove the line to get the "
	"default\n"},
    {RECORDS, {"SALLYPORT_LOG_LEVEL={a: b}"},
	"environment SALLYPORT_LOG_LEVEL: error: log.level must be a single value, not a group of "
	"keys; it is error, warning, info or debug\n"},
    {RECORDS, {"SALLYPORT_DNS_LISTEN=[{adress: '127.0.0.1:53'}]"},
	"environment SALLYPORT_DNS_LISTEN: error: unknown key in an item of dns.listen; it has "
	"address, protocols\n"
	"environment SALLYPORT_DNS_LISTEN: error: dns.listen.address is missing; it is an address "
	"with a port, such as 192.0.2.1:53 or [2001:db8::1]:53\n"},
    {RECORDS, {"SALLYPORT_ZONE_NAME=[[[[[[x]]]]]]"},
	"environment SALLYPORT_ZONE_NAME: error: zone.name must be a single value, not a list; it "
	"is a "
	"name such as auth.example.org\n"},
    /* What only several keys together get wrong. */
    {RECORDS, {"SALLYPORT_API_LISTEN=[{address: '127.0.0.1:443', tls: true}]"},
	"environment SALLYPORT_API_LISTEN: error: api.listen.tls needs a certificate; add \"api: "
	"{tls: "
	"{certificate: FILE, key: FILE}}\"\n"},
    {RECORDS, {"SALLYPORT_STORE_MAP_SIZE=2TiB"},
	"environment SALLYPORT_STORE_MAP_SIZE: error: store.map_size is larger than "
	"store.map_max\n"},
    /* Of the file first, then of the environment; the file's own mistakes stay. */
    {RECORDS "  txt_ttl: no\nlog: 5\n",
	{"SALLYPORT_LOG_LEVEL=info", "SALLYPORT_ZONE_NEGATIVE_TTL=x"},
	"/srv/c.yaml:5:12: error: zone.txt_ttl must be a whole number of seconds from 0 to "
	"2147483647, not \"no\"\n"
	"/srv/c.yaml:6:6: error: log must have keys below it, not a value of its own\n"
	"environment SALLYPORT_ZONE_NEGATIVE_TTL: error: zone.negative_ttl must be a whole "
	"number of seconds from 0 to 2147483647, not \"x\"\n"},
    {"zone:\n  txt_ttl: 1\n  txt_ttl: 2\n",
	{NAME, "SALLYPORT_ZONE_RECORDS=['@ NS a.']", "SALLYPORT_ZONE_TXT_TTL=3"},
	"/srv/c.yaml:3:3: error: the key \"txt_ttl\" stands here twice, first in line 2; remove "
	"one\n"},
    {"[]\n", {NAME},
	"/srv/c.yaml:1:1: error: the file must be keys with their values; it begins with "
	"\"zone:\"\n"},
    /* Names that no key has. */
    {RECORDS, {"SALLYPORT_ZNOE_NAME=x"},
	"environment: error: unknown variable SALLYPORT_ZNOE_NAME; did you mean "
	"SALLYPORT_ZONE_NAME?\n"},
    {RECORDS, {"SALLYPORT_zone_name=x"},
	"environment: error: unknown variable SALLYPORT_zone_name; did you mean "
	"SALLYPORT_ZONE_NAME?\n"},
    {RECORDS, {"SALLYPORT_API_LIMITS_REGISTRATION_PER_HOUR=1"},
	"environment: error: unknown variable SALLYPORT_API_LIMITS_REGISTRATION_PER_HOUR; did you "
	"mean "
	"SALLYPORT_API_LIMITS_REGISTRATIONS_PER_HOUR?\n"},
    {RECORDS, {"SALLYPORT_STORE_CONNECTION_STRING=x"},
	"environment: error: unknown variable SALLYPORT_STORE_CONNECTION_STRING; sallyport.yaml(5) "
	"has "
	"the keys, each of which makes one\n"},
    {RECORDS, {"SALLYPORT_API_PORT=80"},
	"environment: error: unknown variable SALLYPORT_API_PORT; did you mean "
	"SALLYPORT_API_PAGE?\n"},
};

START_TEST(mistakes_are_told_with_their_variable)
{
	struct conf_outcome outcome;

	read_over(&outcome, mistakes[_i].file, mistakes[_i].variables);
	ck_assert_str_eq(outcome.messages, mistakes[_i].messages);
	ck_assert_int_gt(outcome.errors, 0);
	conf_outcome_free(&outcome);
}
END_TEST

/* Of hooks and tests; and what Kubernetes sets in each container where a service is called sallyport, or sallyport-dns. */
START_TEST(names_of_others_are_left_alone)
{
	const char *const first[] = {"SALLYPORT_BUILD=/b", "SALLYPORT_FLAVOUR=release",
	    "SALLYPORT_LONG=1", "SALLYPORT_ACCOUNT=x", "SALLYPORT_API=http://127.0.0.1",
	    "SALLYPORT_SANITIZE=address", "SALLYPORT_", "SALLYPORTX_ZONE_NAME=y", NULL};
	const char *const second[] = {"SALLYPORT_SERVICE_HOST=10.0.0.1",
	    "SALLYPORT_SERVICE_PORT_DNS=53", "SALLYPORT_PORT=udp://10.0.0.1:53",
	    "SALLYPORT_PORT_53_UDP_ADDR=10.0.0.1", "SALLYPORT_DNS_PORT=udp://10.0.0.1:53",
	    "SALLYPORT_DNS_PORT_53_UDP=udp://10.0.0.1:53", "SALLYPORT_API_SERVICE_HOST=10.0.0.2",
	    "SALLYPORT_API_SERVICE_PORT=80", NULL};
	struct conf_outcome outcome;

	read_over(&outcome, RECORDS, _i == 0 ? first : second);
	ck_assert_str_eq(outcome.messages, "");
	ck_assert_uint_eq(outcome.conf.environment, 0);
	conf_outcome_free(&outcome);
}
END_TEST

START_TEST(digests_tell_environments_apart)
{
	static const struct {
		const char *one[3], *other[3];
		int equal;
	} rows[] = {
	    {{NULL}, {NULL}, 1},
	    {{"PATH=a"}, {"PATH=b"}, 1},
	    {{NAME}, {NULL}, 0},
	    {{NAME}, {NAME, "SALLYPORT_LOG_LEVEL="}, 1},
	    {{NAME}, {NAME, "SALLYPORT_LOG_LEVEL=info"}, 0},
	    {{NAME, "SALLYPORT_LOG_LEVEL=info"}, {"SALLYPORT_LOG_LEVEL=info", NAME}, 1},
	    {{"SALLYPORT_ZONE_TXT_TTL=1"}, {"SALLYPORT_ZONE_TXT_TTL=2"}, 0},
	    {{"SALLYPORT_ZONE_TXT_TTL=1"}, {"SALLYPORT_ZONE_NEGATIVE_TTL=1"}, 0},
	    {{"SALLYPORT_ZONE_NAME=ab", "SALLYPORT_ZONE_NAMESERVER=c"},
		{"SALLYPORT_ZONE_NAME=a", "SALLYPORT_ZONE_NAMESERVER=bc"}, 0},
	};

	for (size_t i = 0; i < ROWS(rows); i++)
		ck_assert_int_eq(conf_environment_digest((char *const *)rows[i].one) ==
				     conf_environment_digest((char *const *)rows[i].other),
		    rows[i].equal);
	ck_assert_uint_eq(conf_environment_digest(NULL), 0);
}
END_TEST

/* Text and variables are free of mistakes: only the allocation that fails can make an error. */
START_TEST(survives_every_failing_allocation)
{
	const char *const variables[] = {NAME, "SALLYPORT_ZONE_RECORDS=['@ NS ns.example.net.']",
	    "SALLYPORT_DNS_LISTEN=[{address: '192.0.2.1:53', protocols: [udp]}, '[::1]:53']",
	    "SALLYPORT_DNS_TCP_LIFETIME=9", NULL};
	unsigned failures = 0;
	int failed = 1;

	for (unsigned nth = 1; failed; nth++) {
		struct conf_outcome outcome;
		char *environment[MAX_VARIABLES + 1] = {NULL};
		FILE *stream = open_memstream(&outcome.messages, &outcome.size);

		ck_assert_ptr_nonnull(stream);
		for (size_t i = 0; variables[i] != NULL; i++)
			environment[i] = (char *)variables[i];
		failing_malloc_at(nth);
		outcome.errors =
		    conf_parse_over(&outcome.conf, "", 0, "/srv/c.yaml", environment, 0, stream);
		failed = failing_malloc_happened();
		failing_malloc_at(0);
		ck_assert_int_eq(fclose(stream), 0);
		ck_assert_int_eq(outcome.errors > 0, failed);
		conf_outcome_free(&outcome);
		failures += (unsigned)failed;
	}
	ck_assert_uint_ge(failures, 20);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("conf_environment");
	TCase *tests = tcase_create("conf_environment");

	tcase_add_test(tests, every_key_has_a_variable_of_its_own);
	tcase_add_test(tests, a_name_is_the_path_in_capitals);
	tcase_add_loop_test(tests, every_key_can_be_set, 0, 11);
	tcase_add_test(tests, the_environment_stands_over_the_file);
	tcase_add_loop_test(tests, an_empty_file_is_enough, 0, 2);
	tcase_add_loop_test(tests, mistakes_are_told_with_their_variable, 0, ROWS(mistakes));
	tcase_add_loop_test(tests, names_of_others_are_left_alone, 0, 2);
	tcase_add_test(tests, digests_tell_environments_apart);
	tcase_add_test(tests, survives_every_failing_allocation);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
