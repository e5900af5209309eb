#include "sql_dump.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum token {
	TOKEN_END,    /* of the dump */
	TOKEN_WORD,   /* in lower case, or as it was in double quotes */
	TOKEN_STRING, /* its value */
	TOKEN_NUMBER,
	TOKEN_SYMBOL /* one byte */
};

enum { END = -1 }; /* of the dump, where a byte is expected */

/* What a token in the row stands at, until the row is complete and its bytes no longer move. */
struct field {
	size_t offset, length;
	int is_null;
};

static void __attribute__((format(printf, 2, 3)))
fail(struct sql_dump *dump, const char *format, ...)
{
	va_list arguments;

	if (dump->failed)
		return;
	dump->failed = 1;
	va_start(arguments, format);
	vsnprintf(dump->why, sizeof(dump->why), format, arguments);
	va_end(arguments);
}

/* Reads on behind the bytes that are left. */
static void
fill(struct sql_dump *dump)
{
	size_t left = dump->chunk_length - dump->chunk_offset;
	long got;

	memmove(dump->chunk, dump->chunk + dump->chunk_offset, left);
	dump->chunk_offset = 0;
	dump->chunk_length = left;
	got = dump->read(dump->context, dump->chunk + left, SQL_DUMP_CHUNK - left);
	if (got < 0)
		fail(dump, "it cannot be read any further");
	else
		dump->chunk_length += (size_t)got;
	dump->at_end = got <= 0;
}

/* The byte `ahead`, 0 or 1, of the next one; END behind the last. */
static int
peek_at(struct sql_dump *dump, size_t ahead)
{
	while (dump->chunk_length - dump->chunk_offset <= ahead) {
		if (dump->at_end)
			return END;
		fill(dump);
	}
	return dump->chunk[dump->chunk_offset + ahead];
}

static int
peek_byte(struct sql_dump *dump)
{
	return peek_at(dump, 0);
}

static int
take_byte(struct sql_dump *dump)
{
	int c = peek_byte(dump);

	if (c == END)
		return END;
	dump->chunk_offset++;
	if (c == '\n')
		dump->line++;
	return c;
}

static void
skip_line(struct sql_dump *dump)
{
	int c;

	do
		c = take_byte(dump);
	while (c != '\n' && c != END);
}

static int
is_word(int c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == '$' || c >= 0x80;
}

