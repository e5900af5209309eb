#include "suite.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

char suite_folder[] = "/tmp/sallyport-test-XXXXXX";

static int
remove_entry(const char *path, const struct stat *status, int type, struct FTW *place)
{
	(void)status;
	(void)type;
	(void)place;
	return remove(path);
}

/* Before any case is made. Check's own 4 s are too few for a loaded machine with a slow disk; a test that hangs
   is ended all the same, with its process. */
__attribute__((constructor)) static void
allow_for_slow_machines(void)
{
	setenv("CK_DEFAULT_TIMEOUT", "300", 0);
}

int
suite_run(Suite *suite)
{
	SRunner *runner = srunner_create(suite);
	int failed;

	if (mkdtemp(suite_folder) == NULL) {
		perror(suite_folder);
		return 1;
	}
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	nftw(suite_folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
	return failed == 0 ? 0 : 1;
}
