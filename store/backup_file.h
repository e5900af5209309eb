/* Reading a backup that lies in a file: is all of it there, and as it was written? */
#ifndef STORE_BACKUP_FILE_H
#define STORE_BACKUP_FILE_H

#include "backup_trailer.h"

#include <stddef.h>

/*
 * Reads all of the backup in the regular file `in`, from its beginning, and compares its checksum. The image is written to `out`
 * meanwhile, unless that is -1. 0 with `trailer`; or -1 with what is wrong in `why` (`capacity` bytes), and then `out` holds
 * nothing that is good for anything.
 */
int backup_file_read(int in, int out, struct backup_trailer *trailer, char *why, size_t capacity);

#endif
