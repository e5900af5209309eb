#include "program.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

int
program_find(enum conf_role role, char path[PROGRAM_MAX])
{
	char own[PROGRAM_MAX / 2];
	size_t length = sizeof(own);

	path[0] = '\0';
	if (uv_exepath(own, &length) != 0) {
		errno = ENOENT;
		return -1;
	}
	for (unsigned cut = 0; cut < 2; cut++) {
		char *slash = strrchr(own, '/');

		if (slash == NULL) {
			errno = ENOENT;
			return -1;
		}
		*slash = '\0';
	}
	(void)snprintf(
	    path, PROGRAM_MAX, "%s/libexec/sallyport/sallyport-%s", own, conf_role_name(role));
	return access(path, X_OK);
}
