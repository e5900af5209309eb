/*
 * An allocator that fails on demand, linked in with --wrap: for showing that pure code survives
 * each of its allocations failing in turn.
 */
#ifndef TESTS_FAILING_MALLOC_H
#define TESTS_FAILING_MALLOC_H

/* The `nth` allocation from now on (1: the next) returns NULL, once. 0 switches it off. */
void failing_malloc_at(unsigned nth);

/* 1 if the failure has happened since failing_malloc_at(): a loop over n ends at the first 0. */
int failing_malloc_happened(void);

#endif
