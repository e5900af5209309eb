/* Which names the configuration keeps for itself. */
#include "static_name.h"

#include "suite.h"

#include <stdio.h>
#include <string.h>

static const char text[] = "zone:\n"
			   "  name: Auth.example.org\n"
			   "  nameserver: NS1.auth.example.org\n"
			   "  records:\n"
			   "    - \"@ NS ns1\"\n"
			   "    - \"ns1 A 192.0.2.1\"\n"
			   "    - \"Www A 192.0.2.1\"\n"
			   "    - \"a.b.deep TXT x\"\n"
			   "    - \"* A 192.0.2.1\"\n";

static const struct {
	const char *label;
	int is_static;
} labels[] = {
    {"www", 1},
    {"ns1", 1},
    {"deep", 1},
    {"_acme-challenge", 1},
    {"a", 0},
    {"b", 0},
    {"ww", 0},
    {"wwww", 0},
    {"auth", 0},
    {"example", 0},
    {"_acme", 0},
    {"anything", 0},
};

START_TEST(knows_the_names_of_the_configuration)
{
	struct conf conf;
	struct slice label = {(const unsigned char *)labels[_i].label, strlen(labels[_i].label)};

	ck_assert_int_eq(conf_parse(&conf, text, strlen(text), "/c.yaml", 0, stderr), 0);
	ck_assert_int_eq(static_name_is(&conf, label), labels[_i].is_static);
	conf_free(&conf);
}
END_TEST

START_TEST(a_name_server_elsewhere_keeps_nothing)
{
	static const char elsewhere[] =
	    "zone: {name: auth.example.org, nameserver: ns1.example.org}\n";
	struct slice label = {(const unsigned char *)"ns1", 3};
	struct conf conf;
	FILE *messages = fopen("/dev/null", "w");

	ck_assert_ptr_nonnull(messages);
	ck_assert_int_eq(
	    conf_parse(&conf, elsewhere, strlen(elsewhere), "/c.yaml", 0, messages), 0);
	ck_assert_int_eq(static_name_is(&conf, label), 0);
	conf_free(&conf);
	(void)fclose(messages);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("static_name");
	TCase *tests = tcase_create("all");

	tcase_add_loop_test(tests, knows_the_names_of_the_configuration, 0, ROWS(labels));
	tcase_add_test(tests, a_name_server_elsewhere_keeps_nothing);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
