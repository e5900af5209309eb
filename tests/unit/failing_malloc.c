#include "failing_malloc.h"

#include <stdlib.h>
#include <string.h>

static unsigned countdown;
static int happened;

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
char *__wrap_strdup(const char *string);
char *__wrap_strndup(const char *string, size_t length);

void
failing_malloc_at(unsigned nth)
{
	countdown = nth;
	happened = 0;
}

int
failing_malloc_happened(void)
{
	return happened;
}

static int
fails_now(void)
{
	if (countdown == 0 || --countdown != 0)
		return 0;
	happened = 1;
	return 1;
}

void *
__wrap_malloc(size_t size)
{
	return fails_now() ? NULL : __real_malloc(size);
}

void *
__wrap_calloc(size_t count, size_t size)
{
	return fails_now() ? NULL : __real_calloc(count, size);
}

void *
__wrap_realloc(void *old, size_t size)
{
	return fails_now() ? NULL : __real_realloc(old, size);
}

char *
__wrap_strdup(const char *string)
{
	return __wrap_strndup(string, strlen(string));
}

char *
__wrap_strndup(const char *string, size_t length)
{
	size_t kept = strnlen(string, length);
	char *copy = fails_now() ? NULL : __real_malloc(kept + 1);

	if (copy != NULL) {
		memcpy(copy, string, kept);
		copy[kept] = '\0';
	}
	return copy;
}
