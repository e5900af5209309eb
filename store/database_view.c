#include "database_view.h"

#include "database_environment.h"

#include <stdio.h>

static MDB_env *
open_environment(const char *path, const char *what, unsigned flags, uint64_t map)
{
	MDB_env *environment;
	int code;

	if ((code = mdb_env_create(&environment)) != 0 ||
	    (code = mdb_env_set_maxdbs(environment, DATABASE_TABLES)) != 0 ||
	    (code = mdb_env_set_mapsize(environment, map)) != 0 ||
	    (code = mdb_env_open(environment, path, MDB_RDONLY | MDB_NOTLS | flags, 0600)) != 0)
		fatal("cannot open %s: %s", what, mdb_strerror(code));
	return environment;
}

MDB_env *
database_view_open(uint64_t map_max)
{
	return open_environment(".", "the database", 0, map_max);
}

MDB_env *
database_view_open_image(int fd, uint64_t length)
{
	char path[32];

	/* LMDB takes nothing but paths. */
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return open_environment(path, "the backup", MDB_NOSUBDIR | MDB_NOLOCK, length);
}

void
database_view_state(MDB_env *environment, uint32_t *schema, uint64_t *sequence)
{
	MDB_txn *transaction;
	uint64_t number = 0;
	MDB_dbi meta;
	int code;

	if ((code = mdb_txn_begin(environment, NULL, MDB_RDONLY, &transaction)) != 0)
		fatal("cannot read the database: %s", mdb_strerror(code));
	if ((code = mdb_dbi_open(transaction, "meta", 0, &meta)) != 0 ||
	    (code = database_get_number(transaction, meta, "schema", &number)) != 0 ||
	    (code = database_get_number(transaction, meta, "sequence", sequence)) != 0)
		fatal("cannot read the database: %s", mdb_strerror(code));
	*schema = (uint32_t)number;
	mdb_txn_abort(transaction);
}
