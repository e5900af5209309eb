/* The configuration: every mistake at its place, every default, and the printed form. */
#include "conf.h"
#include "conf_report.h"
#include "failing_malloc.h"
#include "suite.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ZONE	"zone:\n  name: auth.example.org\n"
#define RECORDS ZONE "  records:\n    - \"@ NS ns.example.net.\"\n"
#define NO_NS                                                                                      \
	"the zone has no NS record; add one such as \"auth.example.org. NS ns1.example.org.\"\n"
#define PATH_100                                                                                   \
	"/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"                                       \
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define LABEL_60 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

/* The numbers of errors and the messages of a text that is named /srv/c.yaml. */
struct outcome {
	struct conf conf;
	int errors;
	char *messages;
	size_t size;
};

static void
parse(struct outcome *outcome, const char *text, size_t length, int as_root)
{
	FILE *stream = open_memstream(&outcome->messages, &outcome->size);

	ck_assert_ptr_nonnull(stream);
	outcome->errors = conf_parse(&outcome->conf, text, length, "/srv/c.yaml", as_root, stream);
	ck_assert_int_eq(fclose(stream), 0);
}

static void
outcome_free(struct outcome *outcome)
{
	if (outcome->errors == 0)
		conf_free(&outcome->conf);
	free(outcome->messages);
}

/* Expects the messages, each without the "/srv/c.yaml:" in front of it. */
static void
expect(const char *text, int as_root, const char *messages)
{
	struct outcome outcome;
	char expected[4096] = "";
	size_t errors = 0;

	while (*messages != '\0') {
		size_t length = strcspn(messages, "\n") + 1;
		size_t used = strlen(expected);

		snprintf(expected + used, sizeof(expected) - used, "/srv/c.yaml:%.*s", (int)length,
		    messages);
		errors += strstr(expected + used, ": error: ") != NULL;
		messages += length;
	}
	parse(&outcome, text, strlen(text), as_root);
	ck_assert_str_eq(outcome.messages, expected);
	ck_assert_int_eq(outcome.errors, (int)errors);
	outcome_free(&outcome);
}

struct mistake {
	const char *text;
	const char *messages;
};

#define SECRET_1 "e5e973e5a6b2a43f48e7dc849e37bfcf"
#define SECRET_2 "445536BCD2513298075A5D379663C962"
#define NO_SECRET                                                                                  \
	"an item of dns.cookies.secrets must be 32 hexadecimal digits, such as \"openssl rand "    \
	"-hex 16\" prints\n"
#define BYTES_43  "0123456789012345678901234567890123456789abc"
#define BYTES_129 BYTES_43 BYTES_43 BYTES_43

