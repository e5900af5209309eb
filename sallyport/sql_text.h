/*
 * The text of a database's dump, taken apart into bytes and the tokens of SQL, in the dialects of PostgreSQL and
 * SQLite. Pure; reads as it goes and keeps one token.
 *
 * The first failure stays: everything after it is as at the end of the text.
 */
#ifndef SALLYPORT_SQL_TEXT_H
#define SALLYPORT_SQL_TEXT_H

#include "buf.h"
#include "pack.h"

#include <stddef.h>

enum {
	SQL_TEXT_TOKEN = 256 * 1024, /* bytes of a token */
	SQL_TEXT_WHY = 256,
	SQL_TEXT_CHUNK = 64 * 1024,
	SQL_TEXT_END = -1 /* where a byte is expected */
};

enum sql_token {
	SQL_TOKEN_END,	  /* of the text */
	SQL_TOKEN_WORD,	  /* in lower case, or as it was in double quotes */
	SQL_TOKEN_STRING, /* its value */
	SQL_TOKEN_NUMBER,
	SQL_TOKEN_SYMBOL /* one byte */
};

struct sql_text {
	/* Fills the buffer: bytes read, 0 at the end, -1 on failure. */
	long (*read)(void *context, unsigned char *buffer, size_t capacity);
	void *context;
	size_t line; /* the one being read, from 1 */
	struct buf token;
	int failed;
	char why[SQL_TEXT_WHY]; /* what failed */

	/* The module's own. */
	unsigned char *chunk;
	size_t chunk_length, chunk_offset;
	int at_end;
};

/* Starts; nothing is read yet. `context` is borrowed until sql_text_free(). 0, or -1: out of memory, as `why` says. */
int sql_text_init(struct sql_text *text,
    long (*read)(void *context, unsigned char *buffer, size_t capacity), void *context);

void sql_text_free(struct sql_text *text);

/* Says why the text cannot be understood, unless something was said before. */
void __attribute__((format(printf, 2, 3))) sql_text_fail(
    struct sql_text *text, const char *format, ...);

/* The byte `ahead`, 0 or 1, of the next one, which stays; SQL_TEXT_END behind the last. */
int sql_text_peek(struct sql_text *text, size_t ahead);

/* The next byte, or SQL_TEXT_END. */
int sql_text_take(struct sql_text *text);

/* Appends a byte of a value or a name to `out`, or fails where it has no room. */
void sql_text_put(struct sql_text *text, struct buf *out, int c);

/* What stands behind a backslash, in COPY's data and in E'' strings alike. */
void sql_text_take_escape(struct sql_text *text, struct buf *out);

/* To the start of the next line. */
void sql_text_skip_line(struct sql_text *text);

/* Blanks, line ends, and both kinds of comments. Returns the byte behind them, not taken. */
int sql_text_skip_space(struct sql_text *text);

/* The next token, in text->token. After a failure: SQL_TOKEN_END. */
enum sql_token sql_text_take_token(struct sql_text *text);

/* 1 if the token taken last, of this kind, is the wanted one. */
int sql_text_token_is(
    const struct sql_text *text, enum sql_token kind, enum sql_token wanted, const char *token);

#endif
