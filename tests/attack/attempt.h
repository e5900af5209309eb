/*
 * What somebody who runs code in a daemon would try, one attempt each. tests/attack/table.txt says in words what each is,
 * and what comes of it in which process.
 */
#ifndef ATTACK_ATTEMPT_H
#define ATTACK_ATTEMPT_H

#include <stddef.h>
#include <sys/types.h>

struct attempt {
	const char *name;
	/* Either a system call with its arguments, */
	long number;
	long arguments[6];
	/* or what takes more: 0 when it was done, otherwise the errno that it met. */
	int (*run)(pid_t victim);
};

/* An argument that stands for the process of another which `victim` names. */
#define ATTEMPT_VICTIM (-999999L)

/* attempt_call.c: one system call each; attempt_deed.c: several. */
extern const struct attempt attempt_calls[], attempt_deeds[];
extern const size_t attempt_call_count, attempt_deed_count;

/* NULL: there is none of this name. */
const struct attempt *attempt_find(const char *name);

/* The errno that came of it, or 0: it was done. May not return at all. */
int attempt_run(const struct attempt *attempt, pid_t victim);

#endif