static const struct mistake mistakes[] = {
    /* Keys. */
    {RECORDS "dsn: {}\n", "5:1: error: unknown key \"dsn\"; did you mean \"dns\"?\n"},
    {RECORDS "dns:\n  listn: []\n",
	"6:3: error: unknown key \"listn\"; did you mean \"listen\"?\n"},
    {RECORDS "DNS: {}\n", "5:1: error: unknown key \"DNS\"; did you mean \"dns\"?\n"},
    {RECORDS "privsep: {users: {stroe: x}}\n",
	"5:19: error: unknown key \"stroe\"; did you mean \"store\"?\n"},
    {RECORDS "negative_ttl: 5\n",
	"5:1: error: unknown key \"negative_ttl\" here; did you mean zone.negative_ttl?\n"},
    {RECORDS "log: {xyzzy: 5}\n", "5:7: error: unknown key \"xyzzy\"; log has level, format\n"},
    {RECORDS "xyzzy: 5\n",
	"5:1: error: unknown key \"xyzzy\"; the file has zone, dns, api, store, privsep, "
	"control, log\n"},
    {RECORDS "dns: {workers: 1}\ndns: {workers: 2}\n",
	"6:1: error: the key \"dns\" stands here twice, first in line 5; remove one\n"},
    {RECORDS "dns:\n  workers: 1\n  workers: 2\n",
	"7:3: error: the key \"workers\" stands here twice, first in line 6; remove one\n"},
    {RECORDS "[a]: 5\n", "5:1: error: a key must be a word\n"},
    {RECORDS "\"a\\nb\": 5\n", "5:1: error: a key must be a word\n"},
    {RECORDS "\"\": 5\n", "5:1: error: a key must be a word\n"},
    {RECORDS "\"dns\\0\": {}\n", "5:1: error: a key must be a word\n"},

    /* Types. */
    {RECORDS "dns: 5\n", "5:6: error: dns must have keys below it, not a value of its own\n"},
    {RECORDS "privsep: {users: [a]}\n",
	"5:18: error: privsep.users must have keys below it, not a value of its own\n"},
    {"zone: {name: [auth.example.org]}\n",
	"1:14: error: zone.name must be a single value, not a list; it is a name such as "
	"auth.example.org\n"},
    {RECORDS "store: {path: {a: b}}\n",
	"5:15: error: store.path must be a single value, not a group of keys; it is a path\n"},
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
    {RECORDS "api: {listen: [{adress: \"127.0.0.1:53\", address: \"127.0.0.1:53\"}]}\n",
	"5:17: error: unknown key in an item of api.listen; it has address, tls, "
	"proxy_protocol\n"},
    {RECORDS "api: {listen: [{tls: false}]}\n",
	"5:16: error: api.listen.address is missing; it is an address with a port, such as "
	"192.0.2.1:443 or [2001:db8::1]:443, or unix:/PATH\n"},
    {RECORDS "api: {listen: [{address: \"127.0.0.1:53\", tls: yes}]}\n",
	"5:47: error: api.listen.tls must be true or false, not \"yes\"; did you mean true?\n"},
    {RECORDS "api: {listen: [{address: \"127.0.0.1:53\", tls: [true]}]}\n",
	"5:47: error: api.listen.tls must be a single value, not a list; it is true or false\n"},
    {RECORDS "api: {listen: [{tls: false, address: \"127.0.0.1:53\", tls: false}]}\n",
	"5:54: error: the key \"tls\" stands here twice; remove one\n"},
    {RECORDS "api: {listen: [{address: \"127.0.0.1:53\", tls: true}]}\n",
	"5:47: error: api.listen.tls needs a certificate; add "
	"\"api: {tls: {certificate: FILE, key: FILE}}\"\n"},
    {RECORDS "api: {listen: [{address: \"127.0.0.1:53\", proxy_protocol: v2}]}\n",
	"5:58: error: api.listen.proxy_protocol must be true or false, not \"v2\"\n"},
    {RECORDS "api: {listen: [\"127.0.0.1:52\", {address: \"127.0.0.1:53\", proxy_protocol: true}, "
	     "{address: \"127.0.0.1:54\", proxy_protocol: true}]}\n",
	"5:74: error: api.listen.proxy_protocol needs the proxy's address in "
	"api.trusted_proxies, or anybody could claim to be anybody; add \"api: {trusted_proxies: "
	"[127.0.0.1/32]}\" for a proxy on this machine\n"},
    {RECORDS "api:\n  listen: [{proxy_protocol: true, address: \"127.0.0.1:53\"}]\n"
	     "  trusted_proxies: [unix]\n",
	"6:29: error: api.listen.proxy_protocol needs the proxy's address in "
	"api.trusted_proxies, or anybody could claim to be anybody; add \"api: {trusted_proxies: "
	"[127.0.0.1/32]}\" for a proxy on this machine\n"},
    {RECORDS "api:\n  trusted_proxies: [192.0.2.0/24]\n"
	     "  listen: [{address: \"unix:/run/x\", proxy_protocol: true}]\n",
	"7:53: error: api.listen.proxy_protocol of a Unix socket needs \"unix\" in "
	"api.trusted_proxies; add \"api: {trusted_proxies: [unix]}\"\n"},
    {RECORDS "api: {tls: {certificate: a.pem}}\n",
	"5:12: error: api.tls has a certificate only; add the key\n"},
    {RECORDS "api: {tls: {key: a.pem}}\n",
	"5:12: error: api.tls has a key only; add the certificate\n"},
    {RECORDS "api: {tls: {certificate: \"\", key: k}}\n",
	"5:26: error: api.tls.certificate is empty; it must be a path\n"},
    {RECORDS "api: {tls: {cert: a.pem}}\n",
	"5:13: error: unknown key \"cert\"; api.tls has certificate, key\n"},
    {RECORDS "api: {tls: {certificate: c, key: k}, listen: [\"unix:/run/x\", "
	     "{address: \"127.0.0.1:53\", tls: false}]}\n",
	"5:12: warning: api.tls is set and no address of api.listen speaks TLS\n"},
    {RECORDS "api: {hsts: 31536000}\n",
	"5:13: warning: api.hsts has no effect without TLS; see api.tls\n"},
    {RECORDS "api: {hsts: 1y}\n",
	"5:13: error: api.hsts must be a whole number of seconds up to 2147483647, or 0 for no "
	"such header, not \"1y\"\n"},
    {RECORDS "dns: {listen: [{address: \"127.0.0.1:53\", protocols: [tcp]}], protocols: [udp]}\n"
	     "api: {listen: [\"127.0.0.1:53\"]}\n",
	"6:16: error: api.listen: \"127.0.0.1:53\" is in dns.listen already, which uses it for "
	"TCP; "
	"give another port\n"},
    {RECORDS "dns:\n  listen:\n    - \n",
	"7:6: error: an item of dns.listen has no value; write one or remove the line\n"},
    {RECORDS "log:\n  level:\n",
	"6:9: error: log.level has no value; remove the line to get the default\n"},
    {RECORDS "log: {level: ~}\n",
	"5:14: error: log.level has no value; remove the line to get the default\n"},
    {"zone: {name: null}\n", "1:14: error: zone.name has no value; write one or remove the line\n"},
    {RECORDS "store: {path: \"a\\nb\"}\n",
	"5:15: error: store.path has a line end or a control character in it; remove it\n"},
    {RECORDS "store: {path: \"a\\0b\"}\n",
	"5:15: error: store.path has a line end or a control character in it; remove it\n"},
    {RECORDS "store: {path: \"a\\x85\"}\n",
	"5:15: error: store.path has a line end or a control character in it; remove it\n"},
    {RECORDS "store: {path: \"a\\u2028\"}\n",
	"5:15: error: store.path has a line end or a control character in it; remove it\n"},
    {RECORDS "api: {listen: [\"a\\eb\"]}\n",
	"5:16: error: an item of api.listen has a line end or a control character in it; remove "
	"it\n"},

    /* Numbers and words. */
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
    {RECORDS "  serial: 0\n",
	"5:11: error: zone.serial must be auto or a number from 1 to 4294967295, not \"0\"\n"},
    {RECORDS "  serial: 4294967296\n",
	"5:11: error: zone.serial must be auto or a number from 1 to 4294967295, not "
	"\"4294967296\"\n"},
    {RECORDS "  serial: \"1\"\n",
	"5:11: error: zone.serial must be auto or a number from 1 to 4294967295, not \"1\"\n"},
    {RECORDS "dns: {protocols: []}\n",
	"5:18: error: dns.protocols is an empty list; each item is udp or tcp\n"},
    {RECORDS "dns: {protocols: [udp, dot]}\n",
	"5:24: error: dns.protocols must be udp or tcp, not \"dot\"\n"},
    {RECORDS "dns: {protocols: [upd]}\n",
	"5:19: error: dns.protocols must be udp or tcp, not \"upd\"; did you mean \"udp\"?\n"},
    {RECORDS "dns: {protocols: [tcp, tcp]}\n",
	"5:24: error: dns.protocols has \"tcp\" twice; remove one\n"},
    {RECORDS "api: {trusted_proxies: unix}\n",
	"5:24: error: api.trusted_proxies must be a list; did you mean [\"unix\"]?\n"},
    {RECORDS "api: {trusted_proxies: [unix, 10.0.0.0/8, unix, 10.0.0.0/8, Unix]}\n",
	"5:43: error: api.trusted_proxies has \"unix\" twice; remove one\n"
	"5:49: error: api.trusted_proxies has the network \"10.0.0.0/8\" twice; remove one\n"
	"5:61: error: api.trusted_proxies: \"Unix\" is not a network such as 192.0.2.0/24 or "
	"2001:db8::/32, or unix\n"},
    {RECORDS "api: {forwarded_header: x-forwarded-for}\n",
	"5:25: error: api.forwarded_header must be X-Forwarded-For or Forwarded, not "
	"\"x-forwarded-for\"; did you mean \"X-Forwarded-For\"?\n"},
    {RECORDS "api: {base_url: \"https://auth.example.org/\"}\n",
	"5:17: error: api.base_url: \"https://auth.example.org/\" is not a URL such as "
	"https://auth.example.org or https://www.example.org/acme; did you mean "
	"\"https://auth.example.org\"?\n"},
    {RECORDS "api: {base_url: auth.example.org/acme}\n",
	"5:17: error: api.base_url: \"auth.example.org/acme\" is not a URL such as "
	"https://auth.example.org or https://www.example.org/acme; did you mean "
	"\"https://auth.example.org/acme\"?\n"},
    {RECORDS "api: {base_url: \"ftp://auth.example.org\"}\n",
	"5:17: error: api.base_url: \"ftp://auth.example.org\" is not a URL such as "
	"https://auth.example.org or https://www.example.org/acme\n"},
    {RECORDS "api: {base_url: \"https://auth.example.org/a?b\"}\n",
	"5:17: error: api.base_url: \"https://auth.example.org/a?b\" is not a URL such as "
	"https://auth.example.org or https://www.example.org/acme\n"},
    {RECORDS "api: {base_url: \"https://auth.example.org/a\\\"b\"}\n",
	"5:17: error: api.base_url: \"https://auth.example.org/a\"b\" is not a URL such as "
	"https://auth.example.org or https://www.example.org/acme\n"},
    {RECORDS "api: {empty_txt_clears: maybe}\n",
	"5:25: error: api.empty_txt_clears must be true or false, not \"maybe\"\n"},
    {RECORDS "api: {cors_origins: [\"https://www.example.org/\"]}\n",
	"5:22: error: api.cors_origins: \"https://www.example.org/\" is not an origin such as "
	"https://www.example.org, or \"*\" for all; did you mean \"https://www.example.org\"?\n"},
    {RECORDS "api: {cors_origins: [\"HTTPS://Www.Example.org\"]}\n",
	"5:22: error: api.cors_origins: \"HTTPS://Www.Example.org\" is not an origin such as "
	"https://www.example.org, or \"*\" for all; did you mean \"https://www.example.org\"?\n"},
    {RECORDS "api: {cors_origins: [\"https://www.example.org:443\"]}\n",
	"5:22: error: api.cors_origins: \"https://www.example.org:443\" is not an origin such as "
	"https://www.example.org, or \"*\" for all; did you mean \"https://www.example.org\"?\n"},
    {RECORDS "api: {cors_origins: [\"http://www.example.org:80/a?b\"]}\n",
	"5:22: error: api.cors_origins: \"http://www.example.org:80/a?b\" is not an origin such as "
	"https://www.example.org, or \"*\" for all; did you mean \"http://www.example.org\"?\n"},
    {RECORDS "api: {cors_origins: [\"www.example.org\"]}\n",
	"5:22: error: api.cors_origins: \"www.example.org\" is not an origin such as "
	"https://www.example.org, or \"*\" for all; did you mean \"https://www.example.org\"?\n"},
    {RECORDS "api: {cors_origins: [\"www.example.org:8443\"]}\n",
	"5:22: error: api.cors_origins: \"www.example.org:8443\" is not an origin such as "
	"https://www.example.org, or \"*\" for all; did you mean "
	"\"https://www.example.org:8443\"?\n"},
    {RECORDS "api: {cors_origins: [\"https://www.example.org#x\"]}\n",
	"5:22: error: api.cors_origins: \"https://www.example.org#x\" is not an origin such as "
	"https://www.example.org, or \"*\" for all; did you mean \"https://www.example.org\"?\n"},
    {RECORDS "api: {cors_origins: [\"https://\"]}\n",
	"5:22: error: api.cors_origins: \"https://\" is not an origin such as "
	"https://www.example.org, or \"*\" for all\n"},
    {RECORDS "api: {cors_origins: [\"https://*.example.org\"]}\n",
	"5:22: error: api.cors_origins: \"https://*.example.org\" is not an origin such as "
	"https://www.example.org, or \"*\" for all\n"},
    {RECORDS "api: {cors_origins: [\"https://a b\"]}\n",
	"5:22: error: api.cors_origins: \"https://a b\" is not an origin such as "
	"https://www.example.org, or \"*\" for all\n"},
    {RECORDS "api: {cors_origins: [\"https://a:0\"]}\n",
	"5:22: error: api.cors_origins: \"https://a:0\" is not an origin such as "
	"https://www.example.org, or \"*\" for all\n"},
    {RECORDS "api: {cors_origins: [\"https://a:65536\"]}\n",
	"5:22: error: api.cors_origins: \"https://a:65536\" is not an origin such as "
	"https://www.example.org, or \"*\" for all\n"},
    {RECORDS "api: {cors_origins: [\"https://a:\"]}\n",
	"5:22: error: api.cors_origins: \"https://a:\" is not an origin such as "
	"https://www.example.org, or \"*\" for all\n"},
    {RECORDS "api: {cors_origins: [\"https://a:1:2\"]}\n",
	"5:22: error: api.cors_origins: \"https://a:1:2\" is not an origin such as "
	"https://www.example.org, or \"*\" for all\n"},
    {RECORDS "api: {cors_origins: [\"https://[::1\"]}\n",
	"5:22: error: api.cors_origins: \"https://[::1\" is not an origin such as "
	"https://www.example.org, or \"*\" for all\n"},
    {RECORDS "api: {cors_origins: [\"https://[]\"]}\n",
	"5:22: error: api.cors_origins: \"https://[]\" is not an origin such as "
	"https://www.example.org, or \"*\" for all\n"},
    {RECORDS "api: {cors_origins: [\"https://u@a\"]}\n",
	"5:22: error: api.cors_origins: \"https://u@a\" is not an origin such as "
	"https://www.example.org, or \"*\" for all\n"},
    {RECORDS "api: {cors_origins: [\"\"]}\n",
	"5:22: error: api.cors_origins: \"\" is not an origin such as https://www.example.org, or "
	"\"*\" for all\n"},
    {RECORDS "api: {cors_origins: [\"null\"]}\n",
	"5:22: error: api.cors_origins: \"null\" is what any page can make itself; write \"*\" to "
	"allow all\n"},
    {RECORDS "api: {cors_origins: [\"http://a\", \"http://a\", \"*\"]}\n",
	"5:34: error: api.cors_origins has \"http://a\" twice; remove one\n"
	"5:46: error: api.cors_origins: \"*\" allows every origin; remove it or the others\n"},
    {RECORDS "api: {cors_origins: [\"*\", \"http://a\"]}\n",
	"5:27: error: api.cors_origins: \"*\" allows every origin; remove it or the others\n"},
    {RECORDS "api: {registration: tokens}\n",
	"5:21: error: api.registration must be open, closed or token, not \"tokens\"; did you mean "
	"\"token\"?\n"},
    {RECORDS "api: {registration: true}\n",
	"5:21: error: api.registration must be open, closed or token, not \"true\"\n"},
    {RECORDS "api: {registration_from: [10.0.0.1]}\n",
	"5:27: error: api.registration_from: \"10.0.0.1\": the mask is missing; did you mean "
	"\"10.0.0.1/32\"?\n"},
    {RECORDS "api: {registration_cap: -1}\n", "5:25: error: api.registration_cap must be a whole "
					      "number from 1 to 1000000000, or 0 for no "
					      "cap, not \"-1\"\n"},
    {RECORDS "api: {registrations_cap: 1}\n",
	"5:7: error: unknown key \"registrations_cap\"; did you mean \"registration_cap\"?\n"},
    {RECORDS "api: {limits: {registrations_per_hour: 1000001}}\n",
	"5:40: error: api.limits.registrations_per_hour must be a whole number from 1 to 1000000, "
	"or 0 for no limit, not \"1000001\"\n"},
    {RECORDS "api: {limits: {failures_per_minute: many}}\n",
	"5:37: error: api.limits.failures_per_minute must be a whole number from 1 to 1000000, or "
	"0 "
	"for no limit, not \"many\"\n"},
    {RECORDS "api: {limits: {exempt: 10.0.0.0/8}}\n",
	"5:24: error: api.limits.exempt must be a list; did you mean [\"10.0.0.0/8\"]?\n"},
    {RECORDS "api: {disable_registration: maybe}\n",
	"5:29: error: api.disable_registration must be true or false, not \"maybe\"\n"},
    {RECORDS "api: {disable_registration: yes}\n", "5:29: error: api.disable_registration must be "
						   "true or false, not \"yes\"; did you mean "
						   "true?\n"},
    {RECORDS "api: {disable_registration: Off}\n", "5:29: error: api.disable_registration must be "
						   "true or false, not \"Off\"; did you mean "
						   "false?\n"},
    {RECORDS "api: {disable_registration: \"true\"}\n",
	"5:29: error: api.disable_registration must be true or false, not a text; remove the "
	"quotes\n"},
    {RECORDS "log: {level: warn}\n", "5:14: error: log.level must be error, warning, info or "
				     "debug, not \"warn\"\n"},
    {RECORDS "log: {level: INFO}\n", "5:14: error: log.level must be error, warning, info or "
				     "debug, not \"INFO\"; did you mean \"info\"?\n"},
    {RECORDS "log: {format: jsno}\n",
	"5:15: error: log.format must be text or json, not \"jsno\"; did you mean \"json\"?\n"},

    /* Addresses. */
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
    {RECORDS "api: {listen: [\"127.0.0.1\"]}\n",
	"5:16: error: api.listen: \"127.0.0.1\": the port is missing; did you mean "
	"\"127.0.0.1:443\"?\n"},
    {RECORDS "api: {listen: [\"unix:\"]}\n",
	"5:16: error: api.listen: \"unix:\": the path is missing; it must be an address with a "
	"port, such as 192.0.2.1:443 or [2001:db8::1]:443, or unix:/PATH\n"},
    {RECORDS "api: {listen: [\"unix:x\", \"unix:/srv/x\"]}\n",
	"5:26: error: api.listen has the address \"unix:/srv/x\" twice; remove one\n"},
    {RECORDS "api: {listen: [\"127.0.0.1:5300\"]}\n",
	"5:16: error: api.listen: \"127.0.0.1:5300\" is in dns.listen already, which uses it for "
	"TCP; give another port\n"},

    /* Names. */
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
    {"zone: {nam: x, records: [\"x A\", \"x. A 192.0.2.1\"]}\n",
	"1:1: error: zone.name is missing; it is a name such as auth.example.org\n"
	"1:8: error: unknown key \"nam\"; did you mean \"name\"?\n"
	"1:26: error: zone.records: \"x A\": the data of the A record is wrong; it is an IPv4 "
	"address such as 192.0.2.1\n"},

    /* Folders. */
    {RECORDS "store: {path: \"\"}\n", "5:15: error: store.path is empty; it must be a path\n"},
    {RECORDS "store: {path: ~/lib}\n", "5:15: error: store.path: \"~\" is not expanded; write the "
				       "path in full\n"},
    {RECORDS "store: {path: x}\nprivsep: {runtime_dir: /srv/x}\n",
	"6:24: error: privsep.runtime_dir and store.path lie in one another; the database and the "
	"sockets need folders apart\n"},
    {RECORDS "store: {path: x}\nprivsep: {runtime_dir: x/}\n",
	"6:24: error: privsep.runtime_dir and store.path lie in one another; the database and the "
	"sockets need folders apart\n"},
    {RECORDS "store: {path: x}\nprivsep: {runtime_dir: x/run}\n",
	"6:24: error: privsep.runtime_dir and store.path lie in one another; the database and the "
	"sockets need folders apart\n"},
    {RECORDS "store: {path: run/x}\nprivsep: {runtime_dir: run}\n",
	"6:24: error: privsep.runtime_dir and store.path lie in one another; the database and the "
	"sockets need folders apart\n"},
    {RECORDS "privsep: {users: {store: \"\"}}\n",
	"5:26: error: privsep.users.store is empty; it must be a user\n"},
    {RECORDS "privsep: {users: {store: 4294967295}}\n",
	"5:26: error: privsep.users.store: \"4294967295\" is not a user's number\n"},
    {RECORDS "privsep: {users: {store: 5x}}\n",
	"5:26: error: privsep.users.store: \"5x\" is not a user's number\n"},
    {RECORDS "control: {group: \"\"}\n",
	"5:18: error: control.group is empty; it must be a group\n"},
    {RECORDS "control: {group: 4294967295}\n",
	"5:18: error: control.group: \"4294967295\" is not a group's number\n"},
    {RECORDS "control: {gruop: 5}\n",
	"5:11: error: unknown key \"gruop\"; did you mean \"group\"?\n"},

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
	expect(mistakes[_i].text, 0, mistakes[_i].messages);
}
END_TEST

