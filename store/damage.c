#include "damage.h"

#include "log.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <string.h>

int
damage_is(int code)
{
	return code == MDB_CORRUPTED || code == MDB_PAGE_NOTFOUND || code == MDB_INVALID;
}

/* Where this thread goes on when LMDB gives up; NULL: nowhere. */
static _Thread_local jmp_buf *way_out;

int
damage_guard(int (*read)(void *context), void *context)
{
	jmp_buf here;
	int code = MDB_CORRUPTED;

	way_out = &here;
	if (setjmp(here) == 0)
		code = read(context);
	way_out = NULL;
	return code;
}

static void
on_assertion(MDB_env *environment, const char *what)
{
	(void)environment;
	if (way_out != NULL)
		longjmp(*way_out, 1);
	fatal("the database is damaged: LMDB gives up at %.200s; " DAMAGE_ADVICE, what);
}

#ifdef SALLYPORT_SANITIZED

static void
watch_signals(void)
{
}

#else

/*
 * The thread stands in LMDB, or reads what LMDB has found, and holds nothing that the log needs. What it did is then done once more, and
 * ends it: the parent gets to see the signal. SIGABRT comes from the C library, when a page has misled LMDB into writing over the
 * allocator's own notes.
 */
static void
on_signal(int number)
{
	if (number == SIGBUS)
		log_error(
		    "the database cannot be read: its file ends too early, or the disk cannot "
		    "read a part of it; " DAMAGE_ADVICE);
	else
		log_error("a damaged page of the database, or else a defect of Sallyport, ends "
			  "this process; " DAMAGE_ADVICE);
}

static void
watch_signals(void)
{
	struct sigaction action = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND};

	if (sigaction(SIGBUS, &action, NULL) != 0 || sigaction(SIGSEGV, &action, NULL) != 0 ||
	    sigaction(SIGABRT, &action, NULL) != 0)
		fatal("cannot watch for signals: %s", strerror(errno));
}

#endif

void
damage_watch(MDB_env *environment)
{
	int code = mdb_env_set_assert(environment, on_assertion);

	if (code != 0)
		fatal("cannot prepare the database: %s", mdb_strerror(code));
	watch_signals();
}
