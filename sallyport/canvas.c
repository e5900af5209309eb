#include "canvas.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { PUT_MAX = 1024 };

/* Of ECMA-48, 8.3.117. Dark and light backgrounds both bear these. */
static const char *const escapes[CANVAS_STYLES] = {
    [CANVAS_PLAIN] = NULL,
    [CANVAS_BOLD] = "\033[1m",
    [CANVAS_DIM] = "\033[2m",
    [CANVAS_GOOD] = "\033[32m",
    [CANVAS_WARNING] = "\033[33m",
    [CANVAS_FAILED] = "\033[1;31m",
    [CANVAS_GRAPH] = "\033[36m",
};

unsigned
canvas_left(const struct canvas *canvas)
{
	return canvas->column < canvas->width ? canvas->width - canvas->column : 0;
}

/* Bytes of the character at `text`, which ends with a NUL: of ASCII, or a block element (U+2580 to U+259F); 0: of no other. */
static size_t
character_length(const char *text)
{
	if (*text >= ' ' && *text <= '~')
		return 1;
	return memcmp(text, "\xe2\x96", 2) == 0 && (unsigned char)text[2] >= 0x80 &&
		       (unsigned char)text[2] <= 0x9f
		   ? 3
		   : 0;
}

/* `length` bytes, which a NUL follows somewhere. */
static void
put(struct canvas *canvas, enum canvas_style style, const char *text, size_t length)
{
	const char *end = text + length;
	int is_styled = canvas->has_colour && escapes[style] != NULL && canvas_left(canvas) > 0;

	if (length == 0)
		return;
	if (is_styled)
		buf_append_string(canvas->text, escapes[style]);
	while (text < end && canvas_left(canvas) > 0) {
		size_t known = character_length(text), bytes = known > 0 ? known : 1;
		/* Half a number is a wrong one: what is cut says so. */
		int is_cut = canvas_left(canvas) == 1 && text + bytes < end;

		buf_append(canvas->text, is_cut ? "~" : known > 0 ? text : "?", is_cut ? 1 : bytes);
		text += bytes;
		canvas->column++;
	}
	if (is_styled)
		buf_append_string(canvas->text, "\033[0m");
}

void
canvas_put(struct canvas *canvas, enum canvas_style style, const char *format, ...)
{
	char text[PUT_MAX];
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	put(canvas, style, text, strlen(text));
}

void
canvas_go(struct canvas *canvas, unsigned column)
{
	if (canvas->column >= column && canvas->column > 0)
		column = canvas->column + 1;
	while (canvas->column < column && canvas_left(canvas) > 0)
		put(canvas, CANVAS_PLAIN, " ", 1);
}

void
canvas_put_right(struct canvas *canvas, enum canvas_style style, unsigned column, const char *text)
{
	size_t length = strlen(text);

	canvas_go(canvas, column > length ? column - (unsigned)length : 0);
	put(canvas, style, text, length);
}

void
canvas_end_line(struct canvas *canvas)
{
	buf_append(canvas->text, "\n", 1);
	canvas->column = 0;
	canvas->line++;
	if (canvas->line + 1 == canvas->height)
		canvas->last_line = canvas->text->length;
}

/* How much of `text` fits: up to a blank, or, where there is none, as much as there is room for. */
static size_t
fitting_length(const char *text, size_t room)
{
	size_t length = strlen(text);

	if (length <= room)
		return length;
	for (length = room; length > 0 && text[length] != ' '; length--)
		;
	return length > 0 ? length : room;
}

void
canvas_wrap(
    struct canvas *canvas, enum canvas_style style, unsigned indentation, const char *format, ...)
{
	char formatted[PUT_MAX];
	const char *text = formatted;
	va_list arguments;
	/* Where it leaves no room, there is no indentation. */
	unsigned indented = indentation < canvas->width ? indentation : 0;

	va_start(arguments, format);
	(void)vsnprintf(formatted, sizeof(formatted), format, arguments);
	va_end(arguments);
	for (;;) {
		size_t length = fitting_length(text, canvas_left(canvas));

		put(canvas, style, text, length);
		canvas_end_line(canvas);
		text += length;
		text += strspn(text, " ");
		if (*text == '\0' || canvas->width == 0)
			return;
		canvas_go(canvas, indented);
	}
}

void
canvas_finish(struct canvas *canvas)
{
	unsigned hidden;

	if (canvas->height == 0 || canvas->line <= canvas->height)
		return;
	hidden = canvas->line - canvas->height + 1;
	canvas->text->length = canvas->height > 1 ? canvas->last_line : 0;
	canvas->column = 0;
	canvas_put(canvas, CANVAS_WARNING, "%u more lines: the window is too low for them", hidden);
	canvas_end_line(canvas);
}