START_TEST(prefixes_do_no_harm)
{
	for (size_t length = 0; length < strlen(mistakes[_i].text); length++) {
		char *prefix = malloc(length > 0 ? length : 1);
		struct outcome outcome;

		ck_assert_ptr_nonnull(prefix);
		memcpy(prefix, mistakes[_i].text, length);
		parse(&outcome, prefix, length, 0);
		free(prefix);
		ck_assert(outcome.errors == 0 || strstr(outcome.messages, "error: ") != NULL);
		outcome_free(&outcome);
	}
}
END_TEST

/* What is said only when users are looked up. */
static const struct mistake root_mistakes[] = {
    {RECORDS "privsep: {users: {store: 1001, dnsd: 1002, apid: 1001}}\n",
	"5:50: error: privsep.users.apid has the same uid 1001 as privsep.users.store; give each "
	"process a user of its own\n"},
    {RECORDS "privsep: {users: {store: daemon, dnsd: 1, apid: 1002}}\n",
	"5:40: error: privsep.users.dnsd has the same uid 1 as privsep.users.store; give each "
	"process "
	"a user of its own\n"},
    {RECORDS "privsep: {users: {store: 0, dnsd: root, apid: 1002}}\n",
	"5:26: error: privsep.users.store: \"0\" has uid 0; no process may keep root's rights, "
	"give "
	"it a user of its own\n"
	"5:35: error: privsep.users.dnsd: \"root\" has uid 0; no process may keep root's rights, "
	"give it a user of its own\n"},
    {RECORDS "privsep: {users: {store: 9, dnsd: 1, apid: 9}}\n",
	"5:44: error: privsep.users.apid has the same uid 9 as privsep.users.store; give each "
	"process a user of its own\n"},
    {RECORDS "privsep: {users: {store: no-such-user, dnsd: 1001, apid: 1002}}\n",
	"5:26: error: privsep.users.store: there is no user \"no-such-user\"; create it, or give a "
	"number\n"},
};

