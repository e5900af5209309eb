/*
 * A terminal's other screen, on which a page is shown again and again and never scrolls. The first one is as it was
 * afterwards, however the program ends: by a key, by a signal that can be caught, or stopped by Ctrl-Z. There is one.
 */
#ifndef SALLYPORT_TERMINAL_H
#define SALLYPORT_TERMINAL_H

#include <stddef.h>

enum terminal_event {
	TERMINAL_TIME,	  /* it is up */
	TERMINAL_RESIZED, /* or to be drawn again for another reason */
	TERMINAL_LEAVE	  /* "q" was pressed */
};

/* How large standard output is; 80 columns where it does not say, or is none. `rows` is 0 there. */
void terminal_size(unsigned *columns, unsigned *rows);

/* 1 if standard output is a terminal that shows blocks of Unicode: by its name, and by the locale. */
int terminal_has_unicode(void);

/* Takes standard output over. SIGINT, SIGTERM, SIGHUP and SIGQUIT end the program as ever, but put things right first. */
void terminal_begin(void);

/* Shows text, each line of which fits. 0, or -1: the terminal is gone. */
int terminal_show(const char *text, size_t length);

/* Waits for `milliseconds` or an event. */
enum terminal_event terminal_wait(int milliseconds);

/* Gives it back. */
void terminal_end(void);

#endif
