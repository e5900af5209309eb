/*
 * How findings in a database look, and where a process that looks for them is: the process may be ended by what it reads,
 * and then another one tells of it.
 */
#ifndef COMMON_FINDING_H
#define COMMON_FINDING_H

#include <stdio.h>

enum {
	FINDING_PLACE = 512,	    /* bytes of the memory that both processes map */
	FINDING_EXIT_CODE = 3,	    /* of a process that has found something */
	FINDING_STALL_SECONDS = 120 /* without getting on, after which SIGALRM ends it */
};

/* Prints one, and the head of the table above the first one of this process. `where` may be empty: the table itself. */
void finding_print(FILE *out, const char *table, const char *where, const char *what);

/* Notes where the walk is, in that memory. */
void finding_note(volatile char place[FINDING_PLACE], const char *table, const char *where);

/*
 * Prints that the walk was ended by a signal at the noted place. What the memory holds is not believed: a text without an end is
 * cut, and what cannot be printed is left out.
 */
void finding_print_end(FILE *out, const volatile char place[FINDING_PLACE], int number);

#endif
