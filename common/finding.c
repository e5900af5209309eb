#include "finding.h"

#include <signal.h>
#include <string.h>

#define FORM "%-13s %-38s %s\n"

void
finding_print(FILE *out, const char *table, const char *where, const char *what)
{
	static int headed;

	if (!headed)
		fprintf(out, FORM, "TABLE", "WHERE", "WHAT IS WRONG");
	headed = 1;
	fprintf(out, FORM, table, where[0] != '\0' ? where : "-", what);
}

static size_t
note_text(volatile char *place, size_t room, const char *text)
{
	size_t length = 0;

	for (; text[length] != '\0' && length + 1 < room; length++)
		place[length] = text[length];
	place[length] = '\0';
	return length + 1;
}

void
finding_note(volatile char place[FINDING_PLACE], const char *table, const char *where)
{
	size_t used = note_text(place, FINDING_PLACE / 2, table);

	note_text(place + used, FINDING_PLACE - used, where);
}

/* Copies a text that somebody else has written, who may have lost his mind. Returns the bytes it took there. */
static size_t
read_text(char *text, size_t capacity, const volatile char *place)
{
	size_t length = 0;

	for (; length + 1 < capacity && place[length] != '\0'; length++) {
		char one = place[length];

		text[length] = one >= ' ' && one <= '~' ? one : '?';
	}
	text[length] = '\0';
	return length + 1;
}

void
finding_print_end(FILE *out, const volatile char place[FINDING_PLACE], int number)
{
	char table[FINDING_PLACE / 2], where[FINDING_PLACE / 2], what[160];
	size_t used = read_text(table, sizeof(table), place);

	read_text(where, sizeof(where), place + used);
	if (number == SIGALRM)
		(void)snprintf(what, sizeof(what), "the walk did not get on from here for %d s",
		    FINDING_STALL_SECONDS);
	else
		(void)snprintf(what, sizeof(what),
		    "a damaged page here or behind it ended the walk (signal %d); the rest was "
		    "not looked at",
		    number);
	finding_print(out, table[0] != '\0' ? table : "database", where, what);
}
