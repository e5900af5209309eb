#include "sql_dump.h"

#include <string.h>

/* What a token in the row stands at, until the row is complete and its bytes no longer move. */
struct field {
	size_t offset, length;
	int is_null;
};

static enum sql_token
next(struct sql_dump *dump)
{
	return sql_text_take_token(&dump->text);
}

/* 1 if the token taken last, of this kind, is that symbol or word. */
static int
is_symbol(const struct sql_dump *dump, enum sql_token kind, const char *symbol)
{
	return sql_text_token_is(&dump->text, kind, SQL_TOKEN_SYMBOL, symbol);
}

static int
is_word(const struct sql_dump *dump, enum sql_token kind, const char *word)
{
	return sql_text_token_is(&dump->text, kind, SQL_TOKEN_WORD, word);
}

/* Letter case aside: a name that was quoted has kept its own. */
static int
same_name(const struct buf *token, const char *name)
{
	size_t length = strlen(name);

	if (token->length != length)
		return 0;
	for (size_t i = 0; i < length; i++) {
		int c = token->data[i];

		if ((c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c) != name[i])
			return 0;
	}
	return 1;
}

/*
 * A table's name, which begins with the token taken last, of this kind; the token behind it is then in
 * *kind. Its index, or -1 where it is none of ours.
 */
static int
take_table(struct sql_dump *dump, enum sql_token *kind)
{
	int found;

	do {
		found = -1;
		if (*kind == SQL_TOKEN_SYMBOL)
			*kind = next(dump);
		if (*kind != SQL_TOKEN_WORD)
			return -1;
		for (size_t i = 0; i < dump->table_count; i++) {
			if (same_name(&dump->text.token, dump->tables[i].name))
				found = (int)i;
		}
		*kind = next(dump);
	} while (is_symbol(dump, *kind, "."));
	return found;
}

static void
add_column(struct sql_dump *dump, size_t table, struct sql_dump_columns *columns)
{
	const struct sql_dump_table *wanted = &dump->tables[table];
	int place = -1;

	if (columns->count == SQL_DUMP_FILE_COLUMNS) {
		sql_text_fail(&dump->text, "the table %s has too many columns", wanted->name);
		return;
	}
	for (int i = 0; i < SQL_DUMP_COLUMNS && wanted->columns[i] != NULL; i++) {
		if (same_name(&dump->text.token, wanted->columns[i]))
			place = i;
	}
	columns->places[columns->count++] = place;
}

/* (a, "b", c), behind the opening parenthesis. */
static void
take_columns(struct sql_dump *dump, size_t table, struct sql_dump_columns *columns)
{
	columns->count = 0;
	for (;;) {
		enum sql_token kind = next(dump);

		if (kind == SQL_TOKEN_WORD) {
			add_column(dump, table, columns);
			kind = next(dump);
		}
		if (is_symbol(dump, kind, ")"))
			return;
		if (!is_symbol(dump, kind, ",")) {
			sql_text_fail(&dump->text, "the columns of the table %s are not understood",
			    dump->tables[table].name);
			return;
		}
	}
}

static int
is_constraint(const struct sql_dump *dump)
{
	static const char *const words[] = {
	    "constraint", "primary", "unique", "check", "foreign", "exclude", "like"};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (is_word(dump, SQL_TOKEN_WORD, words[i]))
			return 1;
	}
	return 0;
}

/* Ends the statement of which the last token is of this kind. */
static void
finish_statement(struct sql_dump *dump, enum sql_token kind)
{
	while (kind != SQL_TOKEN_END && !is_symbol(dump, kind, ";"))
		kind = next(dump);
}

/* CREATE TABLE: keeps the order of its columns, for INSERT that does not name them. */
static enum sql_token
read_create(struct sql_dump *dump)
{
	static const char *const between[] = {"unlogged", "table", "if", "not", "exists"};
	enum sql_token kind = next(dump);
	int table, depth = 1, first = 1;

	for (size_t i = 0; i < sizeof(between) / sizeof(between[0]); i++) {
		if (is_word(dump, kind, between[i]))
			kind = next(dump);
		else if (strcmp(between[i], "table") == 0)
			return kind;
	}
	table = take_table(dump, &kind);
	if (table < 0 || !is_symbol(dump, kind, "("))
		return kind;
	dump->declared[table].count = 0;
	while (depth > 0 && (kind = next(dump)) != SQL_TOKEN_END) {
		if (first && kind == SQL_TOKEN_WORD && !is_constraint(dump))
			add_column(dump, (size_t)table, &dump->declared[table]);
		first = depth == 1 && is_symbol(dump, kind, ",");
		if (is_symbol(dump, kind, "("))
			depth++;
		else if (is_symbol(dump, kind, ")"))
			depth--;
	}
	return kind;
}

