/* Making and judging the folders that the configuration names. */
#ifndef COMMON_FOLDER_H
#define COMMON_FOLDER_H

/*
 * Makes an absolute path with the folders above it, mode 0755 whatever the umask says. 0 (also where it was
 * there already), or -1 with errno.
 */
int folder_make(const char *path);

enum { FOLDER_ENTRY = 256 }; /* bytes of a name in a folder, NUL included */

/*
 * Looks into a folder's descriptor (O_PATH will do). 0: it is empty; 1: `entry` names something in
 * it; -1 with errno.
 */
int folder_first_entry(int fd, char entry[FOLDER_ENTRY]);

#endif
