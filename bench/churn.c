/*
 * Does the database's file grow when the same names are changed again and again? Updates in groups, each committed and synced
 * as store does, while another thread reads all names over and over in short transactions, as a snapshot for dnsd is read.
 *
 *   churn FOLDER NAMES UPDATES GROUP
 *
 * Prints, ten times, the updates made, the bytes of the file that were ever used, and those in use.
 */
#include "database.h"
#include "log.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

enum { CHUNK = 200, LINES = 10, VALUE = 43 };

struct reading {
	struct database *database;
	atomic_int stopped;
	struct database_place place;
	unsigned names; /* of this chunk */
	uint64_t walks;
};

static void
insist(enum database_result result)
{
	if (result != DATABASE_OK)
		fatal("churn: the database failed");
}

static int
visit(void *context, struct slice label, const struct name_record *name)
{
	struct reading *reading = context;

	(void)label;
	(void)name;
	return reading->names++ == CHUNK;
}

static void
read_names(void *argument)
{
	struct reading *reading = argument;

	while (!atomic_load(&reading->stopped)) {
		reading->names = 0;
		if (database_walk_names(reading->database, &reading->place, visit, reading) ==
		    DATABASE_MISSING) {
			reading->place = (struct database_place){.length = 0};
			reading->walks++;
		}
	}
}

static void
commit_group(struct database *database, unsigned names, unsigned group)
{
	static uint64_t random = 1;
	enum database_result result;

	do {
		insist(database_begin(database));
		for (unsigned i = 0; i < group; i++) {
			char label[16], text[VALUE + 1];
			struct name_record name = {0};
			uint64_t sequence = database_next_sequence(database);

			random = random * 6364136223846793005U + 1442695040888963407U;
			(void)snprintf(
			    label, sizeof(label), "name-%u", (unsigned)(random >> 33) % names);
			(void)snprintf(text, sizeof(text), "%043llu", (unsigned long long)sequence);
			name_record_set(&name, (struct slice){(unsigned char *)text, VALUE}, 2,
			    sequence, sequence);
			(void)database_put_name(
			    database, (struct slice){(unsigned char *)label, strlen(label)}, &name);
		}
		result = database_commit(database);
	} while (result != DATABASE_OK && database_wants_growth(database) &&
		 database_grow(database) == DATABASE_OK);
	insist(result);
}

int
main(int argc, char **argv)
{
	static struct reading reading;
	struct database_size size;
	unsigned names, group;
	uint64_t updates;
	uv_thread_t thread;

	log_init("churn", LOG_LEVEL_WARNING, LOG_FORMAT_TEXT);
	if (argc != 5) {
		(void)fprintf(stderr, "usage: churn FOLDER NAMES UPDATES GROUP\n");
		return 2;
	}
	names = (unsigned)strtoul(argv[2], NULL, 10);
	updates = strtoull(argv[3], NULL, 10);
	group = (unsigned)strtoul(argv[4], NULL, 10);
	reading.database = database_open(&(struct database_config){.path = argv[1],
	    .uid = geteuid(),
	    .gid = getegid(),
	    .map_size = UINT64_C(64) << 20,
	    .map_max = UINT64_C(1) << 40});
	if (uv_thread_create(&thread, read_names, &reading) != 0)
		fatal("churn: cannot start a thread");
	for (uint64_t done = 0, line = 1; line <= LINES; line++) {
		for (; done < updates / LINES * line; done += group)
			commit_group(reading.database, names, group);
		insist(database_measure(reading.database, &size));
		(void)printf("%12llu updates: %8.1f MiB used, %8.1f MiB in use\n",
		    (unsigned long long)done, (double)size.used_bytes / 1024 / 1024,
		    (double)size.live_bytes / 1024 / 1024);
		(void)fflush(stdout);
	}
	atomic_store(&reading.stopped, 1);
	uv_thread_join(&thread);
	(void)printf(
	    "all names were read %llu times meanwhile\n", (unsigned long long)reading.walks);
	database_close(reading.database);
	return 0;
}
