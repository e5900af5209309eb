#include "schema.h"

#include "backup.h"
#include "database_environment.h"
#include "database_folder.h"
#include "database_view.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum { BACKUP_NAME = 64, MIB = 1024 * 1024 };

/* The first that was released: there is nothing older yet. */
const struct schema_plan schema_plan = {.target = DATABASE_SCHEMA};

static const struct schema_step *
find_step(const struct schema_plan *plan, uint32_t from)
{
	for (size_t i = 0; i < plan->count; i++) {
		if (plan->steps[i].from == from)
			return &plan->steps[i];
	}
	return NULL;
}

/* A copy without its free pages is no larger than the file. */
static void
check_disk(const struct schema_place *place)
{
	MDB_envinfo information;
	struct statvfs disk;
	MDB_stat status;
	uint64_t needed, there; /* bytes */

	mdb_env_info(place->environment, &information);
	mdb_env_stat(place->environment, &status);
	needed = ((uint64_t)information.me_last_pgno + 1) * status.ms_psize + place->reserve;
	if (statvfs(".", &disk) != 0)
		fatal("cannot look how much is free in %s: %s", place->path, strerror(errno));
	there = (uint64_t)disk.f_bavail * disk.f_frsize;
	if (there < needed)
		fatal(
		    "the database in %s has an older schema; before that is changed it is copied, "
		    "which needs %llu MiB, and %llu MiB are free. Nothing was changed",
		    place->path, (unsigned long long)needed / MIB + 1,
		    (unsigned long long)there / MIB);
}

static void
back_up(const struct schema_place *place, uint32_t from)
{
	struct backup_source source = {
	    .environment = place->environment, .reserve = place->reserve};
	char name[BACKUP_NAME], part[BACKUP_NAME];
	int fd;

	check_disk(place);
	(void)snprintf(name, sizeof(name), "data.mdb.schema-%u.backup", from);
	(void)snprintf(part, sizeof(part), "data.mdb.schema-%u.part", from);
	fd = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		fatal("cannot make %s in %s: %s", part, place->path, strerror(errno));
	database_view_state(place->environment, &source.schema, &source.sequence);
	(void)backup_write(&source, fd);
	if (fsync(fd) != 0 || close(fd) != 0 || rename(part, name) != 0)
		fatal("cannot write %s in %s: %s", name, place->path, strerror(errno));
	database_folder_sync(place->path);
	log_info(
	    "the database was copied to %s/%s before its schema is changed", place->path, name);
}

static int
grow(const struct schema_place *place)
{
	MDB_envinfo information;

	mdb_env_info(place->environment, &information);
	if (information.me_mapsize > place->map_max / 2)
		return MDB_MAP_FULL;
	return mdb_env_set_mapsize(place->environment, information.me_mapsize * 2);
}

/* All of it, or nothing. 0 or LMDB's code. */
static int
try_step(MDB_env *environment, const struct schema_step *step)
{
	MDB_txn *transaction;
	MDB_dbi meta;
	int code = mdb_txn_begin(environment, NULL, 0, &transaction);

	if (code != 0)
		return code;
	if ((code = mdb_dbi_open(transaction, "meta", 0, &meta)) == 0 &&
	    (code = step->change(transaction)) == 0)
		code = database_put_number(transaction, meta, "schema", step->from + 1);
	if (code != 0) {
		mdb_txn_abort(transaction);
		return code;
	}
	return mdb_txn_commit(transaction);
}

void
schema_migrate(const struct schema_place *place, const struct schema_plan *plan, uint32_t from)
{
	if (from > plan->target)
		fatal("the database in %s has schema %u, this program knows %u: use the version of "
		      "Sallyport that wrote it, or a later one",
		    place->path, from, plan->target);
	for (uint32_t schema = from; schema < plan->target; schema++) {
		if (find_step(plan, schema) == NULL)
			fatal("the database in %s has schema %u, which nothing leads to schema %u "
			      "from",
			    place->path, from, plan->target);
	}
	back_up(place, from);
	for (; from < plan->target; from++) {
		const struct schema_step *step = find_step(plan, from);
		int code;

		while ((code = try_step(place->environment, step)) == MDB_MAP_FULL &&
		       (code = grow(place)) == 0)
			;
		if (code != 0)
			fatal("the database in %s stays with schema %u: cannot do what %s: %s",
			    place->path, from, step->what, mdb_strerror(code));
		log_info("the database has schema %u now: this %s", from + 1, step->what);
	}
}