START_TEST(looks_users_up_as_root)
{
	expect(root_mistakes[_i].text, 1, root_mistakes[_i].messages);
	expect(root_mistakes[_i].text, 0, "");
}
END_TEST

static const struct mistake warnings[] = {
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
    {RECORDS "api: {trusted_proxies: [0.0.0.0/1, 0.0.0.0/0, \"::/0\"]}\n",
	"5:36: warning: api.trusted_proxies: \"0.0.0.0/0\" trusts everybody: any client can then "
	"claim any address\n"
	"5:47: warning: api.trusted_proxies: \"::/0\" trusts everybody: any client can then claim "
	"any address\n"},
};

START_TEST(warns)
{
	expect(warnings[_i].text, 0, warnings[_i].messages);
}
END_TEST

static void
expect_name(const struct name *name, const char *text)
{
	char written[NAME_MAX_TEXT];

	name_to_text(name, written);
	ck_assert_str_eq(written, text);
}

static void
expect_listen(const struct conf_listen *listen, const char *first, const char *second)
{
	char text[ADDRESS_MAX_TEXT];

	ck_assert_uint_eq(listen->count, 2);
	address_to_text(&listen->addresses[0], text);
	ck_assert_str_eq(text, first);
	address_to_text(&listen->addresses[1], text);
	ck_assert_str_eq(text, second);
}

static void
expect_networks(const struct conf_networks *list, const char *first, const char *second)
{
	char text[NETWORK_MAX_TEXT];

	ck_assert_uint_eq(list->count, 2);
	network_to_text(&list->networks[0], text);
	ck_assert_str_eq(text, first);
	network_to_text(&list->networks[1], text);
	ck_assert_str_eq(text, second);
}

