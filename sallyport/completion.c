#include "completion.h"

#include <string.h>

/* What a text stands in, and what must be escaped there. Line ends become blanks. */
enum quoting {
	QUOTING_SH,	      /* single quotes of bash and zsh */
	QUOTING_ZSH_DESCRIBE, /* the same, in front of a colon that ends it */
	QUOTING_ZSH_BRACKETS, /* the same, in brackets */
	QUOTING_FISH	      /* single quotes of fish */
};

static void
print_text(FILE *out, const char *text, enum quoting quoting)
{
	for (; *text != '\0'; text++) {
		char c = *text == '\n' ? ' ' : *text;

		if (c == '\'' && quoting == QUOTING_FISH)
			fputs("\\'", out);
		else if (c == '\'')
			fputs("'\\''", out);
		else if ((quoting == QUOTING_ZSH_DESCRIBE && c == ':') ||
			 (quoting == QUOTING_ZSH_BRACKETS && (c == '[' || c == ']')) || c == '\\')
			(void)fprintf(out, "\\%c", c);
		else
			fputc(c, out);
	}
}

static int
is_shown(const struct command *command)
{
	return !command->is_hidden;
}

/* 1 for the first command of each verb. */
static int
begins_verb(const struct command_table *table, size_t i)
{
	return i == 0 || strcmp(table->commands[i].verb, table->commands[i - 1].verb) != 0;
}

/* What is said of a verb: its command's summary, or the nouns that it has. */
static void
print_verb_summary(FILE *out, const struct command_table *table, size_t i, enum quoting quoting)
{
	const struct command *command = &table->commands[i];

	if (command->noun == NULL) {
		print_text(out, command->summary, quoting);
		return;
	}
	for (size_t k = i; k < table->count && (k == i || !begins_verb(table, k)); k++)
		(void)fprintf(out, "%s%s", k > i ? ", " : "", table->commands[k].noun);
}

static int
takes_file(const struct command *command)
{
	return strstr(command->arguments, "FILE") != NULL;
}

static const struct command_option *
option_of(const struct command *command, unsigned i)
{
	return i < COMMAND_OPTIONS ? command->options[i] : NULL;
}

/* --- bash --- */

static void
print_verbs(FILE *out, const struct command_table *table)
{
	for (size_t i = 0; i < table->count; i++)
		if (begins_verb(table, i) && is_shown(&table->commands[i]))
			(void)fprintf(out, "%s ", table->commands[i].verb);
}

static void
print_nouns(FILE *out, const struct command_table *table, size_t i)
{
	const char *verb = table->commands[i].verb;

	for (; i < table->count && strcmp(table->commands[i].verb, verb) == 0; i++)
		(void)fprintf(out, "%s ", table->commands[i].noun);
}

static void
print_bash_command(FILE *out, const struct command *command)
{
	const struct command_option *option;

	fputs("words='", out);
	for (unsigned i = 0; (option = option_of(command, i)) != NULL; i++)
		(void)fprintf(out, "--%s ", option->name);
	(void)fprintf(out, "--config --help'%s ;;\n", takes_file(command) ? " files=1" : "");
}

/* Each option that wants a value, once. */
static void
print_bash_options(FILE *out, const struct command_table *table)
{
	const struct command_option *option;

	for (size_t i = 0; i < table->count; i++) {
		for (unsigned k = 0; (option = option_of(&table->commands[i], k)) != NULL; k++) {
			int is_first = 1;

			for (size_t before = 0; before < i; before++)
				for (unsigned j = 0; option_of(&table->commands[before], j) != NULL;
				    j++)
					is_first &=
					    strcmp(option_of(&table->commands[before], j)->name,
						option->name) != 0;
			if (is_first && option->value != NULL)
				(void)fprintf(out, " | --%s", option->name);
		}
	}
}

