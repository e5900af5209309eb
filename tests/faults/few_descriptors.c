/*
 * A process that may have few descriptors. Preloaded (LD_PRELOAD) it stands before the call by which a daemon sets the number that it may
 * have, and which daemons refuse to start below: so that what they count on is not there.
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

__attribute__((visibility("default"))) int
setrlimit(__rlimit_resource_t resource, const struct rlimit *limit)
{
	static int (*next)(__rlimit_resource_t resource, const struct rlimit *limit);
	const char *program = getenv("SALLYPORT_FAULTS_PROGRAM");
	const char *count = getenv("SALLYPORT_FAULTS_DESCRIPTORS");
	struct rlimit few;
	void *found = dlsym(RTLD_NEXT, "setrlimit");

	memcpy(&next, &found, sizeof(found));
	if (resource != RLIMIT_NOFILE || program == NULL || count == NULL ||
	    strcmp(program, program_invocation_short_name) != 0)
		return next(resource, limit);
	few.rlim_cur = few.rlim_max = strtoul(count, NULL, 10);
	return next(resource, &few);
}
