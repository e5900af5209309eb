#include "log_format.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct {
	const char *word;
	int priority; /* syslog(3) */
} levels[] = {
    [LOG_LEVEL_ERROR] = {"error", 3},
    [LOG_LEVEL_WARNING] = {"warning", 4},
    [LOG_LEVEL_INFO] = {"info", 6},
    [LOG_LEVEL_DEBUG] = {"debug", 7},
};

static int
is_plain(unsigned char byte)
{
	return byte >= 0x20 && byte < 0x7f && strchr("\"'`\\", byte) == NULL;
}

const char *
log_safe(char *text, size_t capacity, const void *bytes, size_t length)
{
	const unsigned char *from = bytes;
	size_t needed = 1, room = capacity, out = 0;

	for (size_t i = 0; i < length; i++)
		needed += is_plain(from[i]) ? 1 : 4;
	if (needed > capacity)
		room -= 3; /* for "..." */
	for (size_t i = 0; i < length; i++) {
		size_t size = is_plain(from[i]) ? 1 : 4;

		if (out + size >= room)
			break;
		if (size == 1)
			text[out] = (char)from[i];
		else
			(void)snprintf(text + out, capacity - out, "\\x%02x", from[i]);
		out += size;
	}
	(void)snprintf(text + out, capacity - out, "%s", needed > capacity ? "..." : "");
	return text;
}

/* A text that stops growing where its room ends. */
struct text {
	char *data;
	size_t length, capacity;
};

static void __attribute__((format(printf, 2, 3)))
append(struct text *text, const char *format, ...)
{
	size_t room = text->capacity - text->length;
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(text->data + text->length, room, format, arguments);
	va_end(arguments);
	if (length > 0)
		text->length += (size_t)length < room ? (size_t)length : room - 1;
}

/* What fits, as the inside of a JSON string. */
static void
append_json(struct text *text, const char *from)
{
	for (; *from != '\0' && text->length + 7 < text->capacity; from++) {
		unsigned char byte = (unsigned char)*from;

		if (byte == '"' || byte == '\\')
			append(text, "\\%c", byte);
		else if (byte < 0x20 || byte >= 0x7f)
			append(text, "\\u%04x", byte);
		else
			text->data[text->length++] = (char)byte;
	}
}

/* Quoted unless it is one word: nobody who chose a value can make a field of his own out of it. */
static void
append_value(struct text *text, const char *from)
{
	char safe[LOG_MAX_FIELD];
	int is_word = *from != '\0';

	log_safe(safe, sizeof(safe), from, strlen(from));
	for (const char *c = safe; *c != '\0'; c++)
		is_word &= *c != ' ' && *c != '=';
	append(text, is_word ? "%s" : "\"%s\"", safe);
}

static void
append_fields(struct text *text, const struct log_line *from)
{
	const char *before = "";

	for (size_t i = 0; i < from->field_count; i++) {
		if (from->fields[i].value == NULL)
			continue;
		append(text, "%s%s=", before, from->fields[i].name);
		append_value(text, from->fields[i].value);
		before = " ";
	}
}

int
log_format_priority(enum log_level level)
{
	return levels[level].priority;
}

size_t
log_format_text(char line[LOG_MAX_LINE], const struct log_line *from, int timed)
{
	struct text text = {line, 0, LOG_MAX_LINE - 1};

	if (timed)
		append(&text, "%s %-7s ", from->time, levels[from->level].word);
	append(&text, "%s: ", from->process);
	if (from->message != NULL)
		append(&text, "%s", from->message);
	else
		append_fields(&text, from);
	line[text.length++] = '\n';
	return text.length;
}

size_t
log_format_json(char line[LOG_MAX_LINE], const struct log_line *from)
{
	struct text text = {line, 0, LOG_MAX_LINE - 4};

	append(&text, "{\"time\":\"%s\",\"level\":\"%s\",\"process\":\"%s\"", from->time,
	    levels[from->level].word, from->process);
	if (from->message != NULL) {
		append(&text, ",\"message\":\"");
		append_json(&text, from->message);
		append(&text, "\"");
	}
	for (size_t i = 0; i < from->field_count; i++) {
		if (from->fields[i].value == NULL)
			continue;
		/* A line that is cut is JSON all the same. */
		if (text.length + strlen(from->fields[i].name) + 16 > text.capacity)
			break;
		append(&text, ",\"%s\":\"", from->fields[i].name);
		append_json(&text, from->fields[i].value);
		append(&text, "\"");
	}
	memcpy(line + text.length, "}\n", 2);
	return text.length + 2;
}

/* One line: a line end in a value would begin another field, or another form of this one. */
static void
append_record(struct text *text, const char *value, size_t length)
{
	for (size_t i = 0; i < length && text->length + 2 < text->capacity; i++)
		text->data[text->length++] = value[i] != '\n' ? value[i] : ' ';
	append(text, "\n");
}

size_t
log_format_record(char record[LOG_MAX_RECORD], const struct log_line *from, const char *shown,
    size_t shown_length)
{
	struct text text = {record, 0, LOG_MAX_RECORD};
	const char *family = strcmp(from->process, "sallyport") == 0 ? "" : "sallyport-";

	append(&text, "PRIORITY=%d\nSYSLOG_IDENTIFIER=%s%s\nMESSAGE=", levels[from->level].priority,
	    family, from->process);
	append_record(&text, shown, shown_length > 0 ? shown_length - 1 : 0);
	for (size_t i = 0; i < from->field_count; i++) {
		char safe[LOG_MAX_FIELD];

		if (from->fields[i].value == NULL)
			continue;
		append(&text, "SALLYPORT_");
		for (const char *c = from->fields[i].name; *c != '\0'; c++)
			append(&text, "%c", toupper((unsigned char)*c));
		append(&text, "=");
		log_safe(safe, sizeof(safe), from->fields[i].value, strlen(from->fields[i].value));
		append_record(&text, safe, strlen(safe));
	}
	return text.length;
}
