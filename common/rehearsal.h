/*
 * The start-up self-test of the system call filter: what every daemon does all the time, done once by a copy of the process under
 * the same filter, but with a signal in the place of death. So a kernel or a C library that needs one call more than
 * those we know is found at the start, and named, instead of ending daemons one by one while they serve.
 */
#ifndef COMMON_REHEARSAL_H
#define COMMON_REHEARSAL_H

/*
 * `load` loads the filter, with SIGSYS for what is not on its lists, and is called in the copy only. Call before any thread exists and
 * before the real filter. Fatal when a call is missing: with its name and number, unless
 * it was made while signals were blocked, which only the kernel's log tells then. A few milliseconds otherwise.
 */
void rehearse(void (*load)(const void *context), const void *context);

#endif
