#include "toml.h"

#include "array.h"
#include "buf.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct scanner {
	const char *text;
	size_t length;
	size_t offset;
	size_t line;	   /* from 1 */
	size_t line_start; /* offset of its first byte */
	char table[TOML_MAX_KEY + 1];
	struct toml *toml;
	struct conf_report *report;
};

static struct conf_place
place_of(const struct scanner *scanner)
{
	return (struct conf_place){scanner->line, scanner->offset - scanner->line_start + 1};
}

static int
mistake(struct scanner *scanner, const char *what)
{
	conf_report_error(scanner->report, place_of(scanner), "%s", what);
	return -1;
}

static int
at_end(const struct scanner *scanner)
{
	return scanner->offset == scanner->length;
}

/* The byte `ahead` of the present one; NUL behind the end. */
static char
peek(const struct scanner *scanner, size_t ahead)
{
	return scanner->length - scanner->offset > ahead ? scanner->text[scanner->offset + ahead]
							 : '\0';
}

static int
starts_with(const struct scanner *scanner, const char *text)
{
	size_t length = strlen(text);

	return scanner->length - scanner->offset >= length &&
	       memcmp(scanner->text + scanner->offset, text, length) == 0;
}

static void
advance(struct scanner *scanner, size_t count)
{
	while (count-- > 0) {
		if (scanner->text[scanner->offset++] == '\n') {
			scanner->line++;
			scanner->line_start = scanner->offset;
		}
	}
}

static size_t
line_end(const struct scanner *scanner)
{
	if (peek(scanner, 0) == '\n')
		return 1;
	return peek(scanner, 0) == '\r' && peek(scanner, 1) == '\n' ? 2 : 0;
}

static void
skip_blanks(struct scanner *scanner)
{
	while (peek(scanner, 0) == ' ' || peek(scanner, 0) == '\t')
		advance(scanner, 1);
}

static void
skip_comment(struct scanner *scanner)
{
	if (peek(scanner, 0) != '#')
		return;
	while (!at_end(scanner) && line_end(scanner) == 0)
		advance(scanner, 1);
}

/* Blanks, comments and line ends: what may stand between lines and between the items of a list. */
static void
skip_space(struct scanner *scanner)
{
	size_t before;

	do {
		before = scanner->offset;
		skip_blanks(scanner);
		skip_comment(scanner);
		advance(scanner, line_end(scanner));
	} while (scanner->offset > before);
}

static int
end_line(struct scanner *scanner)
{
	skip_blanks(scanner);
	skip_comment(scanner);
	if (at_end(scanner) || line_end(scanner) > 0)
		return 0;
	return mistake(
	    scanner, "there is something behind the end of this; write it in a line of its own");
}

static int
hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* \uXXXX and \UXXXXXXXX; the scanner stands on the letter. */
static int
read_code_point(struct scanner *scanner, struct buf *text)
{
	size_t digits = peek(scanner, 0) == 'u' ? 4 : 8;
	unsigned long code = 0;
	char byte;

	for (size_t i = 1; i <= digits; i++) {
		int value = hex_value(peek(scanner, i));

		if (value < 0)
			return mistake(scanner,
			    "this escape needs 4 hexadecimal digits behind \\u, 8 behind \\U");
		code = code * 16 + (unsigned long)value;
	}
	if (code < ' ' || code > '~')
		return mistake(scanner, "only printable ASCII is understood in a text");
	byte = (char)code;
	buf_append(text, &byte, 1);
	advance(scanner, digits + 1);
	return 0;
}

/* The scanner stands behind the backslash. */
static int
read_escape(struct scanner *scanner, struct buf *text, int many_lines)
{
	static const char letters[] = "\"\\tnr", bytes[] = "\"\\\t\n\r";
	char letter = peek(scanner, 0);
	const char *found = letter != '\0' ? strchr(letters, letter) : NULL;

	if (found != NULL) {
		buf_append(text, &bytes[found - letters], 1);
		advance(scanner, 1);
		return 0;
	}
	if (letter == 'u' || letter == 'U')
		return read_code_point(scanner, text);
	if (many_lines && (letter == ' ' || letter == '\t' || line_end(scanner) > 0)) {
		skip_blanks(scanner);
		if (line_end(scanner) > 0) {
			while (line_end(scanner) > 0 || peek(scanner, 0) == ' ' ||
			       peek(scanner, 0) == '\t')
				advance(scanner, 1);
			return 0;
		}
	}
	return mistake(scanner, "there is no such escape; a backslash itself is written twice");
}

