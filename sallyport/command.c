#include "command.h"

#include "conf.h"
#include "conf_report.h"
#include "version.h"

#include <getopt.h>
#include <string.h>

enum {
	LEFT = 28,	  /* column where descriptions begin */
	SYNOPSIS = 256,	  /* bytes of a command's synopsis */
	CANDIDATES = 128, /* words to suggest one of */
	GLOBAL_OPTIONS = 3
};

/* getopt_long(3) gives these for the options that every command has, and an index from here for its own. */
enum { OPTION_VERSION = 256, OPTION_OF_COMMAND };

static char program_name[] = "sallyport";

const char *
invocation_value(const struct invocation *invocation, const char *option)
{
	for (unsigned i = invocation->given_count; i-- > 0;)
		if (strcmp(invocation->given[i].option->name, option) == 0)
			return invocation->given[i].value;
	return NULL;
}

int
invocation_has(const struct invocation *invocation, const char *option)
{
	return invocation_values(invocation, option, NULL, 0) > 0;
}

unsigned
invocation_values(
    const struct invocation *invocation, const char *option, const char **values, unsigned maximum)
{
	unsigned count = 0;

	for (unsigned i = 0; i < invocation->given_count; i++) {
		if (strcmp(invocation->given[i].option->name, option) != 0)
			continue;
		if (count < maximum)
			values[count] = invocation->given[i].value;
		count++;
	}
	return count;
}

/* "accounts show ACCOUNT" */
static const char *
synopsis(const struct command *command, char text[SYNOPSIS])
{
	(void)snprintf(text, SYNOPSIS, "%s%s%s%s%s", command->verb,
	    command->noun != NULL ? " " : "", command->noun != NULL ? command->noun : "",
	    command->arguments[0] != '\0' ? " " : "", command->arguments);
	return text;
}

/* A name and its description beside it, or below where the name is long. */
static void
describe(FILE *out, const char *name, const char *description)
{
	const char *end;

	if (strlen(name) + 4 > LEFT)
		(void)fprintf(out, "  %s\n%*s", name, LEFT, "");
	else
		(void)fprintf(out, "  %-*s", LEFT - 2, name);
	while ((end = strchr(description, '\n')) != NULL) {
		(void)fprintf(out, "%.*s\n%*s", (int)(end - description), description, LEFT, "");
		description = end + 1;
	}
	(void)fprintf(out, "%s\n", description);
}

static void
describe_global_options(FILE *out)
{
	describe(out, "-c, --config FILE", "the configuration\n(default " CONF_DEFAULT_PATH ")");
	describe(out, "-h, --help", "print this");
}

static void
describe_exit_codes(FILE *out)
{
	fputs("\nExit status: 0; 1 when something failed; 2 for a mistake in the arguments; 78 for "
	      "one\n"
	      "in the configuration.\n",
	    out);
}

void
command_help(const struct command_table *table, FILE *out)
{
	char text[SYNOPSIS];

	fputs("Usage: sallyport VERB [ARGUMENTS] [-c FILE]\n"
	      "A small DNS server with an HTTP API that lets each machine change one TXT record,\n"
	      "for ACME DNS-01 challenges.\n\n",
	    out);
	for (size_t i = 0; i < table->count; i++)
		if (!table->commands[i].is_hidden)
			describe(
			    out, synopsis(&table->commands[i], text), table->commands[i].summary);
	describe(out, "help [VERB [NOUN]]", "explain a verb");
	fputs("\n", out);
	describe_global_options(out);
	describe(out, "    --version", "print version, commit and libraries");
	describe_exit_codes(out);
}

void
command_help_verb(const struct command_table *table, const char *verb, FILE *out)
{
	char text[SYNOPSIS];

	(void)fprintf(out, "Usage: sallyport %s NOUN [ARGUMENTS] [-c FILE]\n\n", verb);
	for (size_t i = 0; i < table->count; i++)
		if (strcmp(table->commands[i].verb, verb) == 0)
			describe(
			    out, synopsis(&table->commands[i], text), table->commands[i].summary);
	(void)fprintf(out, "\n\"sallyport help %s NOUN\" says more of each.\n", verb);
}

static void
describe_option(FILE *out, const struct command_option *option)
{
	char text[SYNOPSIS];

	(void)snprintf(text, sizeof(text), "    --%s%s%s", option->name,
	    option->value != NULL ? " " : "", option->value != NULL ? option->value : "");
	describe(out, text, option->help);
}

