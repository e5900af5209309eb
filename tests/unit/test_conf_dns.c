/* The section dns: its mistakes, and what its values become. */
#include "conf_fixture.h"

#include <string.h>

#define SECRET_1 "e5e973e5a6b2a43f48e7dc849e37bfcf"
#define SECRET_2 "445536BCD2513298075A5D379663C962"
#define NO_SECRET                                                                                  \
	"an item of dns.cookies.secrets must be 32 hexadecimal digits, such as \"openssl rand "    \
	"-hex 16\" prints\n"
#define BYTES_43  "0123456789012345678901234567890123456789abc"
#define BYTES_129 BYTES_43 BYTES_43 BYTES_43

static const struct conf_mistake mistakes[] = {
    /* Addresses and protocols. */
    {RECORDS "dns: 5\n", "5:6: error: dns must have keys below it, not a value of its own\n"},
    {RECORDS "dns: {listen: \"127.0.0.1:53\"}\n",
	"5:15: error: dns.listen must be a list; did you mean [\"127.0.0.1:53\"]?\n"},
    {RECORDS "dns: {listen: {a: b}}\n",
	"5:15: error: dns.listen must be a list; each item is an address with a port, such as "
	"192.0.2.1:53 or [2001:db8::1]:53\n"},
    {RECORDS "dns:\n  listen:\n",
	"6:10: error: dns.listen must be a list; each item is an address with a port, such as "
	"192.0.2.1:53 or [2001:db8::1]:53\n"},
    {RECORDS "dns: {listen: [[a]]}\n",
	"5:16: error: an item of dns.listen must be a single value, not a list; it is an address "
	"with a port, such as 192.0.2.1:53 or [2001:db8::1]:53\n"},
    {RECORDS "dns: {listen: [{protocols: [udp]}]}\n",
	"5:16: error: dns.listen.address is missing; it is an address with a port, such as "
	"192.0.2.1:53 or [2001:db8::1]:53\n"},
    {RECORDS "dns: {listen: [{adress: \"127.0.0.1:53\", address: \"127.0.0.1:53\"}]}\n",
	"5:17: error: unknown key in an item of dns.listen; it has address, protocols\n"},
    {RECORDS "dns: {listen: [{[a]: b, address: \"127.0.0.1:53\"}]}\n",
	"5:17: error: unknown key in an item of dns.listen; it has address, protocols\n"},
    {RECORDS "dns: {listen: [{address: \"127.0.0.1:53\", address: \"127.0.0.1:54\"}]}\n",
	"5:42: error: the key \"address\" stands here twice; remove one\n"},
    {RECORDS "dns: {listen: [{address: 127.0.0.1}]}\n",
	"5:26: error: dns.listen.address: \"127.0.0.1\": the port is missing; did you mean "
	"\"127.0.0.1:53\"?\n"},
    {RECORDS "dns: {listen: [{address: [a]}]}\n",
	"5:26: error: dns.listen.address must be a single value, not a list; it is an address with "
	"a port, such as 192.0.2.1:53 or [2001:db8::1]:53\n"},
    {RECORDS "dns: {listen: [{address: \"127.0.0.1:53\", protocols: []}]}\n",
	"5:53: error: dns.listen.protocols is an empty list; each item is udp or tcp\n"},
    {RECORDS "dns: {listen: [{address: \"127.0.0.1:53\", protocols: [dot]}]}\n",
	"5:54: error: dns.listen.protocols must be udp or tcp, not \"dot\"\n"},
    {RECORDS "dns: {listen: [{address: \"127.0.0.1:53\", protocols: [udp]}, 127.0.0.1:53]}\n",
	"5:61: error: dns.listen has the address \"127.0.0.1:53\" twice; remove one\n"},
    {RECORDS "dns:\n  listen:\n    - \n",
	"7:6: error: an item of dns.listen has no value; write one or remove the line\n"},
    {RECORDS "dns: {protocols: []}\n",
	"5:18: error: dns.protocols is an empty list; each item is udp or tcp\n"},
    {RECORDS "dns: {protocols: [udp, dot]}\n",
	"5:24: error: dns.protocols must be udp or tcp, not \"dot\"\n"},
    {RECORDS "dns: {protocols: [upd]}\n",
	"5:19: error: dns.protocols must be udp or tcp, not \"upd\"; did you mean \"udp\"?\n"},
    {RECORDS "dns: {protocols: [tcp, tcp]}\n",
	"5:24: error: dns.protocols has \"tcp\" twice; remove one\n"},
    {RECORDS "dns: {listen: []}\n", "5:15: error: dns.listen is an empty list; each item is an "
				    "address with a port, such as 192.0.2.1:53 or "
				    "[2001:db8::1]:53\n"},
    {RECORDS "dns:\n  listen:\n    - 127.0.0.1:53\n    - localhost:53\n",
	"8:7: error: dns.listen: \"localhost:53\": it is not an IP address (names are not looked "
	"up); it must be an address with a port, such as 192.0.2.1:53 or [2001:db8::1]:53\n"},
    {RECORDS "dns: {listen: [127.0.0.1]}\n", "5:16: error: dns.listen: \"127.0.0.1\": the port is "
					     "missing; did you mean \"127.0.0.1:53\"?\n"},
    {RECORDS "dns: {listen: [\"::1\"]}\n", "5:16: error: dns.listen: \"::1\": an IPv6 address "
					   "needs brackets: [address]:port; did you mean "
					   "\"[::1]:53\"?\n"},
    {RECORDS "dns: {listen: [\"[::1]\"]}\n",
	"5:16: error: dns.listen: \"[::1]\": the port is missing; it must be an address with a "
	"port, such as 192.0.2.1:53 or [2001:db8::1]:53\n"},
    {RECORDS "dns: {listen: [127.0.0.1:53, 127.0.0.1:53]}\n",
	"5:30: error: dns.listen has the address \"127.0.0.1:53\" twice; remove one\n"},
    {RECORDS "dns: {listen: [\"[::1]:53\", \"[0::1]:53\"]}\n",
	"5:28: error: dns.listen has the address \"[0::1]:53\" twice; remove one\n"},
    {RECORDS "dns: {listen: [\"unix:/run/dns\"]}\n",
	"5:16: error: dns.listen: DNS is not served on a Unix socket; give an address with a port, "
	"such as 192.0.2.1:53 or [2001:db8::1]:53\n"},

    /* Threads and buffers. */
    {RECORDS "dns: {workers: 0}\n", "5:16: error: dns.workers must be auto or a number from 1 to "
				    "64, not 0; did you mean \"auto\"?\n"},
    {RECORDS "dns: {workers: 65}\n",
	"5:16: error: dns.workers must be auto or a number from 1 to 64, not \"65\"\n"},
    {RECORDS "dns: {workers: Auto}\n", "5:16: error: dns.workers must be auto or a number from 1 "
				       "to 64, not \"Auto\"; did you mean \"auto\"?\n"},
    {RECORDS "dns: {workers: \"2\"}\n",
	"5:16: error: dns.workers must be auto or a number from 1 to 64, not \"2\"\n"},
    {RECORDS "dns: {socket_buffer: 1073741825}\n",
	"5:22: error: dns.socket_buffer must be a number of bytes up to 1073741824, or 0 for the "
	"kernel's choice, not \"1073741825\"\n"},
    {RECORDS "dns: {socket_buffer: 4k}\n",
	"5:22: error: dns.socket_buffer must be a number of bytes up to 1073741824, or 0 for the "
	"kernel's choice, not \"4k\"\n"},

    /* Limits. */
    {RECORDS "dns: {rate_limit: {responses_per_second: 1000001}}\n",
	"5:42: error: dns.rate_limit.responses_per_second must be a whole number from 1 to "
	"1000000, "
	"or 0 for no limit, not \"1000001\"\n"},
    {RECORDS "dns: {rate_limit: {slip: -1}}\n",
	"5:26: error: dns.rate_limit.slip must be a whole number from 0 to 100, not \"-1\"\n"},
    {RECORDS "dns: {rate_limit: {slip: \"2\"}}\n",
	"5:26: error: dns.rate_limit.slip must be a whole number from 0 to 100, not a text; remove "
	"the quotes\n"},
    {RECORDS "dns: {rate_limit: {exempt: [10.0.0.0]}}\n",
	"5:29: error: dns.rate_limit.exempt: \"10.0.0.0\": the mask is missing; did you mean "
	"\"10.0.0.0/32\"?\n"},
    {RECORDS "dns: {rate_limit: {exempt: [\"2001:db8::\", 10.0.0.0/33]}}\n",
	"5:29: error: dns.rate_limit.exempt: \"2001:db8::\": the mask is missing; did you mean "
	"\"2001:db8::/128\"?\n"
	"5:43: error: dns.rate_limit.exempt: \"10.0.0.0/33\" is not a network such as "
	"192.0.2.0/24 or 2001:db8::/32\n"},
    {RECORDS "dns: {rate_limit: {exempt: [10.0.0.0/8, 10.1.0.0/8]}}\n",
	"5:41: error: dns.rate_limit.exempt has the network \"10.1.0.0/8\" twice; remove one\n"},
    {RECORDS "dns: {rate_limit: 5}\n", "5:19: error: dns.rate_limit must have keys below it, not "
				       "a value of its own\n"},
    {RECORDS "dns: {rate_limit: {slop: 2}}\n",
	"5:20: error: unknown key \"slop\"; did you mean \"slip\"?\n"},
    {RECORDS "dns: {tcp: {connections: 0}}\n",
	"5:26: error: dns.tcp.connections must be a whole number from 1 to 65536, not \"0\"\n"},
    {RECORDS "dns: {tcp: {connections_per_address: 65537}}\n",
	"5:38: error: dns.tcp.connections_per_address must be a whole number from 1 to 65536, not "
	"\"65537\"\n"},
    {RECORDS "dns: {tcp: {idle_timeout: 10s}}\n",
	"5:27: error: dns.tcp.idle_timeout must be a whole number of seconds from 1 to 600, not "
	"\"10s\"\n"},
    {RECORDS "dns: {tcp: {lifetime: 0}}\n", "5:23: error: dns.tcp.lifetime must be a whole number "
					    "of seconds from 1 to 86400, not \"0\"\n"},

    /* What answers tell. */
    {RECORDS "dns: {edns_size: 511}\n",
	"5:18: error: dns.edns_size must be a number of bytes from 512 to 4096, not \"511\"\n"},
    {RECORDS "dns: {edns_size: 4097}\n",
	"5:18: error: dns.edns_size must be a number of bytes from 512 to 4096, not \"4097\"\n"},
    {RECORDS "dns: {cookies: {enabled: yes}}\n", "5:26: error: dns.cookies.enabled must be true or "
						 "false, not \"yes\"; did you mean true?\n"},
    /* A secret is in no message. */
    {RECORDS "dns: {cookies: {secrets: [" SECRET_1 "0]}}\n", "5:27: error: " NO_SECRET},
    {RECORDS "dns: {cookies: {secrets: [00112233445566778899aabbccddeeff00]}}\n",
	"5:27: error: " NO_SECRET},
    {RECORDS "dns: {cookies: {secrets: [0011223344556677_8899aabbccddeef]}}\n",
	"5:27: error: " NO_SECRET},
    {RECORDS "dns: {cookies: {secrets: [\"\"]}}\n", "5:27: error: " NO_SECRET},
    {RECORDS "dns: {cookies: {secrets: " SECRET_1 "}}\n",
	"5:26: error: dns.cookies.secrets must be a list; each item is 32 hexadecimal digits, such "
	"as \"openssl rand -hex 16\" prints\n"},
    {RECORDS "dns: {cookies: {secrets: [" SECRET_1 ", " SECRET_1 "]}}\n",
	"5:61: error: dns.cookies.secrets has the same secret twice; remove one\n"},
    {RECORDS "dns:\n  cookies:\n    secrets: [" SECRET_1 ", " SECRET_2 ", "
	     "00112233445566778899aabbccddeeff]\n",
	"7:83: error: dns.cookies.secrets has more than 2 items\n"},
    {RECORDS "dns: {nsid: " BYTES_129 "}\n",
	"5:13: error: dns.nsid must be a text of at most 128 bytes, not 129 bytes\n"},
    {RECORDS "dns: {identity: {id: " BYTES_129 BYTES_129 "}}\n",
	"5:22: error: dns.identity.id must be a text of at most 255 bytes, not 258 bytes\n"},
    {RECORDS "dns: {identity: {name: x}}\n",
	"5:18: error: unknown key \"name\" here; did you mean zone.name?\n"},
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

static const char own_protocols[] =
    RECORDS "dns:\n"
	    "  protocols: [udp]\n"
	    "  listen:\n"
	    "    - 192.0.2.1:53\n"
	    "    - {protocols: [tcp, udp], address: \"192.0.2.2:53\"}\n"
	    "    - {address: \"192.0.2.3:53\", protocols: [tcp]}\n"
	    "    - {address: \"192.0.2.4:53\"}\n"
	    "api: {listen: [\"192.0.2.1:53\", \"192.0.2.4:53\"]}\n";

START_TEST(an_address_may_have_protocols_of_its_own)
{
	static const unsigned protocols[] = {CONF_PROTOCOL_UDP,
	    CONF_PROTOCOL_UDP | CONF_PROTOCOL_TCP, CONF_PROTOCOL_TCP, CONF_PROTOCOL_UDP};
	struct conf_outcome outcome;

	conf_outcome_of(&outcome, own_protocols, strlen(own_protocols), 0);
	ck_assert_str_eq(outcome.messages, "");
	ck_assert_uint_eq(outcome.conf.dns.listen.count, 4);
	for (unsigned i = 0; i < 4; i++)
		ck_assert_uint_eq(outcome.conf.dns.listen_protocols[i], protocols[i]);
	conf_outcome_free(&outcome);
	conf_check_printing(own_protocols);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("conf_dns");
	TCase *cases = tcase_create("conf_dns");

	tcase_add_loop_test(cases, shows_each_mistake, 0, ROWS(mistakes));
	tcase_add_loop_test(cases, prefixes_do_no_harm, 0, ROWS(mistakes));
	tcase_add_test(cases, an_address_may_have_protocols_of_its_own);
	suite_add_tcase(suite, cases);
	return suite_run(suite);
}
