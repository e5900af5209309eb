/* The end of every test program: run a suite, in a folder of its own, and turn its result into the exit code. */
#ifndef TESTS_SUITE_H
#define TESTS_SUITE_H

#include <check.h>

/* Rows of a table that a loop test runs over. */
#define ROWS(table) (int)(sizeof(table) / sizeof((table)[0]))

/* While the suite runs: an empty folder, removed afterwards with whatever tests left in it. */
extern char suite_folder[];

/* Runs and frees the suite. 0 if every test passed, otherwise 1. */
int suite_run(Suite *suite);

#endif
