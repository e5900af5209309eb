/* What /proc says of a confined process, and what is weaker than it should be. */
#include "sandbox.h"
#include "suite.h"

#include <string.h>

#define STATUS(UIDS, GROUPS, PERMITTED, BOUNDING, NNP, SECCOMP)                                    \
	"Name:\tsallyport-dnsd\nUid:\t" UIDS "\nGid:\t7\t7\t7\t7\nGroups:\t" GROUPS " \n"          \
	"CapInh:\t0000000000000000\nCapPrm:\t" PERMITTED "\nCapEff:\t0000000000000000\n"           \
	"CapBnd:\t" BOUNDING "\nCapAmb:\t0000000000000000\nNoNewPrivs:\t" NNP "\n"                 \
	"Seccomp:\t" SECCOMP "\nSeccomp_filters:\t1\n"
#define NONE "0000000000000000"
#define OWN  "64102\t64102\t64102\t64102"

static const struct sandbox_wish wish = {.uid = 64102, .max_files = 0};

static const struct {
	const char *status;
	enum sandbox_fact weak;
	const char *cell, *why;
} cases[] = {
    {STATUS(OWN, "", NONE, NONE, "1", "2"), SANDBOX_FACTS, NULL, NULL},
    {STATUS(OWN, "7", NONE, NONE, "1", "2"), SANDBOX_FACTS, NULL, NULL},
    {STATUS("0\t0\t0\t0", "", NONE, NONE, "1", "2"), SANDBOX_USER, "0", "root"},
    {STATUS("64102\t64102\t0\t64102", "", NONE, NONE, "1", "2"), SANDBOX_USER, "64102 and another",
	"another user"},
    {STATUS("64103\t64103\t64103\t64103", "", NONE, NONE, "1", "2"), SANDBOX_USER, "64103",
	"privsep.users"},
    {STATUS(OWN, "4 7 24", NONE, NONE, "1", "2"), SANDBOX_GROUPS, "2", "groups"},
    {STATUS(OWN, "", "0000000000000400", NONE, "1", "2"), SANDBOX_CAPABILITIES, "400",
	"capabilities"},
    {STATUS(OWN, "", NONE, "000001ffffffffff", "1", "2"), SANDBOX_CAPABILITIES, "1ffffffffff",
	"could get"},
    {STATUS(OWN, "", NONE, NONE, "0", "2"), SANDBOX_NO_NEW_PRIVS, "no", "set-uid"},
    {STATUS(OWN, "", NONE, NONE, "1", "0"), SANDBOX_SECCOMP, "no", "any system call"},
};

START_TEST(one_thing_is_weak)
{
	struct sandbox sandbox = {.has_root = 1, .core = 0, .dumpable = 0};
	char cell[SANDBOX_CELL], why[SANDBOX_WHY];

	ck_assert_int_eq(sandbox_read_status(&sandbox, cases[_i].status), 0);
	for (unsigned fact = 0; fact < SANDBOX_FACTS; fact++)
		ck_assert_int_eq(sandbox_judge(&sandbox, &wish, (enum sandbox_fact)fact, why),
		    fact != cases[_i].weak);
	if (cases[_i].weak == SANDBOX_FACTS)
		return;
	sandbox_describe(&sandbox, cases[_i].weak, cell);
	ck_assert_str_eq(cell, cases[_i].cell);
	ck_assert_int_eq(sandbox_judge(&sandbox, &wish, cases[_i].weak, why), 0);
	ck_assert_ptr_nonnull(strstr(why, cases[_i].why));
}
END_TEST

static const struct {
	struct sandbox sandbox;
	enum sandbox_fact fact;
	const char *cell;
	int good;
} seen[] = {
    {{.has_root = 0}, SANDBOX_ROOT, "no", 0},
    {{.has_root = -1}, SANDBOX_ROOT, "?", 1},
    {{.core = 1, .dumpable = 0}, SANDBOX_MEMORY, "yes, no", 0},
    {{.core = 0, .dumpable = 1}, SANDBOX_MEMORY, "no, yes", 0},
    {{.core = -1, .dumpable = -1}, SANDBOX_MEMORY, "?, ?", 1},
    {{.sockets = 7, .files = 0, .others = 5}, SANDBOX_DESCRIPTORS, "7, 0, 5", 1},
    {{.sockets = 7, .files = 1, .others = 5}, SANDBOX_DESCRIPTORS, "7, 1, 5", 0},
    {{.sockets = -1, .files = -1, .others = -1}, SANDBOX_DESCRIPTORS, "?", 1},
};

START_TEST(what_root_sees)
{
	char cell[SANDBOX_CELL], why[SANDBOX_WHY];

	sandbox_describe(&seen[_i].sandbox, seen[_i].fact, cell);
	ck_assert_str_eq(cell, seen[_i].cell);
	ck_assert_int_eq(
	    sandbox_judge(&seen[_i].sandbox, &wish, seen[_i].fact, why), seen[_i].good);
}
END_TEST

START_TEST(every_line_must_be_there)
{
	static const char *const names[] = {
	    "Uid", "Gid", "Groups", "CapBnd", "NoNewPrivs", "Seccomp:"};
	char status[] = STATUS(OWN, "", NONE, NONE, "1", "2");
	struct sandbox sandbox;

	*strstr(status, names[_i]) = 'x';
	ck_assert_int_eq(sandbox_read_status(&sandbox, status), -1);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("sandbox");
	TCase *tests = tcase_create("sandbox");

	tcase_add_loop_test(tests, one_thing_is_weak, 0, ROWS(cases));
	tcase_add_loop_test(tests, what_root_sees, 0, ROWS(seen));
	tcase_add_loop_test(tests, every_line_must_be_there, 0, 6);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
