/* The section api: its mistakes and warnings, and what its values become. */
#include "conf_fixture.h"

#include <string.h>

static const struct conf_mistake mistakes[] = {
    /* Addresses. */
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
    {RECORDS "dns: {listen: [{address: \"127.0.0.1:53\", protocols: [tcp]}], protocols: [udp]}\n"
	     "api: {listen: [\"127.0.0.1:53\"]}\n",
	"6:16: error: api.listen: \"127.0.0.1:53\" is in dns.listen already, which uses it for "
	"TCP; "
	"give another port\n"},
    {RECORDS "api: {listen: [\"a\\eb\"]}\n",
	"5:16: error: an item of api.listen has a line end or a control character in it; remove "
	"it\n"},
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

    /* TLS. */
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

    /* Behind a proxy. */
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
    {RECORDS "api: {trusted_proxies: [0.0.0.0/1, 0.0.0.0/0, \"::/0\"]}\n",
	"5:36: warning: api.trusted_proxies: \"0.0.0.0/0\" trusts everybody: any client can then "
	"claim any address\n"
	"5:47: warning: api.trusted_proxies: \"::/0\" trusts everybody: any client can then claim "
	"any address\n"},

    /* Registration and limits. */
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

    /* Answers. */
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

    /* CORS. */
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
	struct conf_outcome outcome;

	conf_outcome_of(&outcome, some_tls, strlen(some_tls), 0);
	ck_assert_str_eq(outcome.messages, "");
	ck_assert_uint_eq(outcome.conf.api.listen.count, 5);
	for (unsigned i = 0; i < 5; i++)
		ck_assert_uint_eq(outcome.conf.api.listen_tls[i], tls[i]);
	for (unsigned i = 0; i < 5; i++)
		ck_assert_uint_eq(outcome.conf.api.listen_proxy[i], i == 3);
	conf_outcome_free(&outcome);
	conf_check_printing(some_tls);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("conf_api");
	TCase *cases = tcase_create("conf_api");

	tcase_add_loop_test(cases, shows_each_mistake, 0, ROWS(mistakes));
	tcase_add_loop_test(cases, prefixes_do_no_harm, 0, ROWS(mistakes));
	tcase_add_test(cases, an_address_may_decide_about_tls);
	suite_add_tcase(suite, cases);
	return suite_run(suite);
}
