#include "task.h"

#include "backup.h"
#include "backup_file.h"
#include "damage.h"
#include "database.h"
#include "database_folder.h"
#include "database_view.h"
#include "filter.h"
#include "finding.h"
#include "log.h"
#include "restore.h"
#include "verification.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum {
	TASK_FILES = 32,
	TASK_FINDINGS = 1000 /* that are shown; others are only counted */
};

struct walk {
	volatile char *place; /* shared with "sallyport verify" */
	unsigned shown;
	unsigned records;
};

static void
on_reached(void *context, const char *table, struct slice key)
{
	struct walk *walk = context;
	char where[VERIFICATION_WHERE];

	verification_where(where, table, key);
	finding_note(walk->place, table, where);
	if (walk->records++ % 1024 == 0)
		alarm(FINDING_STALL_SECONDS);
}

static void
on_found(void *context, const char *table, const char *where, const char *what)
{
	struct walk *walk = context;

	if (walk->shown++ < TASK_FINDINGS)
		finding_print(stdout, table, where, what);
	/* The next page may be our end. */
	fflush(stdout);
}

static int
print_totals(const struct verification_totals *totals)
{
	printf("schema %" PRIu64 ", commit %" PRIu64 "; accounts: %" PRIu64 ", names: %" PRIu64
	       " (out of use: %" PRIu64 "), values: %" PRIu64 ", tokens: %" PRIu64 "\n",
	    totals->schema, totals->sequence, totals->accounts, totals->names, totals->retired,
	    totals->values, totals->tokens);
	if (totals->findings == 0)
		puts("nothing is wrong");
	else
		printf("%" PRIu64 " %s\n", totals->findings,
		    totals->findings == 1 ? "thing is wrong" : "things are wrong");
	if (fflush(stdout) != 0)
		fatal("cannot write to standard output: %s", strerror(errno));
	return totals->findings == 0 ? 0 : FINDING_EXIT_CODE;
}

static void
confine_task(struct daemon *daemon)
{
	daemon_confine(daemon, 0, TASK_FILES, filter_task_calls, filter_task_call_count);
}

/* Before LMDB sees a page: the place where it was last, and how it writes. */
static void
prepare(struct walk *walk)
{
	static char buffer[BUFSIZ];

	*walk = (struct walk){.place = mmap(NULL, FINDING_PLACE, PROT_READ | PROT_WRITE, MAP_SHARED,
				  DAEMON_TASK_FD, 0)};
	if (walk->place == MAP_FAILED)
		fatal("cannot map descriptor %d: %s", DAEMON_TASK_FD, strerror(errno));
	/* Or stdio would ask whether it is a terminal, which is a call that we do not make. */
	setvbuf(stdout, buffer, _IOFBF, sizeof(buffer));
	alarm(FINDING_STALL_SECONDS);
}

static int
walk_through(struct daemon *daemon, MDB_env *environment, struct walk *walk)
{
	struct verification_totals totals;
	struct verification_config config = {
	    .environment = environment, .found = on_found, .reached = on_reached, .context = walk};

	confine_task(daemon);
	verification_run(&config, &totals);
	alarm(0);
	if (totals.schema != 0 && totals.schema != DATABASE_SCHEMA)
		fatal("it has schema %" PRIu64 ", this program knows %d", totals.schema,
		    DATABASE_SCHEMA);
	return print_totals(&totals);
}

/* The database as one more of its readers. */
static MDB_env *
open_database(const struct daemon *daemon)
{
	const struct conf *conf = &daemon->conf;
	const struct conf_user *user = &conf->privsep.users[CONF_ROLE_STORE];
	struct database_folder folder;
	MDB_env *environment;

	database_folder_enter(&folder, conf->store.path, user->uid, user->gid, 0);
	environment = database_view_open(conf->store.map_max);
	database_folder_leave(&folder);
	return environment;
}

static int
verify(struct daemon *daemon)
{
	struct walk walk;

	prepare(&walk);
	return walk_through(daemon, open_database(daemon), &walk);
}

static void
print_date(const struct backup_trailer *trailer)
{
	time_t created = (time_t)trailer->created;
	struct tm when;
	char text[32] = "an unknown time";

	if (gmtime_r(&created, &when) != NULL)
		strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &when);
	printf("a backup of %s, %" PRIu64 " bytes, as it was written\n", text,
	    trailer->length + BACKUP_TRAILER);
}

/* LMDB gets to see only what is as it was written. A file is opened as root, who may be the only one who can read it. */
static int
verify_backup(struct daemon *daemon)
{
	struct backup_trailer trailer;
	struct walk walk;
	char why[128];

	prepare(&walk);
	if (backup_file_read(STDIN_FILENO, -1, &trailer, why, sizeof(why)) != 0) {
		on_found(&walk, "backup", "", why);
		return FINDING_EXIT_CODE;
	}
	print_date(&trailer);
	if (trailer.schema > DATABASE_SCHEMA)
		fatal("it has schema %u, this program knows %d: use the version of Sallyport that "
		      "wrote it, or a later one",
		    trailer.schema, DATABASE_SCHEMA);
	if (trailer.schema < DATABASE_SCHEMA) {
		printf(
		    "it has schema %u: its records are looked at when the server has changed them "
		    "to schema %d\n",
		    trailer.schema, DATABASE_SCHEMA);
		return fflush(stdout) == 0 ? 0 : 1;
	}
	return walk_through(daemon, database_view_open_image(STDIN_FILENO, trailer.length), &walk);
}

static int
backup(struct daemon *daemon)
{
	struct backup_source source = {
	    .environment = open_database(daemon), .reserve = daemon->conf.store.reserve};

	damage_watch(source.environment);
	confine_task(daemon);
	database_view_state(source.environment, &source.schema, &source.sequence);
	backup_write(&source, DAEMON_TASK_FD);
	return 0;
}

static int
put_back(struct daemon *daemon, int over)
{
	const struct conf *conf = &daemon->conf;
	const struct conf_user *user = &conf->privsep.users[CONF_ROLE_STORE];
	struct database_folder folder;

	database_folder_enter(&folder, conf->store.path, user->uid, user->gid, 1);
	restore_run(&folder, STDIN_FILENO, over);
	database_folder_leave(&folder);
	return 0;
}

static int
restore(struct daemon *daemon)
{
	return put_back(daemon, 0);
}

static int
restore_over(struct daemon *daemon)
{
	return put_back(daemon, 1);
}

int
task_run(struct daemon *daemon)
{
	static const struct {
		const char *name;
		int (*run)(struct daemon *daemon);
	} tasks[] = {{"backup", backup}, {"verify", verify}, {"verify-backup", verify_backup},
	    {"restore", restore}, {"restore-over", restore_over}};

	for (unsigned i = 0; i < sizeof(tasks) / sizeof(tasks[0]); i++) {
		if (strcmp(daemon->task, tasks[i].name) == 0)
			return tasks[i].run(daemon);
	}
	fatal("there is no task \"%s\"", daemon->task);
}