static int
hex_value(int c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static void
put_byte(struct sql_dump *dump, struct buf *out, int c)
{
	unsigned char byte = (unsigned char)c;

	if (buf_append(out, &byte, 1) != 0)
		fail(dump, "a value or a name is too long, or memory is short");
}

/* Up to `most` further digits of a number in base 8 or 16. */
static int
take_digits(struct sql_dump *dump, int value, int base, int most)
{
	for (int i = 0; i < most; i++) {
		int digit = hex_value(peek_byte(dump));

		if (digit < 0 || digit >= base)
			break;
		value = value * base + digit;
		take_byte(dump);
	}
	return value & 0xff;
}

/* What stands behind a backslash, in COPY's data and in E'' strings alike. */
static void
take_escape(struct sql_dump *dump, struct buf *out)
{
	static const char letters[] = "bfnrtv", bytes[] = "\b\f\n\r\t\v";
	int c = take_byte(dump);
	const char *found = c > 0 ? strchr(letters, c) : NULL;

	if (c == END)
		fail(dump, "it ends inside a value; is it complete?");
	else if (found != NULL)
		put_byte(dump, out, bytes[found - letters]);
	else if (c >= '0' && c <= '7')
		put_byte(dump, out, take_digits(dump, c - '0', 8, 2));
	else if (c == 'x' && hex_value(peek_byte(dump)) >= 0)
		put_byte(dump, out, take_digits(dump, 0, 16, 2));
	else
		put_byte(dump, out, c);
}

/* Behind the opening quote; a doubled one is one of the text. */
static void
take_quoted(struct sql_dump *dump, struct buf *out, int quote, int has_escapes)
{
	for (;;) {
		int c = take_byte(dump);

		if (c == END) {
			fail(dump, "it ends inside quotes; is it complete?");
			return;
		}
		if (c == quote && peek_byte(dump) != quote)
			return;
		if (c == quote)
			take_byte(dump);
		if (c == '\\' && has_escapes)
			take_escape(dump, out);
		else
			put_byte(dump, out, c);
		if (dump->failed)
			return;
	}
}

/* X'00ff', behind the opening quote. */
static void
take_blob(struct sql_dump *dump, struct buf *out)
{
	int high, low;

	while ((high = take_byte(dump)) != '\'') {
		low = high != END ? take_byte(dump) : END;
		if (hex_value(high) < 0 || hex_value(low) < 0) {
			fail(dump, "a value in hexadecimal, X'...', is broken");
			return;
		}
		put_byte(dump, out, hex_value(high) * 16 + hex_value(low));
		if (dump->failed)
			return;
	}
}

/* Behind the first dollar: $tag$ ... $tag$, which PostgreSQL writes functions in. */
static void
skip_dollars(struct sql_dump *dump)
{
	char tag[64];
	size_t length = 0, matched = 0;
	int c;

	tag[length++] = '$';
	while ((c = take_byte(dump)) != '$') {
		if (c == END || length == sizeof(tag) - 1) {
			fail(dump, "a text between $$ is not understood");
			return;
		}
		tag[length++] = (char)c;
	}
	tag[length++] = '$';
	while (matched < length) {
		c = take_byte(dump);
		if (c == END) {
			fail(dump, "it ends inside a text between $$; is it complete?");
			return;
		}
		matched = c == (unsigned char)tag[matched] ? matched + 1 : c == '$';
	}
}

/* Blanks, line ends, and both kinds of comments. Returns the byte behind them, not taken. */
static int
skip_space(struct sql_dump *dump)
{
	for (;;) {
		int c = peek_byte(dump);

		if (c == ' ' || (c >= '\t' && c <= '\r')) {
			take_byte(dump);
		} else if (c == '-' && peek_at(dump, 1) == '-') {
			skip_line(dump);
		} else if (c == '/' && peek_at(dump, 1) == '*') {
			take_byte(dump);
			take_byte(dump);
			while (peek_byte(dump) != END &&
			       !(take_byte(dump) == '*' && peek_byte(dump) == '/'))
				;
			take_byte(dump);
		} else {
			return c;
		}
	}
}

/* The letters of a word are in dump->token; a quote behind e or x begins a string of that kind. */
static enum token
end_word(struct sql_dump *dump)
{
	const unsigned char *word = dump->token.data;
	int kind = dump->token.length == 1 && peek_byte(dump) == '\'' ? word[0] : 0;

	if (kind != 'e' && kind != 'x')
		return TOKEN_WORD;
	buf_clear(&dump->token);
	take_byte(dump);
	if (kind == 'x')
		take_blob(dump, &dump->token);
	else
		take_quoted(dump, &dump->token, '\'', 1);
	return TOKEN_STRING;
}

static int
is_digit(int c)
{
	return c >= '0' && c <= '9';
}

/* A word, or a number with its sign. */
static enum token
take_word(struct sql_dump *dump)
{
	int c = peek_byte(dump);
	enum token kind = is_digit(c) || c == '-' ? TOKEN_NUMBER : TOKEN_WORD;

	do {
		c = take_byte(dump);
		put_byte(dump, &dump->token, c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
		c = peek_byte(dump);
	} while (!dump->failed && (is_word(c) || (kind == TOKEN_NUMBER && c == '.')));
	return kind == TOKEN_WORD && !dump->failed ? end_word(dump) : kind;
}

/* The next token, in dump->token. After a failure: TOKEN_END. */
static enum token
take_token(struct sql_dump *dump)
{
	int c = skip_space(dump);
	enum token kind = TOKEN_SYMBOL;

	buf_clear(&dump->token);
	if (c == END || dump->failed)
		return TOKEN_END;
	if (c == '$') {
		take_byte(dump);
		skip_dollars(dump);
		kind = TOKEN_STRING;
	} else if (is_word(c) || (c == '-' && is_digit(peek_at(dump, 1)))) {
		kind = take_word(dump);
	} else if (c == '"' || c == '`') {
		take_byte(dump);
		take_quoted(dump, &dump->token, c, 0);
		kind = TOKEN_WORD;
	} else if (c == '\'') {
		take_byte(dump);
		take_quoted(dump, &dump->token, c, 0);
		kind = TOKEN_STRING;
	} else {
		put_byte(dump, &dump->token, take_byte(dump));
	}
	return dump->failed ? TOKEN_END : kind;
}

static int
token_is(const struct sql_dump *dump, enum token kind, enum token wanted, const char *text)
{
	return kind == wanted &&
	       slice_equals((struct slice){dump->token.data, dump->token.length}, text);
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
take_table(struct sql_dump *dump, enum token *kind)
{
	int found;

	do {
		found = -1;
		if (*kind == TOKEN_SYMBOL)
			*kind = take_token(dump);
		if (*kind != TOKEN_WORD)
			return -1;
		for (size_t i = 0; i < dump->table_count; i++) {
			if (same_name(&dump->token, dump->tables[i].name))
				found = (int)i;
		}
		*kind = take_token(dump);
	} while (token_is(dump, *kind, TOKEN_SYMBOL, "."));
	return found;
}

static void
add_column(struct sql_dump *dump, size_t table, struct sql_dump_columns *columns)
{
	const struct sql_dump_table *wanted = &dump->tables[table];
	int place = -1;

	if (columns->count == SQL_DUMP_FILE_COLUMNS) {
		fail(dump, "the table %s has too many columns", wanted->name);
		return;
	}
	for (int i = 0; i < SQL_DUMP_COLUMNS && wanted->columns[i] != NULL; i++) {
		if (same_name(&dump->token, wanted->columns[i]))
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
		enum token kind = take_token(dump);

		if (kind == TOKEN_WORD) {
			add_column(dump, table, columns);
			kind = take_token(dump);
		}
		if (token_is(dump, kind, TOKEN_SYMBOL, ")"))
			return;
		if (!token_is(dump, kind, TOKEN_SYMBOL, ",")) {
			fail(dump, "the columns of the table %s are not understood",
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
		if (token_is(dump, TOKEN_WORD, TOKEN_WORD, words[i]))
			return 1;
	}
	return 0;
}

/* Ends the statement of which the last token is of this kind. */
static void
finish_statement(struct sql_dump *dump, enum token kind)
{
	while (kind != TOKEN_END && !token_is(dump, kind, TOKEN_SYMBOL, ";"))
		kind = take_token(dump);
}

/* CREATE TABLE: keeps the order of its columns, for INSERT that does not name them. */
static enum token
read_create(struct sql_dump *dump)
{
	static const char *const between[] = {"unlogged", "table", "if", "not", "exists"};
	enum token kind = take_token(dump);
	int table, depth = 1, first = 1;

	for (size_t i = 0; i < sizeof(between) / sizeof(between[0]); i++) {
		if (token_is(dump, kind, TOKEN_WORD, between[i]))
			kind = take_token(dump);
		else if (strcmp(between[i], "table") == 0)
			return kind;
	}
	table = take_table(dump, &kind);
	if (table < 0 || !token_is(dump, kind, TOKEN_SYMBOL, "("))
		return kind;
	dump->declared[table].count = 0;
	while (depth > 0 && (kind = take_token(dump)) != TOKEN_END) {
		if (first && kind == TOKEN_WORD && !is_constraint(dump))
			add_column(dump, (size_t)table, &dump->declared[table]);
		first = depth == 1 && token_is(dump, kind, TOKEN_SYMBOL, ",");
		if (token_is(dump, kind, TOKEN_SYMBOL, "("))
			depth++;
		else if (token_is(dump, kind, TOKEN_SYMBOL, ")"))
			depth--;
	}
	return kind;
}

/* The columns in parentheses, if the last token opens them; else those that CREATE TABLE had. */
static void
take_row_columns(struct sql_dump *dump, size_t table, enum token *kind)
{
	dump->table = table;
	dump->columns = dump->declared[table];
	if (token_is(dump, *kind, TOKEN_SYMBOL, "(")) {
		take_columns(dump, table, &dump->columns);
		*kind = take_token(dump);
	} else if (dump->columns.count == 0) {
		fail(dump, "rows of the table %s stand before its columns are known",
		    dump->tables[table].name);
	}
}

/* COPY TABLE (COLUMNS) FROM stdin; */
static enum token
read_copy(struct sql_dump *dump)
{
	enum token kind = take_token(dump);
	int table = take_table(dump, &kind), from_input = 0;
	size_t mine = table < 0 ? SQL_DUMP_TABLES : (size_t)table;

	if (table >= 0)
		take_row_columns(dump, mine, &kind);
	while (kind != TOKEN_END && !token_is(dump, kind, TOKEN_SYMBOL, ";")) {
		from_input = from_input || token_is(dump, kind, TOKEN_WORD, "stdin");
		kind = take_token(dump);
	}
	if (!from_input || kind == TOKEN_END)
		return kind;
	skip_line(dump);
	dump->table = mine;
	dump->state = SQL_DUMP_COPY;
	return kind;
}

/* INSERT INTO TABLE (COLUMNS) VALUES: up to the first row. */
static enum token
read_insert(struct sql_dump *dump)
{
	enum token kind = take_token(dump);
	int table;

	if (!token_is(dump, kind, TOKEN_WORD, "into"))
		return kind;
	kind = take_token(dump);
	table = take_table(dump, &kind);
	if (table < 0)
		return kind;
	take_row_columns(dump, (size_t)table, &kind);
	while (kind == TOKEN_WORD && !token_is(dump, kind, TOKEN_WORD, "values"))
		kind = take_token(dump); /* OVERRIDING SYSTEM VALUE */
	if (!token_is(dump, kind, TOKEN_WORD, "values")) {
		fail(dump, "a statement that inserts into %s is not understood",
		    dump->tables[table].name);
		return kind;
	}
	dump->state = SQL_DUMP_VALUES;
	return kind;
}

static void
read_statement(struct sql_dump *dump)
{
	int c = skip_space(dump);
	enum token kind;

	/* A command of psql's, which ends with its line: \connect, \restrict. */
	if (c == '\\') {
		skip_line(dump);
		return;
	}
	kind = take_token(dump);
	if (token_is(dump, kind, TOKEN_WORD, "create"))
		kind = read_create(dump);
	else if (token_is(dump, kind, TOKEN_WORD, "copy"))
		kind = read_copy(dump);
	else if (token_is(dump, kind, TOKEN_WORD, "insert"))
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
	if (!dump->failed && columns != dump->columns.count)
		fail(dump, "a row of the table %s has %zu values for %zu columns",
		    dump->tables[dump->table].name, columns, dump->columns.count);
	if (dump->failed)
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
	while ((c = take_byte(dump)) != '\t' && c != '\n' && !dump->failed) {
		if (c == END) {
			fail(dump, "it ends inside a row; is it complete?");
		} else if (c != '\\') {
			put_byte(dump, &dump->row, c);
		} else if (peek_byte(dump) == 'N' && dump->row.length == field->offset) {
			take_byte(dump);
			field->is_null = 1;
		} else {
			take_escape(dump, &dump->row);
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

	if (peek_byte(dump) == END) {
		fail(dump, "it ends inside a table; is it complete?");
		return -1;
	}
	if (peek_byte(dump) == '\\' && peek_at(dump, 1) == '.') {
		skip_line(dump);
		dump->state = SQL_DUMP_STATEMENTS;
		return 0;
	}
	if (dump->table == SQL_DUMP_TABLES) {
		skip_line(dump);
		return 0;
	}
	forget_row(dump, fields);
	do {
		end = take_copied(dump, &field);
		place_field(dump, fields, column++, &field);
	} while (end == '\t' && !dump->failed);
	return give_row(dump, fields, column, table, values);
}

/* One value of INSERT's. */
static void
take_inserted(struct sql_dump *dump, struct field *field)
{
	enum token kind = take_token(dump);

	*field = (struct field){.offset = dump->row.length};
	if (token_is(dump, kind, TOKEN_WORD, "null")) {
		field->is_null = 1;
		return;
	}
	if (kind != TOKEN_STRING && kind != TOKEN_NUMBER) {
		fail(dump, "a value inserted into %s is not understood",
		    dump->tables[dump->table].name);
		return;
	}
	if (buf_append(&dump->row, dump->token.data, dump->token.length) != 0)
		fail(dump, "a row is too long, or memory is short");
	field->length = dump->token.length;
}

/* (1, 'a', NULL) and the comma or semicolon behind it. 1, or -1. */
static int
read_inserted_row(struct sql_dump *dump, size_t *table, struct slice values[SQL_DUMP_COLUMNS])
{
	struct field fields[SQL_DUMP_COLUMNS], field;
	enum token kind = take_token(dump);
	size_t column = 0;

	forget_row(dump, fields);
	if (!token_is(dump, kind, TOKEN_SYMBOL, "("))
		fail(dump, "the rows inserted into %s are not understood",
		    dump->tables[dump->table].name);
	do {
		take_inserted(dump, &field);
		place_field(dump, fields, column++, &field);
		kind = take_token(dump);
	} while (token_is(dump, kind, TOKEN_SYMBOL, ","));
	if (!token_is(dump, kind, TOKEN_SYMBOL, ")"))
		fail(dump, "a row inserted into %s is not closed; is the dump complete?",
		    dump->tables[dump->table].name);
	kind = take_token(dump);
	if (!token_is(dump, kind, TOKEN_SYMBOL, ",")) {
		finish_statement(dump, kind);
		dump->state = SQL_DUMP_STATEMENTS;
	}
	return give_row(dump, fields, column, table, values);
}

int
sql_dump_init(struct sql_dump *dump, const struct sql_dump_table *tables, size_t count,
    long (*read)(void *context, unsigned char *buffer, size_t capacity), void *context)
{
	*dump = (struct sql_dump){.read = read,
	    .context = context,
	    .tables = tables,
	    .table_count = count,
	    .line = 1,
	    .chunk = malloc(SQL_DUMP_CHUNK)};
	buf_init(&dump->token, SQL_DUMP_ROW);
	buf_init(&dump->row, SQL_DUMP_ROW);
	if (dump->chunk == NULL)
		fail(dump, "out of memory");
	return dump->chunk == NULL ? -1 : 0;
}

int
sql_dump_next(struct sql_dump *dump, size_t *table, struct slice values[SQL_DUMP_COLUMNS])
{
	int result = 0;

	while (result == 0 && !dump->failed) {
		switch (dump->state) {
		case SQL_DUMP_COPY:
			result = read_copied_row(dump, table, values);
			break;
		case SQL_DUMP_VALUES:
			result = read_inserted_row(dump, table, values);
			break;
		case SQL_DUMP_STATEMENTS:
			if (skip_space(dump) == END)
				return dump->failed ? -1 : 0;
			read_statement(dump);
			break;
		}
	}
	return dump->failed ? -1 : result;
}

void
sql_dump_free(struct sql_dump *dump)
{
	free(dump->chunk);
	buf_free(&dump->token);
	buf_free(&dump->row);
}
