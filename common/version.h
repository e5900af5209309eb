/* What this program is, for --version. */
#ifndef COMMON_VERSION_H
#define COMMON_VERSION_H

#include <stdio.h>

/* Prints "PROGRAM VERSION (commit COMMIT)" and a line with the libraries it was built with. */
void version_print(const char *program, FILE *out);

/* "0.1.0", and the commit it was built from. */
const char *version_number(void);
const char *version_commit(void);

#endif
