/* What the processes own and say: the sections metrics, store, privsep, control and log. */
#include "conf_fixture.h"

static const struct conf_mistake mistakes[] = {
    /* metrics. */
    {RECORDS "metrics: {listen: [\"127.0.0.1\"]}\n",
	"5:20: error: metrics.listen: \"127.0.0.1\": the port is missing; did you mean "
	"\"127.0.0.1:9153\"?\n"},
    {RECORDS "metrics: {listen: [\"unix:/x\"]}\n",
	"5:20: error: metrics.listen: metrics are not served on a Unix socket; give an address "
	"with a port, such as 127.0.0.1:9153 or [::1]:9153\n"},
    {RECORDS "metrics: {listen: [\"127.0.0.1:8053\"]}\n",
	"5:20: error: metrics.listen: \"127.0.0.1:8053\" is in api.listen already; give another "
	"port\n"},
    {RECORDS "metrics: {listen: [\"127.0.0.1:5300\"]}\n",
	"5:20: error: metrics.listen: \"127.0.0.1:5300\" is in dns.listen already, which uses it "
	"for TCP; give another port\n"},

    /* store. */
    {RECORDS "store: {path: {a: b}}\n",
	"5:15: error: store.path must be a single value, not a group of keys; it is a path\n"},
    {RECORDS "store: {path: \"a\\nb\"}\n",
	"5:15: error: store.path has a line end or a control character in it; remove it\n"},
    {RECORDS "store: {path: \"a\\0b\"}\n",
	"5:15: error: store.path has a line end or a control character in it; remove it\n"},
    {RECORDS "store: {path: \"a\\x85\"}\n",
	"5:15: error: store.path has a line end or a control character in it; remove it\n"},
    {RECORDS "store: {path: \"a\\u2028\"}\n",
	"5:15: error: store.path has a line end or a control character in it; remove it\n"},
    {RECORDS "store: {path: \"\"}\n", "5:15: error: store.path is empty; it must be a path\n"},
    {RECORDS "store: {path: ~/lib}\n", "5:15: error: store.path: \"~\" is not expanded; write the "
				       "path in full\n"},
    {RECORDS "store: {map_size: 64}\n", "5:19: error: store.map_size must be a size from 1MiB to "
					"16TiB, not \"64\"; did you mean 64MiB?\n"},
    {RECORDS "store: {map_size: 2 gb}\n", "5:19: error: store.map_size must be a size from 1MiB to "
					  "16TiB, not \"2 gb\"; did you mean 2GiB?\n"},
    {RECORDS "store: {map_max: 17TiB}\n",
	"5:18: error: store.map_max must be a size from 1MiB to 16TiB, not \"17TiB\"\n"},
    {RECORDS "store: {reserve: -1}\n",
	"5:18: error: store.reserve must be a size such as 64MiB or 1GiB, or 0 for none, not "
	"\"-1\"\n"},
    {RECORDS "store: {reserve: 1.5GiB}\n",
	"5:18: error: store.reserve must be a size such as 64MiB or 1GiB, or 0 for none, not "
	"\"1.5GiB\"\n"},
    {RECORDS "store: {reserve: 99999999999999999999}\n",
	"5:18: error: store.reserve must be a size such as 64MiB or 1GiB, or 0 for none, not "
	"\"99999999999999999999\"\n"},
    {RECORDS "store: {reserve: 5PiB}\n",
	"5:18: error: store.reserve must be a size such as 64MiB or 1GiB, or 0 for none, not "
	"\"5PiB\"\n"},
    {RECORDS "store: {reserve: MiB}\n",
	"5:18: error: store.reserve must be a size such as 64MiB or 1GiB, or 0 for none, not "
	"\"MiB\"\n"},
    {RECORDS "store: {map_max: 63MiB}\n",
	"5:18: error: store.map_size is larger than store.map_max\n"},
    {RECORDS "store: {map_size: 2TiB}\n",
	"5:19: error: store.map_size is larger than store.map_max\n"},

    /* privsep. */
    {RECORDS "privsep: {users: [a]}\n",
	"5:18: error: privsep.users must have keys below it, not a value of its own\n"},
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

    /* control. */
    {RECORDS "control: {group: \"\"}\n",
	"5:18: error: control.group is empty; it must be a group\n"},
    {RECORDS "control: {group: 4294967295}\n",
	"5:18: error: control.group: \"4294967295\" is not a group's number\n"},
    {RECORDS "control: {gruop: 5}\n",
	"5:11: error: unknown key \"gruop\"; did you mean \"group\"?\n"},

    /* log. */
    {RECORDS "log:\n  level:\n",
	"6:9: error: log.level has no value; remove the line to get the default\n"},
    {RECORDS "log: {level: ~}\n",
	"5:14: error: log.level has no value; remove the line to get the default\n"},
    {RECORDS "log: {level: warn}\n", "5:14: error: log.level must be error, warning, info or "
				     "debug, not \"warn\"\n"},
    {RECORDS "log: {level: INFO}\n", "5:14: error: log.level must be error, warning, info or "
				     "debug, not \"INFO\"; did you mean \"info\"?\n"},
    {RECORDS "log: {format: jsno}\n",
	"5:15: error: log.format must be text or json, not \"jsno\"; did you mean \"json\"?\n"},
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

/* What is said only when users are looked up. */
static const struct conf_mistake root_mistakes[] = {
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
	conf_mistake_check(&root_mistakes[_i], 1);
	conf_mistake_check(&(struct conf_mistake){root_mistakes[_i].text, ""}, 0);
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
	Suite *suite = suite_create("conf_process");
	TCase *cases = tcase_create("conf_process");

	tcase_add_loop_test(cases, shows_each_mistake, 0, ROWS(mistakes));
	tcase_add_loop_test(cases, prefixes_do_no_harm, 0, ROWS(mistakes));
	tcase_add_loop_test(cases, looks_users_up_as_root, 0, ROWS(root_mistakes));
	tcase_add_test(cases, names_the_roles);
	suite_add_tcase(suite, cases);
	return suite_run(suite);
}