START_TEST(everything_but_the_name_has_a_default)
{
	static const char *const users[] = {"sallyport-store", "sallyport-dnsd", "sallyport-apid"};
	static const char text[] = "zone: {name: Auth.Example.ORG}\n";
	struct outcome outcome;
	const struct conf *conf = &outcome.conf;
	long cores = sysconf(_SC_NPROCESSORS_ONLN);

	parse(&outcome, text, strlen(text), 0);
	ck_assert_int_eq(outcome.errors, 0);
	expect_name(&conf->zone.name, "auth.example.org.");
	expect_name(&conf->zone.nameserver, "auth.example.org.");
	expect_name(&conf->zone.admin, "hostmaster.auth.example.org.");
	ck_assert_uint_eq(conf->zone.records.count, 0);
	ck_assert_uint_eq(conf->zone.txt_ttl, 1);
	ck_assert_uint_eq(conf->zone.negative_ttl, 60);
	ck_assert_uint_eq(conf->zone.values_per_name, 2);
	ck_assert_uint_eq(conf->zone.value_lifetime, 0);
	ck_assert_uint_eq(conf->zone.txt_max, 43);
	expect_listen(&conf->dns.listen, "127.0.0.1:5300", "[::1]:5300");
	ck_assert_uint_eq(conf->dns.protocols, CONF_PROTOCOL_UDP | CONF_PROTOCOL_TCP);
	ck_assert_uint_ge(conf->dns.workers, 1);
	ck_assert_uint_le(conf->dns.workers, (unsigned long)cores);
	ck_assert_uint_eq(conf->dns.socket_buffer, 1048576);
	ck_assert_uint_eq(conf->dns.rate_limit.responses_per_second, 200);
	ck_assert_uint_eq(conf->dns.rate_limit.slip, 2);
	expect_networks(&conf->dns.rate_limit.exempt, "127.0.0.0/8", "::1/128");
	ck_assert_uint_eq(conf->dns.tcp.connections, 512);
	ck_assert_uint_eq(conf->dns.tcp.connections_per_address, 64);
	ck_assert_uint_eq(conf->dns.tcp.idle_timeout, 10);
	ck_assert_uint_eq(conf->dns.tcp.lifetime, 600);
	ck_assert_uint_eq(conf->zone.serial, 0);
	ck_assert_uint_eq(conf->dns.edns_size, 1232);
	ck_assert_int_eq(conf->dns.cookies.enabled, 1);
	ck_assert_uint_eq(conf->dns.cookies.secret_count, 0);
	ck_assert_ptr_null(conf->dns.nsid);
	ck_assert_ptr_null(conf->dns.identity.version);
	ck_assert_ptr_null(conf->dns.identity.hostname);
	ck_assert_ptr_null(conf->dns.identity.id);
	expect_listen(&conf->api.listen, "127.0.0.1:8053", "[::1]:8053");
	ck_assert_int_eq(conf->api.disable_registration, 0);
	ck_assert_int_eq(conf->api.registration, CONF_REGISTRATION_OPEN);
	ck_assert_uint_eq(conf->api.registration_from.count, 0);
	ck_assert_uint_eq(conf->api.registration_cap, 0);
	ck_assert_uint_eq(conf->api.limits.registrations_per_hour, 1000);
	ck_assert_uint_eq(conf->api.limits.failures_per_minute, 300);
	expect_networks(&conf->api.limits.exempt, "127.0.0.0/8", "::1/128");
	ck_assert_uint_eq(conf->api.trusted_proxies.networks.count, 0);
	ck_assert_int_eq(conf->api.trusted_proxies.local, 0);
	ck_assert_int_eq(conf->api.forwarded_header, CONF_X_FORWARDED_FOR);
	ck_assert_uint_eq(conf->api.cors_origins.count, 0);
	ck_assert_str_eq(conf->store.path, "/srv/var/lib");
	ck_assert_str_eq(conf->privsep.runtime_dir, "/srv/var/run");
	for (int i = 0; i < CONF_ROLES; i++) {
		ck_assert_str_eq(conf->privsep.users[i].name, users[i]);
		ck_assert_uint_eq(conf->privsep.users[i].uid, geteuid());
		ck_assert_uint_eq(conf->privsep.users[i].gid, getegid());
	}
	ck_assert_str_eq(conf->control.group.name, "sallyport-admin");
	ck_assert_int_eq(conf->control.group.found, 0);
	ck_assert_int_eq(conf->log.level, LOG_LEVEL_INFO);
	ck_assert_int_eq(conf->log.format, LOG_FORMAT_TEXT);
	outcome_free(&outcome);
}
END_TEST

static const char full[] = "zone:\n"
			   "  name: auth.example.org\n"
			   "  nameserver: NS1.example.net.\n"
			   "  admin: host.master@example.net\n"
			   "  records:\n"
			   "    - \"@ NS ns1.example.net.\"\n"
			   "    - 'x TXT \"a \\\"quoted\\\" text\"'\n"
			   "    - \"y\\tA\\t192.0.2.1\"\n"
			   "  txt_ttl: 2147483647\n"
			   "  negative_ttl: 0\n"
			   "  serial: 4294967295\n"
			   "  values_per_name: 16\n"
			   "  value_lifetime: 2147483647\n"
			   "  txt_max: 1024\n"
			   "dns:\n"
			   "  edns_size: 4096\n"
			   "  cookies: {enabled: false, secrets: [" SECRET_1 ", " SECRET_2 "]}\n"
			   "  nsid: \"a \\\"site\\\"\"\n"
			   "  identity: {version: \"1\", hostname: h.example, id: 'i d'}\n"
			   "  listen: [\"192.0.2.1:53\", \"[2001:db8::1]:53\"]\n"
			   "  protocols: [tcp]\n"
			   "  workers: 64\n"
			   "  socket_buffer: 1073741824\n"
			   "  rate_limit: {responses_per_second: 0, slip: 100, exempt: [\"::/0\", "
			   "0.0.0.0/0]}\n"
			   "  tcp: {connections: 65536, connections_per_address: 1, idle_timeout: "
			   "600, lifetime: 86400}\n"
			   "api:\n"
			   "  listen: [\"unix:../run/api\", {address: \"unix:/run/x\", tls: "
			   "true}]\n"
			   "  tls: {certificate: tls/api.pem, key: /etc/ssl/api.key}\n"
			   "  hsts: 2147483647\n"
			   "  disable_registration: true\n"
			   "  registration: token\n"
			   "  registration_from: [192.0.2.0/24, \"2001:db8::/32\"]\n"
			   "  registration_cap: 1000000000\n"
			   "  limits: {registrations_per_hour: 1000000, failures_per_minute: 0, "
			   "exempt: [10.0.0.0/8, \"fd00::/8\"]}\n"
			   "  trusted_proxies: [192.0.2.0/24, unix, \"2001:db8::/32\"]\n"
			   "  forwarded_header: Forwarded\n"
			   "  base_url: https://www.example.org:8443/acme\n"
			   "  empty_txt_clears: true\n"
			   "  cors_origins: [https://www.example.org, \"http://[::1]:8080\", "
			   "moz-extension://a-b]\n"
			   "store: {path: ./lib/../a \"b\" \\ \303\274}\n"
			   "privsep:\n"
			   "  users: {store: 1001, dnsd: daemon, apid: \"1003\"}\n"
			   "  runtime_dir: ../../run\n"
			   "control: {group: daemon}\n"
			   "log: {level: debug, format: json}\n";

