/* Making and judging the folders that the configuration names. */
#ifndef COMMON_FOLDER_H
#define COMMON_FOLDER_H

/*
 * Makes an absolute path with the folders above it, mode 0755 whatever the umask says. 0 (also where it was
 * there already), or -1 with errno. The names of new ones are on the disk then.
 */
int folder_make(const char *path);

enum { FOLDER_ENTRY = 256 }; /* bytes of a name in a folder, NUL included */

/*
 * Looks into a folder's descriptor (O_PATH will do). 0: it is empty; 1: `entry` names something in
 * it; -1 with errno.
 */
int folder_first_entry(int fd, char entry[FOLDER_ENTRY]);

/*
 * Makes sure that the name of what lies at the path is on the disk. Where its folder may not be opened, or cannot be synced,
 * there is nothing to be done about it.
 */
void folder_sync_name(const char *path);

/*
 * Gives a file a name that nobody has: 0, or -1 with errno, EEXIST where there is one. (A file system that cannot promise
 * that replaces it.)
 */
int folder_add(const char *from, const char *to);

#endif
