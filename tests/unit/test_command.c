/* The command line: what a command is given, and what is said of mistakes. */
#include "command.h"

#include "conf.h"
#include "suite.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { WORDS = 16, LINE = 512 };

static const struct command_option flag = {.name = "flag", .help = "a switch"};
static const struct command_option name = {
    .name = "name", .value = "NAME", .help = "a name\nof two lines"};

static struct invocation seen;
static unsigned executed;

static int
execute(const struct invocation *invocation)
{
	seen = *invocation;
	executed++;
	return 42;
}

static const struct command commands[] = {
    {.verb = "go", .arguments = "", .execute = execute, .summary = "go"},
    {.verb = "box",
	.noun = "open",
	.arguments = "BOX [THING...]",
	.minimum = 1,
	.maximum = 3,
	.options = {&flag, &name},
	.execute = execute,
	.summary = "open a box",
	.help = "More about it."},
    {.verb = "box",
	.noun = "close",
	.arguments = "BOX",
	.minimum = 1,
	.maximum = 1,
	.execute = execute,
	.summary = "close a box"},
};

static const struct command_table table = {
    .commands = commands, .count = sizeof(commands) / sizeof(commands[0])};

/* Runs a line of words with blanks between; standard output and error go into files. Returns the exit code. */
static int
run(const char *line)
{
	static char copy[LINE];
	static char *words[WORDS]; /* what is seen of them lasts */
	char *rest = NULL;
	int count = 0;

	(void)snprintf(copy, sizeof(copy), "%s", line);
	for (char *word = strtok_r(copy, " ", &rest); word != NULL;
	    word = strtok_r(NULL, " ", &rest))
		words[count++] = word;
	words[count] = NULL;
	executed = 0;
	ck_assert_int_eq(chdir(suite_folder), 0);
	ck_assert_ptr_nonnull(freopen("out", "w+", stdout));
	ck_assert_ptr_nonnull(freopen("err", "w+", stderr));
	return command_run(&table, count, words);
}

/* What a file has by now. */
static const char *
read_back(FILE *file)
{
	static char text[8192];
	size_t length;

	(void)fflush(file);
	ck_assert_int_eq(fseek(file, 0, SEEK_SET), 0);
	length = fread(text, 1, sizeof(text) - 1, file);
	text[length] = '\0';
	return text;
}

START_TEST(gives_a_command_its_arguments)
{
	ck_assert_int_eq(run("sallyport box open --name a chest --flag -c file key --name=b"), 42);
	ck_assert_uint_eq(executed, 1);
	ck_assert_str_eq(seen.command->noun, "open");
	ck_assert_str_eq(seen.config, "file");
	ck_assert_uint_eq(seen.argument_count, 2);
	ck_assert_str_eq(seen.arguments[0], "chest");
	ck_assert_str_eq(seen.arguments[1], "key");
	ck_assert_int_eq(invocation_has(&seen, "flag"), 1);
	ck_assert_str_eq(invocation_value(&seen, "name"), "b");
}
END_TEST

START_TEST(gives_all_values_of_an_option)
{
	const char *values[2] = {NULL, NULL};

	ck_assert_int_eq(run("sallyport box open x --name a --name b --name c"), 42);
	ck_assert_uint_eq(invocation_values(&seen, "name", values, 2), 3);
	ck_assert_str_eq(values[0], "a");
	ck_assert_str_eq(values[1], "b");
	ck_assert_int_eq(invocation_has(&seen, "flag"), 0);
	ck_assert_ptr_null(invocation_value(&seen, "flag"));
}
END_TEST

static const struct {
	const char *line, *config;
} configs[] = {
    {"sallyport go", CONF_DEFAULT_PATH},
    {"sallyport -c a go", "a"},
    {"sallyport --config=a go", "a"},
    {"sallyport go --config a", "a"},
    {"sallyport -ca go -cb", "b"},
};

START_TEST(takes_the_configuration_before_and_behind)
{
	ck_assert_int_eq(run(configs[_i].line), 42);
	ck_assert_str_eq(seen.config, configs[_i].config);
}
END_TEST

