/*
 * What LMDB alone commits: changes of one record each, a number of them in every transaction, each
 * transaction synced before the next one begins. This is what a store could reach at best that had no
 * clients, no keys to check and nobody to tell.
 *
 *   commits FOLDER SECONDS GROUP
 *
 * Prints the changes committed in a second.
 */
#include <lmdb.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* RECORD: bytes of a name's record with two values of 43 characters, as store keeps it. */
enum { KEY = 36, RECORD = 160, KEYS = 32, MAP = 64 * 1024 * 1024 };

static void
insist(int code, const char *what)
{
	if (code == 0)
		return;
	(void)fprintf(stderr, "commits: cannot %s: %s\n", what, mdb_strerror(code));
	exit(1);
}

static double
seconds_now(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void
commit_group(MDB_env *environment, unsigned group, uint64_t *number)
{
	char key[KEY + 1], record[RECORD] = {0};
	MDB_val key_value = {KEY, key}, record_value = {RECORD, record};
	MDB_txn *transaction;
	MDB_dbi table;

	insist(mdb_txn_begin(environment, NULL, 0, &transaction), "begin");
	insist(mdb_dbi_open(transaction, NULL, 0, &table), "open the table");
	for (unsigned i = 0; i < group; i++) {
		(void)snprintf(key, sizeof(key), "%036u", (unsigned)(*number % KEYS));
		memcpy(record, number, sizeof(*number));
		insist(mdb_put(transaction, table, &key_value, &record_value, 0), "write");
		++*number;
	}
	insist(mdb_txn_commit(transaction), "commit");
}

int
main(int argc, char **argv)
{
	uint64_t number = 0;
	MDB_env *environment;
	double begin, end;
	unsigned group;

	if (argc != 4) {
		(void)fprintf(stderr, "usage: commits FOLDER SECONDS GROUP\n");
		return 2;
	}
	group = (unsigned)strtoul(argv[3], NULL, 10);
	insist(mdb_env_create(&environment), "start LMDB");
	insist(mdb_env_set_mapsize(environment, MAP), "set the map's size");
	insist(mdb_env_open(environment, argv[1], 0, 0600), "open the folder");
	begin = seconds_now();
	end = begin + strtod(argv[2], NULL);
	while (seconds_now() < end)
		commit_group(environment, group, &number);
	(void)printf("%.0f\n", (double)number / (seconds_now() - begin));
	mdb_env_close(environment);
	return 0;
}