/* Copies up to the closing quotes. `quotes` is one of ", ', \"\"\" and '''. */
static int
read_until(struct scanner *scanner, const char *quotes, struct buf *text)
{
	int many_lines = quotes[1] != '\0', has_escapes = quotes[0] == '"';

	while (!at_end(scanner)) {
		unsigned char c = (unsigned char)peek(scanner, 0);

		/* Of five quotes in a row the last three close. */
		if (starts_with(scanner, quotes) &&
		    !(many_lines && peek(scanner, 3) == quotes[0])) {
			advance(scanner, strlen(quotes));
			return 0;
		}
		if (has_escapes && c == '\\') {
			advance(scanner, 1);
			if (read_escape(scanner, text, many_lines) != 0)
				return -1;
			continue;
		}
		if (line_end(scanner) > 0 && !many_lines)
			return mistake(
			    scanner, "the text is not closed in its line; a quote is missing");
		if ((c < ' ' && c != '\t' && line_end(scanner) == 0 && c != '\n') || c > '~')
			return mistake(scanner, "only printable ASCII is understood in a text");
		if (line_end(scanner) == 2)
			advance(scanner, 1);
		buf_append(text, scanner->text + scanner->offset, 1);
		advance(scanner, 1);
	}
	return mistake(scanner, "the text is not closed; a quote is missing");
}

/* The scanner stands on a quote. The text is the caller's. */
static int
read_text(struct scanner *scanner, size_t maximum, char **result)
{
	static const char *const kinds[] = {"\"\"\"", "'''", "\"", "'"};
	struct buf text;
	size_t kind = 0;

	buf_init(&text, maximum + 1);
	while (kind < 3 && !starts_with(scanner, kinds[kind]))
		kind++;
	advance(scanner, strlen(kinds[kind]));
	if (kind < 2)
		advance(scanner, line_end(scanner));
	if (read_until(scanner, kinds[kind], &text) != 0) {
		buf_free(&text);
		return -1;
	}
	if (buf_append(&text, "", 1) != 0) {
		buf_free(&text);
		return mistake(scanner, "the text is too long");
	}
	*result = (char *)text.data;
	return 0;
}

static int
is_bare(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == '-';
}

/* A key, or the name of a table. */
static int
read_name(struct scanner *scanner, char name[TOML_MAX_KEY + 1])
{
	char first = peek(scanner, 0), *quoted = NULL;
	size_t length = 0;

	if (first == '"' || first == '\'') {
		if (read_text(scanner, TOML_MAX_KEY, &quoted) != 0)
			return -1;
		memcpy(name, quoted, strlen(quoted) + 1);
		free(quoted);
	} else {
		while (is_bare(peek(scanner, length)))
			length++;
		if (length == 0)
			return mistake(scanner, "here should be KEY = VALUE or [TABLE]");
		if (length > TOML_MAX_KEY)
			return mistake(scanner, "the name is too long");
		memcpy(name, scanner->text + scanner->offset, length);
		name[length] = '\0';
		advance(scanner, length);
	}
	skip_blanks(scanner);
	if (peek(scanner, 0) == '.')
		return mistake(scanner, "names with a dot are not understood; write the table in a "
					"line of its own, [TABLE]");
	return 0;
}

static int
read_list(struct scanner *scanner, struct toml_entry *entry)
{
	entry->kind = TOML_LIST;
	advance(scanner, 1);
	for (;;) {
		struct toml_text *items;
		struct toml_text item = {NULL, {0, 0}};

		skip_space(scanner);
		if (peek(scanner, 0) == ']') {
			advance(scanner, 1);
			return 0;
		}
		if (at_end(scanner))
			return mistake(scanner, "the list is not closed; a ] is missing");
		if (peek(scanner, 0) != '"' && peek(scanner, 0) != '\'')
			return mistake(scanner, "only texts in quotes are understood in a list");
		if (entry->count == TOML_MAX_ITEMS)
			return mistake(scanner, "the list is too long");
		item.place = place_of(scanner);
		if (read_text(scanner, TOML_MAX_TEXT, &item.text) != 0)
			return -1;
		items = array_grow(entry->items, entry->count, sizeof(*items));
		if (items == NULL) {
			free(item.text);
			return mistake(scanner, "out of memory");
		}
		entry->items = items;
		entry->items[entry->count++] = item;
		skip_space(scanner);
		if (peek(scanner, 0) == ',')
			advance(scanner, 1);
		else if (peek(scanner, 0) != ']' && !at_end(scanner))
			return mistake(scanner, "a comma is missing between the items of the list");
	}
}

/* Decimal, with underscores between digits. */
static int
read_number(struct scanner *scanner, struct toml_entry *entry)
{
	int negative = peek(scanner, 0) == '-';
	size_t start = negative || peek(scanner, 0) == '+', end = start;
	int64_t number = 0;

	entry->kind = TOML_NUMBER;
	for (;; end++) {
		char c = peek(scanner, end);

		if (c == '_' && end > start && hex_value(peek(scanner, end - 1)) >= 0 &&
		    hex_value(peek(scanner, end + 1)) >= 0)
			continue;
		if (c < '0' || c > '9')
			break;
		if (number > (INT64_MAX - 9) / 10)
			return mistake(scanner, "the number is too large");
		number = number * 10 + (c - '0');
	}
	if (end == start || is_bare(peek(scanner, end)) || peek(scanner, end) == '.' ||
	    peek(scanner, end) == ':' || (peek(scanner, start) == '0' && end > start + 1))
		return mistake(scanner, "this value is not understood; here should be a text in "
					"quotes, a whole number, "
					"true, false, or a list of texts");
	entry->number = negative ? -number : number;
	advance(scanner, end);
	return 0;
}

