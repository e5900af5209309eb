/* Making the folders that the configuration names. */
#ifndef COMMON_FOLDER_H
#define COMMON_FOLDER_H

/*
 * Makes an absolute path with the folders above it, mode 0755 whatever the umask says. 0 (also where it was
 * there already), or -1 with errno.
 */
int folder_make(const char *path);

#endif
