/* Completions of the command line for bash, zsh and fish, made of the table of commands. */
#ifndef SALLYPORT_COMPLETION_H
#define SALLYPORT_COMPLETION_H

#include "command.h"

/* `sallyport completions SHELL`: prints its script, as the build does. Returns the exit code. */
int completion_show(const struct invocation *invocation);

#endif