/* The columns in parentheses, if the last token opens them; else those that CREATE TABLE had. */
static void
take_row_columns(struct sql_dump *dump, size_t table, enum sql_token *kind)
{
	dump->table = table;
	dump->columns = dump->declared[table];
	if (is_symbol(dump, *kind, "(")) {
		take_columns(dump, table, &dump->columns);
		*kind = next(dump);
	} else if (dump->columns.count == 0) {
		sql_text_fail(&dump->text,
		    "rows of the table %s stand before its columns are known",
		    dump->tables[table].name);
	}
}

/* COPY TABLE (COLUMNS) FROM stdin; */
static enum sql_token
read_copy(struct sql_dump *dump)
{
	enum sql_token kind = next(dump);
	int table = take_table(dump, &kind), from_input = 0;
	size_t mine = table < 0 ? SQL_DUMP_TABLES : (size_t)table;

	if (table >= 0)
		take_row_columns(dump, mine, &kind);
	while (kind != SQL_TOKEN_END && !is_symbol(dump, kind, ";")) {
		from_input = from_input || is_word(dump, kind, "stdin");
		kind = next(dump);
	}
	if (!from_input || kind == SQL_TOKEN_END)
		return kind;
	sql_text_skip_line(&dump->text);
	dump->table = mine;
	dump->state = SQL_DUMP_COPY;
	return kind;
}

/* INSERT INTO TABLE (COLUMNS) VALUES: up to the first row. */
static enum sql_token
read_insert(struct sql_dump *dump)
{
	enum sql_token kind = next(dump);
	int table;

	if (!is_word(dump, kind, "into"))
		return kind;
	kind = next(dump);
	table = take_table(dump, &kind);
	if (table < 0)
		return kind;
	take_row_columns(dump, (size_t)table, &kind);
	while (kind == SQL_TOKEN_WORD && !is_word(dump, kind, "values"))
		kind = next(dump); /* OVERRIDING SYSTEM VALUE */
	if (!is_word(dump, kind, "values")) {
		sql_text_fail(&dump->text, "a statement that inserts into %s is not understood",
		    dump->tables[table].name);
		return kind;
	}
	dump->state = SQL_DUMP_VALUES;
	return kind;
}

static void
read_statement(struct sql_dump *dump)
{
	int c = sql_text_skip_space(&dump->text);
	enum sql_token kind;

	/* A command of psql's, which ends with its line: \connect, \restrict. */
	if (c == '\\') {
		sql_text_skip_line(&dump->text);
		return;
	}
	kind = next(dump);
	if (is_word(dump, kind, "create"))
		kind = read_create(dump);
	else if (is_word(dump, kind, "copy"))
		kind = read_copy(dump);
	else if (is_word(dump, kind, "insert"))
		kind = read_insert(dump);
	if (dump->state == SQL_DUMP_STATEMENTS)
		finish_statement(dump, kind);
}

/* Keeps a field where it is wanted. */
static void
place_field(const struct sql_dump *dump, struct field fields[SQL_DUMP_COLUMNS], size_t column,
    const struct field *field)
{
	int place = column < dump->columns.count ? dump->columns.places[column] : -1;

	if (place >= 0)
		fields[place] = *field;
}

static int
give_row(struct sql_dump *dump, const struct field fields[SQL_DUMP_COLUMNS], size_t columns,
    size_t *table, struct slice values[SQL_DUMP_COLUMNS])
{
	if (!dump->text.failed && columns != dump->columns.count)
		sql_text_fail(&dump->text, "a row of the table %s has %zu values for %zu columns",
		    dump->tables[dump->table].name, columns, dump->columns.count);
	if (dump->text.failed)
		return -1;
	*table = dump->table;
	for (size_t i = 0; i < SQL_DUMP_COLUMNS; i++) {
		const unsigned char *start = dump->row.data != NULL
						 ? dump->row.data + fields[i].offset
						 : (const unsigned char *)"";

		values[i] = (struct slice){NULL, 0};
		if (!fields[i].is_null)
			values[i] = (struct slice){start, fields[i].length};
	}
	return 1;
}

static void
forget_row(struct sql_dump *dump, struct field fields[SQL_DUMP_COLUMNS])
{
	buf_clear(&dump->row);
	for (size_t i = 0; i < SQL_DUMP_COLUMNS; i++)
		fields[i] = (struct field){.is_null = 1};
}

