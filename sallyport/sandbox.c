#include "sandbox.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const set_names[SANDBOX_SETS] = {
    "CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"};

/* What stands behind "NAME:" at the beginning of a line; NULL: nothing does. */
static const char *
find_value(const char *status, const char *name)
{
	size_t length = strlen(name);

	while (*status != '\0') {
		const char *end = strchr(status, '\n');

		if (strncmp(status, name, length) == 0 && status[length] == ':')
			return status + length + 1;
		if (end == NULL)
			return NULL;
		status = end + 1;
	}
	return NULL;
}

static int
read_number(const char *status, const char *name, int base, uint64_t *number)
{
	const char *value = find_value(status, name);
	char *end;

	if (value == NULL)
		return -1;
	*number = strtoull(value, &end, base);
	return end != value ? 0 : -1;
}

static int
read_uids(struct sandbox *sandbox, const char *status)
{
	const char *value = find_value(status, "Uid");
	unsigned long uids[4];
	char *end;

	for (unsigned i = 0; value != NULL && i < 4; i++, value = end) {
		uids[i] = strtoul(value, &end, 10);
		if (end == value)
			return -1;
	}
	if (value == NULL)
		return -1;
	sandbox->uid = (uid_t)uids[0];
	sandbox->uids_differ = uids[1] != uids[0] || uids[2] != uids[0] || uids[3] != uids[0];
	return 0;
}

/* Groups besides the one of the process itself. */
static int
read_groups(struct sandbox *sandbox, const char *status)
{
	const char *groups = find_value(status, "Groups"), *end;
	uint64_t own;

	if (groups == NULL || read_number(status, "Gid", 10, &own) != 0)
		return -1;
	end = strchr(groups, '\n');
	sandbox->groups = 0;
	for (;;) {
		char *behind;
		unsigned long group = strtoul(groups, &behind, 10);

		if (behind == groups || (end != NULL && behind > end))
			return 0;
		sandbox->groups += group != own;
		groups = behind;
	}
}

int
sandbox_read_status(struct sandbox *sandbox, const char *status)
{
	uint64_t number;

	if (read_uids(sandbox, status) != 0 || read_groups(sandbox, status) != 0)
		return -1;
	for (unsigned i = 0; i < SANDBOX_SETS; i++) {
		if (read_number(status, set_names[i], 16, &sandbox->capabilities[i]) != 0)
			return -1;
	}
	if (read_number(status, "NoNewPrivs", 10, &number) != 0)
		return -1;
	sandbox->no_new_privs = number == 1;
	if (read_number(status, "Seccomp", 10, &number) != 0)
		return -1;
	sandbox->seccomp = (unsigned)number;
	/* Older kernels do not count them. */
	sandbox->filters =
	    read_number(status, "Seccomp_filters", 10, &number) == 0 ? (unsigned)number : 0;
	return 0;
}

const char *
sandbox_fact_name(enum sandbox_fact fact)
{
	static const char *const names[SANDBOX_FACTS] = {
	    [SANDBOX_USER] = "uid",
	    [SANDBOX_GROUPS] = "further groups",
	    [SANDBOX_CAPABILITIES] = "capabilities",
	    [SANDBOX_NO_NEW_PRIVS] = "no_new_privs",
	    [SANDBOX_SECCOMP] = "seccomp",
	    [SANDBOX_ROOT] = "root of its own",
	    [SANDBOX_MEMORY] = "core, or seen by its user",
	    [SANDBOX_DESCRIPTORS] = "sockets, files, other descriptors",
	};

	return names[fact];
}

static const char *
yes_or_no(int value)
{
	if (value < 0)
		return "?";
	return value ? "yes" : "no";
}

static uint64_t
all_capabilities(const struct sandbox *sandbox)
{
	uint64_t all = 0;

	for (unsigned i = 0; i < SANDBOX_SETS; i++)
		all |= sandbox->capabilities[i];
	return all;
}

