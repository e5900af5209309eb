/*
 * Fills a database with names in large transactions, through store's own code: a million
 * registrations would be a million bcrypts. Store must not be running.
 *
 *   fill FOLDER UID GID <LINES
 *
 * Each line has a label, which is a UUID, and one or more values, with single blanks between. The
 * label is also the user name of the account that owns it. Nobody has the accounts' key.
 */
#include "database.h"
#include "log.h"
#include "password.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	FILL_LINE = 1024,
	FILL_BATCH = 20000, /* names in one transaction */
	FILL_TIME = 1700000000
};

struct batch {
	char lines[FILL_BATCH][FILL_LINE];
	size_t count;
};

static struct slice
next_word(char **rest)
{
	char *word = *rest;
	size_t length = strcspn(word, " \n");

	*rest = word + length + (word[length] != '\0');
	return (struct slice){(const unsigned char *)word, length};
}

static enum database_result
put_account(struct database *database, const struct uuid *username, struct slice label)
{
	struct account_record account = {.subdomain = label, .created = FILL_TIME};

	account.hash =
	    (struct slice){(const unsigned char *)password_nobody, strlen(password_nobody)};
	return database_put_account(database, username, &account);
}

static enum database_result
put_line(struct database *database, char *line)
{
	struct name_record name = {.updated = FILL_TIME};
	struct slice label = next_word(&line), text;
	enum database_result result;

	if (uuid_from_text(&name.owner, label.data, label.length) != 0)
		fatal("a label is no UUID");
	while ((text = next_word(&line)).length > 0) {
		name.sequence = database_next_sequence(database);
		name_record_set(&name, text, MESSAGE_MAX_VALUES, name.sequence, FILL_TIME);
	}
	result = put_account(database, &name.owner, label);
	return result == DATABASE_OK ? database_put_name(database, label, &name) : result;
}

static enum database_result
try_batch(struct database *database, struct batch *batch)
{
	enum database_result result = database_begin(database);

	if (result != DATABASE_OK)
		return result;
	for (size_t i = 0; i < batch->count && result == DATABASE_OK; i++)
		result = put_line(database, batch->lines[i]);
	return database_commit(database);
}

static void
commit_batch(struct database *database, struct batch *batch)
{
	enum database_result result = try_batch(database, batch);

	while (result != DATABASE_OK && database_wants_growth(database) &&
	       database_grow(database) == DATABASE_OK)
		result = try_batch(database, batch);
	if (result != DATABASE_OK)
		fatal("the database takes no more");
}

static void
read_batch(struct batch *batch)
{
	batch->count = 0;
	while (batch->count < FILL_BATCH &&
	       fgets(batch->lines[batch->count], FILL_LINE, stdin) != NULL) {
		if (strchr(batch->lines[batch->count], '\n') == NULL)
			fatal("a line is too long, or does not end");
		batch->count++;
	}
}

int
main(int argc, char **argv)
{
	static struct batch batch;
	struct database *database;
	size_t total = 0;

	log_init("fill", LOG_LEVEL_WARNING, LOG_FORMAT_TEXT);
	if (argc != 4) {
		(void)fprintf(stderr, "usage: fill FOLDER UID GID <LINES\n");
		return 2;
	}
	database = database_open(&(struct database_config){.path = argv[1],
	    .uid = (uid_t)strtoul(argv[2], NULL, 10),
	    .gid = (gid_t)strtoul(argv[3], NULL, 10),
	    .map_size = UINT64_C(64) << 20,
	    .map_max = UINT64_C(1) << 40});
	for (read_batch(&batch); batch.count > 0; read_batch(&batch)) {
		commit_batch(database, &batch);
		total += batch.count;
	}
	database_close(database);
	(void)printf("%zu\n", total);
	return 0;
}