/* One field of COPY's text format, up to the tab or the line's end, which is returned. */
static int
take_copied(struct sql_dump *dump, struct field *field)
{
	int c;

	*field = (struct field){.offset = dump->row.length};
	while ((c = sql_text_take(&dump->text)) != '\t' && c != '\n' && !dump->text.failed) {
		if (c == SQL_TEXT_END) {
			sql_text_fail(&dump->text, "it ends inside a row; is it complete?");
		} else if (c != '\\') {
			sql_text_put(&dump->text, &dump->row, c);
		} else if (sql_text_peek(&dump->text, 0) == 'N' &&
			   dump->row.length == field->offset) {
			sql_text_take(&dump->text);
			field->is_null = 1;
		} else {
			sql_text_take_escape(&dump->text, &dump->row);
		}
	}
	field->length = dump->row.length - field->offset;
	return c;
}

/* A line of COPY's data. 1: a row; 0: the data end here, or nobody wants this row; -1. */
static int
read_copied_row(struct sql_dump *dump, size_t *table, struct slice values[SQL_DUMP_COLUMNS])
{
	struct field fields[SQL_DUMP_COLUMNS], field;
	size_t column = 0;
	int end;

	if (sql_text_peek(&dump->text, 0) == SQL_TEXT_END) {
		sql_text_fail(&dump->text, "it ends inside a table; is it complete?");
		return -1;
	}
	if (sql_text_peek(&dump->text, 0) == '\\' && sql_text_peek(&dump->text, 1) == '.') {
		sql_text_skip_line(&dump->text);
		dump->state = SQL_DUMP_STATEMENTS;
		return 0;
	}
	if (dump->table == SQL_DUMP_TABLES) {
		sql_text_skip_line(&dump->text);
		return 0;
	}
	forget_row(dump, fields);
	do {
		end = take_copied(dump, &field);
		place_field(dump, fields, column++, &field);
	} while (end == '\t' && !dump->text.failed);
	return give_row(dump, fields, column, table, values);
}

/* One value of INSERT's. */
static void
take_inserted(struct sql_dump *dump, struct field *field)
{
	enum sql_token kind = next(dump);

	*field = (struct field){.offset = dump->row.length};
	if (is_word(dump, kind, "null")) {
		field->is_null = 1;
		return;
	}
	if (kind != SQL_TOKEN_STRING && kind != SQL_TOKEN_NUMBER) {
		sql_text_fail(&dump->text, "a value inserted into %s is not understood",
		    dump->tables[dump->table].name);
		return;
	}
	if (buf_append(&dump->row, dump->text.token.data, dump->text.token.length) != 0)
		sql_text_fail(&dump->text, "a row is too long, or memory is short");
	field->length = dump->text.token.length;
}

/* (1, 'a', NULL) and the comma or semicolon behind it. 1, or -1. */
static int
read_inserted_row(struct sql_dump *dump, size_t *table, struct slice values[SQL_DUMP_COLUMNS])
{
	struct field fields[SQL_DUMP_COLUMNS], field;
	enum sql_token kind = next(dump);
	size_t column = 0;

	forget_row(dump, fields);
	if (!is_symbol(dump, kind, "("))
		sql_text_fail(&dump->text, "the rows inserted into %s are not understood",
		    dump->tables[dump->table].name);
	do {
		take_inserted(dump, &field);
		place_field(dump, fields, column++, &field);
		kind = next(dump);
	} while (is_symbol(dump, kind, ","));
	if (!is_symbol(dump, kind, ")"))
		sql_text_fail(&dump->text,
		    "a row inserted into %s is not closed; is the dump complete?",
		    dump->tables[dump->table].name);
	kind = next(dump);
	if (!is_symbol(dump, kind, ",")) {
		finish_statement(dump, kind);
		dump->state = SQL_DUMP_STATEMENTS;
	}
	return give_row(dump, fields, column, table, values);
}

int
sql_dump_init(struct sql_dump *dump, const struct sql_dump_table *tables, size_t count,
    long (*read)(void *context, unsigned char *buffer, size_t capacity), void *context)
{
	*dump = (struct sql_dump){.tables = tables, .table_count = count};
	buf_init(&dump->row, SQL_DUMP_ROW);
	return sql_text_init(&dump->text, read, context);
}

int
sql_dump_next(struct sql_dump *dump, size_t *table, struct slice values[SQL_DUMP_COLUMNS])
{
	int result = 0;

	while (result == 0 && !dump->text.failed) {
		switch (dump->state) {
		case SQL_DUMP_COPY:
			result = read_copied_row(dump, table, values);
			break;
		case SQL_DUMP_VALUES:
			result = read_inserted_row(dump, table, values);
			break;
		case SQL_DUMP_STATEMENTS:
			if (sql_text_skip_space(&dump->text) == SQL_TEXT_END)
				return dump->text.failed ? -1 : 0;
			read_statement(dump);
			break;
		}
	}
	return dump->text.failed ? -1 : result;
}

void
sql_dump_free(struct sql_dump *dump)
{
	sql_text_free(&dump->text);
	buf_free(&dump->row);
}