void
sandbox_describe(const struct sandbox *sandbox, enum sandbox_fact fact, char text[SANDBOX_CELL])
{
	switch (fact) {
	case SANDBOX_USER:
		snprintf(text, SANDBOX_CELL, "%lu%s", (unsigned long)sandbox->uid,
		    sandbox->uids_differ ? " and another" : "");
		break;
	case SANDBOX_GROUPS:
		snprintf(text, SANDBOX_CELL, "%u", sandbox->groups);
		break;
	case SANDBOX_CAPABILITIES:
		if (all_capabilities(sandbox) == 0)
			snprintf(text, SANDBOX_CELL, "none");
		else
			snprintf(text, SANDBOX_CELL, "%" PRIx64, all_capabilities(sandbox));
		break;
	case SANDBOX_NO_NEW_PRIVS:
		snprintf(text, SANDBOX_CELL, "%s", yes_or_no(sandbox->no_new_privs));
		break;
	case SANDBOX_SECCOMP:
		if (sandbox->seccomp == 2)
			snprintf(text, SANDBOX_CELL, "%u filter%s", sandbox->filters,
			    sandbox->filters == 1 ? "" : "s");
		else
			snprintf(text, SANDBOX_CELL, "no");
		break;
	case SANDBOX_ROOT:
		snprintf(text, SANDBOX_CELL, "%s", yes_or_no(sandbox->has_root));
		break;
	case SANDBOX_MEMORY:
		snprintf(text, SANDBOX_CELL, "%s, %s", yes_or_no(sandbox->core),
		    yes_or_no(sandbox->dumpable));
		break;
	case SANDBOX_DESCRIPTORS:
	case SANDBOX_FACTS:
		if (sandbox->sockets < 0)
			snprintf(text, SANDBOX_CELL, "?");
		else
			snprintf(text, SANDBOX_CELL, "%d, %d, %d", sandbox->sockets, sandbox->files,
			    sandbox->others);
		break;
	}
}

/* NULL: the fact is as it should be. */
static const char *
find_weakness(
    const struct sandbox *sandbox, const struct sandbox_wish *wish, enum sandbox_fact fact)
{
	switch (fact) {
	case SANDBOX_USER:
		if (sandbox->uid == 0)
			return "runs as root";
		if (sandbox->uids_differ)
			return "could become another user";
		return sandbox->uid == wish->uid ? NULL
						 : "is not the user that privsep.users gives it; "
						   "it was started without root";
	case SANDBOX_GROUPS:
		return sandbox->groups == 0 ? NULL : "has the rights of further groups";
	case SANDBOX_CAPABILITIES:
		return all_capabilities(sandbox) == 0
			   ? NULL
			   : "has capabilities, or could get them; it was started without root";
	case SANDBOX_NO_NEW_PRIVS:
		return sandbox->no_new_privs ? NULL : "could gain rights by a set-uid program";
	case SANDBOX_SECCOMP:
		return sandbox->seccomp == 2
			   ? NULL
			   : "may make any system call; a build with sanitizers has no filter";
	case SANDBOX_ROOT:
		return sandbox->has_root != 0
			   ? NULL
			   : "sees the whole file system; it was started without root";
	case SANDBOX_MEMORY:
		if (sandbox->core == 1)
			return "would leave its secrets in a core";
		return sandbox->dumpable == 1 ? "can be looked into by its user's other processes"
					      : NULL;
	case SANDBOX_DESCRIPTORS:
	case SANDBOX_FACTS:
		break;
	}
	return sandbox->files > (int)wish->max_files ? "holds files open that it should not have"
						     : NULL;
}

int
sandbox_judge(const struct sandbox *sandbox, const struct sandbox_wish *wish,
    enum sandbox_fact fact, char why[SANDBOX_WHY])
{
	const char *weakness = find_weakness(sandbox, wish, fact);

	if (weakness == NULL)
		return 1;
	snprintf(why, SANDBOX_WHY, "%s", weakness);
	return 0;
}
