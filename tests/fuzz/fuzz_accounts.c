/* Files of accounts with any bytes: dumps in SQL and lines of JSON. */
#include "account_line.h"
#include "sql_dump.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct sql_dump_table tables[] = {
    {"records", {"username", "password", "subdomain", "allowfrom"}},
    {"txt", {"subdomain", "value", "lastupdate"}},
};

static volatile unsigned char seen;

/* Reads every byte, so that a sanitizer sees a slice that points nowhere. */
static void
touch(struct slice slice)
{
	for (size_t i = 0; i < slice.length; i++)
		seen = slice.data[i];
}

struct input {
	const uint8_t *data;
	size_t left;
};

/* In pieces, so that what is taken apart stands across their ends. */
static long
read_piece(void *context, unsigned char *buffer, size_t capacity)
{
	struct input *input = context;
	size_t length = input->left < 13 ? input->left : 13;

	if (length > capacity)
		length = capacity;
	memcpy(buffer, input->data, length);
	input->data += length;
	input->left -= length;
	return (long)length;
}

static void
read_dump(const uint8_t *data, size_t size)
{
	struct input input = {data, size};
	struct slice values[SQL_DUMP_COLUMNS];
	struct sql_dump dump;
	size_t table;

	if (sql_dump_init(&dump, tables, 2, read_piece, &input) == 0) {
		while (sql_dump_next(&dump, &table, values) == 1) {
			for (size_t i = 0; i < SQL_DUMP_COLUMNS; i++)
				touch(values[i]);
		}
	}
	sql_dump_free(&dump);
}

/* What was read is written, and that is read to the same again. */
static void
insist_same(const struct account_entry *entry)
{
	struct account_line line = {NULL};
	struct account_entry again;
	char why[ACCOUNT_LINE_WHY];
	struct buf first, second;

	buf_init(&first, ACCOUNT_LINE_MAX);
	buf_init(&second, ACCOUNT_LINE_MAX);
	if (account_line_write(entry, &first) == 0) {
		if (account_line_read(&line, &again, first.data, first.length, why) !=
			ACCOUNT_ENTRY_READ ||
		    account_line_write(&again, &second) != 0 || first.length != second.length ||
		    memcmp(first.data, second.data, first.length) != 0)
			abort();
	}
	account_line_free(&line);
	buf_free(&first);
	buf_free(&second);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct account_line line = {NULL};
	struct account_entry entry;
	char why[ACCOUNT_LINE_WHY];

	read_dump(data, size);
	if (size <= ACCOUNT_LINE_MAX &&
	    account_line_read(&line, &entry, data, size, why) == ACCOUNT_ENTRY_READ)
		insist_same(&entry);
	account_line_free(&line);
	return 0;
}