static void
print_bash(FILE *out, const struct command_table *table)
{
	fputs("# Completions of sallyport for bash; made by \"sallyport completions bash\".\n"
	      "# shellcheck shell=bash disable=SC2207\n\n"
	      "_sallyport() {\n"
	      "\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}\n"
	      "\tlocal verb='' noun='' skip='' files='' words='' word i\n\n"
	      "\tCOMPREPLY=()\n"
	      "\tcase $prev in\n"
	      "\t-c | --config)\n"
	      "\t\tcompopt -o filenames 2>/dev/null\n"
	      "\t\tCOMPREPLY=($(compgen -f -- \"$cur\"))\n"
	      "\t\treturn\n"
	      "\t\t;;\n"
	      "\t''",
	    out);
	print_bash_options(out, table);
	fputs(")\n"
	      "\t\treturn\n"
	      "\t\t;;\n"
	      "\tesac\n"
	      "\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
	      "\t\tword=${COMP_WORDS[i]}\n"
	      "\t\tif [ -n \"$skip\" ]; then\n"
	      "\t\t\tskip=''\n"
	      "\t\t\tcontinue\n"
	      "\t\tfi\n"
	      "\t\tcase $word in\n"
	      "\t\t-c | --config",
	    out);
	print_bash_options(out, table);
	fputs(") skip=1 ;;\n"
	      "\t\t-*) ;;\n"
	      "\t\thelp) ;;\n"
	      "\t\t*)\n"
	      "\t\t\tif [ -z \"$verb\" ]; then\n"
	      "\t\t\t\tverb=$word\n"
	      "\t\t\telif [ -z \"$noun\" ]; then\n"
	      "\t\t\t\tnoun=$word\n"
	      "\t\t\tfi\n"
	      "\t\t\t;;\n"
	      "\t\tesac\n"
	      "\tdone\n"
	      "\tcase $verb in\n"
	      "\t'') words='",
	    out);
	print_verbs(out, table);
	fputs("help --config --help --version' ;;\n", out);
	for (size_t i = 0; i < table->count; i++) {
		const struct command *command = &table->commands[i];

		if (!is_shown(command))
			continue;
		if (command->noun == NULL) {
			(void)fprintf(out, "\t%s) ", command->verb);
			print_bash_command(out, command);
			continue;
		}
		if (begins_verb(table, i)) {
			(void)fprintf(
			    out, "\t%s)\n\t\tcase $noun in\n\t\t'') words='", command->verb);
			print_nouns(out, table, i);
			fputs("--help' ;;\n", out);
		}
		(void)fprintf(out, "\t\t%s) ", command->noun);
		print_bash_command(out, command);
		if (i + 1 == table->count || begins_verb(table, i + 1))
			fputs("\t\tesac\n\t\t;;\n", out);
	}
	fputs("\tesac\n"
	      "\tCOMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
	      "\tif [ -n \"$files\" ] && [[ $cur != -* ]]; then\n"
	      "\t\tcompopt -o filenames 2>/dev/null\n"
	      "\t\tCOMPREPLY=($(compgen -f -- \"$cur\"))\n"
	      "\tfi\n"
	      "}\n\n"
	      "complete -F _sallyport sallyport\n",
	    out);
}

/* --- zsh --- */

static void
print_zsh_entry(FILE *out, const char *name)
{
	(void)fprintf(out, "\t\t'%s:", name);
}

static void
print_zsh_command(FILE *out, const struct command *command, const char *indent)
{
	const struct command_option *option;

	(void)fprintf(out, "%s%s)\n%s\t_arguments -s \"$common[@]\"", indent,
	    command->noun != NULL ? command->noun : command->verb, indent);
	for (unsigned i = 0; (option = option_of(command, i)) != NULL; i++) {
		(void)fprintf(out, " \\\n%s\t\t'*--%s%s[", indent, option->name,
		    option->value != NULL ? "=" : "");
		print_text(out, option->help, QUOTING_ZSH_BRACKETS);
		(void)fprintf(out, "]%s%s%s'", option->value != NULL ? ":" : "",
		    option->value != NULL ? option->value : "", option->value != NULL ? ": " : "");
	}
	if (takes_file(command)) {
		(void)fprintf(out, " \\\n%s\t\t'*:file:_files'", indent);
	} else if (command->arguments[0] != '\0') {
		(void)fprintf(out, " \\\n%s\t\t'*:", indent);
		print_text(out, command->arguments, QUOTING_ZSH_DESCRIBE);
		fputs(": '", out);
	}
	(void)fprintf(out, "\n%s\t;;\n", indent);
}

