/*
 * Lines of text for a screen of some width: what does not fit a line is cut there, with a "~" in the last column, and never wrapped
 * by the terminal. Pure: text in
 * memory, with escape sequences of ECMA-48 where there are colours.
 *
 * Every character takes one column: ASCII, and the blocks of sparkline.h. What else comes, a terminal shall not see: "?".
 */
#ifndef SALLYPORT_CANVAS_H
#define SALLYPORT_CANVAS_H

#include "buf.h"

enum canvas_style {
	CANVAS_PLAIN,
	CANVAS_BOLD,
	CANVAS_DIM,
	CANVAS_GOOD,
	CANVAS_WARNING,
	CANVAS_FAILED,
	CANVAS_GRAPH,
	CANVAS_STYLES
};

struct canvas {
	struct buf *text;	/* borrowed; each line ends with a line end */
	unsigned width, height; /* columns; lines, at most, 0: any number */
	int has_colour, is_unicode;
	/* Zero at first: */
	unsigned column, line;
	size_t last_line; /* where the last one that fits begins */
};

/* Writes formatted text (at most 1 KiB) at the present column. */
void canvas_put(struct canvas *canvas, enum canvas_style style, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Blanks up to a column; at least one where that is behind us and not 0. */
void canvas_go(struct canvas *canvas, unsigned column);

/* The same text, ending before a column. */
void canvas_put_right(
    struct canvas *canvas, enum canvas_style style, unsigned column, const char *text);

void canvas_end_line(struct canvas *canvas);

/*
 * Formatted text (at most 1 KiB) from the present column on, on as many lines as it takes, those after the first indented; ends the
 * line. Breaks at blanks.
 */
void canvas_wrap(struct canvas *canvas, enum canvas_style style, unsigned indentation,
    const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Columns that are left on the present line. */
unsigned canvas_left(const struct canvas *canvas);

/* Ends it: where there are more lines than fit, the last one says so instead. */
void canvas_finish(struct canvas *canvas);

#endif
