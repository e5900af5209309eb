/* Arrays that grow by one. */
#include "array.h"

#include <stdint.h>
#include <stdlib.h>

void *
array_grow(void *array, size_t count, size_t size)
{
	size_t room = count == 0 ? 1 : count * 2;

	if (count > SIZE_MAX / 2 / size)
		return NULL;
	/* Only at a power of two is every place taken. */
	if ((count & (count - 1)) != 0)
		return array;
	return realloc(array, room * size);
}
