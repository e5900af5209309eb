#include "wiped_memory.h"

#include "log.h"

#include <malloc.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

static void *
allocate(size_t size, const char *file, int line)
{
	(void)file;
	(void)line;
	return malloc(size);
}

static void
give_back(void *memory, const char *file, int line)
{
	(void)file;
	(void)line;
	if (memory != NULL)
		explicit_bzero(memory, malloc_usable_size(memory));
	free(memory);
}

/* Moved by ourselves: realloc() would leave what was there behind. */
static void *
reallocate(void *memory, size_t size, const char *file, int line)
{
	size_t before = memory != NULL ? malloc_usable_size(memory) : 0;
	void *moved;

	if (size == 0) {
		give_back(memory, file, line);
		return NULL;
	}
	if (size <= before)
		return memory;
	moved = malloc(size);
	if (moved == NULL || memory == NULL)
		return moved;
	memcpy(moved, memory, before);
	give_back(memory, file, line);
	return moved;
}

void
wiped_memory_begin(void)
{
	if (CRYPTO_set_mem_functions(allocate, reallocate, give_back) != 1)
		fatal("cannot have OpenSSL's memory wiped");
}
