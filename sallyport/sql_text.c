#include "sql_text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
sql_text_fail(struct sql_text *text, const char *format, ...)
{
	va_list arguments;

	if (text->failed)
		return;
	text->failed = 1;
	va_start(arguments, format);
	vsnprintf(text->why, sizeof(text->why), format, arguments);
	va_end(arguments);
}

/* Reads on behind the bytes that are left. */
static void
fill(struct sql_text *text)
{
	size_t left = text->chunk_length - text->chunk_offset;
	long got;

	memmove(text->chunk, text->chunk + text->chunk_offset, left);
	text->chunk_offset = 0;
	text->chunk_length = left;
	got = text->read(text->context, text->chunk + left, SQL_TEXT_CHUNK - left);
	if (got < 0)
		sql_text_fail(text, "it cannot be read any further");
	else
		text->chunk_length += (size_t)got;
	text->at_end = got <= 0;
}

int
sql_text_peek(struct sql_text *text, size_t ahead)
{
	while (text->chunk_length - text->chunk_offset <= ahead) {
		if (text->at_end)
			return SQL_TEXT_END;
		fill(text);
	}
	return text->chunk[text->chunk_offset + ahead];
}

int
sql_text_take(struct sql_text *text)
{
	int c = sql_text_peek(text, 0);

	if (c == SQL_TEXT_END)
		return SQL_TEXT_END;
	text->chunk_offset++;
	if (c == '\n')
		text->line++;
	return c;
}

