#include "export.h"

#include "accounts.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A file is written beside its place and moved there when it is whole. */
struct exporting {
	struct control_client *client;
	const char *path; /* NULL: standard output */
	char part[PATH_MAX];
	FILE *out;
};

static int
fail(const char *path)
{
	fprintf(stderr, "sallyport: %s: %s\n", path != NULL ? path : "standard output",
	    strerror(errno));
	return -1;
}

static int
open_file(struct exporting *exporting)
{
	int fd;

	exporting->out = stdout;
	if (exporting->path == NULL)
		return 0;
	exporting->out = NULL;
	if (snprintf(exporting->part, sizeof(exporting->part), "%s.XXXXXX", exporting->path) >=
	    (int)sizeof(exporting->part)) {
		errno = ENAMETOOLONG;
		exporting->part[0] = '\0';
		return fail(exporting->path);
	}
	fd = mkostemp(exporting->part, O_CLOEXEC); /* mode 0600 */
	if (fd < 0) {
		exporting->part[0] = '\0';
		return fail(exporting->path);
	}
	exporting->out = fdopen(fd, "w");
	if (exporting->out != NULL)
		return 0;
	close(fd);
	return fail(exporting->path);
}

/* Makes sure that all of it is on the disk, and moves it to its place. 0 or -1. */
static int
finish_file(struct exporting *exporting)
{
	int failed = fflush(exporting->out) != 0 || ferror(exporting->out);

	if (exporting->path == NULL)
		return failed ? fail(NULL) : 0;
	failed = failed || fsync(fileno(exporting->out)) != 0;
	if (fclose(exporting->out) != 0)
		failed = 1;
	exporting->out = NULL;
	if (failed || rename(exporting->part, exporting->path) != 0)
		return fail(exporting->path);
	exporting->part[0] = '\0';
	return 0;
}

static void
give_up(struct exporting *exporting)
{
	if (exporting->path != NULL && exporting->out != NULL)
		fclose(exporting->out);
	if (exporting->part[0] != '\0')
		unlink(exporting->part);
}

static int
export_all(struct exporting *exporting)
{
	struct account_print *print = account_print_new(exporting->out, 1);
	int failed = print == NULL || accounts_print_all(exporting->client, print, 1) != 0;

	return account_print_end(print) != 0 || failed ? -1 : 0;
}

int
accounts_export(const struct invocation *invocation)
{
	struct exporting exporting = {
	    .path = invocation->argument_count > 0 ? invocation->arguments[0] : NULL};
	int code = control_client_open(&exporting.client, invocation->config, 0);

	if (code != 0)
		return code;
	code = open_file(&exporting) == 0 && export_all(&exporting) == 0 &&
		       finish_file(&exporting) == 0
		   ? 0
		   : 1;
	give_up(&exporting);
	control_client_close(exporting.client);
	return code;
}