void
command_help_one(const struct command *command, FILE *out)
{
	char text[SYNOPSIS];

	(void)fprintf(out, "Usage: sallyport %s%s [-c FILE]\n\n", synopsis(command, text),
	    command->options[0] != NULL ? " [OPTIONS]" : "");
	(void)fprintf(out, "To %s.\n", command->summary);
	if (command->help != NULL)
		(void)fprintf(out, "\n%s\n", command->help);
	fputs("\n", out);
	for (unsigned i = 0; i < COMMAND_OPTIONS && command->options[i] != NULL; i++)
		describe_option(out, command->options[i]);
	describe_global_options(out);
	describe_exit_codes(out);
}

/* The first command of a verb; NULL: there is none. */
static const struct command *
find_verb(const struct command_table *table, const char *verb)
{
	for (size_t i = 0; i < table->count; i++)
		if (strcmp(table->commands[i].verb, verb) == 0)
			return &table->commands[i];
	return NULL;
}

/* 1 if it has nouns. */
static int
is_group(const struct command_table *table, const char *verb)
{
	const struct command *command = find_verb(table, verb);

	return command != NULL && command->noun != NULL;
}

/* Says that there is no such verb, or noun of `verb`, and what was probably meant. */
static void
complain_of_word(const struct command_table *table, const char *verb, const char *word)
{
	const char *candidates[CANDIDATES];
	size_t count = 0;
	const char *meant;

	for (size_t i = 0; i < table->count && count < CANDIDATES; i++) {
		const struct command *command = &table->commands[i];

		if (verb == NULL && !command->is_hidden)
			candidates[count++] = command->verb;
		else if (verb != NULL && strcmp(command->verb, verb) == 0)
			candidates[count++] = command->noun;
	}
	meant = conf_report_suggest(word, candidates, count);
	if (verb == NULL)
		(void)fprintf(stderr, "sallyport: there is no verb \"%s\"", word);
	else
		(void)fprintf(stderr, "sallyport: \"%s\" has no \"%s\"", verb, word);
	if (meant != NULL)
		(void)fprintf(stderr, "; did you mean \"%s\"?\n", meant);
	else
		(void)fprintf(stderr, "; see \"sallyport help%s%s\"\n", verb != NULL ? " " : "",
		    verb != NULL ? verb : "");
}

/*
 * Finds the command that `words` (of which there are `count`) begin with, and how many of them it `took`. NULL: said
 * why.
 */
static const struct command *
find_command(const struct command_table *table, char **words, unsigned count, unsigned *took)
{
	const struct command *command = find_verb(table, words[0]);

	if (command == NULL) {
		complain_of_word(table, NULL, words[0]);
		return NULL;
	}
	*took = command->noun == NULL ? 1 : 2;
	if (command->noun == NULL)
		return command;
	if (count == 1) {
		command_help_verb(table, words[0], stderr);
		return NULL;
	}
	for (; command < table->commands + table->count; command++)
		if (strcmp(command->verb, words[0]) == 0 && strcmp(command->noun, words[1]) == 0)
			return command;
	complain_of_word(table, words[0], words[1]);
	return NULL;
}

static int
help(const struct command_table *table, char **words, unsigned count)
{
	const struct command *command;
	unsigned took;

	if (count == 0) {
		command_help(table, stdout);
		return 0;
	}
	if (count == 1 && is_group(table, words[0])) {
		command_help_verb(table, words[0], stdout);
		return 0;
	}
	command = find_command(table, words, count, &took);
	if (command == NULL)
		return COMMAND_USAGE_EXIT;
	command_help_one(command, stdout);
	return 0;
}

/* The options of every command, and those of the one that is wanted (NULL: not known yet). */
static void
list_options(
    const struct command *command, struct option list[GLOBAL_OPTIONS + COMMAND_OPTIONS + 1])
{
	unsigned count = 0;

	list[count++] = (struct option){"config", required_argument, NULL, 'c'};
	list[count++] = (struct option){"help", no_argument, NULL, 'h'};
	list[count++] = (struct option){"version", no_argument, NULL, OPTION_VERSION};
	for (unsigned i = 0; command != NULL && i < COMMAND_OPTIONS && command->options[i] != NULL;
	    i++)
		list[count++] = (struct option){command->options[i]->name,
		    command->options[i]->value != NULL ? required_argument : no_argument, NULL,
		    OPTION_OF_COMMAND + (int)i};
	list[count] = (struct option){NULL, 0, NULL, 0};
}

