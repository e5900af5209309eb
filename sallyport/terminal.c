#include "terminal.h"

#include "buf.h"

#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

enum { FRAME_MAX = 256 * 1024 };

/* xterm's alternate screen, which Linux terminals have all taken over, the console's excepted: that ignores it. */
static const char enter[] = "\033[?1049h\033[?25l\033[2J";
static const char leave[] = "\033[?25h\033[?1049l";
static const char home[] = "\033[H";
static const char clear_rest_of_line[] = "\033[K";
static const char clear_below[] = "\033[J";

static const int last_signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};

/* One terminal, one state: signals have no other way to it. */
static struct termios saved;
static int has_keys; /* standard input is a terminal, and changed */
static volatile sig_atomic_t is_changed;

void
terminal_size(unsigned *columns, unsigned *rows)
{
	struct winsize size;

	*columns = 80;
	*rows = 0;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
		return;
	*columns = size.ws_col;
	*rows = size.ws_row;
}

int
terminal_has_unicode(void)
{
	const char *terminal = getenv("TERM");

	/* Who reads a file or a pipe is not known; the console's fonts lack most of the blocks. */
	if (!isatty(STDOUT_FILENO) || terminal == NULL || strcmp(terminal, "linux") == 0 ||
	    strcmp(terminal, "dumb") == 0)
		return 0;
	return setlocale(LC_CTYPE, "") != NULL && strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

/* As far as it is taken: async-signal-safe. 0 or -1. */
static int
write_all(const char *text, size_t length)
{
	while (length > 0) {
		ssize_t written = write(STDOUT_FILENO, text, length);

		if (written < 0 && errno != EINTR)
			return -1;
		if (written > 0) {
			text += written;
			length -= (size_t)written;
		}
	}
	return 0;
}

/* These two are called by signals, too. */
static void
take(void)
{
	struct termios raw = saved;

	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	if (has_keys)
		(void)tcsetattr(STDIN_FILENO, TCSANOW, &raw);
	(void)write_all(enter, sizeof(enter) - 1);
}

static void
give_back(void)
{
	(void)write_all(leave, sizeof(leave) - 1);
	if (has_keys)
		(void)tcsetattr(STDIN_FILENO, TCSANOW, &saved);
}

/* Ends as it would have without us: whoever waits for the program sees the signal. */
static void
on_last_signal(int number)
{
	give_back();
	(void)signal(number, SIG_DFL);
	(void)raise(number);
}

static void
on_stop(int number)
{
	int error = errno;

	(void)number;
	give_back();
	(void)raise(SIGSTOP);
	/* It goes on. */
	take();
	is_changed = 1;
	errno = error;
}

static void
on_resize(int number)
{
	(void)number;
	is_changed = 1;
}

static void
handle(int number, void (*handler)(int number))
{
	struct sigaction action = {.sa_handler = handler};

	/* Nothing is drawn between the giving back and the end. */
	(void)sigfillset(&action.sa_mask);
	if (handler == on_last_signal)
		action.sa_flags = (int)SA_RESETHAND;
	(void)sigaction(number, &action, NULL);
}

void
terminal_begin(void)
{
	has_keys = isatty(STDIN_FILENO) && tcgetattr(STDIN_FILENO, &saved) == 0;
	for (size_t i = 0; i < sizeof(last_signals) / sizeof(last_signals[0]); i++)
		handle(last_signals[i], on_last_signal);
	handle(SIGTSTP, on_stop);
	handle(SIGWINCH, on_resize);
	take();
}

int
terminal_show(const char *text, size_t length)
{
	const char *end = text + length;
	struct buf frame;
	int failed;

	/* In one go, so that nobody sees half of it. */
	buf_init(&frame, FRAME_MAX);
	buf_append_string(&frame, home);
	while (text < end) {
		const char *line_end = memchr(text, '\n', (size_t)(end - text));
		size_t line = (size_t)((line_end != NULL ? line_end : end) - text);

		buf_append(&frame, text, line);
		buf_append_string(&frame, clear_rest_of_line);
		text += line + 1;
		/* No line end behind the last line, which may be the screen's last. */
		if (text < end)
			buf_append_string(&frame, "\r\n");
	}
	buf_append_string(&frame, clear_below);
	failed = frame.failed || write_all((const char *)frame.data, frame.length) != 0;
	buf_free(&frame);
	return failed ? -1 : 0;
}

static uint64_t
milliseconds_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* 1 for "q"; the end of standard input ends the keys. */
static int
is_leaving(void)
{
	char key = '\0';
	ssize_t length = read(STDIN_FILENO, &key, 1);

	if (length == 0 || (length < 0 && errno != EINTR))
		has_keys = 0;
	return length == 1 && (key == 'q' || key == 'Q');
}

enum terminal_event
terminal_wait(int milliseconds)
{
	uint64_t end = milliseconds_now() + (uint64_t)milliseconds, now;
	sigset_t blocked, before;

	/* A signal between the look at the flag and the wait would be overslept. */
	(void)sigemptyset(&blocked);
	(void)sigaddset(&blocked, SIGWINCH);
	(void)sigaddset(&blocked, SIGTSTP);
	(void)sigprocmask(SIG_BLOCK, &blocked, &before);
	while (!is_changed && (now = milliseconds_now()) < end) {
		struct timespec left = {.tv_sec = (time_t)((end - now) / 1000),
		    .tv_nsec = (long)((end - now) % 1000) * 1000000};
		struct pollfd keys = {.fd = has_keys ? STDIN_FILENO : -1, .events = POLLIN};

		if (ppoll(&keys, 1, &left, &before) > 0 && is_leaving()) {
			(void)sigprocmask(SIG_SETMASK, &before, NULL);
			return TERMINAL_LEAVE;
		}
	}
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	if (!is_changed)
		return TERMINAL_TIME;
	is_changed = 0;
	return TERMINAL_RESIZED;
}

void
terminal_end(void)
{
	for (size_t i = 0; i < sizeof(last_signals) / sizeof(last_signals[0]); i++)
		(void)signal(last_signals[i], SIG_DFL);
	(void)signal(SIGTSTP, SIG_DFL);
	(void)signal(SIGWINCH, SIG_DFL);
	give_back();
}