static void
print_zsh(FILE *out, const struct command_table *table)
{
	fputs("#compdef sallyport\n"
	      "# Completions of sallyport for zsh; made by \"sallyport completions zsh\".\n\n"
	      "_sallyport_verbs() {\n"
	      "\tlocal -a verbs=(\n",
	    out);
	for (size_t i = 0; i < table->count; i++) {
		if (!begins_verb(table, i) || !is_shown(&table->commands[i]))
			continue;
		print_zsh_entry(out, table->commands[i].verb);
		print_verb_summary(out, table, i, QUOTING_ZSH_DESCRIBE);
		fputs("'\n", out);
	}
	fputs("\t\t'help:explain a verb'\n\t)\n\t_describe verb verbs\n}\n\n", out);
	for (size_t i = 0; i < table->count; i++) {
		const struct command *command = &table->commands[i];

		if (command->noun == NULL || !is_shown(command))
			continue;
		if (begins_verb(table, i))
			(void)fprintf(
			    out, "_sallyport_%s() {\n\tlocal -a nouns=(\n", command->verb);
		print_zsh_entry(out, command->noun);
		print_text(out, command->summary, QUOTING_ZSH_DESCRIBE);
		fputs("'\n", out);
		if (i + 1 == table->count || begins_verb(table, i + 1))
			fputs("\t)\n\t_describe noun nouns\n}\n\n", out);
	}
	fputs("_sallyport() {\n"
	      "\tlocal context state state_descr line curcontext=$curcontext\n"
	      "\ttypeset -A opt_args\n"
	      "\tlocal -a common=(\n"
	      "\t\t'(-c --config)'{-c+,--config=}'[the configuration]:file:_files'\n"
	      "\t\t'(-h --help)'{-h,--help}'[explain]'\n"
	      "\t)\n\n"
	      "\t_arguments -C \"$common[@]\" '--version[print version, commit and libraries]' \\\n"
	      "\t\t'1:verb:_sallyport_verbs' '*::argument:->argument' && return\n"
	      "\tcase $words[1] in\n"
	      "\thelp) _arguments '1:verb:_sallyport_verbs' ;;\n",
	    out);
	for (size_t i = 0; i < table->count; i++) {
		const struct command *command = &table->commands[i];

		if (!is_shown(command))
			continue;
		if (command->noun == NULL) {
			print_zsh_command(out, command, "\t");
			continue;
		}
		if (begins_verb(table, i))
			(void)fprintf(out,
			    "\t%s)\n"
			    "\t\t_arguments -C '(-h --help)'{-h,--help}'[explain]' "
			    "'1:noun:_sallyport_%s' '*::argument:->argument' && return\n"
			    "\t\tcase $words[1] in\n",
			    command->verb, command->verb);
		print_zsh_command(out, command, "\t\t");
		if (i + 1 == table->count || begins_verb(table, i + 1))
			fputs("\t\tesac\n\t\t;;\n", out);
	}
	fputs("\tesac\n}\n\n_sallyport \"$@\"\n", out);
}

/* --- fish --- */

static void
print_fish_options(FILE *out, const struct command *command, const char *condition)
{
	const struct command_option *option;

	for (unsigned i = 0; (option = option_of(command, i)) != NULL; i++) {
		(void)fprintf(out, "complete -c sallyport -n '%s' -l %s%s -d '", condition,
		    option->name, option->value != NULL ? " -x" : "");
		print_text(out, option->help, QUOTING_FISH);
		fputs("'\n", out);
	}
	if (takes_file(command))
		(void)fprintf(out, "complete -c sallyport -n '%s' -F\n", condition);
}

static void
print_fish(FILE *out, const struct command_table *table)
{
	enum { CONDITION = 160 };
	char condition[CONDITION];
	size_t first = 0;

	fputs("# Completions of sallyport for fish; made by \"sallyport completions fish\".\n\n"
	      "complete -c sallyport -f\n"
	      "complete -c sallyport -s c -l config -r -F -d 'the configuration'\n"
	      "complete -c sallyport -s h -l help -d 'explain'\n"
	      "complete -c sallyport -n __fish_use_subcommand -l version -d 'print version, commit "
	      "and libraries'\n"
	      "complete -c sallyport -n __fish_use_subcommand -a help -d 'explain a verb'\n",
	    out);
	for (size_t i = 0; i < table->count; i++) {
		const struct command *command = &table->commands[i];

		if (!is_shown(command))
			continue;
		if (begins_verb(table, i)) {
			first = i;
			(void)fprintf(out,
			    "complete -c sallyport -n '__fish_use_subcommand; or "
			    "__fish_seen_subcommand_from help' -a %s -d '",
			    command->verb);
			print_verb_summary(out, table, i, QUOTING_FISH);
			fputs("'\n", out);
		}
		(void)snprintf(
		    condition, sizeof(condition), "__fish_seen_subcommand_from %s", command->verb);
		if (command->noun == NULL) {
			print_fish_options(out, command, condition);
			continue;
		}
		(void)fprintf(out,
		    "complete -c sallyport -n '%s; and not __fish_seen_subcommand_from ",
		    condition);
		print_nouns(out, table, first);
		(void)fprintf(out, "' -a %s -d '", command->noun);
		print_text(out, command->summary, QUOTING_FISH);
		fputs("'\n", out);
		(void)snprintf(condition, sizeof(condition),
		    "__fish_seen_subcommand_from %s; and __fish_seen_subcommand_from %s",
		    command->verb, command->noun);
		print_fish_options(out, command, condition);
	}
}

int
completion_show(const struct invocation *invocation)
{
	static const struct {
		const char *shell;
		void (*print)(FILE *out, const struct command_table *table);
	} shells[] = {{"bash", print_bash}, {"zsh", print_zsh}, {"fish", print_fish}};

	for (unsigned i = 0; i < sizeof(shells) / sizeof(shells[0]); i++) {
		if (strcmp(invocation->arguments[0], shells[i].shell) != 0)
			continue;
		shells[i].print(stdout, invocation->table);
		if (fflush(stdout) == 0)
			return 0;
		perror("sallyport: standard output");
		return 1;
	}
	(void)fprintf(stderr, "sallyport: there are completions for bash, zsh and fish\n");
	return COMMAND_USAGE_EXIT;
}
