/* Growing an array by one element at a time, without keeping its capacity anywhere. */
#ifndef COMMON_ARRAY_H
#define COMMON_ARRAY_H

#include <stddef.h>

/*
 * Makes room for one more behind `count` elements of `size` bytes; the array (NULL while count is
 * 0) must have grown only by this function, one by one, and doubles at each power of two.
 * Returns it, perhaps moved, or NULL when memory is short: the old one is then still valid.
 */
void *array_grow(void *array, size_t count, size_t size);

#endif
