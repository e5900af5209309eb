#include "account_source.h"

#include "account_line.h"
#include "acme_dns_database.h"
#include "buf.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum {
	HEAD = 64, /* bytes that tell what a file is */
	CHUNK = 64 * 1024
};

enum kind { KIND_SQLITE, KIND_DUMP, KIND_LINES };

struct account_source {
	enum kind kind;
	FILE *file;
	struct buf line; /* failed: longer than any account */
	uint64_t line_number;
	struct account_line parsed;
	unsigned char chunk[CHUNK];
	size_t chunk_length, chunk_offset;
	int ended;
	unsigned char head[HEAD]; /* the first bytes, which a pipe gives only once */
	size_t head_length, head_offset;
	struct acme_dns_database *database;
	uint64_t read, size; /* accounts, or bytes; size 0: unknown */
};

static int
starts_with(const struct account_source *source, const char *text, size_t length)
{
	return source->head_length >= length && memcmp(source->head, text, length) == 0;
}

/* Says what the head is a sign of. 0, or -1 with `why`. */
static int
recognise(struct account_source *source, char why[ACCOUNT_SOURCE_WHY])
{
	static const char sqlite[] = "SQLite format 3";
	const char *text = (const char *)source->head;
	size_t blanks = 0;

	if (starts_with(source, sqlite, sizeof(sqlite))) {
		source->kind = KIND_SQLITE;
		return 0;
	}
	if (starts_with(source, "PGDMP", 5)) {
		snprintf(why, ACCOUNT_SOURCE_WHY,
		    "this is pg_dump's custom format; make a plain dump, with --format=plain");
		return -1;
	}
	if (starts_with(source, "\x1f\x8b", 2) || starts_with(source, "\x28\xb5\x2f\xfd", 4) ||
	    starts_with(source,
		"\xfd"
		"7zXZ",
		5) ||
	    starts_with(source, "BZh", 3)) {
		snprintf(why, ACCOUNT_SOURCE_WHY, "it is compressed; unpack it first");
		return -1;
	}
	while (blanks < source->head_length && strchr(" \t\r\n", text[blanks]) != NULL)
		blanks++;
	if (memchr(source->head, '\0', source->head_length) != NULL) {
		snprintf(why, ACCOUNT_SOURCE_WHY,
		    "it is neither acme-dns's SQLite database nor a dump in SQL nor lines of JSON");
		return -1;
	}
	source->kind =
	    blanks == source->head_length || text[blanks] == '{' ? KIND_LINES : KIND_DUMP;
	return 0;
}

static long
read_on(void *context, unsigned char *buffer, size_t capacity)
{
	struct account_source *source = context;
	size_t left = source->head_length - source->head_offset, got;

	if (left > 0) {
		got = left < capacity ? left : capacity;
		memcpy(buffer, source->head + source->head_offset, got);
		source->head_offset += got;
		return (long)got;
	}
	got = fread(buffer, 1, capacity, source->file);
	return got == 0 && ferror(source->file) ? -1 : (long)got;
}

static int
open_database(struct account_source *source, const char *path, char why[ACCOUNT_SOURCE_WHY])
{
	if (source->kind == KIND_DUMP)
		source->database = acme_dns_database_load(read_on, source, why);
	else if (strcmp(path, "-") == 0)
		snprintf(why, ACCOUNT_SOURCE_WHY,
		    "an SQLite database cannot be read from a pipe; give its path");
	else
		source->database = acme_dns_database_open(path, why);
	if (source->database == NULL)
		return -1;
	source->size = acme_dns_database_count(source->database);
	return 0;
}

