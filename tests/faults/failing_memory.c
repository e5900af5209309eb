/*
 * Memory that runs out. Preloaded (LD_PRELOAD) it stands in front of the allocator of one program, and has the n-th call fail as
 * the test wishes (memory.py), by a file that both have mapped: so it works when the program is confined, too.
 *
 * What the C library and other libraries allocate passes here as well.
 */
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define SHOWN __attribute__((visibility("default")))

enum { CALLERS = 1024, DEPTH = 64 };

/* Shared with memory.py, which knows the order; all of it starts as 0. */
struct plan {
	_Atomic uint64_t count;	   /* calls there were */
	_Atomic uint64_t spared;   /* of those to come, the first so many go well */
	_Atomic uint64_t failures; /* then so many fail */
	_Atomic uint64_t failed;   /* so many have */
	char callers[CALLERS];	   /* of the last that did, "FILE:FUNCTION " each */
};

static struct plan *plan; /* NULL: another program, which is let alone */

/* glibc's own, under the names by which it calls them itself. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

static void __attribute__((constructor))
prepare(void)
{
	const char *program = getenv("SALLYPORT_FAULTS_PROGRAM");
	const char *path = getenv("SALLYPORT_FAULTS_MEMORY");
	void *memory;
	int fd;

	if (program == NULL || path == NULL || strcmp(program, program_invocation_short_name) != 0)
		return;
	/* The first call of backtrace() loads a library: not amid an allocation. */
	(void)backtrace((void *[]){NULL}, 1);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return;
	memory = mmap(NULL, sizeof(*plan), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (memory != MAP_FAILED)
		plan = memory;
}

/* Notes who asked, each once, the innermost first. */
static void
note_callers(void)
{
	static _Thread_local char seen[CALLERS], caller[CALLERS];
	void *frames[DEPTH];
	int depth = backtrace(frames, DEPTH);
	size_t length = 0;

	seen[0] = '\0';
	for (int i = 0; i < depth; i++) {
		Dl_info found;
		const char *name;
		int size;

		if (dladdr(frames[i], &found) == 0 || found.dli_fname == NULL)
			continue;
		name = strrchr(found.dli_fname, '/');
		size = snprintf(caller, sizeof(caller), "%s:%s ",
		    name == NULL ? found.dli_fname : name + 1,
		    found.dli_sname == NULL ? "" : found.dli_sname);
		if (strstr(seen, caller) != NULL || length + (size_t)size >= sizeof(seen))
			continue;
		memcpy(seen + length, caller, (size_t)size + 1);
		length += (size_t)size;
	}
	memcpy(plan->callers, seen, sizeof(seen));
}

/* Is this the call? */
static int
fails(void)
{
	uint64_t left;

	if (plan == NULL)
		return 0;
	atomic_fetch_add(&plan->count, 1);
	left = atomic_load(&plan->failures);
	if (left == 0)
		return 0;
	if (atomic_load(&plan->spared) > 0) {
		atomic_fetch_sub(&plan->spared, 1);
		return 0;
	}
	atomic_store(&plan->failures, left - 1);
	note_callers();
	atomic_fetch_add(&plan->failed, 1);
	errno = ENOMEM;
	return 1;
}

SHOWN void *
malloc(size_t size)
{
	return fails() ? NULL : __libc_malloc(size);
}

SHOWN void *
calloc(size_t count, size_t size)
{
	return fails() ? NULL : __libc_calloc(count, size);
}

SHOWN void *
realloc(void *old, size_t size)
{
	return fails() ? NULL : __libc_realloc(old, size);
}

SHOWN void *
memalign(size_t alignment, size_t size)
{
	return fails() ? NULL : __libc_memalign(alignment, size);
}

SHOWN void *
aligned_alloc(size_t alignment, size_t size)
{
	return memalign(alignment, size);
}

SHOWN int
posix_memalign(void **memory, size_t alignment, size_t size)
{
	*memory = memalign(alignment, size);
	return *memory == NULL ? ENOMEM : 0;
}
