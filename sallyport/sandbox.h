/*
 * How a running daemon is confined, as the kernel tells in /proc (proc(5)), and what of it is weaker than it should be. Pure.
 */
#ifndef SALLYPORT_SANDBOX_H
#define SALLYPORT_SANDBOX_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum {
	SANDBOX_SETS =
	    5, /* of capabilities: inheritable, permitted, effective, bounding, ambient */
	SANDBOX_CELL = 64, /* bytes of a fact in words, NUL included */
	SANDBOX_WHY = 160  /* bytes of what is weaker, NUL included */
};

struct sandbox {
	uid_t uid; /* real; `uids_differ`: the others are not the same */
	int uids_differ;
	unsigned groups;		     /* besides its own */
	uint64_t capabilities[SANDBOX_SETS]; /* bit sets */
	int no_new_privs;		     /* 1: set */
	unsigned seccomp;		     /* 2: a filter decides about system calls */
	unsigned filters;
	/* What only root may see of another user's process: -1 where it could not be seen. */
	int has_root;		    /* 1: a root of its own */
	int core;		    /* 1: may leave a core */
	int dumpable;		    /* 1: others of its user may look into it */
	int sockets, files, others; /* open descriptors; `files` behind the standard ones */
};

/* What is looked at, a row each. */
enum sandbox_fact {
	SANDBOX_USER,
	SANDBOX_GROUPS,
	SANDBOX_CAPABILITIES,
	SANDBOX_NO_NEW_PRIVS,
	SANDBOX_SECCOMP,
	SANDBOX_ROOT,
	SANDBOX_MEMORY,
	SANDBOX_DESCRIPTORS,
	SANDBOX_FACTS
};

/* What a daemon should be. */
struct sandbox_wish {
	uid_t uid;	    /* its own */
	unsigned max_files; /* it may hold: store has its database's */
};

/* Reads /proc/PID/status, whose text ends in NUL. 0, or -1 when something is missing there. */
int sandbox_read_status(struct sandbox *sandbox, const char *status);

/* The name of a row. */
const char *sandbox_fact_name(enum sandbox_fact fact);

/* The fact in words: "64101", "none", "?" where it is not known. */
void sandbox_describe(
    const struct sandbox *sandbox, enum sandbox_fact fact, char text[SANDBOX_CELL]);

/* 1 if the fact is as it should be or not known; otherwise 0 with what that means in `why`. */
int sandbox_judge(const struct sandbox *sandbox, const struct sandbox_wish *wish,
    enum sandbox_fact fact, char why[SANDBOX_WHY]);

#endif
