#include "version.h"

#include "version_data.h"

void
version_print(const char *program, FILE *out)
{
	fprintf(out, "%s %s (commit %s)\nbuilt with %s\n", program, VERSION_NUMBER, VERSION_COMMIT,
	    VERSION_LIBRARIES);
}

const char *
version_number(void)
{
	return VERSION_NUMBER;
}

const char *
version_commit(void)
{
	return VERSION_COMMIT;
}