START_TEST(every_key_is_read)
{
	struct outcome outcome;
	const struct conf *conf = &outcome.conf;

	parse(&outcome, full, strlen(full), 1);
	ck_assert_str_eq(outcome.messages, "");
	expect_name(&conf->zone.nameserver, "NS1.example.net.");
	expect_name(&conf->zone.admin, "host\\.master.example.net.");
	ck_assert_uint_eq(conf->zone.records.count, 3);
	ck_assert_str_eq(conf->zone.records.records[2].text, "y\tA\t192.0.2.1");
	ck_assert_uint_eq(conf->zone.txt_ttl, 2147483647);
	ck_assert_uint_eq(conf->zone.negative_ttl, 0);
	expect_listen(&conf->dns.listen, "192.0.2.1:53", "[2001:db8::1]:53");
	ck_assert_uint_eq(conf->dns.protocols, CONF_PROTOCOL_TCP);
	ck_assert_uint_eq(conf->dns.workers, 64);
	ck_assert_uint_eq(conf->dns.socket_buffer, 1073741824);
	ck_assert_uint_eq(conf->dns.rate_limit.responses_per_second, 0);
	ck_assert_uint_eq(conf->dns.rate_limit.slip, 100);
	expect_networks(&conf->dns.rate_limit.exempt, "::/0", "0.0.0.0/0");
	ck_assert_uint_eq(conf->dns.tcp.connections, 65536);
	ck_assert_uint_eq(conf->dns.tcp.connections_per_address, 1);
	ck_assert_uint_eq(conf->dns.tcp.idle_timeout, 600);
	ck_assert_uint_eq(conf->dns.tcp.lifetime, 86400);
	ck_assert_uint_eq(conf->zone.serial, 4294967295);
	ck_assert_uint_eq(conf->zone.values_per_name, 16);
	ck_assert_uint_eq(conf->zone.value_lifetime, 2147483647);
	ck_assert_uint_eq(conf->zone.txt_max, 1024);
	ck_assert_uint_eq(conf->dns.edns_size, 4096);
	ck_assert_int_eq(conf->dns.cookies.enabled, 0);
	ck_assert_uint_eq(conf->dns.cookies.secret_count, 2);
	ck_assert_mem_eq(conf->dns.cookies.secrets[0],
	    "\xe5\xe9\x73\xe5\xa6\xb2\xa4\x3f\x48\xe7\xdc\x84\x9e\x37\xbf\xcf", 16);
	ck_assert_mem_eq(conf->dns.cookies.secrets[1],
	    "\x44\x55\x36\xbc\xd2\x51\x32\x98\x07\x5a\x5d\x37\x96\x63\xc9\x62", 16);
	ck_assert_str_eq(conf->dns.nsid, "a \"site\"");
	ck_assert_str_eq(conf->dns.identity.version, "1");
	ck_assert_str_eq(conf->dns.identity.hostname, "h.example");
	ck_assert_str_eq(conf->dns.identity.id, "i d");
	expect_listen(&conf->api.listen, "unix:/run/api", "unix:/run/x");
	ck_assert_int_eq(conf->api.disable_registration, 1);
	ck_assert_int_eq(conf->api.registration, CONF_REGISTRATION_TOKEN);
	expect_networks(&conf->api.registration_from, "192.0.2.0/24", "2001:db8::/32");
	ck_assert_uint_eq(conf->api.registration_cap, 1000000000);
	ck_assert_uint_eq(conf->api.limits.registrations_per_hour, 1000000);
	ck_assert_uint_eq(conf->api.limits.failures_per_minute, 0);
	expect_networks(&conf->api.limits.exempt, "10.0.0.0/8", "fd00::/8");
	expect_networks(&conf->api.trusted_proxies.networks, "192.0.2.0/24", "2001:db8::/32");
	ck_assert_int_eq(conf->api.trusted_proxies.local, 1);
	ck_assert_int_eq(conf->api.forwarded_header, CONF_FORWARDED);
	ck_assert_str_eq(conf->api.base_url, "https://www.example.org:8443/acme");
	ck_assert_int_eq(conf->api.empty_txt_clears, 1);
	ck_assert_uint_eq(conf->api.cors_origins.count, 3);
	ck_assert_str_eq(conf->api.cors_origins.texts[0], "https://www.example.org");
	ck_assert_str_eq(conf->api.cors_origins.texts[1], "http://[::1]:8080");
	ck_assert_str_eq(conf->api.cors_origins.texts[2], "moz-extension://a-b");
	ck_assert_str_eq(conf->api.tls.certificate, "/srv/tls/api.pem");
	ck_assert_str_eq(conf->api.tls.key, "/etc/ssl/api.key");
	ck_assert_uint_eq(conf->api.hsts, 2147483647);
	ck_assert_uint_eq(conf->api.listen_tls[0], 0);
	ck_assert_uint_eq(conf->api.listen_tls[1], 1);
	ck_assert_str_eq(conf->store.path, "/srv/lib/../a \"b\" \\ \303\274");
	ck_assert_str_eq(conf->privsep.runtime_dir, "/run");
	ck_assert_uint_eq(conf->privsep.users[CONF_ROLE_STORE].uid, 1001);
	ck_assert_uint_eq(conf->privsep.users[CONF_ROLE_STORE].gid, 1001);
	ck_assert_uint_eq(conf->privsep.users[CONF_ROLE_DNSD].uid, 1);
	ck_assert_uint_eq(conf->privsep.users[CONF_ROLE_DNSD].gid, 1);
	ck_assert_uint_eq(conf->privsep.users[CONF_ROLE_APID].uid, 1003);
	ck_assert_str_eq(conf->control.group.name, "daemon");
	ck_assert_int_eq(conf->control.group.found, 1);
	ck_assert_uint_eq(conf->control.group.gid, 1);
	ck_assert_int_eq(conf->log.level, LOG_LEVEL_DEBUG);
	ck_assert_int_eq(conf->log.format, LOG_FORMAT_JSON);
	outcome_free(&outcome);
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
	struct outcome outcome;
	char text[256];
	int length = snprintf(
	    text, sizeof(text), "zone: {name: example.org, admin: '%s'}\n", admins[_i].admin);

	parse(&outcome, text, (size_t)length, 0);
	ck_assert_int_eq(outcome.errors, 0);
	expect_name(&outcome.conf.zone.admin, admins[_i].name);
	outcome_free(&outcome);
}
END_TEST

static char *
printed(const struct conf *conf)
{
	char *text = NULL;
	size_t size = 0;
	FILE *stream = open_memstream(&text, &size);

	ck_assert_ptr_nonnull(stream);
	conf_print(conf, stream);
	ck_assert_int_eq(fclose(stream), 0);
	return text;
}

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
	struct outcome outcome;

	parse(&outcome, own_protocols, strlen(own_protocols), 0);
	ck_assert_str_eq(outcome.messages, "");
	ck_assert_uint_eq(outcome.conf.dns.listen.count, 4);
	for (unsigned i = 0; i < 4; i++)
		ck_assert_uint_eq(outcome.conf.dns.listen_protocols[i], protocols[i]);
	outcome_free(&outcome);
}
END_TEST

static const char some_tls[] = RECORDS "api:\n"
				       "  tls: {certificate: a, key: b}\n"
				       "  trusted_proxies: [unix]\n"
				       "  listen:\n"
				       "    - 192.0.2.1:443\n"
				       "    - {tls: false, address: \"192.0.2.1:80\"}\n"
				       "    - {address: \"192.0.2.2:443\", tls: true}\n"
				       "    - {address: \"unix:/run/x\", proxy_protocol: true}\n"
				       "    - {address: \"unix:/run/y\", tls: true}\n";

/* Every TCP address does where there is a certificate, unless it says otherwise. */
START_TEST(an_address_may_decide_about_tls)
{
	static const unsigned tls[] = {1, 0, 1, 0, 1};
	struct outcome outcome;

	parse(&outcome, some_tls, strlen(some_tls), 0);
	ck_assert_str_eq(outcome.messages, "");
	ck_assert_uint_eq(outcome.conf.api.listen.count, 5);
	for (unsigned i = 0; i < 5; i++)
		ck_assert_uint_eq(outcome.conf.api.listen_tls[i], tls[i]);
	for (unsigned i = 0; i < 5; i++)
		ck_assert_uint_eq(outcome.conf.api.listen_proxy[i], i == 3);
	outcome_free(&outcome);
}
END_TEST