static int
read_value(struct scanner *scanner, struct toml_entry *entry)
{
	entry->value.place = place_of(scanner);
	switch (peek(scanner, 0)) {
	case '"':
	case '\'':
		entry->kind = TOML_TEXT;
		return read_text(scanner, TOML_MAX_TEXT, &entry->value.text);
	case '[':
		return read_list(scanner, entry);
	default:
		break;
	}
	for (int on = 0; on < 2; on++) {
		const char *word = on ? "true" : "false";

		if (starts_with(scanner, word) && !is_bare(peek(scanner, strlen(word)))) {
			entry->kind = TOML_SWITCH;
			entry->number = on;
			advance(scanner, strlen(word));
			return 0;
		}
	}
	return read_number(scanner, entry);
}

static void
free_entry(struct toml_entry *entry)
{
	free(entry->value.text);
	for (size_t i = 0; i < entry->count; i++)
		free(entry->items[i].text);
	free(entry->items);
}

static int
add_entry(struct scanner *scanner, const struct toml_entry *entry)
{
	const struct toml_entry *earlier = toml_find(scanner->toml, entry->table, entry->key);
	struct toml *toml = scanner->toml;
	struct toml_entry *entries;

	if (earlier != NULL) {
		conf_report_error(scanner->report, entry->place,
		    "the key \"%s\" stands here twice, first in line %zu; remove one", entry->key,
		    earlier->place.line);
		return -1;
	}
	if (toml->count == TOML_MAX_ENTRIES)
		return mistake(scanner, "there are too many keys; is it the right file?");
	entries = array_grow(toml->entries, toml->count, sizeof(*entries));
	if (entries == NULL)
		return mistake(scanner, "out of memory");
	toml->entries = entries;
	toml->entries[toml->count++] = *entry;
	return 0;
}

static int
read_entry(struct scanner *scanner)
{
	struct toml_entry entry = {.place = place_of(scanner)};

	memcpy(entry.table, scanner->table, sizeof(entry.table));
	if (read_name(scanner, entry.key) != 0)
		return -1;
	if (peek(scanner, 0) != '=')
		return mistake(scanner, "a = is missing between the key and its value");
	advance(scanner, 1);
	skip_blanks(scanner);
	if (read_value(scanner, &entry) != 0 || end_line(scanner) != 0 ||
	    add_entry(scanner, &entry) != 0) {
		free_entry(&entry);
		return -1;
	}
	return 0;
}

static int
read_table(struct scanner *scanner)
{
	advance(scanner, 1);
	if (peek(scanner, 0) == '[')
		return mistake(scanner, "lists of tables, [[TABLE]], are not understood");
	skip_blanks(scanner);
	if (read_name(scanner, scanner->table) != 0)
		return -1;
	if (peek(scanner, 0) != ']')
		return mistake(scanner, "a ] is missing behind the name of the table");
	advance(scanner, 1);
	return end_line(scanner);
}

int
toml_read(struct toml *toml, const char *text, size_t length, struct conf_report *report)
{
	struct scanner scanner = {
	    .text = text, .length = length, .line = 1, .toml = toml, .report = report};

	memset(toml, 0, sizeof(*toml));
	if (starts_with(&scanner, "\xef\xbb\xbf"))
		scanner.offset = scanner.line_start = 3;
	skip_space(&scanner);
	while (!at_end(&scanner)) {
		if ((peek(&scanner, 0) == '[' ? read_table(&scanner) : read_entry(&scanner)) != 0) {
			toml_free(toml);
			return -1;
		}
		skip_space(&scanner);
	}
	return 0;
}

const struct toml_entry *
toml_find(const struct toml *toml, const char *table, const char *key)
{
	for (size_t i = 0; i < toml->count; i++) {
		const struct toml_entry *entry = &toml->entries[i];

		if (strcasecmp(entry->table, table) == 0 && strcasecmp(entry->key, key) == 0)
			return entry;
	}
	return NULL;
}

const char *
toml_kind_text(enum toml_kind kind)
{
	switch (kind) {
	case TOML_TEXT:
		return "a text in quotes";
	case TOML_NUMBER:
		return "a whole number";
	case TOML_SWITCH:
		return "true or false";
	default:
		return "a list of texts";
	}
}

void
toml_free(struct toml *toml)
{
	for (size_t i = 0; i < toml->count; i++)
		free_entry(&toml->entries[i]);
	free(toml->entries);
	memset(toml, 0, sizeof(*toml));
}