START_TEST(what_follows_two_dashes_is_an_argument)
{
	ck_assert_int_eq(run("sallyport box open -- --flag -c"), 42);
	ck_assert_uint_eq(seen.argument_count, 2);
	ck_assert_str_eq(seen.arguments[0], "--flag");
	ck_assert_int_eq(invocation_has(&seen, "flag"), 0);
}
END_TEST

static const struct {
	const char *line, *message;
} mistakes[] = {
    {"sallyport", "Usage: sallyport VERB"},
    {"sallyport bax", "there is no verb \"bax\"; did you mean \"box\"?"},
    {"sallyport something", "there is no verb \"something\"; see \"sallyport help\""},
    {"sallyport box", "Usage: sallyport box NOUN"},
    {"sallyport box opne x", "\"box\" has no \"opne\"; did you mean \"open\"?"},
    {"sallyport box something", "\"box\" has no \"something\"; see \"sallyport help box\""},
    {"sallyport box open",
	"an argument is missing\nUsage: sallyport box open BOX [THING...] [OPTIONS]\n"},
    {"sallyport box close a b", "unexpected argument \"b\"\nUsage: sallyport box close BOX\n"},
    {"sallyport go x", "unexpected argument \"x\"\nUsage: sallyport go\n"},
    {"sallyport go --flag", "sallyport: unrecognized option '--flag'\nUsage: sallyport go\n"},
    {"./sallyport --flag", "sallyport: unrecognized option '--flag'\nUsage: sallyport VERB"},
    {"sallyport box open x --name", "sallyport: option '--name' requires an argument"},
    {"sallyport help bax", "did you mean \"box\"?"},
    {"sallyport help box opne", "did you mean \"open\"?"},
};

START_TEST(says_what_is_wrong)
{
	ck_assert_int_eq(run(mistakes[_i].line), COMMAND_USAGE_EXIT);
	ck_assert_uint_eq(executed, 0);
	ck_assert_ptr_nonnull(strstr(read_back(stderr), mistakes[_i].message));
	ck_assert_str_eq(read_back(stdout), "");
}
END_TEST

static const struct {
	const char *line, *text;
} helps[] = {
    {"sallyport help", "  box open BOX [THING...]   open a box\n  box close BOX "},
    {"sallyport --help", "  go                        go\n"},
    {"sallyport -h", "  go                        go\n"},
    {"sallyport help box", "Usage: sallyport box NOUN"},
    {"sallyport box --help", "Usage: sallyport box NOUN"},
    {"sallyport box -h", "  box close BOX             close a box\n"},
    {"sallyport help go", "Usage: sallyport go [-c FILE]\n"},
    {"sallyport help box open", "Usage: sallyport box open BOX [THING...] [OPTIONS] [-c FILE]\n"},
    {"sallyport box open --help", "\nMore about it.\n\n      --flag                a switch\n"},
    {"sallyport box open x -h",
	"      --name NAME           a name\n                            of two lines\n"},
    {"sallyport go --version", "sallyport "},
    {"sallyport --version", "sallyport "},
};

START_TEST(helps_on_standard_output)
{
	ck_assert_int_eq(run(helps[_i].line), 0);
	ck_assert_uint_eq(executed, 0);
	ck_assert_ptr_nonnull(strstr(read_back(stdout), helps[_i].text));
	ck_assert_str_eq(read_back(stderr), "");
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("command");
	TCase *tests = tcase_create("all");

	tcase_add_test(tests, gives_a_command_its_arguments);
	tcase_add_test(tests, gives_all_values_of_an_option);
	tcase_add_loop_test(tests, takes_the_configuration_before_and_behind, 0, ROWS(configs));
	tcase_add_test(tests, what_follows_two_dashes_is_an_argument);
	tcase_add_loop_test(tests, says_what_is_wrong, 0, ROWS(mistakes));
	tcase_add_loop_test(tests, helps_on_standard_output, 0, ROWS(helps));
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