struct account_source *
account_source_open(const char *path, char why[ACCOUNT_SOURCE_WHY])
{
	struct account_source *source = calloc(1, sizeof(*source));
	struct stat status;

	if (source == NULL) {
		snprintf(why, ACCOUNT_SOURCE_WHY, "out of memory");
		return NULL;
	}
	source->file = fopen(strcmp(path, "-") == 0 ? "/dev/stdin" : path, "re");
	buf_init(&source->line, ACCOUNT_LINE_MAX);
	if (source->file == NULL || fstat(fileno(source->file), &status) != 0) {
		snprintf(why, ACCOUNT_SOURCE_WHY, "it cannot be opened: %s", strerror(errno));
	} else if (S_ISDIR(status.st_mode)) {
		snprintf(why, ACCOUNT_SOURCE_WHY, "it is a folder");
	} else {
		if (S_ISREG(status.st_mode))
			source->size = (uint64_t)status.st_size;
		source->head_length = fread(source->head, 1, HEAD, source->file);
		if (recognise(source, why) == 0 &&
		    (source->kind == KIND_LINES || open_database(source, path, why) == 0))
			return source;
	}
	account_source_close(source);
	return NULL;
}

const char *
account_source_kind(const struct account_source *source)
{
	static const char *const names[] = {
	    "acme-dns's database", "a dump of acme-dns's database", "lines of JSON"};

	return names[source->kind];
}

/* The next line, without its end, into source->line. 1, 0 at the end, or -1: it cannot be read. */
static int
take_line(struct account_source *source)
{
	const unsigned char *end = NULL;

	buf_clear(&source->line);
	source->line_number++;
	while (end == NULL) {
		const unsigned char *start = source->chunk + source->chunk_offset;
		size_t left = source->chunk_length - source->chunk_offset, length;

		if (left == 0) {
			long got = source->ended ? 0 : read_on(source, source->chunk, CHUNK);

			if (got <= 0) {
				source->ended = 1;
				return got < 0 ? -1
					       : source->line.length > 0 || source->line.failed;
			}
			source->chunk_offset = 0;
			source->chunk_length = (size_t)got;
			continue;
		}
		end = memchr(start, '\n', left);
		length = end != NULL ? (size_t)(end - start) : left;
		buf_append(&source->line, start, length);
		source->chunk_offset += length + (end != NULL);
		source->read += length + (end != NULL);
	}
	return 1;
}

static int
is_blank(const struct buf *line)
{
	for (size_t i = 0; i < line->length; i++) {
		if (strchr(" \t\r", line->data[i]) == NULL || line->data[i] == '\0')
			return 0;
	}
	return 1;
}

static enum account_entry_result
next_line(struct account_source *source, struct account_entry *entry, char why[ACCOUNT_SOURCE_WHY])
{
	int result;

	do
		result = take_line(source);
	while (result == 1 && !source->line.failed && is_blank(&source->line));
	memset(entry, 0, sizeof(*entry));
	if (result == 0)
		return ACCOUNT_ENTRY_END;
	if (result < 0) {
		snprintf(
		    why, ACCOUNT_SOURCE_WHY, "it cannot be read any further: %s", strerror(errno));
		return ACCOUNT_ENTRY_FAILED;
	}
	if (source->line.failed) {
		snprintf(why, ACCOUNT_SOURCE_WHY, "the line is longer than any account (%d bytes)",
		    ACCOUNT_LINE_MAX);
		return ACCOUNT_ENTRY_REFUSED;
	}
	return account_line_read(
	    &source->parsed, entry, source->line.data, source->line.length, why);
}

enum account_entry_result
account_source_next(
    struct account_source *source, struct account_entry *entry, char why[ACCOUNT_SOURCE_WHY])
{
	if (source->kind == KIND_LINES)
		return next_line(source, entry, why);
	source->read++;
	return acme_dns_database_next(source->database, entry, why);
}

uint64_t
account_source_line(const struct account_source *source)
{
	return source->kind == KIND_LINES ? source->line_number : 0;
}

double
account_source_progress(const struct account_source *source)
{
	if (source->size == 0)
		return -1;
	return source->read < source->size ? (double)source->read / (double)source->size : 1;
}

void
account_source_close(struct account_source *source)
{
	if (source == NULL)
		return;
	if (source->file != NULL)
		fclose(source->file);
	acme_dns_database_close(source->database);
	account_line_free(&source->parsed);
	buf_free(&source->line);
	free(source);
}