void
sql_text_skip_line(struct sql_text *text)
{
	int c;

	do
		c = sql_text_take(text);
	while (c != '\n' && c != SQL_TEXT_END);
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

void
sql_text_put(struct sql_text *text, struct buf *out, int c)
{
	unsigned char byte = (unsigned char)c;

	if (buf_append(out, &byte, 1) != 0)
		sql_text_fail(text, "a value or a name is too long, or memory is short");
}

/* Up to `most` further digits of a number in base 8 or 16. */
static int
take_digits(struct sql_text *text, int value, int base, int most)
{
	for (int i = 0; i < most; i++) {
		int digit = hex_value(sql_text_peek(text, 0));

		if (digit < 0 || digit >= base)
			break;
		value = value * base + digit;
		sql_text_take(text);
	}
	return value & 0xff;
}

void
sql_text_take_escape(struct sql_text *text, struct buf *out)
{
	static const char letters[] = "bfnrtv", bytes[] = "\b\f\n\r\t\v";
	int c = sql_text_take(text);
	const char *found = c > 0 ? strchr(letters, c) : NULL;

	if (c == SQL_TEXT_END)
		sql_text_fail(text, "it ends inside a value; is it complete?");
	else if (found != NULL)
		sql_text_put(text, out, bytes[found - letters]);
	else if (c >= '0' && c <= '7')
		sql_text_put(text, out, take_digits(text, c - '0', 8, 2));
	else if (c == 'x' && hex_value(sql_text_peek(text, 0)) >= 0)
		sql_text_put(text, out, take_digits(text, 0, 16, 2));
	else
		sql_text_put(text, out, c);
}

/* Behind the opening quote; a doubled one is one of the text. */
static void
take_quoted(struct sql_text *text, struct buf *out, int quote, int has_escapes)
{
	for (;;) {
		int c = sql_text_take(text);

		if (c == SQL_TEXT_END) {
			sql_text_fail(text, "it ends inside quotes; is it complete?");
			return;
		}
		if (c == quote && sql_text_peek(text, 0) != quote)
			return;
		if (c == quote)
			sql_text_take(text);
		if (c == '\\' && has_escapes)
			sql_text_take_escape(text, out);
		else
			sql_text_put(text, out, c);
		if (text->failed)
			return;
	}
}

/* X'00ff', behind the opening quote. */
static void
take_blob(struct sql_text *text, struct buf *out)
{
	int high, low;

	while ((high = sql_text_take(text)) != '\'') {
		low = high != SQL_TEXT_END ? sql_text_take(text) : SQL_TEXT_END;
		if (hex_value(high) < 0 || hex_value(low) < 0) {
			sql_text_fail(text, "a value in hexadecimal, X'...', is broken");
			return;
		}
		sql_text_put(text, out, hex_value(high) * 16 + hex_value(low));
		if (text->failed)
			return;
	}
}

/* Behind the first dollar: $tag$ ... $tag$, which PostgreSQL writes functions in. */
static void
skip_dollars(struct sql_text *text)
{
	char tag[64];
	size_t length = 0, matched = 0;
	int c;

	tag[length++] = '$';
	while ((c = sql_text_take(text)) != '$') {
		if (c == SQL_TEXT_END || length == sizeof(tag) - 1) {
			sql_text_fail(text, "a text between $$ is not understood");
			return;
		}
		tag[length++] = (char)c;
	}
	tag[length++] = '$';
	while (matched < length) {
		c = sql_text_take(text);
		if (c == SQL_TEXT_END) {
			sql_text_fail(text, "it ends inside a text between $$; is it complete?");
			return;
		}
		matched = c == (unsigned char)tag[matched] ? matched + 1 : c == '$';
	}
}

int
sql_text_skip_space(struct sql_text *text)
{
	for (;;) {
		int c = sql_text_peek(text, 0);

		if (c == ' ' || (c >= '\t' && c <= '\r')) {
			sql_text_take(text);
		} else if (c == '-' && sql_text_peek(text, 1) == '-') {
			sql_text_skip_line(text);
		} else if (c == '/' && sql_text_peek(text, 1) == '*') {
			sql_text_take(text);
			sql_text_take(text);
			while (sql_text_peek(text, 0) != SQL_TEXT_END &&
			       !(sql_text_take(text) == '*' && sql_text_peek(text, 0) == '/'))
				;
			sql_text_take(text);
		} else {
			return c;
		}
	}
}

/* The letters of a word are in text->token; a quote behind e or x begins a string of that kind. */
static enum sql_token
end_word(struct sql_text *text)
{
	const unsigned char *word = text->token.data;
	int kind = text->token.length == 1 && sql_text_peek(text, 0) == '\'' ? word[0] : 0;

	if (kind != 'e' && kind != 'x')
		return SQL_TOKEN_WORD;
	buf_clear(&text->token);
	sql_text_take(text);
	if (kind == 'x')
		take_blob(text, &text->token);
	else
		take_quoted(text, &text->token, '\'', 1);
	return SQL_TOKEN_STRING;
}

static int
is_digit(int c)
{
	return c >= '0' && c <= '9';
}

/* A word, or a number with its sign. */
static enum sql_token
take_word(struct sql_text *text)
{
	int c = sql_text_peek(text, 0);
	enum sql_token kind = is_digit(c) || c == '-' ? SQL_TOKEN_NUMBER : SQL_TOKEN_WORD;

	do {
		c = sql_text_take(text);
		sql_text_put(text, &text->token, c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
		c = sql_text_peek(text, 0);
	} while (!text->failed && (is_word(c) || (kind == SQL_TOKEN_NUMBER && c == '.')));
	return kind == SQL_TOKEN_WORD && !text->failed ? end_word(text) : kind;
}

enum sql_token
sql_text_take_token(struct sql_text *text)
{
	int c = sql_text_skip_space(text);
	enum sql_token kind = SQL_TOKEN_SYMBOL;

	buf_clear(&text->token);
	if (c == SQL_TEXT_END || text->failed)
		return SQL_TOKEN_END;
	if (c == '$') {
		sql_text_take(text);
		skip_dollars(text);
		kind = SQL_TOKEN_STRING;
	} else if (is_word(c) || (c == '-' && is_digit(sql_text_peek(text, 1)))) {
		kind = take_word(text);
	} else if (c == '"' || c == '`') {
		sql_text_take(text);
		take_quoted(text, &text->token, c, 0);
		kind = SQL_TOKEN_WORD;
	} else if (c == '\'') {
		sql_text_take(text);
		take_quoted(text, &text->token, c, 0);
		kind = SQL_TOKEN_STRING;
	} else {
		sql_text_put(text, &text->token, sql_text_take(text));
	}
	return text->failed ? SQL_TOKEN_END : kind;
}

int
sql_text_token_is(
    const struct sql_text *text, enum sql_token kind, enum sql_token wanted, const char *token)
{
	return kind == wanted &&
	       slice_equals((struct slice){text->token.data, text->token.length}, token);
}

int
sql_text_init(struct sql_text *text,
    long (*read)(void *context, unsigned char *buffer, size_t capacity), void *context)
{
	*text = (struct sql_text){
	    .read = read, .context = context, .line = 1, .chunk = malloc(SQL_TEXT_CHUNK)};
	buf_init(&text->token, SQL_TEXT_TOKEN);
	if (text->chunk == NULL)
		sql_text_fail(text, "out of memory");
	return text->chunk == NULL ? -1 : 0;
}

void
sql_text_free(struct sql_text *text)
{
	free(text->chunk);
	buf_free(&text->token);
}
