#include "attempt.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static const struct attempt *
find(const struct attempt *attempts, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(attempts[i].name, name) == 0)
			return &attempts[i];
	return NULL;
}

const struct attempt *
attempt_find(const char *name)
{
	const struct attempt *found = find(attempt_calls, attempt_call_count, name);

	return found != NULL ? found : find(attempt_deeds, attempt_deed_count, name);
}

int
attempt_run(const struct attempt *attempt, pid_t victim)
{
	long arguments[6];

	if (attempt->run != NULL)
		return attempt->run(victim);
	for (unsigned i = 0; i < 6; i++)
		arguments[i] =
		    attempt->arguments[i] == ATTEMPT_VICTIM ? (long)victim : attempt->arguments[i];
	return syscall(attempt->number, arguments[0], arguments[1], arguments[2], arguments[3],
		   arguments[4], arguments[5]) < 0
		   ? errno
		   : 0;
}
