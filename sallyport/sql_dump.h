/*
 * The rows of a few tables out of a database's dump in SQL: what pg_dump writes as plain text, with COPY or
 * with INSERT in all its forms, and what ".dump" of sqlite3 writes. Pure; reads as it goes and keeps
 * one row.
 *
 * Statements about anything else are passed over. Names may be quoted and have a schema in front, which
 * is not looked at.
 */
#ifndef SALLYPORT_SQL_DUMP_H
#define SALLYPORT_SQL_DUMP_H

#include "sql_text.h"

enum {
	SQL_DUMP_TABLES = 2,
	SQL_DUMP_COLUMNS = 4,	    /* wanted of one table */
	SQL_DUMP_FILE_COLUMNS = 32, /* that a table may have */
	SQL_DUMP_ROW = 256 * 1024   /* bytes of a row's values */
};

/* Names in lower case; NULL behind the last. */
struct sql_dump_table {
	const char *name;
	const char *columns[SQL_DUMP_COLUMNS];
};

/* Where the file's columns of a table go: an index of `columns`, or -1. */
struct sql_dump_columns {
	int places[SQL_DUMP_FILE_COLUMNS];
	size_t count;
};

struct sql_dump {
	struct sql_text text; /* its line, and why it failed */

	/* The module's own. */
	const struct sql_dump_table *tables;
	size_t table_count;
	struct sql_dump_columns declared[SQL_DUMP_TABLES]; /* by CREATE TABLE */
	enum { SQL_DUMP_STATEMENTS, SQL_DUMP_COPY, SQL_DUMP_VALUES } state;
	size_t table; /* whose rows are being read */
	struct sql_dump_columns columns;
	struct buf row;
};

/*
 * Starts; nothing is read yet. At most SQL_DUMP_TABLES `tables`; they and `context` are borrowed until
 * sql_dump_free(), which is needed in any case. `read` as in sql_text.h. 0, or -1: out of memory, as text.why says.
 */
int sql_dump_init(struct sql_dump *dump, const struct sql_dump_table *tables, size_t count,
    long (*read)(void *context, unsigned char *buffer, size_t capacity), void *context);

/*
 * The next row: 1, with the index of its table and the values of the wanted columns, valid until the next call;
 * `data` is NULL for NULL and for a column that the dump does not have. 0: that was the last. -1: the dump cannot be
 * understood, is cut off, or cannot be read; text.why and text.line say more.
 */
int sql_dump_next(struct sql_dump *dump, size_t *table, struct slice values[SQL_DUMP_COLUMNS]);

void sql_dump_free(struct sql_dump *dump);

#endif
