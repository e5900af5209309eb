/* Putting a backup in the place of the database, as the user that it belongs to. */
#ifndef STORE_RESTORE_H
#define STORE_RESTORE_H

#include "database_folder.h"

/*
 * Makes the backup in the regular file `in` the database of the entered folder, which is locked meanwhile. A database that is
 * there is fatal, or, with `over`, kept beside the new one. What is on the disk is the old or the new one at any time. Fatal on
 * every failure, with nothing changed.
 */
void restore_run(const struct database_folder *folder, int in, int over);

#endif