static const char *const printable[] = {
    own_protocols, some_tls, full, RECORDS, "zone: {name: x}\n"};

START_TEST(printing_reads_back_to_the_same)
{
	struct outcome first, second;
	char *once, *twice;

	parse(&first, printable[_i], strlen(printable[_i]), 0);
	ck_assert_int_eq(first.errors, 0);
	once = printed(&first.conf);
	parse(&second, once, strlen(once), 0);
	ck_assert_msg(second.errors == 0, "%s%s", once, second.messages);
	twice = printed(&second.conf);
	ck_assert_str_eq(once, twice);
	ck_assert_uint_eq(first.conf.zone.records.count, second.conf.zone.records.count);
	ck_assert_str_eq(first.conf.store.path, second.conf.store.path);
	free(once);
	free(twice);
	outcome_free(&first);
	outcome_free(&second);
}
END_TEST

/* 64 addresses fit, the 65th does not; 107 bytes of a socket's path fit, 108 do not. */
START_TEST(lists_and_paths_have_an_end)
{
	char text[4096] = RECORDS "dns:\n  listen:\n";
	const char *path = RECORDS "api: {listen: [\"unix:" PATH_100 "1234567\"]}\n";

	for (int i = 1; i <= CONF_MAX_LISTEN; i++) {
		size_t used = strlen(text);

		snprintf(text + used, sizeof(text) - used, "    - 127.0.0.1:%d\n", i);
	}
	expect(text, 0, "");
	snprintf(text + strlen(text), sizeof(text) - strlen(text), "    - 127.0.0.1:100\n");
	expect(text, 0, "71:7: error: dns.listen has more than 64 addresses\n");
	expect(path, 0, "");
	snprintf(text, sizeof(text), "%s", RECORDS "dns:\n  rate_limit:\n    exempt:\n");
	for (int i = 0; i < 65; i++) {
		size_t used = strlen(text);

		snprintf(text + used, sizeof(text) - used, "      - 192.0.%d.0/24\n", i);
	}
	expect(text, 0, "72:9: error: dns.rate_limit.exempt has more than 64 networks\n");
	snprintf(text, sizeof(text), "%s", RECORDS "api:\n  cors_origins:\n");
	for (int i = 0; i < 65; i++) {
		size_t used = strlen(text);

		snprintf(text + used, sizeof(text) - used, "    - http://a:%d\n", 8000 + i);
	}
	expect(text, 0, "71:7: error: api.cors_origins has more than 64 origins\n");

	path = RECORDS "api: {listen: [\"unix:" PATH_100 "12345678\"]}\n";
	/* What a message repeats is cut after 100 bytes. */
	snprintf(text, sizeof(text),
	    "5:16: error: api.listen: \"%.100s\": the path of a Unix socket has at most 107 bytes; "
	    "it must be an address with a port, such as 192.0.2.1:443 or [2001:db8::1]:443, or "
	    "unix:/PATH\n",
	    "unix:" PATH_100);
	expect(path, 0, text);
}
END_TEST

START_TEST(a_path_has_an_end)
{
	struct outcome outcome;
	char text[PATH_MAX + 256];
	int used = snprintf(text, sizeof(text), RECORDS "store: {path: /");

	memset(text + used, 'a', PATH_MAX - 2);
	memcpy(text + used + PATH_MAX - 2, "}\n", 3);
	parse(&outcome, text, strlen(text), 0);
	ck_assert_str_eq(outcome.messages, "");
	outcome_free(&outcome);
	memcpy(text + used + PATH_MAX - 2, "a}\n", 4);
	parse(&outcome, text, strlen(text), 0);
	ck_assert_str_eq(
	    outcome.messages, "/srv/c.yaml:5:15: error: store.path is longer than a path can be\n");
	outcome_free(&outcome);
}
END_TEST

/* More mistakes than are kept: all are counted, and the last line says so. */
START_TEST(messages_have_an_end)
{
	enum { KEYS = 1200 };
	struct outcome outcome;
	char *text = malloc((size_t)KEYS * 16);
	size_t used = 0, lines = 0;

	ck_assert_ptr_nonnull(text);
	for (int i = 0; i < KEYS; i++)
		used += (size_t)snprintf(text + used, 16, "xyzzy%d: 1\n", i);
	parse(&outcome, text, used, 0);
	ck_assert_int_eq(outcome.errors, KEYS + 1); /* and zone.name is missing */
	for (const char *at = outcome.messages; (at = strchr(at, '\n')) != NULL; at++)
		lines++;
	ck_assert_uint_eq(lines, 1001);
	ck_assert_ptr_nonnull(
	    strstr(outcome.messages, "/srv/c.yaml: error: 201 more messages cannot be shown\n"));
	free(text);
	outcome_free(&outcome);
}
END_TEST

/* Nine levels of nine aliases are 387 million values for a reader that expands them. */
START_TEST(aliases_are_not_expanded)
{
	struct outcome outcome;
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
	parse(&outcome, text, strlen(text), 0);
	/* 9 anchors, 73 aliases, 9 unknown keys, and 9 lists that stand where addresses belong. */
	ck_assert_int_eq(outcome.errors, 9 + 73 + 9 + 9);
	outcome_free(&outcome);
}
END_TEST

static void
write_file(const char *path, const char *text, size_t length)
{
	FILE *file = fopen(path, "w");

	ck_assert_ptr_nonnull(file);
	ck_assert_uint_eq(fwrite(text, 1, length, file), length);
	ck_assert_int_eq(fclose(file), 0);
}

/* conf_load() of the path, which must give these errors and messages. */
static void
expect_load(struct conf *conf, const char *path, int errors, const char *messages)
{
	char *text = NULL;
	size_t size = 0;
	FILE *stream = open_memstream(&text, &size);

	ck_assert_ptr_nonnull(stream);
	ck_assert_int_eq(conf_load(conf, path, 0, stream), errors);
	ck_assert_int_eq(fclose(stream), 0);
	ck_assert_str_eq(text, messages);
	free(text);
}

