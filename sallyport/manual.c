#include "manual.h"

#include <ctype.h>
#include <string.h>

/* So that scdoc takes it for nothing but itself. */
static void
print_escaped(FILE *out, char c)
{
	if (strchr("\\_*#`~.-[]|+<;", c) != NULL)
		fputc('\\', out);
	fputc(c, out);
}

static void
print_text(FILE *out, const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		print_escaped(out, text[i]);
}

/* "ACCOUNT [CIDR...]": what stands for something else is underlined. */
static void
print_arguments(FILE *out, const char *arguments)
{
	int in_word = 0;

	for (; *arguments != '\0'; arguments++) {
		int is_word = isupper((unsigned char)*arguments) != 0;

		if (is_word != in_word)
			fputc('_', out);
		in_word = is_word;
		print_escaped(out, *arguments);
	}
	if (in_word)
		fputc('_', out);
}

static void
print_indent(FILE *out, unsigned indent)
{
	for (unsigned i = 0; i < indent; i++)
		fputc('\t', out);
}

/* Paragraphs of a help text, each of its lines indented. */
static void
print_paragraphs(FILE *out, const char *text, unsigned indent)
{
	while (*text != '\0') {
		size_t length = strcspn(text, "\n");

		if (length > 0)
			print_indent(out, indent);
		print_text(out, text, length);
		fputc('\n', out);
		text += length + (text[length] == '\n');
	}
	fputc('\n', out);
}

/* "list all accounts" as a sentence. */
static void
print_summary(FILE *out, const char *summary)
{
	(void)fprintf(out, "\t%c", toupper((unsigned char)summary[0]));
	print_text(out, summary + 1, strlen(summary + 1));
	fputs(".\n\n", out);
}

static void
print_option(FILE *out, const struct command_option *option)
{
	(void)fprintf(out, "\t*\\-\\-%s*", option->name);
	if (option->value != NULL)
		(void)fprintf(out, " _%s_", option->value);
	fputs("\n", out);
	print_paragraphs(out, option->help, 2);
}

static void
print_command(FILE *out, const struct command *command)
{
	(void)fprintf(out, "*%s%s%s*", command->verb, command->noun != NULL ? " " : "",
	    command->noun != NULL ? command->noun : "");
	if (command->arguments[0] != '\0')
		fputc(' ', out);
	print_arguments(out, command->arguments);
	fputs("\n", out);
	print_summary(out, command->summary);
	if (command->help != NULL)
		print_paragraphs(out, command->help, 1);
	for (unsigned i = 0; i < COMMAND_OPTIONS && command->options[i] != NULL; i++)
		print_option(out, command->options[i]);
}

int
manual_show(const struct invocation *invocation)
{
	const struct command_table *table = invocation->table;

	for (size_t i = 0; i < table->count; i++)
		if (!table->commands[i].is_hidden)
			print_command(stdout, &table->commands[i]);
	if (fflush(stdout) == 0)
		return 0;
	perror("sallyport: standard output");
	return 1;
}
