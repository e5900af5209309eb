/*
 * The command line: what a command looks like, and what was given to it. Every command is a row of the table in main.c;
 * reading arguments, help and completions are made of nothing else.
 */
#ifndef SALLYPORT_COMMAND_H
#define SALLYPORT_COMMAND_H

#include <stddef.h>
#include <stdio.h>

enum {
	COMMAND_OPTIONS = 8,   /* of one command, besides those that all have */
	COMMAND_GIVEN = 512,   /* options given at once */
	COMMAND_USAGE_EXIT = 2 /* exit code of a mistake in the arguments */
};

struct command_option {
	const char *name;  /* "subdomain", given as --subdomain */
	const char *value; /* what stands behind it: "NAME"; NULL: nothing does */
	const char *help;  /* without a final dot; a line end begins a further line */
};

struct invocation;

struct command {
	const char *verb;
	const char *noun;	   /* NULL: the verb stands alone */
	const char *arguments;	   /* as in a synopsis: "ACCOUNT [CIDR...]"; may be empty */
	unsigned minimum, maximum; /* how many there may be */
	const struct command_option *options[COMMAND_OPTIONS]; /* up to the first NULL */
	/* Does it. Returns the exit code; what went wrong has been said on standard error. */
	int (*execute)(const struct invocation *invocation);
	const char *summary; /* one line, without a final dot */
	const char *help;    /* more of it, lines of at most 80 characters; may be NULL */
	int is_hidden;	     /* for packagers: neither listed nor suggested */
};

struct command_table {
	const struct command *commands; /* those of one verb stand together */
	size_t count;
};

/* What was given; all is borrowed from argv. */
struct invocation {
	const struct command_table *table;
	const struct command *command;
	const char *config; /* path of the configuration */
	char **arguments;
	unsigned argument_count;
	unsigned given_count;
	struct {
		const struct command_option *option;
		const char *value; /* NULL where the option takes none */
	} given[COMMAND_GIVEN];
};

/* The value of an option, the last one where it was given more than once; NULL: it was not. */
const char *invocation_value(const struct invocation *invocation, const char *option);

/* 1 if the option was given. */
int invocation_has(const struct invocation *invocation, const char *option);

/* All values of an option in the order given, `maximum` at the most. Returns how many it has. */
unsigned invocation_values(
    const struct invocation *invocation, const char *option, const char **values, unsigned maximum);

/*
 * Reads the command line, which getopt_long(3) puts into another order, and does what it says. Returns the exit code: the
 * command's, 0 for help and version, or COMMAND_USAGE_EXIT.
 */
int command_run(const struct command_table *table, int argc, char **argv);

/* The overview of all commands, of one verb's, or all about one command. */
void command_help(const struct command_table *table, FILE *out);
void command_help_verb(const struct command_table *table, const char *verb, FILE *out);
void command_help_one(const struct command *command, FILE *out);

#endif