static void
enter_new_folder(char folder[64])
{
	snprintf(folder, 64, "/tmp/test_conf.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	ck_assert_int_eq(chdir(folder), 0);
}

static void
remove_folder(const char *folder)
{
	ck_assert_int_eq(chdir("/"), 0);
	ck_assert_int_eq(rmdir(folder), 0);
}

START_TEST(paths_begin_at_the_file)
{
	struct conf conf;
	char folder[64], expected[128];

	enter_new_folder(folder);
	ck_assert_int_eq(mkdir("etc", 0700), 0);
	ck_assert_int_eq(symlink("etc", "link"), 0);
	write_file("etc/c.yaml", RECORDS "store: {path: ../var/lib}\n",
	    sizeof(RECORDS "store: {path: ../var/lib}\n") - 1);
	snprintf(expected, sizeof(expected), "%s/var/lib", folder);
	expect_load(&conf, "etc/c.yaml", 0, "");
	ck_assert_str_eq(conf.store.path, expected);
	conf_free(&conf);
	expect_load(&conf, "link/c.yaml", 0, "");
	ck_assert_str_eq(conf.store.path, expected);
	conf_free(&conf);
	ck_assert_int_eq(chdir("etc"), 0);
	expect_load(&conf, "c.yaml", 0, "");
	ck_assert_str_eq(conf.store.path, expected);
	conf_free(&conf);
	ck_assert_int_eq(unlink("c.yaml"), 0);
	ck_assert_int_eq(chdir(folder), 0);
	ck_assert_int_eq(unlink("link"), 0);
	ck_assert_int_eq(rmdir("etc"), 0);
	remove_folder(folder);
}
END_TEST

START_TEST(unreadable_files_are_one_error)
{
	struct conf conf;
	char folder[64];

	enter_new_folder(folder);
	expect_load(&conf, "missing.yaml", 1,
	    "missing.yaml: error: the configuration cannot be read: No such file or directory\n");
	expect_load(&conf, "/", 1, "/: error: the configuration cannot be read: it is a folder\n");
	ck_assert_int_eq(mkfifo("fifo", 0600), 0);
	expect_load(&conf, "fifo", 1,
	    "fifo: error: the configuration cannot be read: it is not a regular file\n");
	ck_assert_int_eq(unlink("fifo"), 0);
	ck_assert_int_eq(symlink("loop", "loop"), 0);
	expect_load(&conf, "loop", 1,
	    "loop: error: the configuration cannot be read: Too many levels of symbolic links\n");
	ck_assert_int_eq(unlink("loop"), 0);
	write_file("empty.yaml", "", 0);
	expect_load(&conf, "empty.yaml", 1,
	    "empty.yaml:1:1: error: the file is empty; it needs at least \"zone: {name: "
	    "auth.example.org}\"\n");
	ck_assert_int_eq(unlink("empty.yaml"), 0);
	remove_folder(folder);
}
END_TEST

START_TEST(a_file_has_an_end)
{
	struct conf conf;
	char folder[64];
	char *text = malloc(CONF_MAX_FILE + 1);

	ck_assert_ptr_nonnull(text);
	memset(text, '#', CONF_MAX_FILE + 1);
	memcpy(text, RECORDS, sizeof(RECORDS) - 1);
	enter_new_folder(folder);
	write_file("c.yaml", text, CONF_MAX_FILE);
	expect_load(&conf, "c.yaml", 0, "");
	conf_free(&conf);
	write_file("c.yaml", text, CONF_MAX_FILE + 1);
	expect_load(&conf, "c.yaml", 1,
	    "c.yaml: error: the file is larger than 1048576 bytes; is it the right one?\n");
	ck_assert_int_eq(unlink("c.yaml"), 0);
	remove_folder(folder);
	free(text);
}
END_TEST

/* The text is free of mistakes: only the allocation that fails can make an error. */
START_TEST(survives_every_failing_allocation)
{
	unsigned failures = 0;
	int failed = 1;

	for (unsigned nth = 1; failed; nth++) {
		struct outcome outcome;
		char *text = NULL;
		size_t size = 0;
		FILE *stream = open_memstream(&text, &size);

		ck_assert_ptr_nonnull(stream);
		failing_malloc_at(nth);
		outcome.errors =
		    conf_parse(&outcome.conf, full, strlen(full), "/srv/c.yaml", 1, stream);
		failed = failing_malloc_happened();
		failing_malloc_at(0);
		ck_assert_int_eq(fclose(stream), 0);
		outcome.messages = text;
		ck_assert_int_eq(outcome.errors, failed);
		ck_assert_int_eq(strstr(text, "out of memory") != NULL, failed);
		outcome_free(&outcome);
		failures += (unsigned)failed;
	}
	ck_assert_uint_ge(failures, 20);
}
END_TEST

/* A message that finds no memory is counted, whatever else it does. */
START_TEST(survives_lost_messages)
{
	static const char text[] = ZONE "  records: [auth.example.org A 192.0.2.1]\ndsn: 1\n";
	int failed = 1;

	for (unsigned nth = 1; failed; nth++) {
		struct outcome outcome;
		FILE *stream = open_memstream(&outcome.messages, &outcome.size);

		ck_assert_ptr_nonnull(stream);
		failing_malloc_at(nth);
		outcome.errors =
		    conf_parse(&outcome.conf, text, sizeof(text) - 1, "/srv/c.yaml", 0, stream);
		failed = failing_malloc_happened();
		failing_malloc_at(0);
		ck_assert_int_eq(fclose(stream), 0);
		ck_assert_int_ge(outcome.errors, 1);
		ck_assert_int_eq(failed,
		    strstr(outcome.messages, "out of memory\n") != NULL ||
			strstr(outcome.messages, "more messages cannot be shown\n") != NULL);
		outcome_free(&outcome);
	}
}
END_TEST

START_TEST(loading_survives_a_failing_allocation)
{
	struct conf conf;
	char *text = NULL;
	size_t size = 0;
	FILE *stream = open_memstream(&text, &size);
	int errors;

	ck_assert_ptr_nonnull(stream);
	failing_malloc_at(1); /* nothing in between: the test library allocates, too */
	errors = conf_load(&conf, "/", 0, stream);
	ck_assert_int_eq(failing_malloc_happened(), 1);
	ck_assert_int_eq(errors, 1);
	ck_assert_int_eq(fclose(stream), 0);
	ck_assert_str_eq(text, "/: error: the configuration cannot be read: out of memory\n");
	free(text);
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

START_TEST(names_the_roles)
{
	ck_assert_str_eq(conf_role_name(CONF_ROLE_STORE), "store");
	ck_assert_str_eq(conf_role_name(CONF_ROLE_DNSD), "dnsd");
	ck_assert_str_eq(conf_role_name(CONF_ROLE_APID), "apid");
	conf_free(NULL);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("conf");
	TCase *cases = tcase_create("conf");

	tcase_add_loop_test(cases, shows_each_mistake, 0, ROWS(mistakes));
	tcase_add_loop_test(cases, prefixes_do_no_harm, 0, ROWS(mistakes));
	tcase_add_loop_test(cases, looks_users_up_as_root, 0, ROWS(root_mistakes));
	tcase_add_loop_test(cases, warns, 0, ROWS(warnings));
	tcase_add_test(cases, everything_but_the_name_has_a_default);
	tcase_add_test(cases, every_key_is_read);
	tcase_add_test(cases, an_address_may_have_protocols_of_its_own);
	tcase_add_test(cases, an_address_may_decide_about_tls);
	tcase_add_loop_test(cases, the_admin_has_two_spellings, 0, ROWS(admins));
	tcase_add_loop_test(cases, printing_reads_back_to_the_same, 0, ROWS(printable));
	tcase_add_test(cases, lists_and_paths_have_an_end);
	tcase_add_test(cases, a_path_has_an_end);
	tcase_add_test(cases, messages_have_an_end);
	tcase_add_test(cases, aliases_are_not_expanded);
	tcase_add_test(cases, paths_begin_at_the_file);
	tcase_add_test(cases, unreadable_files_are_one_error);
	tcase_add_test(cases, a_file_has_an_end);
	tcase_add_test(cases, survives_every_failing_allocation);
	tcase_add_test(cases, survives_lost_messages);
	tcase_add_test(cases, loading_survives_a_failing_allocation);
	tcase_add_loop_test(cases, guesses_what_was_meant, 0, ROWS(suggestions));
	tcase_add_loop_test(cases, knows_control_characters, 0, ROWS(texts));
	tcase_add_test(cases, names_the_roles);
	suite_add_tcase(suite, cases);
	return suite_run(suite);
}
