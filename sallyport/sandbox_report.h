/* "sallyport doctor --sandbox": how the running processes are confined, in a table, and what of it is weaker than it should be. */
#ifndef SALLYPORT_SANDBOX_REPORT_H
#define SALLYPORT_SANDBOX_REPORT_H

#include "conf.h"

/* Prints it. Returns the exit code: 0 if all is as it should be. */
int sandbox_report(const struct conf *conf);

#endif