static int
keep_option(struct invocation *invocation, int option)
{
	if (invocation->given_count == COMMAND_GIVEN) {
		(void)fprintf(stderr, "sallyport: more than %d options at once\n", COMMAND_GIVEN);
		return -1;
	}
	invocation->given[invocation->given_count].option =
	    invocation->command->options[option - OPTION_OF_COMMAND];
	invocation->given[invocation->given_count++].value = optarg;
	return 0;
}

static void
remind_of_usage(const struct command *command)
{
	char text[SYNOPSIS];

	(void)fprintf(stderr, "Usage: sallyport %s%s\n", synopsis(command, text),
	    command->options[0] != NULL ? " [OPTIONS]" : "");
}

static int
check_count(const struct invocation *invocation)
{
	const struct command *command = invocation->command;
	unsigned count = invocation->argument_count;

	if (count >= command->minimum && count <= command->maximum)
		return 0;
	if (count < command->minimum)
		(void)fprintf(stderr, "sallyport: an argument is missing\n");
	else
		(void)fprintf(stderr, "sallyport: unexpected argument \"%s\"\n",
		    invocation->arguments[command->maximum]);
	remind_of_usage(command);
	return -1;
}

/* Reads what stands behind the command's words. */
static int
run_command(struct invocation *invocation, int argc, char **argv)
{
	struct option options[GLOBAL_OPTIONS + COMMAND_OPTIONS + 1];
	int option;

	list_options(invocation->command, options);
	optind = 0; /* begin again, with other options */
	while ((option = getopt_long(argc, argv, "c:h", options, NULL)) != -1) {
		switch (option) {
		case 'c':
			invocation->config = optarg;
			break;
		case 'h':
			command_help_one(invocation->command, stdout);
			return 0;
		case OPTION_VERSION:
			version_print("sallyport", stdout);
			return 0;
		case '?':
			remind_of_usage(invocation->command);
			return COMMAND_USAGE_EXIT;
		default:
			if (keep_option(invocation, option) != 0)
				return COMMAND_USAGE_EXIT;
		}
	}
	invocation->arguments = argv + optind;
	invocation->argument_count = (unsigned)(argc - optind);
	if (check_count(invocation) != 0)
		return COMMAND_USAGE_EXIT;
	return invocation->command->execute(invocation);
}

static int
run_words(
    const struct command_table *table, struct invocation *invocation, char **words, unsigned count)
{
	unsigned took;

	if (strcmp(words[0], "help") == 0)
		return help(table, words + 1, count - 1);
	if (count == 2 && is_group(table, words[0]) &&
	    (strcmp(words[1], "--help") == 0 || strcmp(words[1], "-h") == 0))
		return help(table, words, 1);
	invocation->command = find_command(table, words, count, &took);
	if (invocation->command == NULL)
		return COMMAND_USAGE_EXIT;
	words[took - 1] = program_name;
	return run_command(invocation, (int)(count - took + 1), words + took - 1);
}

int
command_run(const struct command_table *table, int argc, char **argv)
{
	struct invocation invocation = {.table = table, .config = CONF_DEFAULT_PATH};
	struct option options[GLOBAL_OPTIONS + COMMAND_OPTIONS + 1];
	int option;

	list_options(NULL, options);
	optind = 0;
	argv[0] = program_name; /* for getopt_long(3)'s messages */
	while ((option = getopt_long(argc, argv, "+c:h", options, NULL)) != -1) {
		switch (option) {
		case 'c':
			invocation.config = optarg;
			break;
		case 'h':
			command_help(table, stdout);
			return 0;
		case OPTION_VERSION:
			version_print("sallyport", stdout);
			return 0;
		default:
			fputs("Usage: sallyport VERB [ARGUMENTS] [-c FILE]; see \"sallyport "
			      "help\"\n",
			    stderr);
			return COMMAND_USAGE_EXIT;
		}
	}
	if (optind == argc) {
		command_help(table, stderr);
		return COMMAND_USAGE_EXIT;
	}
	return run_words(table, &invocation, argv + optind, (unsigned)(argc - optind));
}
