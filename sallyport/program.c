#include "program.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
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

enum { EXTRA_FD = 3 };

static int
add_files(posix_spawn_file_actions_t *actions, const struct program_start *start)
{
	int error = 0;

	if (start->in >= 0)
		error = posix_spawn_file_actions_adddup2(actions, start->in, STDIN_FILENO);
	else
		error = posix_spawn_file_actions_addopen(
		    actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	if (error == 0 && start->extra >= 0)
		error = posix_spawn_file_actions_adddup2(actions, start->extra, EXTRA_FD);
	if (error != 0)
		return error;
	if (start->out >= 0)
		return posix_spawn_file_actions_adddup2(actions, start->out, STDOUT_FILENO);
	return posix_spawn_file_actions_addopen(actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
}

pid_t
program_start(const struct program_start *start)
{
	char program[PROGRAM_MAX], config_option[] = "-c";
	/* posix_spawn() changes none of them. */
	char *arguments[] = {program, config_option, (char *)start->config, (char *)start->option,
	    (char *)start->value, NULL};
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t none;
	pid_t pid = -1;
	int error;

	if (program_find(start->role, program) != 0) {
		fprintf(stderr, "sallyport: cannot start %s: %s\n", program, strerror(errno));
		return -1;
	}
	sigemptyset(&none);
	posix_spawn_file_actions_init(&actions);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setflags(&attributes,
	    (short)(POSIX_SPAWN_SETSIGMASK | (start->own_group ? POSIX_SPAWN_SETPGROUP : 0)));
	error = add_files(&actions, start);
	if (error == 0)
		error = posix_spawn(&pid, program, &actions, &attributes, arguments, environ);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	if (error == 0)
		return pid;
	fprintf(stderr, "sallyport: cannot start %s: %s\n", program, strerror(error));
	return -1;
}
