/*
 * Tables for people: aligned columns with a head, in bold where that goes to a terminal. Rows come one by one and leave in
 * batches, so that a million of them need no more memory than a few.
 */
#ifndef SALLYPORT_TABLE_PRINT_H
#define SALLYPORT_TABLE_PRINT_H

#include <stdio.h>

enum {
	TABLE_COLUMNS = 8,
	TABLE_BATCH =
	    256,      /* rows that are looked at together; a later batch may need wider columns */
	TABLE_GAP = 2 /* blanks between two columns */
};

struct table_column {
	const char *title;
	int is_number; /* aligned at its right */
};

struct table_print;

/* Prints to `out`, nothing yet. `columns` is borrowed; `count` is at most TABLE_COLUMNS. NULL: memory is short. */
struct table_print *table_print_new(FILE *out, const struct table_column *columns, unsigned count);

/*
 * Adds a row of as many cells as there are columns. What is no printable ASCII is shown as "?". 0, or -1: memory is
 * short, or `out` does not take it.
 */
int table_print_row(struct table_print *table, const char *const *cells);

/* Prints what is left, the head alone if there were no rows, and frees. NULL is accepted. 0, or -1 as above. */
int table_print_end(struct table_print *table);

/* 1 if what goes to `out` may have colours: it is a terminal of some ability, and NO_COLOR is not set. */
int table_print_may_colour(FILE *out);

#endif
