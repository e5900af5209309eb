/* The configuration as a whole: every default, every key, the printed form, its limits. */
#include "conf_fixture.h"
#include "failing_malloc.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PATH_100                                                                                   \
	"/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"                                       \
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define SECRET_1 "e5e973e5a6b2a43f48e7dc849e37bfcf"
#define SECRET_2 "445536BCD2513298075A5D379663C962"

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
	struct conf_outcome outcome;
	const struct conf *conf = &outcome.conf;
	long cores = sysconf(_SC_NPROCESSORS_ONLN);

	conf_outcome_of(&outcome, text, strlen(text), 0);
	ck_assert_int_eq(outcome.errors, 0);
	conf_check_name(&conf->zone.name, "auth.example.org.");
	conf_check_name(&conf->zone.nameserver, "auth.example.org.");
	conf_check_name(&conf->zone.admin, "hostmaster.auth.example.org.");
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
	ck_assert_uint_eq(conf->store.map_size, UINT64_C(64) << 20);
	ck_assert_uint_eq(conf->store.map_max, UINT64_C(1) << 40);
	ck_assert_uint_eq(conf->store.reserve, UINT64_C(64) << 20);
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
	conf_outcome_free(&outcome);
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
			   "  page: false\n"
			   "  cors_origins: [https://www.example.org, \"http://[::1]:8080\", "
			   "moz-extension://a-b]\n"
			   "store:\n"
			   "  path: ./lib/../a \"b\" \\ \303\274\n"
			   "  map_size: 2097152\n"
			   "  map_max: 16TiB\n"
			   "  reserve: 1025KiB\n"
			   "privsep:\n"
			   "  users: {store: 1001, dnsd: daemon, apid: \"1003\"}\n"
			   "  runtime_dir: ../../run\n"
			   "control: {group: daemon}\n"
			   "log: {level: debug, format: json}\n";

START_TEST(every_key_is_read)
{
	struct conf_outcome outcome;
	const struct conf *conf = &outcome.conf;

	conf_outcome_of(&outcome, full, strlen(full), 1);
	ck_assert_str_eq(outcome.messages, "");
	conf_check_name(&conf->zone.nameserver, "NS1.example.net.");
	conf_check_name(&conf->zone.admin, "host\\.master.example.net.");
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
	ck_assert_int_eq(conf->api.page, 0);
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
	ck_assert_uint_eq(conf->store.map_size, UINT64_C(2) << 20);
	ck_assert_uint_eq(conf->store.map_max, UINT64_C(16) << 40);
	ck_assert_uint_eq(conf->store.reserve, UINT64_C(1025) << 10);
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
	conf_outcome_free(&outcome);
}
END_TEST

static const char *const printable[] = {full, RECORDS, "zone: {name: x}\n"};

START_TEST(printing_reads_back_to_the_same)
{
	conf_check_printing(printable[_i]);
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
	conf_mistake_check(&(struct conf_mistake){text, ""}, 0);
	snprintf(text + strlen(text), sizeof(text) - strlen(text), "    - 127.0.0.1:100\n");
	conf_mistake_check(
	    &(struct conf_mistake){text, "71:7: error: dns.listen has more than 64 addresses\n"},
	    0);
	conf_mistake_check(&(struct conf_mistake){path, ""}, 0);
	snprintf(text, sizeof(text), "%s", RECORDS "dns:\n  rate_limit:\n    exempt:\n");
	for (int i = 0; i < 65; i++) {
		size_t used = strlen(text);

		snprintf(text + used, sizeof(text) - used, "      - 192.0.%d.0/24\n", i);
	}
	conf_mistake_check(&(struct conf_mistake){text,
			       "72:9: error: dns.rate_limit.exempt has more than 64 networks\n"},
	    0);
	snprintf(text, sizeof(text), "%s", RECORDS "api:\n  cors_origins:\n");
	for (int i = 0; i < 65; i++) {
		size_t used = strlen(text);

		snprintf(text + used, sizeof(text) - used, "    - http://a:%d\n", 8000 + i);
	}
	conf_mistake_check(&(struct conf_mistake){text,
			       "71:7: error: api.cors_origins has more than 64 origins\n"},
	    0);

	path = RECORDS "api: {listen: [\"unix:" PATH_100 "12345678\"]}\n";
	/* What a message repeats is cut after 100 bytes. */
	snprintf(text, sizeof(text),
	    "5:16: error: api.listen: \"%.100s\": the path of a Unix socket has at most 107 bytes; "
	    "it must be an address with a port, such as 192.0.2.1:443 or [2001:db8::1]:443, or "
	    "unix:/PATH\n",
	    "unix:" PATH_100);
	conf_mistake_check(&(struct conf_mistake){path, text}, 0);
}
END_TEST

START_TEST(a_path_has_an_end)
{
	struct conf_outcome outcome;
	char text[PATH_MAX + 256];
	int used = snprintf(text, sizeof(text), RECORDS "store: {path: /");

	memset(text + used, 'a', PATH_MAX - 2);
	memcpy(text + used + PATH_MAX - 2, "}\n", 3);
	conf_outcome_of(&outcome, text, strlen(text), 0);
	ck_assert_str_eq(outcome.messages, "");
	conf_outcome_free(&outcome);
	memcpy(text + used + PATH_MAX - 2, "a}\n", 4);
	conf_outcome_of(&outcome, text, strlen(text), 0);
	ck_assert_str_eq(
	    outcome.messages, "/srv/c.yaml:5:15: error: store.path is longer than a path can be\n");
	conf_outcome_free(&outcome);
}
END_TEST

/* The text is free of mistakes: only the allocation that fails can make an error. */
START_TEST(survives_every_failing_allocation)
{
	unsigned failures = 0;
	int failed = 1;

	for (unsigned nth = 1; failed; nth++) {
		struct conf_outcome outcome;
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
		conf_outcome_free(&outcome);
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
		struct conf_outcome outcome;
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
		conf_outcome_free(&outcome);
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("conf");
	TCase *cases = tcase_create("conf");

	tcase_add_test(cases, everything_but_the_name_has_a_default);
	tcase_add_test(cases, every_key_is_read);
	tcase_add_loop_test(cases, printing_reads_back_to_the_same, 0, ROWS(printable));
	tcase_add_test(cases, lists_and_paths_have_an_end);
	tcase_add_test(cases, a_path_has_an_end);
	tcase_add_test(cases, survives_every_failing_allocation);
	tcase_add_test(cases, survives_lost_messages);
	suite_add_tcase(suite, cases);
	return suite_run(suite);
}
