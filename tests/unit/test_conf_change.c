/* Which keys of a new configuration have to wait for a restart, of which daemon. */
#include "conf_change.h"
#include "conf_fixture.h"
#include "failing_malloc.h"

#include <string.h>

static const struct {
	const char *started, *next;
	const char *keys[CONF_ROLES]; /* of store, dnsd, apid */
} rows[] = {
    {RECORDS, RECORDS, {"", "", ""}},
    /* written in another way, or out where it was left out */
    {RECORDS "dns:\n  listen:\n  - 127.0.0.1:53\n", RECORDS "dns: {listen: [\"127.0.0.1:53\"]}\n",
	{"", "", ""}},
    {RECORDS, RECORDS "dns:\n  protocols: [udp, tcp]\n", {"", "", ""}},
    /* used without a restart */
    {RECORDS, RECORDS "log:\n  level: debug\n", {"", "", ""}},
    {RECORDS, RECORDS "    - \"www A 192.0.2.1\"\n", {"", "", ""}},
    /* a scalar, a list that is longer, other and in another order, a mapping */
    {RECORDS, RECORDS "dns:\n  workers: 3\n", {"", "dns.workers", ""}},
    {RECORDS "dns:\n  listen: [\"127.0.0.1:53\"]\n",
	RECORDS "dns:\n  listen: [\"127.0.0.1:53\", \"127.0.0.2:53\"]\n", {"", "dns.listen", ""}},
    {RECORDS "dns:\n  listen: [\"127.0.0.1:53\"]\n", RECORDS "dns:\n  listen: [\"127.0.0.1:54\"]\n",
	{"", "dns.listen", ""}},
    {RECORDS "dns:\n  listen: [\"127.0.0.1:53\", \"127.0.0.2:53\"]\n",
	RECORDS "dns:\n  listen: [\"127.0.0.2:53\", \"127.0.0.1:53\"]\n", {"", "dns.listen", ""}},
    {RECORDS "api:\n  listen: [\"127.0.0.1:80\"]\n",
	RECORDS "api:\n  listen: [{address: \"127.0.0.1:80\", proxy_protocol: true}]\n"
		"  trusted_proxies: [\"127.0.0.1/32\"]\n",
	{"", "", "api.listen"}},
    /* several, and of several daemons */
    {RECORDS, RECORDS "dns:\n  listen: [\"127.0.0.1:54\"]\n  workers: 3\n",
	{"", "dns.listen, dns.workers", ""}},
    {RECORDS, RECORDS "privsep:\n  runtime_dir: /run/other\n",
	{"privsep.runtime_dir", "privsep.runtime_dir", "privsep.runtime_dir"}},
    {RECORDS, RECORDS "store:\n  path: /var/lib/other\n", {"store.path", "", ""}},
};

static void
check_keys(const char *started, const char *next, enum conf_role role, const char *expected)
{
	struct conf_outcome before, after;
	struct buf keys;

	conf_outcome_of(&before, started, strlen(started), 0);
	conf_outcome_of(&after, next, strlen(next), 0);
	ck_assert_msg(before.errors == 0, "%s", before.messages);
	ck_assert_msg(after.errors == 0, "%s", after.messages);
	buf_init(&keys, 1024);
	ck_assert_int_eq(conf_change_list(&before.conf, &after.conf, role, &keys), 0);
	buf_append(&keys, "", 1);
	ck_assert_str_eq((const char *)keys.data, expected);
	buf_free(&keys);
	conf_outcome_free(&before);
	conf_outcome_free(&after);
}

START_TEST(the_keys_of_each_daemon_are_named)
{
	for (int role = 0; role < CONF_ROLES; role++) {
		const char *expected = rows[_i].keys[role];

		check_keys(rows[_i].started, rows[_i].next, (enum conf_role)role, expected);
		check_keys(rows[_i].next, rows[_i].started, (enum conf_role)role, expected);
	}
}
END_TEST

START_TEST(keys_that_do_not_fit_are_an_error)
{
	static const char next[] = RECORDS "dns:\n  listen: [\"127.0.0.1:54\"]\n  workers: 3\n";
	struct conf_outcome before, after;
	struct buf keys;

	conf_outcome_of(&before, RECORDS, strlen(RECORDS), 0);
	conf_outcome_of(&after, next, strlen(next), 0);
	buf_init(&keys, sizeof("dns.listen, dns.workers") - 2);
	ck_assert_int_eq(conf_change_list(&before.conf, &after.conf, CONF_ROLE_DNSD, &keys), -1);
	buf_free(&keys);
	conf_outcome_free(&before);
	conf_outcome_free(&after);
}
END_TEST

START_TEST(short_memory_is_an_error_and_no_leak)
{
	static const char next[] = RECORDS "dns:\n  workers: 3\n";
	struct conf_outcome before, after;
	struct buf keys;
	unsigned failed = 0, nth = 0;
	int happened;

	conf_outcome_of(&before, RECORDS, strlen(RECORDS), 0);
	conf_outcome_of(&after, next, strlen(next), 0);
	do {
		int result;

		buf_init(&keys, 1024);
		failing_malloc_at(++nth);
		result = conf_change_list(&before.conf, &after.conf, CONF_ROLE_DNSD, &keys);
		happened = failing_malloc_happened();
		failing_malloc_at(0);
		failed += result != 0;
		if (result == 0)
			ck_assert_mem_eq(keys.data, "dns.workers", keys.length);
		buf_free(&keys);
	} while (happened);
	ck_assert_uint_gt(failed, 0);
	conf_outcome_free(&before);
	conf_outcome_free(&after);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("conf_change");
	TCase *tcase = tcase_create("conf_change");

	tcase_add_loop_test(tcase, the_keys_of_each_daemon_are_named, 0, ROWS(rows));
	tcase_add_test(tcase, short_memory_is_an_error_and_no_leak);
	tcase_add_test(tcase, keys_that_do_not_fit_are_an_error);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
