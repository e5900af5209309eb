/*
 * What "sallyport VERB" has done in a process of its own, which ends with it: copying and checking the database beside a server
 * that runs, and putting it back while none does. A damaged database may end such a process, and nothing else.
 *
 *     backup          writes a backup to DAEMON_TASK_FD
 *     verify          walks through the database, and prints what is wrong with it; DAEMON_TASK_FD is the memory in
 *                     which it notes where it is
 *     verify-backup   the same with the backup that is its standard input
 *     restore         puts the backup that is its standard input into the empty folder of the database
 *     restore-over    the same; a database that is there is kept beside it
 *
 * Where LMDB reads, the process is confined as the daemons are.
 */
#ifndef STORE_TASK_H
#define STORE_TASK_H

#include "daemon.h"

/* Does what daemon->task names. Returns the exit code: 0, or FINDING_EXIT_CODE (finding.h). Fatal on any other failure. */
int task_run(struct daemon *daemon);

#endif
