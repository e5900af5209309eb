/* A folder of backups with their times in their names, of which the newest are kept. */
#ifndef SALLYPORT_BACKUP_FOLDER_H
#define SALLYPORT_BACKUP_FOLDER_H

#include <limits.h>

/*
 * Makes the folder where it is missing, mode 0700, and the name of the next backup in it; removes what earlier ones that died left
 * unfinished. 0, or -1: that was said.
 */
int backup_folder_next(const char *folder, char path[PATH_MAX]);

/*
 * Removes all but the `keep` newest; other files are not touched. `newest` is the path of the one that was just made: what is named
 * after it was made by a clock that ran ahead, or before one was set back, and counts as older than all others. 0, or -1: that was said.
 */
int backup_folder_prune(const char *folder, const char *newest, unsigned keep);

#endif
