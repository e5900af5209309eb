/* The end of every test program: run a suite and turn its result into the exit code. */
#ifndef TESTS_SUITE_H
#define TESTS_SUITE_H

#include <check.h>

/* Rows of a table that a loop test runs over. */
#define ROWS(table) (int)(sizeof(table) / sizeof((table)[0]))

/* Runs and frees the suite. 0 if every test passed, otherwise 1. */
int suite_run(Suite *suite);

#endif
